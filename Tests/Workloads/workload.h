// What the known workloads share. Each is built without frame pointers and optimized, does one kind
// of work whose stacks are known, prints "ready" when the work begins, and ends by itself after the
// seconds in its first argument, so that a broken test leaves nothing behind.
#pragma once
#include <stdlib.h>
#include <unistd.h>

// A function that stays one: neither inlined nor copied.
#ifdef __clang__
#define FUNCTION __attribute__((noinline, used))
#else
#define FUNCTION __attribute__((noinline, noclone, noipa, used))
#endif

// A macro's value as text, and one name made of two.
#define QUOTED_(text) #text
#define QUOTED(macro) QUOTED_(macro)
#define PASTE_(one, two) one##two
#define PASTE(one, two) PASTE_(one, two)

// Stands after a call, so that the compiler cannot make it a jump or the recursion a loop.
#define RETURNS_HERE() __asm__ volatile("" ::: "memory")

// Keeps the processor busy; each unit is about a microsecond. Each step waits for the one before,
// so that a loop takes the same time wherever the compiler puts it.
static inline __attribute__((always_inline)) void burn(unsigned long units)
{
  unsigned long value = units;
  for (unsigned long i = 0; i < units * 800; i++) {
    value = value * 6364136223846793005 + i;
    __asm__ volatile("" : "+r"(value));
  }
}

static inline void begin(int argc, char **argv)
{
  alarm(argc > 1 ? (unsigned)atoi(argv[1]) : 60);
  if (write(STDOUT_FILENO, "ready\n", 6) != 6)
    _exit(1);
}
