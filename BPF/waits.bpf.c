// Waiting: how long each thread was without a CPU, blocked or queued for one, what it waited for, and
// its stack; and how long it ran.
//
// Hook:   sched_switch and sched_wakeup, on every switch: the path of a wait that is not sampled is
//         kept short; sys_exit, exec.
// Emits:  SAMPLE_BLOCKED and SAMPLE_QUEUED for the waits that are sampled; SAMPLE_RAN for what a
//         thread ran after its last sample, when it ends.
// Needs:  Linux 5.10 with BTF. Kernel stacks need bpf_get_task_stack.
//
// When a thread gets its CPU back, the length of its wait is known, and its kernel stack can be read,
// but the memory of its process cannot: another process's is in place. So
// - in a system call, the sample is owed until the call returns: the user stack is still the same;
// - elsewhere (a page fault, a preemption) the user stack is walked when the thread leaves its CPU,
//   as often as the budget for it allows.
#include "kernel/types.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lib/owed_samples.h"
#include "lib/parked_stacks.h"
#include "lib/reasons.h"
#include "lib/spans.h"
#include "lib/take.h"
#include "lib/targets.h"
#include "lib/threads.h"
#include "lib/wakers.h"

// Set by wick before load.
const volatile bool want_blocked = true;
const volatile bool want_queued = true;

#define NEAR_FACTOR 4
#define TASK_RUNNING 0
#define TASK_DEAD 0x80

static __always_inline struct sampler_control *controls(void)
{
  u32 key = 0;
  return bpf_map_lookup_elem(&control, &key);
}

static __always_inline long state_of(struct task_struct *task)
{
  if (bpf_core_field_exists(task->__state))
    return BPF_CORE_READ(task, __state);
  return BPF_CORE_READ((struct task_struct___5_13 *)task, state);
}

// The last switch of a thread: what it ran since its last sample is told.
static __always_inline void end_thread(struct task_struct *task, struct thread_state *state,
                                       u32 tid, u64 now)
{
  if (state && want_ran) {
    u64 ran = state->ran_ns;
    if (state->arrived_ns && now > state->arrived_ns)
      ran += now - state->arrived_ns;
    u32 window = current_window();
    u32 cpu = bpf_get_smp_processor_id();
    struct scratch *scratch = ran ? own_scratch(SAMPLE_RAN, window, cpu) : 0;
    if (scratch) {
      struct sample_header *header = &scratch->raw.header;
      fill_header(header, task, window);
      header->kind = SAMPLE_RAN;
      header->value = ran;
      count_in(SAMPLE_RAN, window, COUNTER_TAKEN);
      send_stack(scratch);
    }
  }
  bpf_map_delete_elem(&threads, &tid);
  bpf_map_delete_elem(&parked_stacks, &tid);
  if (!bpf_map_delete_elem(&owed_samples, &tid))
    count_in(SAMPLE_BLOCKED, 0, COUNTER_UNMEASURED);
}

// Whether a wait for a CPU that is some times as long as the last one would be sampled.
static __always_inline bool is_near_sample(struct thread_state *state)
{
  struct stratum *line = &state->queued;
  u64 reach = line->position + (u64)state->last_queued_ns * NEAR_FACTOR;
  return line->length &&
         (reach >= line->length || (line->position <= line->point && line->point < reach));
}

static __always_inline void leave(void *context, struct task_struct *task, bool preempted, u64 now)
{
  u32 tid = task->pid;
  u32 pid = task->tgid;
  if (!is_target(task, pid))
    return;
  struct thread_state *state = bpf_map_lookup_elem(&threads, &tid);
  long how = state_of(task);
  if (how & TASK_DEAD)
    return end_thread(task, state, tid, now);
  u64 ready = preempted || how == TASK_RUNNING ? now : 0;
  // Who gives way by itself and goes on running is on its way out of the kernel, behind the end of
  // its call.
  bool leaves_call = !preempted && how == TASK_RUNNING;
  bool parks = (leaves_call || !is_in_call(task)) && has_user_side(task);
  bool is_near = false;
  if (!state) {
    struct thread_state fresh = {
      .left_ns = now, .ready_ns = ready, .pid = pid, .is_parked = parks
    };
    if (bpf_map_update_elem(&threads, &tid, &fresh, BPF_ANY))
      count_in(SAMPLE_BLOCKED, 0, COUNTER_UNMEASURED);
  } else {
    state->is_parked = parks;
    is_near = is_near_sample(state);
    if (state->arrived_ns && now > state->arrived_ns)
      state->ran_ns += now - state->arrived_ns;
    state->arrived_ns = 0;
    state->left_ns = now;
    state->ready_ns = ready;
    state->waker = 0;
  }
  if (parks)
    park(context, task, tid, now, is_near);
}

static __always_inline void arrive(struct task_struct *task, u64 now)
{
  u32 tid = task->pid;
  struct thread_state *state = bpf_map_lookup_elem(&threads, &tid);
  if (!state) {
    u32 pid = task->tgid;
    if (want_ran && is_target(task, pid)) {
      struct thread_state fresh = { .arrived_ns = now, .pid = pid };
      bpf_map_update_elem(&threads, &tid, &fresh, BPF_NOEXIST);
    }
    return;
  }
  u64 left = state->left_ns;
  u64 ready = state->ready_ns;
  state->arrived_ns = now;
  state->left_ns = 0;
  state->ready_ns = 0;
  if (!left || now < left)
    return;
  if (ready < left || ready > now)
    ready = now;  // nobody has said when it was woken
  u64 waited = now - ready;
  state->last_queued_ns = waited < 0xffffffff ? waited : 0xffffffff;
  struct sampler_control *told = controls();
  if (!told)
    return;
  u64 blocked = want_blocked && ready > left
                    ? end_span_in(&state->blocked, SAMPLE_BLOCKED, told, ready - left)
                    : 0;
  u64 queued = want_queued && now > ready
                   ? end_span_in(&state->queued, SAMPLE_QUEUED, told, now - ready)
                   : 0;
  if (!blocked && !queued)
    return;
  u32 detail = wait_detail(task);
  bool can_owe = !state->is_parked && has_user_side(task) && is_in_call(task);
  if (can_owe && owe(task, state, tid, blocked, queued, detail))
    return;
  sample_parked(task, state, tid, blocked, queued, detail);
}

SEC("tp_btf/sched_switch")
int BPF_PROG(watch_switch, bool preempted, struct task_struct *previous, struct task_struct *next)
{
  u64 now = bpf_ktime_get_ns();
  if (previous->pid)
    leave(ctx, previous, preempted, now);
  if (next->pid)
    arrive(next, now);
  count_run(SAMPLE_BLOCKED, now);
  return 0;
}

static __always_inline int wake(struct task_struct *task)
{
  u64 now = bpf_ktime_get_ns();
  u32 tid = task->pid;
  struct thread_state *state = bpf_map_lookup_elem(&threads, &tid);
  if (!state || !state->left_ns || state->ready_ns)
    return 0;
  state->ready_ns = now;
  count_run(SAMPLE_QUEUED, now);
  return 0;
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(watch_wakeup, struct task_struct *task)
{
  return wake(task);
}

// Runs where somebody wakes a thread; sched_wakeup may come later, on the CPU of the thread.
SEC("tp_btf/sched_waking")
int BPF_PROG(watch_waker, struct task_struct *task)
{
  u32 tid = task->pid;
  struct thread_state *state = bpf_map_lookup_elem(&threads, &tid);
  if (state && state->left_ns && !state->ready_ns)
    name_waker(ctx, state);
  return 0;
}

// A thread that has never run waits for its first turn.
SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(watch_first_wakeup, struct task_struct *task)
{
  u32 pid = task->tgid;
  u32 tid = task->pid;
  if (!is_target(task, pid))
    return 0;
  u64 now = bpf_ktime_get_ns();
  struct thread_state fresh = { .left_ns = now, .ready_ns = now, .pid = pid };
  if (bpf_map_update_elem(&threads, &tid, &fresh, BPF_ANY))
    count_in(SAMPLE_BLOCKED, 0, COUNTER_UNMEASURED);
  return 0;
}

SEC("raw_tp/sys_exit")
int pay_after_call(void *context)
{
  u32 tid = (u32)bpf_get_current_pid_tgid();
  struct owed_sample *owed = bpf_map_lookup_elem(&owed_samples, &tid);
  if (!owed)
    return 0;
  u64 start = bpf_ktime_get_ns();
  pay((void *)bpf_get_current_task(), tid, owed, true);
  count_run(SAMPLE_QUEUED, start);
  return 0;
}

// A thread that is killed in a call does not return from it.
SEC("tp_btf/sched_process_exit")
int BPF_PROG(pay_at_exit, struct task_struct *task)
{
  u32 tid = task->pid;
  struct owed_sample *owed = bpf_map_lookup_elem(&owed_samples, &tid);
  if (owed)
    pay(task, tid, owed, false);
  return 0;
}

// A thread that is not the first gets the first's number when it replaces the program.
SEC("tp_btf/sched_process_exec")
int BPF_PROG(follow_exec, struct task_struct *task, u32 old_tid)
{
  u32 tid = task->pid;
  if (tid == old_tid)
    return 0;
  struct thread_state *old = bpf_map_lookup_elem(&threads, &old_tid);
  if (old) {
    struct thread_state state = *old;
    // Under its new number it may have waited already.
    bpf_map_update_elem(&threads, &tid, &state, BPF_NOEXIST);
  }
  bpf_map_delete_elem(&threads, &old_tid);
  bpf_map_delete_elem(&parked_stacks, &old_tid);
  if (!bpf_map_delete_elem(&owed_samples, &old_tid))
    count_in(SAMPLE_BLOCKED, 0, COUNTER_UNMEASURED);
  return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
