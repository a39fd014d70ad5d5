// Where a sample is put together, one a CPU. Not a per-CPU map: those end at 32 KiB a value.
#pragma once
#include <bpf/bpf_helpers.h>
#include "shared/events.h"

struct scratch {
  struct raw_sample raw;
  struct stack_sample stack;
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, u32);
  __type(value, struct scratch);
} scratches SEC(".maps");
