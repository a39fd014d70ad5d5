// The library that resolver.c loads: calls each function of targets.c once.
#include "many.h"
#include "workload.h"

#define DECLARE(name) void name(void);
MANY(DECLARE)

#define CALL(name) name();
FUNCTION void call_all(void)
{
  MANY(CALL)
  RETURNS_HERE();
}
