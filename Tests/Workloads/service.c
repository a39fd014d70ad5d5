// A service that answers requests, one at a time: quickly, but for one in 200.
//
//   service SECONDS   begins when a byte comes on its standard input, and prints how often it was slow
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include "workload.h"

#define REQUESTS 2000
#define SLOW_EVERY 200

FUNCTION static void wait_for(long nanoseconds)
{
  struct timespec time = { .tv_nsec = nanoseconds };
  syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &time, NULL);
  RETURNS_HERE();
}

FUNCTION static void ask_cache(void)
{
  wait_for(100000);
  RETURNS_HERE();
}

// The culprit.
FUNCTION static void read_it_all_again(void)
{
  wait_for(80000000);
  RETURNS_HERE();
}

FUNCTION static void answer(int request)
{
  if (request % SLOW_EVERY == SLOW_EVERY - 1)
    read_it_all_again();
  else
    ask_cache();
  RETURNS_HERE();
}

int main(int argc, char **argv)
{
  begin(argc, argv);
  char go;
  if (read(STDIN_FILENO, &go, 1) != 1)
    return 1;
  for (int request = 0; request < REQUESTS; request++)
    answer(request);
  printf("%d\n", REQUESTS / SLOW_EVERY);
  fflush(stdout);
  while (read(STDIN_FILENO, &go, 1) > 0)
    ;
  return 0;
}
