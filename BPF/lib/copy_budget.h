// How many stacks a CPU may copy: a storm of new processes must not cost more than a bounded share of
// time and memory. Bytes are saved up at a steady rate, to a limit.
#pragma once
#include <bpf/bpf_helpers.h>
#include "kernel/types.h"

// Set by wick before load.
const volatile u64 copy_bytes_per_second = 8 << 20;
const volatile s64 copy_bytes_saved_max = 16 << 20;

struct copy_budget {
  s64 bytes;  // may be spent; the last copy may overdraw it
  u64 time_ns;
};

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, u32);
  __type(value, struct copy_budget);
} copy_budgets SEC(".maps");

// The budget with what has been saved up since it was last asked for; 0 if it is spent.
static __always_inline struct copy_budget *copy_budget_at(u64 now)
{
  u32 key = 0;
  struct copy_budget *budget = bpf_map_lookup_elem(&copy_budgets, &key);
  if (!budget)
    return 0;
  // In microseconds, so that the product stays small; at most a minute.
  u64 elapsed = (now - budget->time_ns) / 1000;
  if (elapsed > 60000000)
    elapsed = 60000000;
  s64 saved = elapsed * copy_bytes_per_second / 1000000;
  if (saved > 0) {
    budget->time_ns = now;
    budget->bytes += saved;
  }
  if (budget->bytes > copy_bytes_saved_max)
    budget->bytes = copy_bytes_saved_max;
  return budget->bytes > 0 ? budget : 0;
}
