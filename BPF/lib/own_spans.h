// Spans that end in their own thread, where its stack can be walked: system calls, page faults.
#pragma once
#include <bpf/bpf_helpers.h>
#include "lib/spans.h"
#include "lib/take.h"

// Counts a span of the thread that runs, and takes its sample if it is one of those that are sampled.
static __always_inline void end_own_span(enum sample_kind kind, u64 length, u32 detail)
{
  u32 key = 0;
  struct sampler_control *told = bpf_map_lookup_elem(&control, &key);
  if (!told)  // never: the map has this entry
    return;
  u64 value = end_span(kind, told, length);
  if (!value)
    return;
  u32 window = told->window;
  u32 cpu = bpf_get_smp_processor_id();
  struct task_struct *task = (void *)bpf_get_current_task();
  struct scratch *scratch = bpf_map_lookup_elem(&scratches, &cpu);
  count_in(kind, window, COUNTER_TAKEN);
  if (!scratch) {
    count_in(kind, window, COUNTER_NO_SCRATCH);
    return;
  }
  struct sample_header *header = &scratch->raw.header;
  fill_header(header, task, window);
  header->kind = kind;
  header->value = value;
  header->detail = detail;
  header->walk_end = walk_in_kernel(scratch, task, header->pid);
  send(scratch, task, cpu);
}
