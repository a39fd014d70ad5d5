// Short calls into a shared library, so that many samples hit the procedure linkage table:
// main → call_often → (PLT entry) | callee.
#include "workload.h"

long callee(long value);

FUNCTION long call_often(void)
{
  long value = 1;
  for (;;) {
    value = callee(value);
    RETURNS_HERE();
  }
  return value;
}

int main(int argc, char **argv)
{
  begin(argc, argv);
  call_often();
  RETURNS_HERE();
  return 0;
}
