// How long threads that could run wait for a CPU, by process and by what made them runnable.
//
// Hook:   tp_btf/sched_wakeup, sched_wakeup_new and sched_switch, on every context switch: keep these
//         paths short.
// Emits:  histograms, and stacks of threads that waited long.
// Needs:  Linux 5.10 with BTF.
#include "kernel/types.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "arch/x86.h"
#include "lib/exemplars.h"
#include "lib/follow.h"
#include "lib/histogram.h"
#include "lib/targets.h"
#include "lib/thread_spans.h"
#include "shared/latency.h"

// The thread will never run again (kernel: include/linux/sched.h).
#define TASK_DEAD 0x80

// In the value of a span: the kind of the wait, above its length.
#define WAIT_KIND_SHIFT 60

static __always_inline u32 state_of(struct task_struct *task)
{
  if (bpf_core_field_exists(task->__state))
    return task->__state;
  return ((struct task_struct___5_13 *)task)->state;
}

// A thread that is woken while it waits already, or while it runs, goes on as it was.
static __always_inline void begin_waiting(struct task_struct *task, enum queue_kind kind)
{
  struct thread_span *span = make_span(task->pid);
  if (!span || span->begun_ns)
    return;
  span->kind = kind;
  span->begun_ns = bpf_ktime_get_ns();
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(wake_thread, struct task_struct *task)
{
  begin_waiting(task, QUEUE_WOKEN);
  return 0;
}

SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(begin_thread, struct task_struct *task)
{
  begin_waiting(task, QUEUE_NEW);
  return 0;
}

// Whatever was noted while the thread ran does not count: it waits from now on, or not at all.
static __always_inline void leave_cpu(void *context, struct task_struct *task, bool preempted,
                                      u64 now)
{
  u32 tid = task->pid;
  if (!tid)  // every CPU's idle task
    return;
  u32 state = state_of(task);
  if (state & TASK_DEAD) {
    forget_span(tid);
    return;
  }
  struct thread_span *span = make_span(tid);
  if (!span)
    return;
  span->kind = QUEUE_PREEMPTED;
  span->begun_ns = preempted || !state ? now : 0;
  u64 waited = span->value;
  if (!waited)
    return;
  span->value = 0;
  u64 length = waited & ((1ULL << WAIT_KIND_SHIFT) - 1);
  take_exemplar(context, task, waited >> WAIT_KIND_SHIFT, length, true);
}

static __always_inline void reach_cpu(struct task_struct *task, u64 now)
{
  struct thread_span *span = span_of(task->pid);
  if (!span || !span->begun_ns)
    return;
  u64 wait = now - span->begun_ns;
  span->begun_ns = 0;
  u32 pid = task->tgid;
  if (!is_target(task, pid))
    return;
  struct histogram *histogram = histogram_of(pid, span->kind, task);
  // Its stack can be walked when it runs: the next time that it leaves the CPU.
  if (histogram && count_value(histogram, wait))
    span->value = (u64)span->kind << WAIT_KIND_SHIFT | wait;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(switch_threads, bool preempted, struct task_struct *previous, struct task_struct *next)
{
  u64 now = bpf_ktime_get_ns();
  leave_cpu(ctx, previous, preempted, now);
  reach_cpu(next, now);
  return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
