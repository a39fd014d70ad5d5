// Gives all its children the number of its third argument, one after the other. Several such
// programs, each with a NAME and a frame of KEPT bytes of its own, take turns at one number:
// main → reuse → NAME → NAME_inner.
#include <linux/sched.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "churn.h"

static pid_t wanted;
static long taken_by_others;

FUNCTION void PASTE(NAME, _inner)(void)
{
  burn_milliseconds(5);
}

FUNCTION void NAME(void)
{
  volatile char kept[KEPT];
  kept[0] = 1;
  (void)kept[0];
  PASTE(NAME, _inner)();
  RETURNS_HERE();
}

FUNCTION void reuse(long number)
{
  struct clone_args arguments = { .exit_signal = SIGCHLD,
                                  .set_tid = (uintptr_t)&wanted,
                                  .set_tid_size = 1 };
  long child;
  while ((child = syscall(SYS_clone3, &arguments, sizeof(arguments))) < 0) {
    if (errno != EEXIST) {
      perror("clone3");
      exit(1);
    }
    taken_by_others++;
    usleep(1000);
  }
  if (child == 0) {
    NAME();
    RETURNS_HERE();
    _exit(0);
  }
  waitpid(wanted, NULL, 0);
}

int main(int argc, char **argv)
{
  if (argc < 4)
    return 64;
  wanted = atoi(argv[3]);
  int status = at_rate(argc, argv, "reuses", reuse);
  printf("waited %ld times for the number\n", taken_by_others);
  return status;
}
