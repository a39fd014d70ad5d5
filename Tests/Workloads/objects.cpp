// Makes objects and arrays with `new` when it is sent SIGUSR1, keeps each tenth, then prints how many
// bytes it asked for and how many it holds, and waits.
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>
#include "workload.h"

struct Object {
  char bytes[1000];
};

template <typename T> static inline T *used(T *memory)
{
  __asm__ volatile("" : "+r"(memory) : : "memory");
  return memory;
}

FUNCTION Object *new_object()
{
  Object *object = used(new Object);
  RETURNS_HERE();
  return object;
}

FUNCTION Object *new_array()
{
  Object *objects = used(new Object[5]);
  RETURNS_HERE();
  return objects;
}

int main(int argc, char **argv)
{
  sigset_t awaited;
  int number;
  uint64_t kept = 0;
  char text[64];
  sigemptyset(&awaited);
  sigaddset(&awaited, SIGUSR1);
  sigprocmask(SIG_BLOCK, &awaited, 0);
  begin(argc, argv);
  sigwait(&awaited, &number);
  for (int round = 0; round < 50000; round++) {
    Object *object = new_object();
    Object *objects = new_array();
    if (round % 10) {
      delete object;
      delete[] objects;
    } else {
      kept += 6000;
    }
  }
  int length = snprintf(text, sizeof(text), "objects %llu %llu\ndone\n", 50000 * 6000ULL,
                        (unsigned long long)kept);
  if (write(STDOUT_FILENO, text, length) != length)
    return 1;
  for (;;)
    pause();
}
