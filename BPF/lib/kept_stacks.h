// Stacks of threads that begin what others end, kept in case that it was slow.
#pragma once
#include <bpf/bpf_helpers.h>
#include "kernel/types.h"
#include "lib/exemplars.h"
#include "lib/histogram.h"
#include "lib/walking.h"

// By what was begun; user space knows the frames already. What never ends makes room by itself.
struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 1024);
  __type(key, u64);
  __type(value, struct sample_header);
} kept_stacks SEC(".maps");

struct copied_process {
  u64 time_ns;
  u32 pid;
  u32 reserved;
};

// Whose stack was last copied on this CPU, and when.
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, u32);
  __type(value, struct copied_process);
} copied_processes SEC(".maps");

// How long user space has to get to know a process by a copy, before there is another.
#define COPY_INTERVAL_NS 100000000

// A copy is large, and helps only the next stack of the process: user space gets to know it.
static __always_inline bool may_copy(struct sample_header *header)
{
  u32 key = 0;
  struct copied_process *last = bpf_map_lookup_elem(&copied_processes, &key);
  if (!last || !is_worth_a_copy(header->walk_end) ||
      (last->pid == header->pid && header->time_ns - last->time_ns < COPY_INTERVAL_NS))
    return false;
  last->pid = header->pid;
  last->time_ns = header->time_ns;
  return true;
}

// Walks the stack of the thread that runs and tells user space its frames.
//
// Returns: whether it was kept.
static __attribute__((noinline)) bool walk_and_keep(void *context, u64 key)
{
  if (!begin_walking())
    return false;
  u32 cpu = bpf_get_smp_processor_id();
  struct task_struct *task = (void *)bpf_get_current_task();
  struct scratch *scratch = begin_exemplar(context, task, cpu, 0, true);
  bool is_kept = false;
  if (scratch) {
    struct sample_header *header = &scratch->raw.header;
    header->kind = SAMPLE_ANNOUNCED;
    if (may_copy(header))
      send_copy(scratch, task, cpu);
    is_kept = is_announced(scratch) && !bpf_map_update_elem(&kept_stacks, &key, header, BPF_ANY);
  }
  end_walking();
  return is_kept;
}

// Keeps the stack of the thread that runs, if it is time for one again.
static __always_inline bool keep_stack(void *context, u64 key)
{
  return wants_exemplars && may_walk(bpf_ktime_get_ns()) && walk_and_keep(context, key);
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
