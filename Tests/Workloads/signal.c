// Most of the time is spent in a signal handler on a stack of its own:
// main → interrupted → (signal frame) → on_signal → handle.
#include <signal.h>
#include <stdio.h>
#include <sys/time.h>
#include "workload.h"

FUNCTION void handle(void)
{
  burn(8000);
}

FUNCTION void on_signal(int number)
{
  handle();
  RETURNS_HERE();
}

FUNCTION void interrupted(void)
{
  for (;;)
    burn(1000);
}

int main(int argc, char **argv)
{
  static char other_stack[64 * 1024];
  stack_t stack = { .ss_sp = other_stack, .ss_size = sizeof(other_stack) };
  struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_ONSTACK | SA_RESTART };
  struct itimerval every = { .it_interval = { .tv_usec = 10000 },
                             .it_value = { .tv_usec = 10000 } };
  if (sigaltstack(&stack, NULL) || sigaction(SIGPROF, &action, NULL) ||
      setitimer(ITIMER_PROF, &every, NULL)) {
    perror("signal");
    return 1;
  }
  begin(argc, argv);
  interrupted();
  RETURNS_HERE();
  return 0;
}
