// Reads the clock, code that the kernel maps into each process:
// main → read_clock → clock_gettime → the same in the vDSO.
#include <time.h>
#include "workload.h"

FUNCTION void read_clock(void)
{
  struct timespec now;
  for (;;) {
    clock_gettime(CLOCK_MONOTONIC, &now);
    RETURNS_HERE();
  }
}

int main(int argc, char **argv)
{
  begin(argc, argv);
  read_clock();
  RETURNS_HERE();
  return 0;
}
