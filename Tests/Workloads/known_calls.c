// Makes known numbers of system calls and measures each of them:
//   known_calls known ROUNDS      calls of all kinds, each measured by its own clock
//   known_calls loop SECONDS      one call that does next to nothing, as often as it goes
//   known_calls reads COUNT FILE  reads of 4 KiB at random places of a file, past the cache
//
// `known` and `reads` print a line NAME COUNT ERRORS TOTAL_NS P50_NS P99_NS for each call. `loop` and
// `reads` end with the CPU time of one call in nanoseconds: the median, which interrupts and neighbors
// do not change.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define KINDS 5
#define BLOCK 4096
#define LARGE (1 << 18)
#define CHUNK_CALLS 1000
#define CHUNKS (1 << 16)

static uint64_t now(clockid_t clock)
{
  struct timespec time;
  clock_gettime(clock, &time);
  return time.tv_sec * 1000000000ull + time.tv_nsec;
}

static int compare(const void *one, const void *other)
{
  uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;
  return a < b ? -1 : a > b;
}

static void print(const char *name, uint64_t *lengths, unsigned count, unsigned errors)
{
  uint64_t total = 0;
  for (unsigned index = 0; index < count; index++)
    total += lengths[index];
  qsort(lengths, count, sizeof(*lengths), compare);
  printf("%s %u %u %lu %lu %lu\n", name, count, errors, total, lengths[count / 2],
         lengths[(uint64_t)count * 99 / 100]);
}

// One call of a kind; none has a wrapper that would make others.
static long call(int kind, int zero, void *buffer)
{
  static uint32_t word;
  struct timespec soon = { .tv_nsec = 200000 };
  switch (kind) {
  case 0:
    return syscall(SYS_getppid);
  case 1:
    return syscall(SYS_read, zero, buffer, LARGE);
  case 2:
    return syscall(SYS_close, -1);
  case 3:
    return syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &soon, 0, 0);
  default:
    return syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &soon, 0);
  }
}

static int make_known(unsigned rounds)
{
  static const char *const names[KINDS] = { "getppid", "read", "close", "futex",
                                            "clock_nanosleep" };
  // How many a round.
  static const unsigned shares[KINDS] = { 1000, 30, 100, 10, 10 };
  int zero = open("/dev/zero", O_RDONLY);
  void *buffer = malloc(LARGE);
  uint64_t *lengths[KINDS];
  unsigned counts[KINDS] = { 0 }, errors[KINDS] = { 0 };
  for (int kind = 0; kind < KINDS; kind++)
    lengths[kind] = malloc(sizeof(uint64_t) * rounds * shares[kind]);
  memset(buffer, 1, LARGE);
  for (unsigned round = 0; round < rounds; round++)
    for (int kind = 0; kind < KINDS; kind++)
      for (unsigned turn = 0; turn < shares[kind]; turn++) {
        uint64_t start = now(CLOCK_MONOTONIC);
        long result = call(kind, zero, buffer);
        lengths[kind][counts[kind]++] = now(CLOCK_MONOTONIC) - start;
        errors[kind] += result < 0;
      }
  for (int kind = 0; kind < KINDS; kind++)
    print(names[kind], lengths[kind], counts[kind], errors[kind]);
  return 0;
}

static int make_loop(double seconds)
{
  static uint64_t costs[CHUNKS];
  unsigned chunk = 0;
  uint64_t end = now(CLOCK_MONOTONIC) + (uint64_t)(seconds * 1e9);
  while (chunk < CHUNKS && now(CLOCK_MONOTONIC) < end) {
    uint64_t start = now(CLOCK_THREAD_CPUTIME_ID);
    for (int turn = 0; turn < CHUNK_CALLS; turn++)
      syscall(SYS_getppid);
    costs[chunk++] = now(CLOCK_THREAD_CPUTIME_ID) - start;
  }
  qsort(costs, chunk, sizeof(*costs), compare);
  printf("%.2f\n", (double)costs[chunk / 2] / CHUNK_CALLS);
  return 0;
}

static int make_reads(unsigned count, const char *path)
{
  int file = open(path, O_RDONLY | O_DIRECT);
  off_t blocks = lseek(file, 0, SEEK_END) / BLOCK;
  uint64_t *lengths = malloc(sizeof(uint64_t) * count), *costs = malloc(sizeof(uint64_t) * count);
  void *buffer;
  if (file < 0 || blocks < 1 || posix_memalign(&buffer, BLOCK, BLOCK))
    abort();
  for (unsigned index = 0; index < count; index++) {
    uint64_t cpu = now(CLOCK_THREAD_CPUTIME_ID), start = now(CLOCK_MONOTONIC);
    if (pread(file, buffer, BLOCK, (off_t)(random() % blocks) * BLOCK) != BLOCK)
      abort();
    lengths[index] = now(CLOCK_MONOTONIC) - start;
    costs[index] = now(CLOCK_THREAD_CPUTIME_ID) - cpu;
  }
  print("read", lengths, count, 0);
  qsort(costs, count, sizeof(*costs), compare);
  printf("%lu\n", costs[count / 2]);
  return 0;
}

int main(int count, char **arguments)
{
  if (count < 3)
    return 64;
  if (!strcmp(arguments[1], "known"))
    return make_known((unsigned)atoi(arguments[2]));
  if (!strcmp(arguments[1], "reads") && count > 3)
    return make_reads((unsigned)atoi(arguments[2]), arguments[3]);
  return make_loop(atof(arguments[2]));
}
