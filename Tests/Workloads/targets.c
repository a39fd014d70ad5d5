// The library whose many functions caller.c calls.
#include "many.h"

#define TARGET(name)                                                                               \
  void name(void);                                                                                 \
  void name(void) {}
MANY(TARGET)
