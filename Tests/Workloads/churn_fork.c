// Forks children that work a few milliseconds. In every other child the first thread ends before the
// work, which another thread does: main → fork_one → child_work, or
// (thread start) → orphan → orphan_work.
#include <pthread.h>
#include <sys/wait.h>
#include "churn.h"

FUNCTION void child_work(void)
{
  burn_milliseconds(5);
}

FUNCTION void orphan_work(void)
{
  burn_milliseconds(10);
}

FUNCTION void *orphan(void *nothing)
{
  orphan_work();
  RETURNS_HERE();
  return nothing;
}

FUNCTION void fork_one(long number)
{
  while (waitpid(-1, NULL, WNOHANG) > 0)
    ;
  if (fork() > 0)
    return;
  pthread_t thread;
  if (number % 2 == 0)
    child_work();
  else if (pthread_create(&thread, NULL, orphan, NULL) == 0)
    pthread_exit(NULL);
  _exit(0);
}

int main(int argc, char **argv)
{
  int status = at_rate(argc, argv, "forks", fork_one);
  while (wait(NULL) > 0)
    ;
  return status;
}
