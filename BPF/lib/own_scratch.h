// The memory of a CPU to put a sample of a wait together.
#pragma once
#include <bpf/bpf_helpers.h>
#include "lib/counters.h"
#include "lib/scratch.h"

static __always_inline struct scratch *own_scratch(enum sample_kind kind, u32 window, u32 cpu)
{
  struct scratch *scratch = bpf_map_lookup_elem(&scratches, &cpu);
  if (!scratch) {
    count_in(kind, window, COUNTER_TAKEN);
    count_in(kind, window, COUNTER_NO_SCRATCH);
  }
  return scratch;
}
