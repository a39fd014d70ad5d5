// Makes system calls that it times itself, and prints what it knows of them: the count, the errors,
// and the values at the 50th and the 99th percentile, in nanoseconds.
//
//   calls [SECONDS]   begins when a byte comes on its standard input
//
// The time between the two clock reads is longer than what the kernel's side sees of the call, by the
// way into the kernel and back; so the calls take long compared with that.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include "workload.h"

#define READS 2000
#define SLEEPS 200
#define FAILURES 300

static long long now_ns(void)
{
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static int compare(const void *one, const void *other)
{
  long long a = *(const long long *)one, b = *(const long long *)other;
  return a < b ? -1 : a > b;
}

static void tell(const char *name, long long *times, int count)
{
  qsort(times, (size_t)count, sizeof(*times), compare);
  printf("%s %d %lld %lld %lld\n", name, count, times[(count + 1) / 2 - 1],
         times[(count * 99 + 99) / 100 - 1], times[count - 1]);
}

// Large reads of zeros: some 30 µs each.
FUNCTION static void reads(void)
{
  static char buffer[4 << 20];
  static long long times[READS];
  int zero = open("/dev/zero", O_RDONLY);
  for (int i = 0; i < READS; i++) {
    long long start = now_ns();
    // One in a hundred is four times as long.
    if (syscall(SYS_pread64, zero, buffer, i % 50 ? sizeof(buffer) / 4 : sizeof(buffer), 0L) < 0)
      _exit(2);
    times[i] = now_ns() - start;
  }
  tell("pread64", times, READS);
}

FUNCTION static void sleeps(void)
{
  static long long times[SLEEPS];
  for (int i = 0; i < SLEEPS; i++) {
    struct timespec time = { .tv_nsec = i % 20 ? 200000 : 5000000 };
    long long start = now_ns();
    syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &time, NULL);
    times[i] = now_ns() - start;
  }
  tell("clock_nanosleep", times, SLEEPS);
}

// Two errors of one call, and one of another.
FUNCTION static void failures(void)
{
  for (int i = 0; i < FAILURES; i++) {
    if (syscall(SYS_lseek, -1, 0L, SEEK_SET) >= 0 || errno != EBADF)
      _exit(2);
    if (i % 3 == 0 && (syscall(SYS_lseek, 0, 0L, 77) >= 0 || errno != EINVAL))
      _exit(2);
    if (syscall(SYS_unlink, "/nonexistent/file") >= 0 || errno != ENOENT)
      _exit(2);
  }
  printf("lseek %d EBADF %d EINVAL %d\n", FAILURES + FAILURES / 3, FAILURES, FAILURES / 3);
  printf("unlink %d ENOENT %d\n", FAILURES, FAILURES);
}

int main(int argc, char **argv)
{
  begin(argc, argv);
  char go;
  if (read(STDIN_FILENO, &go, 1) != 1)
    return 1;
  reads();
  sleeps();
  failures();
  fflush(stdout);
  // Until the standard input ends.
  while (read(STDIN_FILENO, &go, 1) > 0)
    ;
  return 0;
}
