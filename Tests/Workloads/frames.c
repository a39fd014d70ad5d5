// Frames of many KiB: main → small → large, where `large` keeps as many KiB on the stack as its
// second argument says (8, 16, 32 or 64).
#include "workload.h"

#define KEEP(kibibytes)                                                                            \
  FUNCTION void large_##kibibytes(void)                                                            \
  {                                                                                                \
    volatile char kept[kibibytes * 1024];                                                          \
    for (unsigned long i = 0; i < sizeof(kept); i += 512)                                          \
      kept[i] = 1;                                                                                 \
    for (;;)                                                                                       \
      burn(1000);                                                                                  \
  }
KEEP(8)
KEEP(16)
KEEP(32)
KEEP(64)

FUNCTION void small(int kibibytes)
{
  switch (kibibytes) {
  case 8:
    large_8();
    break;
  case 16:
    large_16();
    break;
  case 32:
    large_32();
    break;
  default:
    large_64();
  }
  RETURNS_HERE();
}

int main(int argc, char **argv)
{
  begin(argc, argv);
  small(argc > 2 ? atoi(argv[2]) : 8);
  RETURNS_HERE();
  return 0;
}
