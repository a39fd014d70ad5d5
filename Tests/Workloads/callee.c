// The library that plt.c calls.
#include "workload.h"

FUNCTION long callee(long value)
{
  return value * 3 + 1;
}
