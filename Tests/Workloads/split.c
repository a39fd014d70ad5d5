// Two functions share the time 70 to 30: main → run → heavy | light.
#include "workload.h"

FUNCTION void heavy(void)
{
  burn(700);
}
FUNCTION void light(void)
{
  burn(300);
}

FUNCTION void run(void)
{
  for (;;) {
    heavy();
    light();
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
