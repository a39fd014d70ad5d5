// What wick's walker is measured against: the kernel's own frame-pointer walk, and a search in one
// big table as it is written first.
//
// Hook:   perf_event on every CPU, as often as meter.c is told.
// Emits:  nothing; only the kernel's statistics of run time are read.
// Needs:  Linux 5.17 (bpf_loop). Only benchmarks load it; it is no part of wick.
#include "kernel/types.h"
#include <bpf/bpf_helpers.h>
#include "arch/x86.h"

#define BPF_MAP_TYPE_STACK_TRACE 7
#define BPF_F_USER_STACK (1ULL << 8)
#define BPF_F_REUSE_STACKID (1ULL << 10)
#define FRAMES_MAX 127
#define ROW_BITS 18
#define ROWS (1 << ROW_BITS)

struct {
  __uint(type, BPF_MAP_TYPE_STACK_TRACE);
  __uint(max_entries, 16384);
  __uint(key_size, 4);
  __uint(value_size, FRAMES_MAX * 8);
} stacks SEC(".maps");

struct row {
  u64 address;
  u32 cfa;
  u32 frame_pointer;
};

// Filled by meter.c: the address of a row is its number.
struct table {
  struct row rows[ROWS];
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, u32);
  __type(value, struct table);
} table SEC(".maps");

// The bounds of the search are kept out of registers: with bounds that it knows, the verifier would
// follow every branch of every step.
struct bounds {
  volatile u32 low;
  volatile u32 high;
};

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, u32);
  __type(value, struct bounds);
} bounds SEC(".maps");

// Keeps what is computed alive.
u64 result;

struct walk {
  u64 address;
  u64 step;  // times which, plus an odd number, the next address is made; 0: it stays the same
  u64 stack_pointer;
  u64 sum;
};

static __always_inline u32 search(struct table *table, u64 address)
{
  u32 key = 0;
  struct bounds *found = bpf_map_lookup_elem(&bounds, &key);
  if (!found)
    return 0;
  found->low = 0;
  found->high = ROWS - 1;
#pragma unroll
  for (int i = 0; i < ROW_BITS; i++) {
    u32 middle = (found->low + found->high) >> 1 & (ROWS - 1);
    if (table->rows[middle].address <= address)
      found->low = middle + 1;
    else
      found->high = middle;
  }
  return found->low;
}

static long walk_step(u32 index, struct walk *walk)
{
  u32 key = 0;
  struct table *searched = bpf_map_lookup_elem(&table, &key);
  if (!searched)
    return 1;
  if (walk->step)
    walk->address = walk->address * walk->step + 1442695040888963407ULL;
  u32 row = search(searched, walk->address >> (64 - ROW_BITS));
  u64 caller = 0, frame_pointer = 0;
  bpf_probe_read_user(&caller, 8, (void *)(walk->stack_pointer + (row & 63) * 8));
  bpf_probe_read_user(&frame_pointer, 8, (void *)(walk->stack_pointer + (row & 31) * 8));
  walk->sum += row + caller + frame_pointer;
  return 0;
}

static __always_inline int walk(struct bpf_perf_event_data *context, u32 frames, u64 step)
{
  u64 pointer = context->regs.sp;
  struct walk walk = { .address = pointer ^ bpf_ktime_get_ns(),
                       .step = step,
                       .stack_pointer = pointer };
  bpf_loop(frames, walk_step, &walk, 0);
  result = walk.sum;
  return 0;
}

// Frames all over the table, as in a large program.
SEC("perf_event")
int naive_32(struct bpf_perf_event_data *context)
{
  return walk(context, 32, 6364136223846793005ULL);
}

// All frames at one place, as in a recursion: the table stays in the processor's cache.
SEC("perf_event")
int naive_hot_32(struct bpf_perf_event_data *context)
{
  return walk(context, 32, 0);
}

SEC("perf_event")
int stack_id(struct bpf_perf_event_data *context)
{
  u64 user = bpf_get_stackid(context, &stacks, BPF_F_USER_STACK | BPF_F_REUSE_STACKID);
  result = user + bpf_get_stackid(context, &stacks, BPF_F_REUSE_STACKID);
  return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
