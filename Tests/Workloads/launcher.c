// Starts the program of its first argument as often as its second says, one after the other, and
// fails when one of them fails.
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include "workload.h"

extern char **environ;

int main(int argc, char **argv)
{
  if (argc != 3)
    return 64;
  char *arguments[] = { argv[1], NULL };
  for (int left = atoi(argv[2]); left > 0; left--) {
    pid_t child;
    int status;
    if (posix_spawn(&child, argv[1], NULL, NULL, arguments, environ) ||
        waitpid(child, &status, 0) != child || status != 0) {
      perror(argv[1]);
      return 1;
    }
  }
  return 0;
}
