// A library that churn_library.c loads for a moment, where another was before: NAME → NAME_inner,
// behind SKIPPED times 16 bytes of code of no use and with a frame of KEPT bytes.
#include "workload.h"

FUNCTION void useless(void)
{
  __asm__ volatile(".skip 16 * " QUOTED(SKIPPED) ", 0x90");
}

FUNCTION void PASTE(NAME, _inner)(void)
{
  burn(5000);
}

FUNCTION void NAME(void)
{
  volatile char kept[KEPT];
  kept[0] = 1;
  (void)kept[0];
  PASTE(NAME, _inner)();
  RETURNS_HERE();
}

// Makes all of them equally large, so that each finds room where the one before was.
FUNCTION void useless_rest(void)
{
  __asm__ volatile(".skip 16 * (1600 - " QUOTED(SKIPPED) "), 0x90");
}

void (*const variant_entry)(void) = NAME;
