// All the time goes to one function, three calls deep, for the seconds in the first argument:
// main → outer → inner → planted_function. It is linked statically, because an emulated processor
// takes long to load libraries, which is not what is looked for.
#include <time.h>
#include "../Workloads/workload.h"

static time_t end;

FUNCTION void planted_function(void)
{
  burn(100);
}

FUNCTION void inner(void)
{
  while (time(NULL) < end) {
    planted_function();
    RETURNS_HERE();
  }
}

FUNCTION void outer(void)
{
  inner();
  RETURNS_HERE();
}

int main(int argc, char **argv)
{
  end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 1);
  outer();
  RETURNS_HERE();
  return 0;
}
