// Histograms by process and kind, counted where the events are.
//
// A value costs a look into a cache of slots, the search for its bucket and two additions. The slots
// are given out by user space, which also takes them back: so their number is bounded, and what finds
// none is counted in a histogram of the same kind that belongs to no process.
#pragma once
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "kernel/types.h"
#include "shared/histogram.h"

#define SLOT_CACHE_BITS 14
#define PROCESS_NAME_BYTES 16

// Set by wick before load: shards - 1.
const volatile u32 shard_mask = 0;

// Memory that user space reads and clears; HISTOGRAM_BYTES each.
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 64);
  __type(key, u32);
  __type(value, struct histogram);
} histograms SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 64);
  __type(key, u64);
  __type(value, u32);
} slots SEC(".maps");

// Numbers of slots that nobody uses: for processes, and for kinds without a process.
struct {
  __uint(type, BPF_MAP_TYPE_QUEUE);
  __uint(max_entries, 64);
  __uint(key_size, 0);
  __uint(value_size, 4);
} free_slots SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_QUEUE);
  __uint(max_entries, 64);
  __uint(key_size, 0);
  __uint(value_size, 4);
} spare_slots SEC(".maps");

// The slot of a key, as key << HISTOGRAM_SLOT_BITS | slot in one word, so that nobody sees half of it.
// User space clears it before it gives a slot to another.
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 1 << SLOT_CACHE_BITS);
  __type(key, u32);
  __type(value, u64);
} slot_cache SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 64);
  __type(key, u64);
  __type(value, u64);
} errors SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, LATENCY_COUNTER_COUNT);
  __type(key, u32);
  __type(value, u64);
} latency_counters SEC(".maps");

static __always_inline void note(enum latency_counter counter)
{
  u32 key = counter;
  u64 *total = bpf_map_lookup_elem(&latency_counters, &key);
  if (total)
    *total += 1;
}

static __always_inline void begin_histogram(u32 slot, struct task_struct *task)
{
  struct histogram *histogram = bpf_map_lookup_elem(&histograms, &slot);
  u32 zero = 0;
  struct histogram *model = bpf_map_lookup_elem(&histograms, &zero);
  if (!histogram || !model)
    return;
  __builtin_memcpy(histogram->tokens, model->tokens, sizeof(model->tokens));
  histogram->begun_ns = bpf_ktime_get_ns();
  histogram->start_time = 0;
  histogram->process_name[0] = 0;
  if (task) {
    histogram->start_time = BPF_CORE_READ(task, group_leader, start_boottime);
    BPF_CORE_READ_INTO(&histogram->process_name, task, group_leader, comm);
  }
}

// The slot that is known for a key; 0 if there is none.
static __always_inline u32 known_slot(u64 key)
{
  u32 *known = bpf_map_lookup_elem(&slots, &key);
  return known ? *known : 0;
}

static __always_inline u32 take_slot(u64 key, struct task_struct *task, void *queue)
{
  u32 slot = 0;
  if (bpf_map_pop_elem(queue, &slot))
    return 0;
  begin_histogram(slot, task);
  if (bpf_map_update_elem(&slots, &key, &slot, BPF_NOEXIST)) {
    // Another CPU was faster, or the table is full.
    bpf_map_push_elem(queue, &slot, BPF_ANY);
    return known_slot(key);
  }
  // Last: with a key it is there for user space.
  struct histogram *histogram = bpf_map_lookup_elem(&histograms, &slot);
  if (histogram)
    histogram->key = key;
  return slot;
}

// Finds the slot of a key that is not in the cache, or takes one; 0 if there is none.
static __attribute__((noinline)) u32 find_slot(u64 key, struct task_struct *task)
{
  u32 slot = known_slot(key);
  if (!slot)
    slot = take_slot(key, task, &free_slots);
  if (!slot) {
    note(LATENCY_FOLDED);
    u64 nobodys = key & ((1ULL << (HISTOGRAM_KIND_BITS + HISTOGRAM_SHARD_BITS)) - 1);
    slot = known_slot(nobodys);
    if (!slot)
      slot = take_slot(nobodys, 0, &spare_slots);
    if (!slot)
      note(LATENCY_LOST);
    return slot;  // not into the cache: a slot of its own may be free the next time
  }
  u32 place = (key * 0x9e3779b97f4a7c15ULL) >> (64 - SLOT_CACHE_BITS);
  u64 *cached = bpf_map_lookup_elem(&slot_cache, &place);
  if (cached)
    *cached = key << HISTOGRAM_SLOT_BITS | slot;
  return slot;
}

static __always_inline u64 key_here(u32 pid, u32 kind)
{
  return histogram_key(pid, kind, shard_mask ? bpf_get_smp_processor_id() & shard_mask : 0);
}

// The slot that the cache has for a key; 0 if it has another's.
static __always_inline u32 cached_slot(u64 key)
{
  u32 place = (key * 0x9e3779b97f4a7c15ULL) >> (64 - SLOT_CACHE_BITS);
  u64 *cached = bpf_map_lookup_elem(&slot_cache, &place);
  if (!cached || *cached >> HISTOGRAM_SLOT_BITS != key)
    return 0;
  return *cached & ((1 << HISTOGRAM_SLOT_BITS) - 1);
}

static __always_inline struct histogram *histogram_in(u32 slot)
{
  return slot ? bpf_map_lookup_elem(&histograms, &slot) : 0;
}

// The histogram of a kind of a task's process; 0 if there is no room.
static __always_inline struct histogram *histogram_of(u32 pid, u32 kind, struct task_struct *task)
{
  u64 key = key_here(pid, kind);
  u32 slot = cached_slot(key);
  return histogram_in(slot ? slot : find_slot(key, task));
}

// The same of the process that runs.
static __always_inline struct histogram *own_histogram(u32 pid, u32 kind)
{
  u64 key = key_here(pid, kind);
  u32 slot = cached_slot(key);
  if (!slot)
    slot = find_slot(key, (void *)bpf_get_current_task());
  return histogram_in(slot);
}

// Counts a value of which it is known whether there is a stack.
//
// Returns: whether that is wanted.
static __always_inline bool count_value_with(struct histogram *histogram, u64 value, bool has_stack)
{
  u64 place = histogram_place(value);
  asm volatile("" : "+r"(place));  // the verifier is to see the very register that is compared
  if (place >= HISTOGRAM_BUCKETS)
    return false;
  __sync_fetch_and_add(&histogram->buckets[place], 1);
  __sync_fetch_and_add(&histogram->sum, value);
  if (value > histogram->max)
    histogram->max = value;
  u8 tokens = histogram->tokens[place];
  if (!tokens)
    return false;
  if (!has_stack) {
    note(LATENCY_EXEMPLARS_LIMITED);
    return false;
  }
  histogram->tokens[place] = tokens - 1;
  return true;
}

// Counts a value.
//
// Returns: whether a stack is wanted for it.
static __always_inline bool count_value(struct histogram *histogram, u64 value)
{
  return count_value_with(histogram, value, true);
}

// Counts a value that stands for `weight` of its kind.
static __always_inline void count_weighted(struct histogram *histogram, u64 value, u32 weight)
{
  u64 place = histogram_place(value);
  asm volatile("" : "+r"(place));
  if (place >= HISTOGRAM_BUCKETS)
    return;
  __sync_fetch_and_add(&histogram->buckets[place], weight);
  __sync_fetch_and_add(&histogram->sum, value * weight);
  if (value > histogram->max)
    histogram->max = value;
}

static __always_inline void count_error(u32 pid, u32 kind, u32 error)
{
  u64 key = histogram_error_key(pid, kind, error);
  u64 one = 1;
  u64 *total = bpf_map_lookup_elem(&errors, &key);
  if (!total) {
    if (!bpf_map_update_elem(&errors, &key, &one, BPF_NOEXIST))
      return;
    total = bpf_map_lookup_elem(&errors, &key);
  }
  if (total)
    __sync_fetch_and_add(total, 1);
  else
    note(LATENCY_ERRORS_LOST);
}
