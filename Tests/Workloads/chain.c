// One link of a chain of programs: works a second in the function that STAGE names, then becomes the
// program of its second argument, whose further arguments follow. The last link works on.
#include <stdio.h>
#include <time.h>
#include "workload.h"

FUNCTION void STAGE(int goes_on)
{
  struct timespec start, now;
  clock_gettime(CLOCK_MONOTONIC, &start);
  do {
    burn(1000);
    clock_gettime(CLOCK_MONOTONIC, &now);
  } while (!goes_on ||
           (now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 < 1000);
}

int main(int argc, char **argv)
{
  int goes_on = argc > 2;
  begin(argc, argv);
  STAGE(goes_on);
  RETURNS_HERE();
  if (!goes_on)
    return 0;
  char *next = argv[2];
  argv[2] = argv[1];
  argv[1] = next;
  execv(next, argv + 1);
  perror(next);
  return 1;
}
