// Names of the processes that began something, for where it ends in the name of another.
#pragma once
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "kernel/types.h"
#include "lib/histogram.h"

struct process_name {
  u64 read_ns;
  u64 exec_count;
  u32 pid;
  u32 reserved;
  char name[PROCESS_NAME_BYTES];
};

// By the lower bits of the PID. A name is read anew after a while, for PIDs are used again.
#define PROCESS_NAMES 1024
#define PROCESS_NAME_NS 1000000000

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, PROCESS_NAMES);
  __type(key, u32);
  __type(value, struct process_name);
} process_names SEC(".maps");

// Of the thread that runs: it has another name after an exec.
static __always_inline u64 own_exec_count(void)
{
  // The helper is newer than 5.10, which must not see it.
  if (bpf_core_enum_value_exists(enum bpf_func_id___task_registers, BPF_FUNC_task_pt_regs)) {
    struct task_struct *task = bpf_get_current_task_btf();
    return task->self_exec_id;
  }
  struct task_struct *task = (void *)bpf_get_current_task();
  return BPF_CORE_READ(task, self_exec_id);
}

static __always_inline void remember_process_name(u32 pid, u64 now)
{
  u32 place = pid % PROCESS_NAMES;
  struct process_name *known = bpf_map_lookup_elem(&process_names, &place);
  u64 exec_count = own_exec_count();
  if (!known || (known->pid == pid && known->exec_count == exec_count &&
                 now - known->read_ns < PROCESS_NAME_NS))
    return;
  struct task_struct *task = (void *)bpf_get_current_task();
  BPF_CORE_READ_INTO(&known->name, task, group_leader, comm);
  known->read_ns = now;
  known->exec_count = exec_count;
  known->pid = pid;
}

// Leaves the target as it is if the name is not known.
static __always_inline void copy_process_name(char *target, u32 pid)
{
  u32 place = pid % PROCESS_NAMES;
  struct process_name *known = bpf_map_lookup_elem(&process_names, &place);
  if (known && known->pid == pid)
    __builtin_memcpy(target, known->name, PROCESS_NAME_BYTES);
}
