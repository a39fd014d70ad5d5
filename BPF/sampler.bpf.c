// On-CPU samples: who runs, the kernel's stack, and the user's stack.
//
// Hook:   perf_event on every CPU, `frequency` times a second; fork and exit of processes.
// Emits:  one record for each sample that is taken: a stack_sample where the user stack could be
//         walked here, else a raw_sample with what it takes to walk it in user space.
// Needs:  Linux 5.10 with BTF. Before 5.15 the user registers of a thread in the kernel are found
//         by the size of its kernel stack.
#include "kernel/types.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lib/take.h"
#include "lib/targets.h"
#include "lib/threads.h"

static __always_inline void read_kernel_stack(struct scratch *scratch, u32 cpu,
                                              struct bpf_perf_event_data *context)
{
  if (!want_kernel)
    return;
  long bytes = bpf_get_stack(context, scratch->stack.frames, KERNEL_FRAMES_MAX * 8, 0);
  if (bytes > 0)
    set_kernel_frames(scratch, cpu, bytes);
  // A negative number is an error; none is what a thread in user code has.
  else if (bytes < 0 && !interrupted_user_code(context))
    count(COUNTER_NO_KERNEL_STACK);
}

static __always_inline enum walk_end walk(struct scratch *scratch, struct task_struct *task,
                                          struct bpf_perf_event_data *context, u32 pid)
{
  if (!interrupted_user_code(context) || !has_user_side(task))
    return walk_in_kernel(scratch, task, pid);
  registers_from_context(&scratch->raw, context);
  return walk_from_registers(scratch, task, pid);
}

SEC("perf_event")
int sample_on_cpu(struct bpf_perf_event_data *context)
{
  u32 pid = bpf_get_current_pid_tgid() >> 32;
  if (!pid)  // every CPU's idle task
    return 0;
  struct task_struct *task = (void *)bpf_get_current_task();
  if (!is_target(task, pid))
    return 0;
  u32 window = current_window();
  count_in(SAMPLE_CPU, window, COUNTER_TAKEN);

  u32 cpu = bpf_get_smp_processor_id();
  struct scratch *scratch = bpf_map_lookup_elem(&scratches, &cpu);
  if (!scratch) {
    count_in(SAMPLE_CPU, window, COUNTER_NO_SCRATCH);
    return 0;
  }
  struct sample_header *header = &scratch->raw.header;
  fill_header(header, task, window);
  read_kernel_stack(scratch, cpu, context);
  header->walk_end = walk(scratch, task, context, pid);
  u32 tid = header->tid;
  u64 time = header->time_ns;
  header->value = ran_until(tid, time);
  // What found no room is told with the thread's next sample.
  if (send(scratch, task, cpu))
    report_ran(tid, time);
  count_run(SAMPLE_CPU, time);
  return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(follow_child, struct task_struct *parent, struct task_struct *child)
{
  if (child->tgid == parent->tgid)  // a thread shares everything
    return 0;
  copy_mappings(parent, child);
  if (!only_targets)
    return 0;
  u32 pid = parent->tgid;
  u32 child_pid = child->tgid;
  u8 present = TARGET_RUNS;
  if (!bpf_map_lookup_elem(&targets, &pid))
    return 0;
  if (bpf_map_update_elem(&targets, &child_pid, &present, BPF_ANY))
    count(COUNTER_TARGETS_FULL);
  return 0;
}

// The last thread of a process is ending. It is still sampled, for tearing down its memory may take
// long, but there is nothing to wait for any more.
SEC("tp_btf/sched_process_exit")
int BPF_PROG(mark_ended, struct task_struct *task)
{
  u32 pid = task->tgid;
  u8 *state = bpf_map_lookup_elem(&targets, &pid);
  if (state && task->signal->live.counter == 0)
    *state = TARGET_ENDED;
  return 0;
}

// The number of a process may be used again; it may be in use already.
SEC("tp_btf/sched_process_free")
int BPF_PROG(forget_process, struct task_struct *task)
{
  if (task->pid != task->tgid)
    return 0;
  forget_mappings(task);
  forget_target(task->tgid);
  return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
