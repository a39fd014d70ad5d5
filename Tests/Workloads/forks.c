// A parent that waits while its children, one at a time, work 200 ms each:
// main → spawn → child_work.
#include <sys/wait.h>
#include <time.h>
#include "workload.h"

FUNCTION void child_work(void)
{
  struct timespec start, now;
  clock_gettime(CLOCK_MONOTONIC, &start);
  do {
    burn(1000);
    clock_gettime(CLOCK_MONOTONIC, &now);
  } while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 < 200);
}

FUNCTION void spawn(void)
{
  pid_t child = fork();
  if (child == 0) {
    child_work();
    _exit(0);
  }
  waitpid(child, NULL, 0);
}

int main(int argc, char **argv)
{
  begin(argc, argv);
  for (;;) {
    spawn();
    RETURNS_HERE();
  }
}
