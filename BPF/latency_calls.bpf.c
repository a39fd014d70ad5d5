// How long system calls take, by process and call, and how they fail.
//
// Hook:   raw_tp/sys_enter and sys_exit, on every system call: keep these paths short. The end of
//         threads.
// Emits:  histograms, counts of errors, and stacks of slow calls.
// Needs:  Linux 5.10 with BTF.
#include "kernel/types.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "arch/x86_calls.h"
#include "lib/exemplars.h"
#include "lib/follow.h"
#include "lib/histogram.h"
#include "lib/targets.h"
#include "lib/thread_spans.h"
#include "shared/latency.h"

#define CALL_RT_SIGRETURN 15
// The kernel's own results, which no program sees (kernel: include/linux/errno.h).
#define ERESTARTSYS 512
#define ERESTART_RESTARTBLOCK 516
#define ERROR_MAX 4095

// The result is that of the call that the signal had interrupted.
static __always_inline bool returns_from_signal(u32 kind)
{
  return kind == CALL_RT_SIGRETURN || kind == (CALL_32_BIT | NARROW_RT_SIGRETURN) ||
         kind == (CALL_32_BIT | NARROW_SIGRETURN);
}

SEC("raw_tp/sys_enter")
int begin_call(u64 *context)
{
  u64 id = bpf_get_current_pid_tgid();
  if ((only_targets || only_cgroup) && !is_target((void *)bpf_get_current_task(), id >> 32))
    return 0;
  u32 kind = kind_of_call(context[1]);
  if (never_returns(kind)) {
    note(LATENCY_NO_END);
    return 0;
  }
  struct thread_span *span = make_span((u32)id);
  if (!span)
    return 0;
  span->kind = kind;
  span->begun_ns = bpf_ktime_get_ns();
  return 0;
}

static __always_inline void count_result(struct histogram *histogram, u32 pid, u32 kind, s64 result)
{
  if (result >= 0 || result < -ERROR_MAX || returns_from_signal(kind))
    return;
  u64 error = -result;
  if (error >= ERESTARTSYS && error <= ERESTART_RESTARTBLOCK)
    __sync_fetch_and_add(&histogram->interrupted, 1);
  else
    count_error(pid, kind, error);
}

SEC("raw_tp/sys_exit")
int end_call(u64 *context)
{
  u64 id = bpf_get_current_pid_tgid();
  struct thread_span *span = span_of((u32)id);
  if (!span || !span->begun_ns)
    return 0;
  u64 length = bpf_ktime_get_ns() - span->begun_ns;
  span->begun_ns = 0;
  u32 pid = id >> 32;
  u32 kind = span->kind;
  struct histogram *histogram = own_histogram(pid, kind);
  if (!histogram)
    return 0;
  bool is_slow = count_value(histogram, length);
  count_result(histogram, pid, kind, context[1]);
  if (is_slow)
    take_exemplar(context, (void *)bpf_get_current_task(), kind, length, false);
  return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(forget_call, struct task_struct *task)
{
  forget_span(task->pid);
  return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
