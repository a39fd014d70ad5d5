// Loads the libraries of its further arguments in turn, all at the same address, works in them, and
// unloads them: main → use_library → variant_N → variant_N_inner.
#define _GNU_SOURCE  // dladdr
#include <dlfcn.h>
#include "churn.h"

static char **libraries;
static int count;
static void *first_place;
static long at_first_place;

FUNCTION void use_library(long number)
{
  void *library = dlopen(libraries[number % count], RTLD_NOW);
  void (*const *entry)(void) = library ? dlsym(library, "variant_entry") : NULL;
  Dl_info info;
  if (!entry || !dladdr((const void *)entry, &info)) {
    fprintf(stderr, "%s\n", dlerror());
    exit(1);
  }
  if (!first_place)
    first_place = info.dli_fbase;
  at_first_place += info.dli_fbase == first_place;
  (*entry)();
  RETURNS_HERE();
  dlclose(library);
}

int main(int argc, char **argv)
{
  if (argc < 4)
    return 64;
  libraries = argv + 3;
  count = argc - 3;
  int status = at_rate(argc, argv, "loads", use_library);
  printf("at-one-address %ld\n", at_first_place);
  return status;
}
