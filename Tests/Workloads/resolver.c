// Calls into shared libraries for the first time, again and again, so that most samples hit the
// dynamic linker's lazy binding, whose entry finds its frame by RBX:
// main → resolve_often → call_all → _dl_runtime_resolve → _dl_fixup → ….
// The second argument is a library like caller.c's; what it calls stays loaded.
#include <dlfcn.h>
#include <stdio.h>
#include "workload.h"

FUNCTION int resolve_often(const char *path)
{
  for (;;) {
    void *library = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
    void (*call_all)(void) = library ? (void (*)(void))dlsym(library, "call_all") : NULL;
    if (!call_all)
      return 1;
    call_all();
    RETURNS_HERE();
    dlclose(library);
  }
}

int main(int argc, char **argv)
{
  if (argc < 3)
    return 64;
  begin(argc, argv);
  int status = resolve_often(argv[2]);
  fprintf(stderr, "%s\n", dlerror());
  return status;
}
