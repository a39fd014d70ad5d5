// Who ends a wait.
#pragma once
#include <bpf/bpf_helpers.h>
#include "kernel/types.h"
#include "shared/events.h"
#include "shared/threads.h"

// Set by wick before load: who woke a thread is told.
const volatile bool want_wakers = false;
// Where the kernel's code that handles interrupts lies.
const volatile u64 interrupts_start = 0;
const volatile u64 interrupts_end = 0;
const volatile u64 soft_interrupts_start = 0;
const volatile u64 soft_interrupts_end = 0;

#define WAKER_FRAMES 48

// The frames of who wakes a thread. Interrupts are off then, so one a CPU is enough.
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, u32);
  __type(value, u64[WAKER_FRAMES]);
} waker_frames SEC(".maps");

// Whether the kernel's stack leads through the handling of an interrupt. Global, so that the verifier
// looks at the loop once.
__attribute__((noinline)) int leads_through_interrupt(u32 count)
{
  u32 key = 0;
  u64 *frames = bpf_map_lookup_elem(&waker_frames, &key);
  if (!frames)
    return 0;
  for (u32 frame = 0; frame < WAKER_FRAMES && frame < count; frame++) {
    u64 address = frames[frame];
    if (address >= interrupts_start && address < interrupts_end)
      return 1;
    if (address >= soft_interrupts_start && address < soft_interrupts_end)
      return 1;
  }
  return 0;
}

static __always_inline void name_waker(void *context, struct thread_state *state)
{
  u32 tid = (u32)bpf_get_current_pid_tgid();
  u32 key = 0;
  u64 *frames = bpf_map_lookup_elem(&waker_frames, &key);
  long bytes = frames ? bpf_get_stack(context, frames, WAKER_FRAMES * 8, 0) : 0;
  if (!tid || (bytes > 0 && leads_through_interrupt(bytes / 8))) {
    state->waker = WAKER_INTERRUPT;
    state->waker_name[0] = 0;
    return;
  }
  state->waker = tid;
  bpf_get_current_comm(state->waker_name, COMM_BYTES);
}

static __always_inline void set_waker(struct raw_sample *sample, u32 tid, const char *name)
{
  if (!want_wakers || !tid)
    return;
  struct sample_waker *waker = (void *)sample->waker;
  waker->tid = tid;
  waker->reserved = 0;
  __builtin_memcpy(waker->name, name, COMM_BYTES);
  sample->header.flags |= SAMPLE_HAS_WAKER;
}
