// Allocates known amounts at known places when it is sent SIGUSR1, on several threads, by every
// function of the allocator; keeps some; then prints, by place, how many bytes were asked for and how
// many of them it still holds, and waits. An argument `rounds=N` changes how much it does, `seconds`
// stands first as everywhere; `busy` has it allocate and free small blocks all the time instead.
#define _GNU_SOURCE
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "workload.h"

#define THREADS 4

enum place {
  SMALL_BLOCKS,
  MIXED_BLOCKS,
  LARGE_BLOCKS,
  ZEROED_BLOCKS,
  GROWING_BLOCK,
  ALIGNED_BLOCKS,
  KEPT_SMALL,
  KEPT_LARGE,
  KEPT_GROWN,
  FAILED_BLOCKS,
  PLACES,
};

static const char *const names[PLACES] = {
  "small_blocks",   "mixed_blocks", "large_blocks", "zeroed_blocks", "growing_block",
  "aligned_blocks", "kept_small",   "kept_large",   "kept_grown",    "failed_blocks",
};

struct truth {
  uint64_t asked[PLACES];
  uint64_t kept[PLACES];
};

static unsigned long rounds = 8000;
static struct truth truths[THREADS];

// Neither removed nor merged with the free by the compiler.
static inline __attribute__((always_inline)) void *used(void *memory)
{
  __asm__ volatile("" : "+r"(memory) : : "memory");
  return memory;
}

FUNCTION void *small_blocks(struct truth *truth)
{
  void *memory = used(malloc(48));
  truth->asked[SMALL_BLOCKS] += 48;
  RETURNS_HERE();
  return memory;
}

FUNCTION void *mixed_blocks(struct truth *truth, unsigned long round)
{
  size_t size = 1 + round * 7919 % 9000;
  void *memory = used(malloc(size));
  truth->asked[MIXED_BLOCKS] += size;
  RETURNS_HERE();
  return memory;
}

FUNCTION void *large_blocks(struct truth *truth)
{
  void *memory = used(malloc(3000000));
  truth->asked[LARGE_BLOCKS] += 3000000;
  RETURNS_HERE();
  return memory;
}

FUNCTION void *zeroed_blocks(struct truth *truth)
{
  void *memory = used(calloc(12, 100));
  truth->asked[ZEROED_BLOCKS] += 1200;
  RETURNS_HERE();
  return memory;
}

// Each growth asks for the new size as a whole.
FUNCTION void *growing_block(struct truth *truth)
{
  char *memory = 0;
  for (size_t size = 64; size <= 65536; size *= 2) {
    memory = used(realloc(memory, size));
    truth->asked[GROWING_BLOCK] += size;
  }
  RETURNS_HERE();
  return memory;
}

FUNCTION void *aligned_blocks(struct truth *truth, unsigned long round)
{
  void *memory = 0;
  if (round & 1)
    memory = used(aligned_alloc(64, 640));
  else if (posix_memalign(&memory, 256, 640))
    abort();
  truth->asked[ALIGNED_BLOCKS] += 640;
  RETURNS_HERE();
  return used(memory);
}

FUNCTION void kept_small(struct truth *truth)
{
  used(malloc(500));
  truth->asked[KEPT_SMALL] += 500;
  truth->kept[KEPT_SMALL] += 500;
  RETURNS_HERE();
}

FUNCTION void kept_large(struct truth *truth)
{
  used(malloc(700000));
  truth->asked[KEPT_LARGE] += 700000;
  truth->kept[KEPT_LARGE] += 700000;
  RETURNS_HERE();
}

FUNCTION void kept_grown(struct truth *truth)
{
  used(realloc(used(malloc(150000)), 300000));
  truth->asked[KEPT_GROWN] += 450000;
  truth->kept[KEPT_GROWN] += 300000;
  RETURNS_HERE();
}

// More than there is: NULL, and what was to grow stays.
FUNCTION void failed_blocks(struct truth *truth)
{
  void *memory = used(malloc(200000));
  truth->asked[FAILED_BLOCKS] += 200000;
  truth->kept[FAILED_BLOCKS] += 200000;
  if (used(malloc((size_t)1 << 60)) || used(realloc(memory, (size_t)1 << 60)))
    abort();
  RETURNS_HERE();
}

static void *work(void *argument)
{
  struct truth *truth = argument;
  for (unsigned long round = 0; round < rounds; round++) {
    void *blocks[4];
    blocks[0] = small_blocks(truth);
    blocks[1] = mixed_blocks(truth, round);
    blocks[2] = zeroed_blocks(truth);
    blocks[3] = aligned_blocks(truth, round);
    if (round % 20 == 0)
      free(growing_block(truth));
    if (round % 100 == 0)
      free(large_blocks(truth));
    if (round % 10 == 0)
      kept_small(truth);
    if (round % 1000 == 0) {
      kept_large(truth);
      kept_grown(truth);
      failed_blocks(truth);
    }
    for (int i = 0; i < 4; i++)
      free(blocks[i]);
  }
  return 0;
}

static void print_truth(void)
{
  char line[128];
  for (int place = 0; place < PLACES; place++) {
    uint64_t asked = 0, kept = 0;
    for (int thread = 0; thread < THREADS; thread++) {
      asked += truths[thread].asked[place];
      kept += truths[thread].kept[place];
    }
    int length = snprintf(line, sizeof(line), "%s %llu %llu\n", names[place],
                          (unsigned long long)asked, (unsigned long long)kept);
    if (write(STDOUT_FILENO, line, length) != length)
      _exit(1);
  }
}

// Pairs of a malloc and its free, as fast as they go; prints how many nanoseconds a pair takes.
static void churn(void)
{
  char line[64];
  for (;;) {
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (int i = 0; i < 200000; i++)
      free(used(malloc(100)));
    clock_gettime(CLOCK_MONOTONIC, &end);
    double ns = (end.tv_sec - start.tv_sec) * 1e9 + (end.tv_nsec - start.tv_nsec);
    int length = snprintf(line, sizeof(line), "%.1f\n", ns / 200000);
    if (write(STDOUT_FILENO, line, length) != length)
      _exit(1);
  }
}

int main(int argc, char **argv)
{
  bool busy = false;
  pthread_t threads[THREADS];
  sigset_t awaited;
  int number;
  sigemptyset(&awaited);
  sigaddset(&awaited, SIGUSR1);
  sigprocmask(SIG_BLOCK, &awaited, 0);
  for (int i = 2; i < argc; i++) {
    if (!strncmp(argv[i], "rounds=", 7))
      rounds = strtoul(argv[i] + 7, 0, 10);
    busy |= !strcmp(argv[i], "busy");
  }
  begin(argc, argv);
  if (busy)
    churn();
  sigwait(&awaited, &number);
  for (int i = 0; i < THREADS; i++)
    if (pthread_create(&threads[i], 0, work, &truths[i]))
      abort();
  for (int i = 0; i < THREADS; i++)
    pthread_join(threads[i], 0);
  print_truth();
  if (write(STDOUT_FILENO, "done\n", 5) != 5)
    return 1;
  for (;;)
    pause();
}
