// The work is done 250 calls deep, each of which keeps 512 bytes, 130 KiB in all, or as deep as the
// second argument says, and for the milliseconds of work in the third, or for ever:
// main → descend × 250 → bottom.
#include "workload.h"

static long rounds = -1;

FUNCTION void bottom(void)
{
  while (rounds < 0 || rounds-- > 0)
    burn(1000);
}

FUNCTION void descend(int left)
{
  volatile char kept[512];
  kept[left & 511] = 1;
  (void)kept[0];
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
  descend(argc > 2 ? atoi(argv[2]) : 250);
  RETURNS_HERE();
  return 0;
}
