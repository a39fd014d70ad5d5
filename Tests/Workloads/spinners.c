// Threads that want one CPU and never sleep: each waits for it whenever another has it.
//
//   spinners SECONDS THREADS MILLISECONDS   begins when a byte comes on its standard input, and prints
//                                           how long the threads waited in all, in nanoseconds
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <time.h>
#include "workload.h"

#define THREADS_MAX 16

static long long milliseconds;
static long long waited[THREADS_MAX];

static long long now_ns(clockid_t clock)
{
  struct timespec time;
  clock_gettime(clock, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

FUNCTION static void *spin(void *argument)
{
  long long *result = argument;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(0, &one);
  if (pthread_setaffinity_np(pthread_self(), sizeof(one), &one))
    _exit(2);
  long long start = now_ns(CLOCK_MONOTONIC), end = start + milliseconds * 1000000;
  long long used = now_ns(CLOCK_THREAD_CPUTIME_ID), now;
  do {
    burn(10);
    now = now_ns(CLOCK_MONOTONIC);
  } while (now < end);
  *result = now - start - (now_ns(CLOCK_THREAD_CPUTIME_ID) - used);
  return NULL;
}

int main(int argc, char **argv)
{
  int count = argc > 2 ? atoi(argv[2]) : 3;
  milliseconds = argc > 3 ? atoll(argv[3]) : 500;
  if (count < 1 || count > THREADS_MAX)
    return 64;
  begin(argc, argv);
  char go;
  if (read(STDIN_FILENO, &go, 1) != 1)
    return 1;
  pthread_t threads[THREADS_MAX];
  for (int i = 0; i < count; i++) {
    if (pthread_create(&threads[i], NULL, spin, &waited[i]))
      return 2;
  }
  long long sum = 0;
  for (int i = 0; i < count; i++) {
    pthread_join(threads[i], NULL);
    sum += waited[i];
  }
  printf("%lld\n", sum);
  fflush(stdout);
  while (read(STDIN_FILENO, &go, 1) > 0)
    ;
  return 0;
}
