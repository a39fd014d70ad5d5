// Measures what programs at the entry and the exit of system calls cost a call.
//
//   call_cost ROUNDS EMPTY OBJECT   runs rounds of calls without programs, with those of EMPTY and
//                                   with those of OBJECT, in turn, and prints the nanoseconds a call
//                                   of each: the least of each round, and of these the median
//
// OBJECT's maps of histograms are set up as wick does it, if it has them.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define BATCHES 100
#define CALLS 2000  // of a batch: half a millisecond
#define ROUNDS_MAX 1000
#define SLOTS 64

static void fail(const char *what)
{
  perror(what);
  exit(1);
}

static double now_ns(void)
{
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

// Of the fastest batch: whatever else runs on the machine only adds to the time.
static double ns_per_call(void)
{
  double least = 1e9;
  for (int batch = 0; batch < BATCHES; batch++) {
    double start = now_ns();
    for (int i = 0; i < CALLS; i++)
      syscall(SYS_getppid);
    double cost = (now_ns() - start) / CALLS;
    if (cost < least)
      least = cost;
  }
  return least;
}

static struct bpf_object *load(const char *file)
{
  struct bpf_object *object = bpf_object__open_file(file, NULL);
  if (!object || bpf_object__load(object))
    fail(file);
  int free_slots = bpf_object__find_map_fd_by_name(object, "free_slots");
  for (unsigned slot = 1; free_slots >= 0 && slot < SLOTS; slot++) {
    if (bpf_map_update_elem(free_slots, NULL, &slot, 0))
      fail("free_slots");
  }
  return object;
}

static double measure(struct bpf_object *object)
{
  struct bpf_link *links[8];
  int count = 0;
  struct bpf_program *program = NULL;
  while ((program = bpf_object__next_program(object, program))) {
    if (count < 8 && !(links[count++] = bpf_program__attach(program)))
      fail(bpf_program__name(program));
  }
  ns_per_call();
  double cost = ns_per_call();
  while (count)
    bpf_link__destroy(links[--count]);
  return cost;
}

static int compare(const void *one, const void *other)
{
  double a = *(const double *)one, b = *(const double *)other;
  return a < b ? -1 : a > b;
}

static double median(double *values, int count)
{
  qsort(values, (size_t)count, sizeof(*values), compare);
  return values[count / 2];
}

int main(int argc, char **argv)
{
  int rounds = argc == 4 ? atoi(argv[1]) : 0;
  if (rounds < 1 || rounds > ROUNDS_MAX) {
    fprintf(stderr, "usage: call_cost ROUNDS EMPTY OBJECT\n");
    return 64;
  }
  static double bare[ROUNDS_MAX], empty[ROUNDS_MAX], full[ROUNDS_MAX];
  struct bpf_object *nothing = load(argv[2]);
  struct bpf_object *measured = load(argv[3]);
  for (int round = 0; round < rounds; round++) {
    bare[round] = ns_per_call();
    empty[round] = measure(nothing);
    full[round] = measure(measured);
  }
  printf("{\"bare_ns\":%.1f,\"empty_ns\":%.1f,\"full_ns\":%.1f}\n", median(bare, rounds),
         median(empty, rounds), median(full, rounds));
  return 0;
}
