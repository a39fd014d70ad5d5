// The work is done 200 calls deep, or as deep as the second argument says, for the milliseconds of
// work in the third, or for ever: main → descend × 200 → bottom.
#include "workload.h"

static long rounds = -1;

FUNCTION void bottom(void)
{
  while (rounds < 0 || rounds-- > 0)
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
  if (argc > 3)
    rounds = atol(argv[3]);
  descend(argc > 2 ? atoi(argv[2]) : 200);
  RETURNS_HERE();
  return 0;
}
