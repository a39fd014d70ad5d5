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
#include "arch/x86.h"
#include "lib/exemplars.h"
#include "lib/follow.h"
#include "lib/histogram.h"
#include "lib/targets.h"
#include "lib/thread_spans.h"
#include "shared/latency.h"

// The thread makes a call by the 32-bit table (kernel: arch/x86/include/asm/thread_info.h).
#define TS_COMPAT 2
#define CALL_RT_SIGRETURN 15
#define CALL_EXIT 60
#define CALL_EXIT_GROUP 231
#define CALL_32_EXIT 1
#define CALL_32_SIGRETURN 119
#define CALL_32_RT_SIGRETURN 173
#define CALL_32_EXIT_GROUP 252
// The kernel's own results, which no program sees (kernel: include/linux/errno.h).
#define ERESTARTSYS 512
#define ERESTART_RESTARTBLOCK 516
#define ERROR_MAX 4095

struct thread_info___status {
  u32 status;
} __attribute__((preserve_access_index));

struct task_struct___status {
  struct thread_info___status thread_info;
} __attribute__((preserve_access_index));

enum bpf_func_id___current { BPF_FUNC_get_current_task_btf };

static __always_inline bool is_32_bit_call(void)
{
  if (bpf_core_enum_value_exists(enum bpf_func_id___current, BPF_FUNC_get_current_task_btf)) {
    struct task_struct___status *task = (void *)bpf_get_current_task_btf();  // since 5.11
    return task->thread_info.status & TS_COMPAT;
  }
  struct task_struct___status *task = (void *)bpf_get_current_task();
  return BPF_CORE_READ(task, thread_info.status) & TS_COMPAT;
}

static __always_inline u32 kind_of_call(u64 number)
{
  u32 kind = number < CALL_OTHER ? number : CALL_OTHER;
  return is_32_bit_call() ? kind | CALL_32_BIT : kind;
}

static __always_inline bool never_returns(u32 kind)
{
  return kind == CALL_EXIT_GROUP || kind == CALL_EXIT || kind == (CALL_32_BIT | CALL_32_EXIT) ||
         kind == (CALL_32_BIT | CALL_32_EXIT_GROUP);
}

// The result is that of the call that the signal had interrupted.
static __always_inline bool returns_from_signal(u32 kind)
{
  return kind == CALL_RT_SIGRETURN || kind == (CALL_32_BIT | CALL_32_RT_SIGRETURN) ||
         kind == (CALL_32_BIT | CALL_32_SIGRETURN);
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
