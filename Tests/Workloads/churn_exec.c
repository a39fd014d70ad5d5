// Starts the programs of its further arguments in turn, without waiting for them; every fourth one
// gets the next as its argument, which it becomes after its own work.
#include <spawn.h>
#include <sys/wait.h>
#include "churn.h"

extern char **environ;
static char **programs;
static int count;

static void start_one(long number)
{
  char *program = programs[number % count];
  char *next = number % 4 == 3 ? programs[(number + 1) % count] : NULL;
  char *arguments[] = { program, next, NULL };
  pid_t child;
  if (posix_spawn(&child, program, NULL, NULL, arguments, environ)) {
    perror(program);
    exit(1);
  }
  while (waitpid(-1, NULL, WNOHANG) > 0)
    ;
}

int main(int argc, char **argv)
{
  if (argc < 4)
    return 64;
  programs = argv + 3;
  count = argc - 3;
  int status = at_rate(argc, argv, "starts", start_one);
  while (wait(NULL) > 0)
    ;
  return status;
}
