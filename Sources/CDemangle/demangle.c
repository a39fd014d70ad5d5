// Output is collected through libiberty's callback and left by longjmp when it is full: a name of
// a hundred bytes can describe gigabytes.
#include "CDemangle.h"

#include <libiberty/demangle.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct sink {
  char *bytes;
  size_t count;
  size_t capacity;
  jmp_buf full;
};

static void append(const char *text, size_t count, void *context)
{
  struct sink *sink = context;
  if (count > sink->capacity - sink->count)
    longjmp(sink->full, 1);
  memcpy(sink->bytes + sink->count, text, count);
  sink->count += count;
}

size_t wick_demangle_cxx(const char *mangled, int parameters, char *out, size_t capacity)
{
  struct sink sink = { .bytes = out, .capacity = capacity };
  int options = parameters ? DMGL_PARAMS | DMGL_ANSI : DMGL_NO_OPTS;
  if (setjmp(sink.full))
    return 0;
  return cplus_demangle_v3_callback(mangled, options, append, &sink) ? sink.count : 0;
}

size_t wick_demangle_rust(const char *mangled, char *out, size_t capacity)
{
  struct sink sink = { .bytes = out, .capacity = capacity };
  if (setjmp(sink.full))
    return 0;
  return rust_demangle_callback(mangled, DMGL_NO_OPTS, append, &sink) ? sink.count : 0;
}

// Declared nowhere in the toolchain's headers; the signature is part of the runtime's stable ABI.
extern char *swift_demangle(const char *mangled, size_t count, char *out, size_t *capacity,
                            uint32_t flags);

size_t wick_demangle_swift(const char *mangled, char *out, size_t capacity)
{
  char *name = swift_demangle(mangled, strlen(mangled), NULL, NULL, 0);
  if (!name)
    return 0;
  size_t count = strlen(name);
  if (count > capacity)
    count = 0;
  memcpy(out, name, count);
  free(name);
  return count;
}
