// Loads the library of its second argument 1.5 seconds after the start, when sampling goes on:
// main → run_plugin → plugin_entry → plugin_inner.
#include <dlfcn.h>
#include <stdio.h>
#include "workload.h"

FUNCTION int run_plugin(const char *path)
{
  void *library = dlopen(path, RTLD_NOW);
  void (*entry)(void) = library ? (void (*)(void))dlsym(library, "plugin_entry") : NULL;
  if (!entry) {
    fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  entry();
  RETURNS_HERE();
  return 0;
}

int main(int argc, char **argv)
{
  if (argc < 3)
    return 64;
  begin(argc, argv);
  usleep(1500000);
  int status = run_plugin(argv[2]);
  RETURNS_HERE();
  return status;
}
