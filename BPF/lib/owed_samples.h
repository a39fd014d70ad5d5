// Samples of waits in system calls, which are owed until the call returns: the user stack is still the
// same then, and can be walked.
#pragma once
#include <bpf/bpf_helpers.h>
#include "arch/x86.h"
#include "kernel/types.h"
#include "lib/own_scratch.h"
#include "lib/reasons.h"
#include "lib/take.h"
#include "lib/wakers.h"
#include "shared/threads.h"

#define OWED_FRAMES 64

// A sample that is taken when its thread returns from its system call, or ends.
struct owed_sample {
  u64 blocked;  // what it stands for; 0: no such sample
  u64 queued;
  u32 detail;
  u32 waker;
  u32 kernel_frames;
  u32 reserved;
  u64 user_ip;  // where the thread was in its code then
  u64 user_sp;
  char waker_name[COMM_BYTES];
  u64 frames[OWED_FRAMES];
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 2048);
  __type(key, u32);
  __type(value, struct owed_sample);
} owed_samples SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, u32);
  __type(value, struct owed_sample);
} owing SEC(".maps");

// Sends the sample that was put together, once for each thing that it is a sample of.
static __always_inline void send_waits(struct scratch *scratch, struct task_struct *task, u32 cpu,
                                       u64 blocked, u64 queued, u32 detail)
{
  struct sample_header *header = &scratch->raw.header;
  u32 window = header->flags / SAMPLE_ODD_WINDOW & 1;
  if (blocked) {
    header->kind = SAMPLE_BLOCKED;
    header->value = blocked;
    header->detail = detail;
    count_in(SAMPLE_BLOCKED, window, COUNTER_TAKEN);
    send(scratch, task, cpu);
  }
  if (queued) {
    header->kind = SAMPLE_QUEUED;
    header->value = queued;
    header->detail = WAIT_RUN_QUEUE | (detail & ~((1 << WAIT_CALL_SHIFT) - 1));
    count_in(SAMPLE_QUEUED, window, COUNTER_TAKEN);
    send(scratch, task, cpu);
  }
}

// Takes the sample that the thread at hand owes, with its user stack if that is still there.
static __always_inline void pay(struct task_struct *task, u32 tid, struct owed_sample *owed,
                                bool has_stack)
{
  u32 window = current_window();
  u32 cpu = bpf_get_smp_processor_id();
  struct scratch *scratch = own_scratch(SAMPLE_BLOCKED, window, cpu);
  if (scratch) {
    struct sample_header *header = &scratch->raw.header;
    fill_header(header, task, window);
    bpf_probe_read_kernel(scratch->stack.frames, sizeof(owed->frames), owed->frames);
    set_kernel_frames(scratch, cpu, (u64)owed->kernel_frames * 8);
    // Between the end of a call and the thread's own code it may have waited as well: then this is
    // another call, with another stack.
    struct user_place place = user_place_of_current();
    if (has_stack && place.ip == owed->user_ip && place.sp == owed->user_sp) {
      header->walk_end = walk_in_kernel(scratch, task, header->pid);
    } else {
      header->walk_end = WALK_NO_USER_SIDE;
      header->flags |= SAMPLE_NO_USER_STACK;
    }
    set_waker(&scratch->raw, owed->waker, owed->waker_name);
    send_waits(scratch, task, cpu, owed->blocked, owed->queued, owed->detail);
  }
  bpf_map_delete_elem(&owed_samples, &tid);
}

// Remembers a sample until its thread can be walked; false if there is no room.
static __always_inline bool owe(struct task_struct *task, struct thread_state *state, u32 tid,
                                u64 blocked, u64 queued, u32 detail)
{
  struct owed_sample *owed = bpf_map_lookup_elem(&owed_samples, &tid);
  if (owed) {
    // Several waits of one call are one sample: it has the reason of the longest.
    if (blocked > owed->blocked)
      owed->detail = detail;
    owed->blocked += blocked;
    owed->queued += queued;
    return true;
  }
  u32 zero = 0;
  struct owed_sample *fresh = bpf_map_lookup_elem(&owing, &zero);
  if (!fresh)
    return false;
  fresh->blocked = blocked;
  fresh->queued = queued;
  fresh->detail = detail;
  struct user_place place = user_place_at(saved_registers(task));
  fresh->user_ip = place.ip;
  fresh->user_sp = place.sp;
  fresh->waker = state->waker;
  __builtin_memcpy(fresh->waker_name, state->waker_name, COMM_BYTES);
  long bytes = want_kernel ? bpf_get_task_stack(task, fresh->frames, sizeof(fresh->frames), 0) : 0;
  fresh->kernel_frames = bytes > 0 ? bytes / 8 : 0;
  return !bpf_map_update_elem(&owed_samples, &tid, fresh, BPF_ANY);
}
