// Stacks of threads that begin what others end, kept in case that it was slow.
#pragma once
#include <bpf/bpf_helpers.h>
#include "kernel/types.h"
#include "lib/exemplars.h"
#include "lib/histogram.h"

// By what was begun; user space knows the frames already. What never ends makes room by itself.
struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 1024);
  __type(key, u64);
  __type(value, struct sample_header);
} kept_stacks SEC(".maps");

// Walks the stack of the thread that runs and tells user space its frames.
static __attribute__((noinline)) int keep_stack(void *context, u64 key)
{
  if (!wants_exemplars || !may_walk())
    return 0;
  u32 cpu = bpf_get_smp_processor_id();
  struct task_struct *task = (void *)bpf_get_current_task();
  struct scratch *scratch = begin_exemplar(context, task, cpu, 0, true);
  if (!scratch)
    return 0;
  struct sample_header *header = &scratch->raw.header;
  header->kind = SAMPLE_ANNOUNCED;
  // A copy helps the next one: user space gets to know the process.
  if (is_worth_a_copy(header->walk_end))
    send_copy(scratch, task, cpu);
  if (is_announced(scratch))
    bpf_map_update_elem(&kept_stacks, &key, header, BPF_ANY);
  return 0;
}

// Sends a stack that was kept, for a value of a kind.
static __attribute__((noinline)) int send_kept_stack(u64 key, u32 kind, u64 value)
{
  struct sample_header *header = bpf_map_lookup_elem(&kept_stacks, &key);
  if (!header) {
    note(LATENCY_EXEMPLARS_LIMITED);
    return 0;
  }
  u32 window = current_window();
  header->time_ns = bpf_ktime_get_ns();
  header->kind = SAMPLE_EXEMPLAR;
  header->detail = collector << HISTOGRAM_KIND_BITS | kind;
  header->value = value;
  header->flags &= ~(SAMPLE_ODD_WINDOW | SAMPLE_STACK_SENT);
  header->flags |= (window & 1) * SAMPLE_ODD_WINDOW;
  if (header->kernel_frames + header->user_frames)
    header->flags |= SAMPLE_STACK_SENT;
  count_in(SAMPLE_EXEMPLAR, window, COUNTER_TAKEN);
  note(LATENCY_EXEMPLARS);
  if (bpf_ringbuf_output(&samples, header, SAMPLE_HEADER, wakeup_flag()))
    count_in(SAMPLE_EXEMPLAR, window, COUNTER_RING_FULL);
  return 0;
}

static __always_inline void drop_kept_stack(u64 key)
{
  if (wants_exemplars)
    bpf_map_delete_elem(&kept_stacks, &key);
}
