// System calls: how long each took, with the stack that made it.
//
// Hook:   sys_enter and sys_exit, on every system call of the host: both are kept short.
// Emits:  SAMPLE_CALL for the calls that are sampled; `detail` is the call's kind: shared/calls.h.
// Needs:  Linux 5.10 with BTF.
#include "kernel/types.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "arch/x86_calls.h"
#include "lib/own_spans.h"
#include "lib/targets.h"
#include "shared/threads.h"

// Set by wick before load: whether only the calls in `wanted_calls` are measured.
const volatile bool only_wanted = false;

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 2 * CALL_NUMBERS);
  __type(key, u32);
  __type(value, u8);
} wanted_calls SEC(".maps");

// By the number of the thread, modulo the places: found in a few nanoseconds. A thread whose place
// another has taken is in the table of the others. Two threads that take one place in the same moment
// are the one case that is not seen: the call of the first is lost.
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, OPEN_CALL_PLACES);
  __type(key, u32);
  __type(value, struct open_call);
} open_calls SEC(".maps");

// Calls of threads that were killed in them leave their entries to whoever needs the room.
struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 4096);
  __type(key, u32);
  __type(value, struct open_call);
} other_calls SEC(".maps");

static __always_inline void open_other(struct open_call *taken, u32 tid, u32 kind)
{
  struct open_call call = { .entered_ns = bpf_ktime_get_ns(), .tid = tid, .kind = kind };
  taken->is_shared = 1;
  if (bpf_map_update_elem(&other_calls, &tid, &call, BPF_ANY))
    count_in(SAMPLE_CALL, 0, COUNTER_UNMEASURED);
}

static __always_inline void open(u32 tid, u32 kind)
{
  u32 place = tid % OPEN_CALL_PLACES;
  struct open_call *call = bpf_map_lookup_elem(&open_calls, &place);
  if (!call)
    return;
  if (call->entered_ns && call->tid != tid)
    return open_other(call, tid, kind);
  call->tid = tid;
  call->kind = kind;
  call->entered_ns = bpf_ktime_get_ns();
}

// The call that a thread is in; 0 if it is not known.
static __always_inline struct open_call *open_call_of(u32 tid)
{
  u32 place = tid % OPEN_CALL_PLACES;
  struct open_call *call = bpf_map_lookup_elem(&open_calls, &place);
  if (!call)
    return 0;
  if (call->tid != tid || !call->entered_ns) {
    if (!call->is_shared)
      return 0;
    call = bpf_map_lookup_elem(&other_calls, &tid);
  }
  return call && call->entered_ns ? call : 0;
}

static __always_inline bool is_wanted(u32 kind)
{
  if (!only_wanted)
    return true;
  u8 *wanted = bpf_map_lookup_elem(&wanted_calls, &kind);
  return wanted && *wanted;
}

SEC("raw_tp/sys_enter")
int enter_call(struct bpf_raw_tracepoint_args *context)
{
  u32 kind = kind_of_call(context->args[1]);
  if (!is_wanted(kind) || never_returns(kind))
    return 0;
  u64 id = bpf_get_current_pid_tgid();
  if (!is_target((void *)bpf_get_current_task(), id >> 32))
    return 0;
  open((u32)id, kind);
  return 0;
}

SEC("raw_tp/sys_exit")
int leave_call(struct bpf_raw_tracepoint_args *context)
{
  u32 tid = (u32)bpf_get_current_pid_tgid();
  struct open_call *call = open_call_of(tid);
  if (!call)
    return 0;
  u64 now = bpf_ktime_get_ns();
  u64 took = now - call->entered_ns;
  u32 kind = call->kind;
  call->entered_ns = 0;
  end_own_span(SAMPLE_CALL, took, kind);
  count_run(SAMPLE_CALL, now);
  return 0;
}

// A thread that is killed does not return from its call, and its number is used again.
SEC("tp_btf/sched_process_exit")
int BPF_PROG(forget_call, struct task_struct *task)
{
  struct open_call *call = open_call_of(task->pid);
  if (call)
    call->entered_ns = 0;
  return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
