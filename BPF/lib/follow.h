// Children of the processes whose events are counted are counted as well.
#pragma once
#include <bpf/bpf_tracing.h>
#include "kernel/types.h"
#include "lib/histogram.h"
#include "lib/targets.h"

SEC("tp_btf/sched_process_fork")
int BPF_PROG(follow_target, struct task_struct *parent, struct task_struct *child)
{
  u32 pid = parent->tgid;
  u32 child_pid = child->tgid;
  u8 runs = TARGET_RUNS;
  if (pid == child_pid || !bpf_map_lookup_elem(&targets, &pid))
    return 0;
  if (bpf_map_update_elem(&targets, &child_pid, &runs, BPF_ANY))
    note(LATENCY_TARGETS_LOST);
  return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(forget_ended_target, struct task_struct *task)
{
  u32 pid = task->tgid;
  if (task->signal->live.counter == 0)
    bpf_map_delete_elem(&targets, &pid);
  return 0;
}
