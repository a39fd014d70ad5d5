// Two functions share the time 70 to 30: main → run → heavy | light.
#include "workload.h"

FUNCTION void heavy(unsigned long units)
{
  burn(7 * units);
}
FUNCTION void light(unsigned long units)
{
  burn(3 * units);
}

// Turns of 10 to 160 µs in no order: were they all as long, a machine might run them in step with
// the sampling, which would then meet one function more often.
FUNCTION void run(void)
{
  unsigned long random = 1;
  for (;;) {
    random = random * 6364136223846793005 + 1442695040888963407;
    unsigned long units = 1 + (random >> 60);
    heavy(units);
    light(units);
    RETURNS_HERE();
  }
}

int main(int argc, char **argv)
{
  begin(argc, argv);
  run();
  RETURNS_HERE();
  return 0;
}
