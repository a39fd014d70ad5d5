// Which tasks are sampled: all, the processes in a table, or the members of a cgroup.
#pragma once
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "kernel/types.h"
#include "lib/counters.h"

#define CGROUP_DEPTH_MAX 32

// Set by wick before load. A controller of -1 is the unified (v2) hierarchy.
const volatile bool only_targets = false;
const volatile u64 only_cgroup = 0;
const volatile int cgroup_controller = -1;

enum target_state { TARGET_ENDED = 0, TARGET_RUNS = 1 };

// Processes to sample, with their state; their children join at fork.
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1);
  __type(key, u32);
  __type(value, u8);
} targets SEC(".maps");

static __always_inline struct cgroup *cgroup_of(struct task_struct *task)
{
  struct css_set *set = BPF_CORE_READ(task, cgroups);
  if (cgroup_controller < 0)
    return BPF_CORE_READ(set, dfl_cgrp);
  struct cgroup_subsys_state *state;
  void *slot =
      (void *)set + bpf_core_field_offset(set->subsys) + (u64)cgroup_controller * sizeof(state);
  if (bpf_probe_read_kernel(&state, sizeof(state), slot))
    return 0;
  return BPF_CORE_READ(state, cgroup);
}

static __always_inline bool in_only_cgroup(struct task_struct *task)
{
  struct cgroup *group = cgroup_of(task);
  for (int depth = 0; depth < CGROUP_DEPTH_MAX && group; depth++) {
    if (BPF_CORE_READ(group, kn, id) == only_cgroup)
      return true;
    struct cgroup_subsys_state *parent = BPF_CORE_READ(group, self.parent);
    group = parent ? BPF_CORE_READ(parent, cgroup) : 0;
  }
  return false;
}

// Forgets a process that is gone, unless its number is a new target's by now.
static __always_inline void forget_target(u32 pid)
{
  u8 *state = bpf_map_lookup_elem(&targets, &pid);
  if (state && *state == TARGET_ENDED)
    bpf_map_delete_elem(&targets, &pid);
}

// False where all tasks are.
static __always_inline bool chooses_targets(void)
{
  return only_targets || only_cgroup;
}

static __always_inline bool is_target(struct task_struct *task, u32 pid)
{
  if (only_targets)
    return bpf_map_lookup_elem(&targets, &pid) != 0;
  if (only_cgroup)
    return in_only_cgroup(task);
  return true;
}
