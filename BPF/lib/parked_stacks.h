// Samples of waits outside of system calls: the stack is walked when the thread leaves its CPU, as often
// as the budget for it allows, and parked until it is known how long the wait was.
#pragma once
#include <bpf/bpf_helpers.h>
#include "kernel/types.h"
#include "lib/own_scratch.h"
#include "lib/take.h"
#include "lib/wakers.h"
#include "shared/threads.h"

// Set by wick before load.
// Stacks that are walked on leaving a CPU, in a second and on each CPU.
const volatile u64 walks_per_second = 2000;
// Where the kernel's functions of this tracepoint lie: frames up to there are of the measurement.
const volatile u64 traceiter_start = 0;
const volatile u64 traceiter_end = 0;
const volatile u64 bpf_trace_start = 0;
const volatile u64 bpf_trace_end = 0;

#define TRACE_FRAMES_MAX 8

// The stack with which a thread left its CPU outside of a system call.
struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 8192);
  __type(key, u32);
  __type(value, struct sample_header);
} parked_stacks SEC(".maps");

struct walk_budget {
  u64 time_ns;
  u64 walks;
  u64 skip;  // frames of the measurement itself, once they were counted
};

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, u32);
  __type(value, struct walk_budget);
} walk_budgets SEC(".maps");

// Samples a wait whose user stack cannot be had any more: it was parked, or it is missing.
static __always_inline void sample_parked(struct task_struct *task, struct thread_state *state,
                                          u32 tid, u64 blocked, u64 queued, u32 detail)
{
  u32 window = current_window();
  u32 cpu = bpf_get_smp_processor_id();
  struct scratch *scratch = own_scratch(SAMPLE_BLOCKED, window, cpu);
  if (!scratch)
    return;
  struct sample_header *header = &scratch->raw.header;
  struct sample_header *parked = bpf_map_lookup_elem(&parked_stacks, &tid);
  bool is_parked = parked && parked->start_time == start_time_of(task) && state->is_parked;
  if (is_parked && has_user_side(task)) {
    __builtin_memcpy(header, parked, sizeof(*header));
    header->time_ns = bpf_ktime_get_ns();
    header->flags =
        (header->flags & ~SAMPLE_ODD_WINDOW) | SAMPLE_STACK_SENT | (window & 1) * SAMPLE_ODD_WINDOW;
    bpf_map_delete_elem(&parked_stacks, &tid);
  } else {
    fill_header(header, task, window);
    long bytes =
        want_kernel ? bpf_get_task_stack(task, scratch->stack.frames, KERNEL_FRAMES_MAX * 8, 0) : 0;
    set_kernel_frames(scratch, cpu, bytes > 0 ? bytes : 0);
    if (has_user_side(task))
      header->flags |= SAMPLE_NO_USER_STACK;
    else
      header->flags |= SAMPLE_KERNEL_THREAD;
  }
  set_waker(&scratch->raw, state->waker, state->waker_name);
  u32 window_bit = header->flags / SAMPLE_ODD_WINDOW & 1;
  if (blocked) {
    header->kind = SAMPLE_BLOCKED;
    header->value = blocked;
    header->detail = detail;
    count_in(SAMPLE_BLOCKED, window_bit, COUNTER_TAKEN);
    send_stack(scratch);
  }
  if (queued) {
    header->kind = SAMPLE_QUEUED;
    header->value = queued;
    header->detail = WAIT_RUN_QUEUE;
    count_in(SAMPLE_QUEUED, window_bit, COUNTER_TAKEN);
    send_stack(scratch);
  }
}

// Whether one more stack may be walked on leaving a CPU.
static __always_inline struct walk_budget *walk_allowed(u64 now, bool is_near)
{
  u32 key = 0;
  struct walk_budget *budget = bpf_map_lookup_elem(&walk_budgets, &key);
  if (!budget)
    return 0;
  // A tenth of a second's walks at a time.
  if (now - budget->time_ns > 100000000) {
    budget->time_ns = now;
    budget->walks = walks_per_second / 10;
  }
  if (budget->walks)
    budget->walks--;
  else if (!is_near)
    return 0;
  return budget;
}

static __always_inline bool is_measurement(u64 frame)
{
  return (frame >= traceiter_start && frame < traceiter_end) ||
         (frame >= bpf_trace_start && frame < bpf_trace_end);
}

// Finds how many frames of a kernel stack are those of the measurement itself. Global, so that the
// verifier looks at the loop once.
__attribute__((noinline)) int count_measurement_frames(u32 cpu)
{
  struct scratch *scratch = bpf_map_lookup_elem(&scratches, &cpu);
  if (!scratch)
    return 0;
  int count = 0;
  for (int frame = 0; frame < TRACE_FRAMES_MAX; frame++)
    if (is_measurement(scratch->stack.frames[frame]))
      count = frame + 1;
  return count;
}

// Walks the stack of a thread that leaves its CPU, tells user space the frames, and keeps the rest.
//
// Where waits are many and short, only those are walked that are likely to be sampled.
static __always_inline void park(void *context, struct task_struct *task, u32 tid, u64 now,
                                 bool is_near)
{
  struct walk_budget *budget = walk_allowed(now, is_near);
  u32 cpu = bpf_get_smp_processor_id();
  struct scratch *scratch = bpf_map_lookup_elem(&scratches, &cpu);
  if (!budget || !scratch) {
    bpf_map_delete_elem(&parked_stacks, &tid);
    return;
  }
  struct sample_header *header = &scratch->raw.header;
  fill_header(header, task, current_window());
  if (want_kernel) {
    u64 skip = budget->skip & 0xff;
    long bytes = bpf_get_stack(context, scratch->stack.frames, KERNEL_FRAMES_MAX * 8, skip);
    if (bytes > 0 && !skip && bpf_trace_start) {
      budget->skip = count_measurement_frames(cpu);
      skip = budget->skip & 0xff;
      bytes = bpf_get_stack(context, scratch->stack.frames, KERNEL_FRAMES_MAX * 8, skip);
    }
    set_kernel_frames(scratch, cpu, bytes > 0 ? bytes : 0);
  }
  header->walk_end = walk_in_kernel(scratch, task, header->pid);
  header->kind = SAMPLE_ANNOUNCED;
  if (is_announced(scratch))
    bpf_map_update_elem(&parked_stacks, &tid, header, BPF_ANY);
  else
    bpf_map_delete_elem(&parked_stacks, &tid);
}
