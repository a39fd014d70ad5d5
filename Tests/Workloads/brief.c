// Lives a few milliseconds, at work in the function that NAME names, behind SKIPPED times 16 bytes
// of code of no use and with a frame of KEPT bytes, so that its addresses mean something else in
// each build: main → NAME → NAME_inner. With an argument, becomes that program.
#include "churn.h"

FUNCTION void useless(void)
{
  __asm__ volatile(".skip 16 * " QUOTED(SKIPPED) ", 0x90");
}

FUNCTION void PASTE(NAME, _inner)(void)
{
  burn_milliseconds(2);
}

FUNCTION void NAME(void)
{
  volatile char kept[KEPT];
  kept[0] = 1;
  (void)kept[0];
  PASTE(NAME, _inner)();
  RETURNS_HERE();
}

int main(int argc, char **argv)
{
  NAME();
  RETURNS_HERE();
  if (argc < 2)
    return 0;
  execl(argv[1], argv[1], NULL);
  return 1;
}
