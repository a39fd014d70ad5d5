// Two threads on one CPU that hand a byte to and fro through pipes, as fast as they can, and measure
// how long they wait: pingpong SECONDS
//
// At the end each prints THREAD TID WAITS WAITED_NS WALL_NS CPU_NS, as in waits.c.
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct side {
  const char *name;
  void (*run)(struct side *);
  int in, out, tid;
  uint64_t turns, wall, cpu;
  pthread_t thread;
};

static _Atomic int over;

static uint64_t now(clockid_t clock)
{
  struct timespec time;
  clock_gettime(clock, &time);
  return time.tv_sec * 1000000000ull + time.tv_nsec;
}

static void play(struct side *side)
{
  char byte = 0;
  while (!over && read(side->in, &byte, 1) == 1 && write(side->out, &byte, 1) == 1)
    side->turns++;
  close(side->out);
}

__attribute__((noinline)) static void serve_ping(struct side *side)
{
  play(side);
  asm("");
}

__attribute__((noinline)) static void serve_pong(struct side *side)
{
  play(side);
  asm("nop");
}

static void *run(void *argument)
{
  struct side *side = argument;
  pthread_setname_np(pthread_self(), side->name);
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(0, &set);
  sched_setaffinity(0, sizeof(set), &set);
  side->tid = syscall(SYS_gettid);
  uint64_t wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_THREAD_CPUTIME_ID);
  side->run(side);
  side->wall = now(CLOCK_MONOTONIC) - wall;
  side->cpu = now(CLOCK_THREAD_CPUTIME_ID) - cpu;
  return 0;
}

int main(int count, char **arguments)
{
  int there[2], back[2];
  if (pipe(there) || pipe(back))
    abort();
  struct side sides[] = {
    { .name = "serve_ping", .run = serve_ping, .in = back[0], .out = there[1] },
    { .name = "serve_pong", .run = serve_pong, .in = there[0], .out = back[1] },
  };
  for (int index = 0; index < 2; index++)
    pthread_create(&sides[index].thread, 0, run, &sides[index]);
  if (write(back[1], "x", 1) != 1)
    abort();
  usleep((count > 1 ? atof(arguments[1]) : 3) * 1e6);
  over = 1;
  for (int index = 0; index < 2; index++) {
    struct side *side = &sides[index];
    pthread_join(side->thread, 0);
    printf("%s %d %lu %lu %lu %lu\n", side->name, side->tid, side->turns, side->wall - side->cpu,
           side->wall, side->cpu);
  }
  return 0;
}
