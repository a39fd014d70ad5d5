// Threads that wait in known ways, and measure how long: waits SECONDS [migrated]
//
// Each thread does one thing in a function of its own: sleep_timer, wait_lock, read_pipe, read_disk,
// receive_socket, compete_a and compete_b (two threads that want one CPU). At the end each prints
//   THREAD TID SWITCHES WAITED_NS WALL_NS CPU_NS
// WAITED_NS is the sum of its waits by its own clock, without the time that its calls take on a CPU.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define BLOCK (1 << 20)

struct job {
  const char *name;
  void (*run)(struct job *);
  int files[2];
  _Atomic uint32_t word;
  pthread_t thread;
  int tid;
  uint64_t waits, waited, wall, cpu;
  void *buffer;
};

static _Atomic int over;
static int migrates;

static uint64_t now(clockid_t clock)
{
  struct timespec time;
  clock_gettime(clock, &time);
  return time.tv_sec * 1000000000ull + time.tv_nsec;
}

// How long a call took, less what it used of a CPU.
#define MEASURED(job, call)                                                                        \
  do {                                                                                             \
    uint64_t wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_THREAD_CPUTIME_ID);                      \
    call;                                                                                          \
    cpu = now(CLOCK_THREAD_CPUTIME_ID) - cpu;                                                      \
    wall = now(CLOCK_MONOTONIC) - wall;                                                            \
    (job)->waited += wall > cpu ? wall - cpu : 0;                                                  \
  } while (0)

// To be moved to another CPU is a wait as well.
static void migrate(struct job *job)
{
  static _Atomic unsigned turn;
  if (!migrates)
    return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(turn++ % sysconf(_SC_NPROCESSORS_ONLN), &set);
  MEASURED(job, sched_setaffinity(0, sizeof(set), &set));
}

static const long lengths_us[] = { 20, 50, 100, 500, 1000, 5000, 20000, 100000 };
#define LENGTHS (sizeof(lengths_us) / sizeof(*lengths_us))

static void pause_us(long microseconds)
{
  struct timespec time = { microseconds / 1000000, microseconds % 1000000 * 1000 };
  while (clock_nanosleep(CLOCK_MONOTONIC, 0, &time, &time) == EINTR)
    ;
}

__attribute__((noinline)) static void sleep_timer(struct job *job)
{
  for (unsigned turn = 0; !over; turn++) {
    migrate(job);
    MEASURED(job, pause_us(lengths_us[turn % LENGTHS]));
  }
}

__attribute__((noinline)) static void wait_lock(struct job *job)
{
  for (unsigned turn = 0; !over; turn++) {
    migrate(job);
    uint32_t seen = job->word;
    MEASURED(job, syscall(SYS_futex, &job->word, FUTEX_WAIT_PRIVATE, seen, 0, 0, 0));
  }
}

__attribute__((noinline)) static void read_pipe(struct job *job)
{
  char byte;
  while (!over) {
    migrate(job);
    MEASURED(job, if (read(job->files[0], &byte, 1) != 1) return );
  }
}

__attribute__((noinline)) static void receive_socket(struct job *job)
{
  char byte;
  while (!over) {
    migrate(job);
    MEASURED(job, if (recv(job->files[0], &byte, 1, 0) != 1) return );
  }
}

__attribute__((noinline)) static void read_disk(struct job *job)
{
  for (unsigned turn = 0; !over; turn++) {
    migrate(job);
    off_t place = (off_t)(turn % 64) * BLOCK;
    MEASURED(job, if (pread(job->files[0], job->buffer, BLOCK, place) != BLOCK) abort());
    pause_us(2000);
  }
}

__attribute__((noinline)) static void compete(struct job *job)
{
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(0, &set);
  sched_setaffinity(0, sizeof(set), &set);
  uint64_t wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_THREAD_CPUTIME_ID);
  while (!over)
    for (volatile int spin = 0; spin < 1000; spin++)
      ;
  job->waited = now(CLOCK_MONOTONIC) - wall - (now(CLOCK_THREAD_CPUTIME_ID) - cpu);
}

__attribute__((noinline)) static void compete_a(struct job *job)
{
  compete(job);
  asm("");
}
__attribute__((noinline)) static void compete_b(struct job *job)
{
  compete(job);
  asm("nop");
}

static void *run(void *argument)
{
  struct job *job = argument;
  pthread_setname_np(pthread_self(), job->name);
  job->tid = syscall(SYS_gettid);
  uint64_t wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_THREAD_CPUTIME_ID);
  job->run(job);
  job->wall = now(CLOCK_MONOTONIC) - wall;
  job->cpu = now(CLOCK_THREAD_CPUTIME_ID) - cpu;
  struct rusage use;
  getrusage(RUSAGE_THREAD, &use);
  job->waits = use.ru_nvcsw + use.ru_nivcsw;
  return 0;
}

// Ends the waits of the others, after times of all lengths.
static void *release_waits(void *argument)
{
  struct job *jobs = argument;
  for (unsigned turn = 0; !over; turn++) {
    pause_us(lengths_us[turn % LENGTHS]);
    jobs[1].word++;
    syscall(SYS_futex, &jobs[1].word, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
    if (write(jobs[2].files[1], "x", 1) != 1 || send(jobs[4].files[1], "x", 1, 0) != 1)
      abort();
  }
  return 0;
}

static void connect_pair(int files[2])
{
  struct sockaddr_storage address = { .ss_family = AF_INET };
  socklen_t size = 16;
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  files[0] = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(listener, (void *)&address, size) || listen(listener, 1) ||
      getsockname(listener, (void *)&address, &size) || connect(files[0], (void *)&address, size))
    abort();
  files[1] = accept(listener, 0, 0);
}

static int open_disk(void)
{
  char path[] = "./waits-disk-XXXXXX";
  int made = mkstemp(path);
  static char block[BLOCK];
  for (int index = 0; index < 64; index++)
    if (write(made, block, BLOCK) != BLOCK)
      abort();
  fsync(made);
  int file = open(path, O_RDONLY | O_DIRECT);
  unlink(path);
  close(made);
  if (file < 0)
    abort();
  return file;
}

int main(int count, char **arguments)
{
  static struct job jobs[] = {
    { .name = "sleep_timer", .run = sleep_timer },       { .name = "wait_lock", .run = wait_lock },
    { .name = "read_pipe", .run = read_pipe },           { .name = "read_disk", .run = read_disk },
    { .name = "receive_socket", .run = receive_socket }, { .name = "compete_a", .run = compete_a },
    { .name = "compete_b", .run = compete_b },
  };
  unsigned total = sizeof(jobs) / sizeof(*jobs);
  double seconds = count > 1 ? atof(arguments[1]) : 3;
  migrates = count > 2 && !strcmp(arguments[2], "migrated");
  if (pipe(jobs[2].files))
    abort();
  jobs[3].files[0] = open_disk();
  if (posix_memalign(&jobs[3].buffer, 4096, BLOCK))
    abort();
  connect_pair(jobs[4].files);
  printf("ready\n");
  fflush(stdout);
  for (unsigned index = 0; index < total; index++)
    pthread_create(&jobs[index].thread, 0, run, &jobs[index]);
  pthread_t releaser;
  pthread_create(&releaser, 0, release_waits, jobs);
  pause_us((long)(seconds * 1e6));
  over = 1;
  pthread_join(releaser, 0);
  jobs[1].word++;
  syscall(SYS_futex, &jobs[1].word, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
  if (write(jobs[2].files[1], "x", 1) != 1 || send(jobs[4].files[1], "x", 1, 0) != 1)
    abort();
  for (unsigned index = 0; index < total; index++) {
    struct job *job = &jobs[index];
    pthread_join(job->thread, 0);
    printf("%s %d %lu %lu %lu %lu\n", job->name, job->tid, job->waits, job->waited, job->wall,
           job->cpu);
  }
  return 0;
}
