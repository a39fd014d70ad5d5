// What the load generators of Scripts/test-churn share. Each runs for the seconds in its first
// argument, does its deed as often a second as its second says, and prints how often it did it.
#pragma once
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "workload.h"

static inline __attribute__((always_inline)) double seconds_now(void)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

// Works for so long of the process's own time, so that a busy machine makes no difference.
static inline __attribute__((always_inline)) void burn_milliseconds(long milliseconds)
{
  struct timespec spent;
  do {
    burn(50);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
  } while (spent.tv_sec * 1000 + spent.tv_nsec / 1000000 < milliseconds);
}

// Calls `deed` with 0, 1, 2, … at a rate. What was missed is made up for, by a second's worth at most.
static inline __attribute__((always_inline)) int at_rate(int argc, char **argv, const char *name,
                                                         void (*deed)(long number))
{
  double seconds = argc > 1 ? atof(argv[1]) : 1;
  double rate = argc > 2 ? atof(argv[2]) : 1;
  double start = seconds_now(), due = start;
  long done = 0;
  begin(2, (char *[]){ argv[0], "0" });
  for (double now = start; now - start < seconds; now = seconds_now()) {
    if (now < due) {
      usleep((unsigned)((due - now) * 1e6) + 1);
      continue;
    }
    deed(done++);
    due += 1 / rate;
    if (due < now - 1)
      due = now - 1;
  }
  printf("%s %ld in %.1f s\n", name, done, seconds_now() - start);
  return 0;
}
