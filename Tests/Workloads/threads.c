// Eight threads do the same work: (thread start) → worker → toil.
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
  pthread_t threads[8];
  for (int i = 0; i < 8; i++)
    if (pthread_create(&threads[i], NULL, worker, NULL))
      return 1;
  begin(argc, argv);
  for (;;)
    pause();
}
