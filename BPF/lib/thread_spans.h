// What each thread has begun and not ended yet, found by its number in a few nanoseconds.
//
// A thread keeps the place of its number, modulo the size of the table, until it ends; where two
// threads want the same place, the second is in a hash. Only the thread itself, or whoever holds the
// lock of its run queue, changes what is in it. That two threads claim one place in the same moment is
// the one case that is not seen: the later one has the place, and the span of the other is lost.
#pragma once
#include <bpf/bpf_helpers.h>
#include "kernel/types.h"
#include "lib/histogram.h"

struct thread_span {
  u32 tid;  // whose it is; 0 for nobody's
  u32 kind;
  u64 begun_ns;  // 0: nothing has begun
  u64 value;     // what a stack that is still to be taken is worth
};

// Set by wick before load: places - 1, and as many places.
const volatile u32 thread_mask = 63;

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 64);
  __type(key, u32);
  __type(value, struct thread_span);
} thread_spans SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 4096);
  __type(key, u32);
  __type(value, struct thread_span);
} other_spans SEC(".maps");

// The span of a thread that may have begun one; 0 if it has not.
static __always_inline struct thread_span *span_of(u32 tid)
{
  u32 place = tid & thread_mask;
  struct thread_span *span = bpf_map_lookup_elem(&thread_spans, &place);
  if (!span || span->tid == tid)
    return span;
  return span->tid ? bpf_map_lookup_elem(&other_spans, &tid) : 0;
}

static __always_inline struct thread_span *other_span(u32 tid)
{
  struct thread_span *span = bpf_map_lookup_elem(&other_spans, &tid);
  if (span)
    return span;
  struct thread_span fresh = { .tid = tid };
  if (!bpf_map_update_elem(&other_spans, &tid, &fresh, BPF_NOEXIST))
    return bpf_map_lookup_elem(&other_spans, &tid);
  note(LATENCY_BEGINNINGS_LOST);
  return 0;
}

// The span of a thread, made if need be; 0 if there is no room.
static __always_inline struct thread_span *make_span(u32 tid)
{
  u32 place = tid & thread_mask;
  struct thread_span *span = bpf_map_lookup_elem(&thread_spans, &place);
  if (!span)
    return 0;
  if (span->tid != tid) {
    if (span->tid)
      return other_span(tid);
    span->begun_ns = 0;
    span->value = 0;
    span->tid = tid;
  }
  return span;
}

// The thread has ended.
static __always_inline void forget_span(u32 tid)
{
  u32 place = tid & thread_mask;
  struct thread_span *span = bpf_map_lookup_elem(&thread_spans, &place);
  if (!span)
    return;
  if (span->tid == tid)
    span->tid = 0;
  else if (span->tid)
    bpf_map_delete_elem(&other_spans, &tid);
}
