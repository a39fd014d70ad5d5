#pragma once
#ifdef __bpf__
#include "kernel/types.h"
#else
#include <stdint.h>
typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;
#endif

// How a function of an allocator is called, and what it gives back.
enum alloc_function {
  ALLOC_SIZE,            // malloc(size), operator new(size): the memory, or NULL
  ALLOC_COUNT_SIZE,      // calloc(count, size)
  ALLOC_ALIGNED,         // memalign(alignment, size), aligned_alloc
  ALLOC_ALIGNED_BY_OUT,  // posix_memalign(&memory, alignment, size): 0, or an error
  ALLOC_AGAIN,           // realloc(memory, size)
  ALLOC_FREE,            // free(memory), operator delete(memory, …)
  ALLOC_FUNCTION_COUNT,
  ALLOC_GIVEN_UP = 128,  // set beside: what a realloc gives up was sampled
};

// What a probe's cookie holds: where the function lies in the process, and how it is called.
#define ALLOC_COOKIE_SHIFT 8

// Code whose own calls are the allocator's business: a call from there is no allocation of the
// program's. Ascending.
#define ALLOC_RANGES 64

struct alloc_range {
  u64 start;
  u64 end;
};

// What user space tells the programs while they run.
struct alloc_control {
  u64 period;        // bytes that a sample stands for; below 2^32. 0: only count
  u64 inside_start;  // around all ranges
  u64 inside_end;
  u32 ranges;  // how many there are
  u32 reserved;
};

// What a thread has asked for, or all that have ended.
struct alloc_totals {
  u64 calls;
  u64 bytes;
  u64 frees;
  u64 failed_calls;  // of those that were sampled
  u64 failed_bytes;
  u64 inner_calls;  // that the allocator made itself: not among the calls
};

// A thread of the process. A stretch of `period` bytes has one point, at a random place, and a call
// that asks for the byte at the point is taken; so all bytes have the same chance, and the sum is
// off by at most a period.
struct alloc_thread {
  struct alloc_totals totals;
  u64 until;      // bytes before the next point
  u64 rest;       // bytes behind it in its stretch
  u64 drawn_for;  // the period for which they were drawn
  // The last call.
  u64 last_function;
  u64 last_stack_pointer;
  u64 return_address;
  // The call whose return is waited for, which then is the last one.
  u64 stack_pointer;  // at its first instruction; 0: there is none
  u64 size;
  u64 weight;  // 0: it was not taken
  u64 memory;  // what is given up (realloc), or where the result is put (posix_memalign)
  u32 function;
  u32 inner_calls;
};

// A sampled allocation that was not freed.
struct alloc_held {
  u64 token;   // names the stack together with `tid`: the stack's hash, or one of its own
  u64 weight;  // bytes that it stands for
  u32 tid;
  u32 reserved;
};
