// The unwind tables in BPF maps, and how the walker reaches them. The maps but for the processes
// are written by user space through mmap.
#pragma once
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "kernel/types.h"
#include "shared/unwind.h"

struct unwind_memory {
};  // The maps are global here.

struct mapping_pool {
  struct unwind_mapping slot[MAPPING_COUNT];
};

struct unwind_shard {
  u32 row[SHARD_ROWS];
};

struct unwind_shard_map {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(key_size, 4);
  __uint(value_size, SHARD_ROWS * 4);
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
  __uint(max_entries, SHARD_COUNT);
  __type(key, u32);
  __array(values, struct unwind_shard_map);
} unwind_shards SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, DIRECTORY_ENTRIES);
  __uint(map_flags, BPF_F_MMAPABLE);
  __type(key, u32);
  __type(value, u64);
} unwind_directory SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, FILE_COUNT);
  __uint(map_flags, BPF_F_MMAPABLE);
  __type(key, u32);
  __type(value, struct unwind_file);
} unwind_files SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, RULE_COUNT);
  __uint(map_flags, BPF_F_MMAPABLE);
  __type(key, u32);
  __type(value, struct unwind_rule);
} unwind_rules SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __uint(map_flags, BPF_F_MMAPABLE);
  __type(key, u32);
  __type(value, struct mapping_pool);
} unwind_mappings SEC(".maps");

// Preallocated, as programs on perf events need it before 6.1.
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, PROCESS_COUNT);
  __type(key, u32);
  __type(value, struct unwind_process);
} unwind_processes SEC(".maps");

static __always_inline const struct unwind_mapping *mapping_at(struct unwind_memory *memory,
                                                               u64 slot)
{
  u32 key = 0;
  struct mapping_pool *pool = bpf_map_lookup_elem(&unwind_mappings, &key);
  // Opaque, so that the register which the verifier bounds is the one that is used.
  asm volatile("" : "+r"(slot));
  if (!pool || slot >= MAPPING_COUNT)
    return 0;
  return &pool->slot[slot];
}

static __always_inline struct unwind_file *file_at(struct unwind_memory *memory, u32 number)
{
  return bpf_map_lookup_elem(&unwind_files, &number);
}

static __always_inline const u64 *directory_at(struct unwind_memory *memory, u32 index)
{
  return bpf_map_lookup_elem(&unwind_directory, &index);
}

static __always_inline const struct unwind_shard *shard_at(struct unwind_memory *memory, u32 number)
{
  u32 key = 0;
  void *shard = bpf_map_lookup_elem(&unwind_shards, &number);
  if (!shard)
    return 0;
  return bpf_map_lookup_elem(shard, &key);
}

static __always_inline u32 row_at(const struct unwind_shard *shard, u64 index)
{
  asm volatile("" : "+r"(index));
  return index < SHARD_ROWS ? shard->row[index] : 0;
}

static __always_inline const struct unwind_rule *rule_at(struct unwind_memory *memory, u32 number)
{
  return bpf_map_lookup_elem(&unwind_rules, &number);
}

static __always_inline int read_user(struct unwind_memory *memory, void *to, u32 count, u64 address)
{
  return bpf_probe_read_user(to, count, (void *)address);
}

static __always_inline u32 coarse_time(struct unwind_memory *memory)
{
  return bpf_ktime_get_ns() >> 30;
}

// Which program of which process a task runs.
static __always_inline u64 start_time_of(struct task_struct *task)
{
  return BPF_CORE_READ(task, group_leader, start_boottime);
}

// Whether an entry is of the program that a task runs.
static __always_inline bool is_program_of(struct unwind_process *process, struct task_struct *task)
{
  return process->start_time == start_time_of(task) &&
         process->exec_count == BPF_CORE_READ(task, self_exec_id);
}

// The mapping block of a task's process, or 0 if the one that is known is of another program.
static __always_inline struct unwind_process *unwind_process_of(struct task_struct *task, u32 pid)
{
  struct unwind_process *process = bpf_map_lookup_elem(&unwind_processes, &pid);
  return process && is_program_of(process, task) ? process : 0;
}

// A forked child has the mappings of its parent.
static __always_inline void copy_mappings(struct task_struct *parent, struct task_struct *child)
{
  struct unwind_process *known = unwind_process_of(parent, parent->tgid);
  if (!known)
    return;
  struct unwind_process process = *known;
  // The entry may have become another process's while it was read.
  if (!is_program_of(known, parent))
    return;
  u32 pid = child->tgid;
  process.start_time = start_time_of(child);
  process.exec_count = BPF_CORE_READ(child, self_exec_id);
  bpf_map_update_elem(&unwind_processes, &pid, &process, BPF_ANY);
}

// Forgets a process that is gone, unless its number is another one's by now.
static __always_inline void forget_mappings(struct task_struct *leader)
{
  u32 pid = leader->tgid;
  struct unwind_process *known = bpf_map_lookup_elem(&unwind_processes, &pid);
  if (known && known->start_time == start_time_of(leader))
    bpf_map_delete_elem(&unwind_processes, &pid);
}
