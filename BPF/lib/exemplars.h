// Stacks of slow values: few, and spread over time.
#pragma once
#include <bpf/bpf_helpers.h>
#include "kernel/types.h"
#include "lib/histogram.h"
#include "lib/take.h"

// Set by wick before load.
const volatile bool wants_exemplars = false;
// Number of the collector, for user space to know whose kinds they are.
const volatile u32 collector = 0;
// Between two of a CPU, in the long run.
const volatile u64 exemplar_interval_ns = 50000000;
// So many may follow each other at once after a while without any.
const volatile u64 exemplar_burst = 20;

// When the next is due, in the long run.
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, u32);
  __type(value, u64);
} exemplar_times SEC(".maps");

static __always_inline bool may_walk(u64 now)
{
  u32 key = 0;
  u64 *due = bpf_map_lookup_elem(&exemplar_times, &key);
  if (!due)
    return false;
  u64 saved = exemplar_burst * exemplar_interval_ns;
  if (*due + saved < now)
    *due = now - saved;
  if (*due > now)
    return false;
  *due += exemplar_interval_ns;
  return true;
}

// Puts a sample of the thread that runs together; 0 if that is not possible.
static __always_inline struct scratch *begin_exemplar(void *context, struct task_struct *task,
                                                      u32 cpu, u32 kind, bool has_kernel_side)
{
  struct scratch *scratch = bpf_map_lookup_elem(&scratches, &cpu);
  if (!scratch)
    return 0;
  struct sample_header *header = &scratch->raw.header;
  fill_header(header, task, current_window());
  header->kind = SAMPLE_EXEMPLAR;
  header->detail = collector << HISTOGRAM_KIND_BITS | kind;
  if (has_kernel_side && want_kernel) {
    long bytes = bpf_get_stack(context, scratch->stack.frames, KERNEL_FRAMES_MAX * 8, 0);
    set_kernel_frames(scratch, cpu, bytes > 0 ? bytes : 0);
  }
  header->walk_end = walk_in_kernel(scratch, task, header->pid);
  return scratch;
}

// Sends the stack of the thread that runs, for a value of a kind.
static __always_inline void take_exemplar(void *context, struct task_struct *task, u32 kind,
                                          u64 value, bool has_kernel_side)
{
  if (!wants_exemplars)
    return;
  if (!may_walk(bpf_ktime_get_ns())) {
    note(LATENCY_EXEMPLARS_LIMITED);
    return;
  }
  u32 window = current_window();
  u32 cpu = bpf_get_smp_processor_id();
  count_in(SAMPLE_EXEMPLAR, window, COUNTER_TAKEN);
  note(LATENCY_EXEMPLARS);
  struct scratch *scratch = begin_exemplar(context, task, cpu, kind, has_kernel_side);
  if (!scratch) {
    count_in(SAMPLE_EXEMPLAR, window, COUNTER_NO_SCRATCH);
    return;
  }
  scratch->raw.header.value = value;
  send(scratch, task, cpu);
}
