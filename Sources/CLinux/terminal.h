// A terminal that a program draws on: its settings are put back however the program ends, by a fault
// of its own as well, so the state is where a signal handler finds it. For one file of Swift only:
// each that uses this has a state of its own.
#pragma once
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

struct wick_screen {
  int input;   // where keys come from; -1: none
  int output;  // where is drawn
  int has_settings;
  volatile sig_atomic_t is_drawn;
  struct termios before;
};
static struct wick_screen wick_screen = { -1, -1, 0, 0, { 0 } };

// ECMA-48 and xterm's control sequences: alternate screen, cursor, wrapping of long lines.
#define WICK_SCREEN_ENTER "\033[?1049h\033[?25l\033[?7l\033[2J"
#define WICK_SCREEN_LEAVE "\033[0m\033[?7h\033[?25h\033[?1049l"

// Writes all of it unless the terminal takes nothing for a while. Async-signal-safe.
static inline void wick_screen_write(const char *_Nonnull text, size_t count)
{
  struct pollfd ready = { .fd = wick_screen.output, .events = POLLOUT };
  for (int tries = 0; count && tries < 64; tries++) {
    ssize_t written = write(wick_screen.output, text, count);
    if (written < 0 && errno == EAGAIN) {
      if (poll(&ready, 1, 200) <= 0)
        return;
      continue;
    }
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      return;
    text += written;
    count -= (size_t)written;
  }
}

// Puts everything back as it was. Async-signal-safe.
static inline void wick_screen_end(void)
{
  if (!wick_screen.is_drawn)
    return;
  wick_screen.is_drawn = 0;
  wick_screen_write(WICK_SCREEN_LEAVE, sizeof(WICK_SCREEN_LEAVE) - 1);
  if (!wick_screen.has_settings)
    return;
  // From the background this would stop us, with the settings as they should not be left.
  sigset_t stop, before;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTTOU);
  sigprocmask(SIG_BLOCK, &stop, &before);
  // Keys that nobody read are not for the shell.
  tcflush(wick_screen.input, TCIFLUSH);
  tcsetattr(wick_screen.input, TCSANOW, &wick_screen.before);
  sigprocmask(SIG_SETMASK, &before, 0);
}

static inline void wick_screen_fault(int number)
{
  wick_screen_end();
  // What it does by default, once we return.
  raise(number);
}

// Draws from now on; keys come one at a time, and unseen. Ctrl-C and the like still are signals.
static inline void wick_screen_begin(int input, int output)
{
  wick_screen.input = input;
  wick_screen.output = output;
  wick_screen.has_settings = input >= 0 && !tcgetattr(input, &wick_screen.before);
  struct sigaction action;
  memset(&action, 0, sizeof(action));
  action.sa_handler = wick_screen_fault;
  action.sa_flags = SA_RESETHAND;
  static const int faults[] = { SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGABRT, SIGSYS };
  for (unsigned index = 0; index < sizeof(faults) / sizeof(*faults); index++)
    sigaction(faults[index], &action, 0);
  wick_screen.is_drawn = 1;
  if (wick_screen.has_settings) {
    struct termios settings = wick_screen.before;
    settings.c_lflag &= ~(tcflag_t)(ICANON | ECHO | IEXTEN);
    settings.c_cc[VMIN] = 0;
    settings.c_cc[VTIME] = 0;
    tcsetattr(input, TCSANOW, &settings);
  }
  wick_screen_write(WICK_SCREEN_ENTER, sizeof(WICK_SCREEN_ENTER) - 1);
}

// Stops the program until somebody has it go on, as Ctrl-Z does.
static inline void wick_stop_here(void)
{
  raise(SIGSTOP);
}
