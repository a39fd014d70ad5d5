// The library that loader.c loads late.
#include "workload.h"

FUNCTION void plugin_inner(void)
{
  for (;;)
    burn(1000);
}

FUNCTION void plugin_entry(void)
{
  plugin_inner();
  RETURNS_HERE();
}
