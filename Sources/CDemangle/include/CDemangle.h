// Turns mangled names into readable ones, in bounded memory.
//
// Linked from libiberty.a (Debian: libiberty-dev), as the linker's map shows:
//   cp-demangle.o    GPL-2.0-or-later, with the exception that permits linking it into any program
//   rust-demangle.o  LGPL-2.0-or-later, with the same exception
//   safe-ctype.o     LGPL-2.0-or-later: a table of character classes, used by rust-demangle.o
// None of them restricts wick's own licence; the last asks that a binary can be relinked, which the
// published source and build script allow. swift_demangle is part of the Swift runtime
// (Apache-2.0 with its runtime library exception).
#pragma once
#include <stddef.h>

// Each writes at most `capacity` bytes to `out`, without a final NUL, and returns their number; 0 if
// the name is none of the language or its readable form does not fit. `mangled` ends in NUL.
size_t wick_demangle_cxx(const char *_Nonnull mangled, int parameters, char *_Nonnull out,
                         size_t capacity);
size_t wick_demangle_rust(const char *_Nonnull mangled, char *_Nonnull out, size_t capacity);
size_t wick_demangle_swift(const char *_Nonnull mangled, char *_Nonnull out, size_t capacity);
