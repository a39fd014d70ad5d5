// The work is done 200 calls deep: main → descend × 200 → bottom.
#include "workload.h"

FUNCTION void bottom(void)
{
  for (;;)
    burn(1000);
}

FUNCTION void descend(int left)
{
  if (left > 1)
    descend(left - 1);
  else
    bottom();
  RETURNS_HERE();
}

int main(int argc, char **argv)
{
  begin(argc, argv);
  descend(argc > 2 ? atoi(argv[2]) : 200);
  RETURNS_HERE();
  return 0;
}
