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
#include "lib/reasons.h"
#include "lib/spans.h"
#include "lib/take.h"
#include "lib/targets.h"
#include "lib/threads.h"

// Set by wick before load.
const volatile bool want_blocked = true;
const volatile bool want_queued = true;
// Who woke a thread is told.
const volatile bool want_wakers = false;
// Stacks that are walked on leaving a CPU, in a second and on each CPU.
const volatile u64 walks_per_second = 2000;
// Where the kernel's functions of this tracepoint lie: frames up to there are of the measurement.
const volatile u64 traceiter_start = 0;
const volatile u64 traceiter_end = 0;
const volatile u64 bpf_trace_start = 0;
const volatile u64 bpf_trace_end = 0;

// Where the kernel's code that handles interrupts lies.
const volatile u64 interrupts_start = 0;
const volatile u64 interrupts_end = 0;
const volatile u64 soft_interrupts_start = 0;
const volatile u64 soft_interrupts_end = 0;

#define NEAR_FACTOR 4
#define OWED_FRAMES 64
#define WAKER_FRAMES 48
#define TASK_RUNNING 0
#define TASK_DEAD 0x80
#define TRACE_FRAMES_MAX 8

// A sample that is taken when its thread returns from its system call, or ends.
struct owed_sample {
  u64 blocked;  // what it stands for; 0: no such sample
  u64 queued;
  u32 detail;
  u32 waker;
  u32 kernel_frames;
  u32 reserved;
  u64 user_ip;  // where the thread was in its code then
  u64 user_sp;
  char waker_name[COMM_BYTES];
  u64 frames[OWED_FRAMES];
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 2048);
  __type(key, u32);
  __type(value, struct owed_sample);
} owed_samples SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, u32);
  __type(value, struct owed_sample);
} owing SEC(".maps");

// The stack with which a thread left its CPU outside of a system call.
struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 8192);
  __type(key, u32);
  __type(value, struct sample_header);
} parked_stacks SEC(".maps");

struct walk_budget {
  u64 time_ns;
  u64 walks;
  u64 skip;  // frames of the measurement itself, once they were counted
};

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, u32);
  __type(value, struct walk_budget);
} walk_budgets SEC(".maps");

static __always_inline struct sampler_control *controls(void)
{
  u32 key = 0;
  return bpf_map_lookup_elem(&control, &key);
}

// The frames of who wakes a thread. Interrupts are off then, so one a CPU is enough.
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, u32);
  __type(value, u64[WAKER_FRAMES]);
} waker_frames SEC(".maps");

// Whether the kernel's stack leads through the handling of an interrupt. Global, so that the verifier
// looks at the loop once.
__attribute__((noinline)) int leads_through_interrupt(u32 count)
{
  u32 key = 0;
  u64 *frames = bpf_map_lookup_elem(&waker_frames, &key);
  if (!frames)
    return 0;
  for (u32 frame = 0; frame < WAKER_FRAMES && frame < count; frame++) {
    u64 address = frames[frame];
    if (address >= interrupts_start && address < interrupts_end)
      return 1;
    if (address >= soft_interrupts_start && address < soft_interrupts_end)
      return 1;
  }
  return 0;
}

static __always_inline void name_waker(void *context, struct thread_state *state)
{
  u32 tid = (u32)bpf_get_current_pid_tgid();
  u32 key = 0;
  u64 *frames = bpf_map_lookup_elem(&waker_frames, &key);
  long bytes = frames ? bpf_get_stack(context, frames, WAKER_FRAMES * 8, 0) : 0;
  if (!tid || (bytes > 0 && leads_through_interrupt(bytes / 8))) {
    state->waker = WAKER_INTERRUPT;
    state->waker_name[0] = 0;
    return;
  }
  state->waker = tid;
  bpf_get_current_comm(state->waker_name, COMM_BYTES);
}

static __always_inline long state_of(struct task_struct *task)
{
  if (bpf_core_field_exists(task->__state))
    return BPF_CORE_READ(task, __state);
  return BPF_CORE_READ((struct task_struct___5_13 *)task, state);
}

static __always_inline struct scratch *own_scratch(enum sample_kind kind, u32 window, u32 cpu)
{
  struct scratch *scratch = bpf_map_lookup_elem(&scratches, &cpu);
  if (!scratch) {
    count_in(kind, window, COUNTER_TAKEN);
    count_in(kind, window, COUNTER_NO_SCRATCH);
  }
  return scratch;
}

// Sends the sample that was put together, once for each thing that it is a sample of.
static __always_inline void send_waits(struct scratch *scratch, struct task_struct *task, u32 cpu,
                                       u64 blocked, u64 queued, u32 detail)
{
  struct sample_header *header = &scratch->raw.header;
  u32 window = header->flags / SAMPLE_ODD_WINDOW & 1;
  if (blocked) {
    header->kind = SAMPLE_BLOCKED;
    header->value = blocked;
    header->detail = detail;
    count_in(SAMPLE_BLOCKED, window, COUNTER_TAKEN);
    send(scratch, task, cpu);
  }
  if (queued) {
    header->kind = SAMPLE_QUEUED;
    header->value = queued;
    header->detail = WAIT_RUN_QUEUE | (detail & ~((1 << WAIT_CALL_SHIFT) - 1));
    count_in(SAMPLE_QUEUED, window, COUNTER_TAKEN);
    send(scratch, task, cpu);
  }
}

static __always_inline void set_waker(struct raw_sample *sample, u32 tid, const char *name)
{
  if (!want_wakers || !tid)
    return;
  struct sample_waker *waker = (void *)sample->waker;
  waker->tid = tid;
  waker->reserved = 0;
  __builtin_memcpy(waker->name, name, COMM_BYTES);
  sample->header.flags |= SAMPLE_HAS_WAKER;
}

// Takes the sample that the thread at hand owes, with its user stack if that is still there.
static __always_inline void pay(struct task_struct *task, u32 tid, struct owed_sample *owed,
                                bool has_stack)
{
  u32 window = current_window();
  u32 cpu = bpf_get_smp_processor_id();
  struct scratch *scratch = own_scratch(SAMPLE_BLOCKED, window, cpu);
  if (scratch) {
    struct sample_header *header = &scratch->raw.header;
    fill_header(header, task, window);
    bpf_probe_read_kernel(scratch->stack.frames, sizeof(owed->frames), owed->frames);
    set_kernel_frames(scratch, cpu, (u64)owed->kernel_frames * 8);
    // Between the end of a call and the thread's own code it may have waited as well: then this is
    // another call, with another stack.
    struct user_place place = user_place_of_current();
    if (has_stack && place.ip == owed->user_ip && place.sp == owed->user_sp) {
      header->walk_end = walk_in_kernel(scratch, task, header->pid);
    } else {
      header->walk_end = WALK_NO_USER_SIDE;
      header->flags |= SAMPLE_NO_USER_STACK;
    }
    set_waker(&scratch->raw, owed->waker, owed->waker_name);
    send_waits(scratch, task, cpu, owed->blocked, owed->queued, owed->detail);
  }
  bpf_map_delete_elem(&owed_samples, &tid);
}

// Remembers a sample until its thread can be walked; false if there is no room.
static __always_inline bool owe(struct task_struct *task, struct thread_state *state, u32 tid,
                                u64 blocked, u64 queued, u32 detail)
{
  struct owed_sample *owed = bpf_map_lookup_elem(&owed_samples, &tid);
  if (owed) {
    // Several waits of one call are one sample: it has the reason of the longest.
    if (blocked > owed->blocked)
      owed->detail = detail;
    owed->blocked += blocked;
    owed->queued += queued;
    return true;
  }
  u32 zero = 0;
  struct owed_sample *fresh = bpf_map_lookup_elem(&owing, &zero);
  if (!fresh)
    return false;
  fresh->blocked = blocked;
  fresh->queued = queued;
  fresh->detail = detail;
  struct user_place place = user_place_at(saved_registers(task));
  fresh->user_ip = place.ip;
  fresh->user_sp = place.sp;
  fresh->waker = state->waker;
  __builtin_memcpy(fresh->waker_name, state->waker_name, COMM_BYTES);
  long bytes = want_kernel ? bpf_get_task_stack(task, fresh->frames, sizeof(fresh->frames), 0) : 0;
  fresh->kernel_frames = bytes > 0 ? bytes / 8 : 0;
  return !bpf_map_update_elem(&owed_samples, &tid, fresh, BPF_ANY);
}

// Samples a wait whose user stack cannot be had any more: it was parked, or it is missing.
static __always_inline void sample_parked(struct task_struct *task, struct thread_state *state,
                                          u32 tid, u64 blocked, u64 queued, u32 detail)
{
  u32 window = current_window();
  u32 cpu = bpf_get_smp_processor_id();
  struct scratch *scratch = own_scratch(SAMPLE_BLOCKED, window, cpu);
  if (!scratch)
    return;
  struct sample_header *header = &scratch->raw.header;
  struct sample_header *parked = bpf_map_lookup_elem(&parked_stacks, &tid);
  bool is_parked = parked && parked->start_time == start_time_of(task) && state->is_parked;
  if (is_parked && has_user_side(task)) {
    __builtin_memcpy(header, parked, sizeof(*header));
    header->time_ns = bpf_ktime_get_ns();
    header->flags =
        (header->flags & ~SAMPLE_ODD_WINDOW) | SAMPLE_STACK_SENT | (window & 1) * SAMPLE_ODD_WINDOW;
    bpf_map_delete_elem(&parked_stacks, &tid);
  } else {
    fill_header(header, task, window);
    long bytes =
        want_kernel ? bpf_get_task_stack(task, scratch->stack.frames, KERNEL_FRAMES_MAX * 8, 0) : 0;
    set_kernel_frames(scratch, cpu, bytes > 0 ? bytes : 0);
    if (has_user_side(task))
      header->flags |= SAMPLE_NO_USER_STACK;
    else
      header->flags |= SAMPLE_KERNEL_THREAD;
  }
  set_waker(&scratch->raw, state->waker, state->waker_name);
  u32 window_bit = header->flags / SAMPLE_ODD_WINDOW & 1;
  if (blocked) {
    header->kind = SAMPLE_BLOCKED;
    header->value = blocked;
    header->detail = detail;
    count_in(SAMPLE_BLOCKED, window_bit, COUNTER_TAKEN);
    send_stack(scratch);
  }
  if (queued) {
    header->kind = SAMPLE_QUEUED;
    header->value = queued;
    header->detail = WAIT_RUN_QUEUE;
    count_in(SAMPLE_QUEUED, window_bit, COUNTER_TAKEN);
    send_stack(scratch);
  }
}

// Whether one more stack may be walked on leaving a CPU.
static __always_inline struct walk_budget *walk_allowed(u64 now, bool is_near)
{
  u32 key = 0;
  struct walk_budget *budget = bpf_map_lookup_elem(&walk_budgets, &key);
  if (!budget)
    return 0;
  // A tenth of a second's walks at a time.
  if (now - budget->time_ns > 100000000) {
    budget->time_ns = now;
    budget->walks = walks_per_second / 10;
  }
  if (budget->walks)
    budget->walks--;
  else if (!is_near)
    return 0;
  return budget;
}

static __always_inline bool is_measurement(u64 frame)
{
  return (frame >= traceiter_start && frame < traceiter_end) ||
         (frame >= bpf_trace_start && frame < bpf_trace_end);
}

// Finds how many frames of a kernel stack are those of the measurement itself. Global, so that the
// verifier looks at the loop once.
__attribute__((noinline)) int count_measurement_frames(u32 cpu)
{
  struct scratch *scratch = bpf_map_lookup_elem(&scratches, &cpu);
  if (!scratch)
    return 0;
  int count = 0;
  for (int frame = 0; frame < TRACE_FRAMES_MAX; frame++)
    if (is_measurement(scratch->stack.frames[frame]))
      count = frame + 1;
  return count;
}

// Walks the stack of a thread that leaves its CPU, tells user space the frames, and keeps the rest.
//
// Where waits are many and short, only those are walked that are likely to be sampled.
static __always_inline void park(void *context, struct task_struct *task, u32 tid, u64 now,
                                 bool is_near)
{
  struct walk_budget *budget = walk_allowed(now, is_near);
  u32 cpu = bpf_get_smp_processor_id();
  struct scratch *scratch = bpf_map_lookup_elem(&scratches, &cpu);
  if (!budget || !scratch) {
    bpf_map_delete_elem(&parked_stacks, &tid);
    return;
  }
  struct sample_header *header = &scratch->raw.header;
  fill_header(header, task, current_window());
  if (want_kernel) {
    u64 skip = budget->skip & 0xff;
    long bytes = bpf_get_stack(context, scratch->stack.frames, KERNEL_FRAMES_MAX * 8, skip);
    if (bytes > 0 && !skip && bpf_trace_start) {
      budget->skip = count_measurement_frames(cpu);
      skip = budget->skip & 0xff;
      bytes = bpf_get_stack(context, scratch->stack.frames, KERNEL_FRAMES_MAX * 8, skip);
    }
    set_kernel_frames(scratch, cpu, bytes > 0 ? bytes : 0);
  }
  header->walk_end = walk_in_kernel(scratch, task, header->pid);
  header->kind = SAMPLE_ANNOUNCED;
  if (is_announced(scratch))
    bpf_map_update_elem(&parked_stacks, &tid, header, BPF_ANY);
  else
    bpf_map_delete_elem(&parked_stacks, &tid);
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
