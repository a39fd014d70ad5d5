// Becomes the program of its arguments with no signal blocked. A thread of a test runner blocks
// signals, its children would inherit that, and a blocked SIGALRM or SIGINT ends nothing.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
  sigset_t none;
  sigemptyset(&none);
  if (argc < 2 || sigprocmask(SIG_SETMASK, &none, NULL))
    return 64;
  execv(argv[1], argv + 1);
  perror(argv[1]);
  return errno == ENOENT ? 127 : 126;
}
