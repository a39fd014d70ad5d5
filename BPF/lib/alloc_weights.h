// Which allocations are taken, and what each stands for.
//
// The bytes of a thread are laid end to end and cut into stretches of one period; in each a point is
// picked at random, and the allocation that covers it is taken.
#pragma once
#include <bpf/bpf_helpers.h>
#include "kernel/types.h"
#include "shared/alloc.h"

static __always_inline u64 random_below(u64 limit)
{
  return (u64)bpf_get_prandom_u32() * limit >> 32;
}

// The bytes that a call stands for, 0 if it is not taken.
static __always_inline u64 weigh(struct alloc_thread *thread, u64 size, u64 period)
{
  if (size >= period)
    return size;
  if (thread->drawn_for != period) {
    thread->drawn_for = period;
    thread->until = random_below(period);
    thread->rest = period - 1 - thread->until;
  }
  u64 weight = 0;
  u64 left = size;
  // A call that is smaller than a stretch has at most the points of two.
#pragma unroll
  for (int turn = 0; turn < 2; turn++) {
    if (left <= thread->until)
      break;
    weight += period;
    left -= thread->until + 1;
    u64 point = random_below(period);
    thread->until = thread->rest + point;
    thread->rest = period - 1 - point;
  }
  thread->until -= left <= thread->until ? left : thread->until;
  return weight;
}
