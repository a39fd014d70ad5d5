#pragma once
#ifdef __bpf__
#include "kernel/types.h"
#else
#include <stdint.h>
typedef uint32_t u32;
typedef uint64_t u64;
#endif

// See BPF/lib/spans.h; of nanoseconds or bytes.
struct stratum {
  u64 length;
  u64 position;  // how much of it is covered
  u64 point;     // that was picked
};

// One thread. Times are CLOCK_MONOTONIC in nanoseconds, 0 where they do not apply.
struct thread_state {
  u64 arrived_ns;  // when it got its CPU; 0 while it has none
  u64 left_ns;     // when it lost its CPU; 0 while it has one
  u64 ready_ns;    // when it could run again; 0 while it waits for something
  u64 ran_ns;      // time on CPUs, before `arrived_ns`, that no sample has told
  u32 pid;
  u32 waker;  // the thread that made it ready: its tid, or WAKER_INTERRUPT; 0 where nobody knows
  char waker_name[16];
  u32 is_parked;       // its stack was walked when it left, for it cannot be later
  u32 last_queued_ns;  // how long it waited for a CPU the last time
  struct stratum blocked;
  struct stratum queued;
};
#define WAKER_INTERRUPT 0xffffffff
_Static_assert(sizeof(struct thread_state) == 112, "read by Sampling");

// The system call that a thread is in.
#define OPEN_CALL_PLACES 16384
struct open_call {
  u64 entered_ns;  // 0: no call is open
  u32 tid;
  u32 kind;       // of the call: shared/calls.h
  u32 is_shared;  // another thread that wanted this place may be in the table of the others
  u32 reserved;
};
_Static_assert(sizeof(struct open_call) == 24, "cleared by Sampling");
