// The first thread ends, and another goes on: (thread start) → worker → toil.
#include <pthread.h>
#include "workload.h"

FUNCTION void toil(void)
{
  for (;;)
    burn(1000);
}

FUNCTION void *worker(void *nothing)
{
  toil();
  RETURNS_HERE();
  return nothing;
}

int main(int argc, char **argv)
{
  pthread_t thread;
  if (pthread_create(&thread, NULL, worker, NULL))
    return 1;
  begin(argc, argv);
  pthread_exit(NULL);
}
