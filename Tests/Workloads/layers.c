// Big frames on top of each other, 120 KiB in all: main → first → second → third → fourth → bottom,
// which keep 64, 32, 16 and 8 KiB.
#include "workload.h"

FUNCTION void bottom(void)
{
  burn(200);
}

// Touches every page that it keeps, or the kernel would never map it.
#define LAYER(name, kibibytes, next)                                                               \
  FUNCTION void name(void)                                                                         \
  {                                                                                                \
    volatile char kept[kibibytes * 1024];                                                          \
    for (unsigned long i = 0; i < sizeof(kept); i += 512)                                          \
      kept[i] = 1;                                                                                 \
    next();                                                                                        \
    RETURNS_HERE();                                                                                \
  }
LAYER(fourth, 8, bottom)
LAYER(third, 16, fourth)
LAYER(second, 32, third)
LAYER(first, 64, second)

int main(int argc, char **argv)
{
  begin(argc, argv);
  for (;;) {
    first();
    RETURNS_HERE();
  }
}
