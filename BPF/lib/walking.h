// One walk at a time on each CPU: a program may be interrupted by one that would walk as well, in the
// same memory.
#pragma once
#include <bpf/bpf_helpers.h>
#include "kernel/types.h"

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, u32);
  __type(value, u32);
} walking SEC(".maps");

// Returns: false while one is under way.
static __always_inline bool begin_walking(void)
{
  u32 key = 0;
  u32 *busy = bpf_map_lookup_elem(&walking, &key);
  if (!busy || *busy)
    return false;
  *busy = 1;
  return true;
}

static __always_inline void end_walking(void)
{
  u32 key = 0;
  u32 *busy = bpf_map_lookup_elem(&walking, &key);
  if (busy)
    *busy = 0;
}
