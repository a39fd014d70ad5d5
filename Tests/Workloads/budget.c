// Two functions share the time 70 to 30, 126 calls deep: what a budget has to stand, and still has to
// tell apart: main → climb × 124 → shift → heavy | light.
#include "workload.h"

FUNCTION void heavy(void)
{
  burn(700);
}
FUNCTION void light(void)
{
  burn(300);
}

FUNCTION void shift(void)
{
  for (;;) {
    heavy();
    light();
    RETURNS_HERE();
  }
}

FUNCTION void climb(int left)
{
  if (left > 1)
    climb(left - 1);
  else
    shift();
  RETURNS_HERE();
}

int main(int argc, char **argv)
{
  begin(argc, argv);
  climb(124);
  RETURNS_HERE();
  return 0;
}
