// Lives 50 ms, all of it at work: main → brief_work.
#include <time.h>
#include "workload.h"

FUNCTION void brief_work(void)
{
  struct timespec start, now;
  clock_gettime(CLOCK_MONOTONIC, &start);
  do {
    burn(200);
    clock_gettime(CLOCK_MONOTONIC, &now);
  } while ((now.tv_sec - start.tv_sec) * 1000000 + (now.tv_nsec - start.tv_nsec) / 1000 < 50000);
}

int main(void)
{
  brief_work();
  RETURNS_HERE();
  return 0;
}
