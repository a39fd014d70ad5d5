// What is known of each thread between two switches: since when it runs or waits.
#pragma once
#include <bpf/bpf_helpers.h>
#include "kernel/types.h"
#include "shared/threads.h"

// Set by wick before load: the time that threads run is measured.
const volatile bool want_ran = false;

// Preallocated: entries are made while the kernel holds the lock of a run queue. Its size is set by
// wick: one entry where nothing is measured.
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1);
  __type(key, u32);
  __type(value, struct thread_state);
} threads SEC(".maps");

// Nanoseconds that the thread at hand, which runs, has run since that was last told.
static __always_inline u64 ran_until(u32 tid, u64 now)
{
  if (!want_ran)
    return 0;
  struct thread_state *state = bpf_map_lookup_elem(&threads, &tid);
  if (!state || !state->arrived_ns || now < state->arrived_ns)
    return 0;
  return state->ran_ns + (now - state->arrived_ns);
}

static __always_inline void report_ran(u32 tid, u64 until)
{
  if (!want_ran)
    return;
  struct thread_state *state = bpf_map_lookup_elem(&threads, &tid);
  if (!state || !state->arrived_ns || until < state->arrived_ns)
    return;
  state->ran_ns = 0;
  state->arrived_ns = until;
}
