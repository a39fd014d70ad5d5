// On-CPU samples: who runs, the kernel's stack, and what it takes to unwind the user's stack later.
//
// Hook:   perf_event on every CPU, `frequency` times a second; fork and exit of sampled processes.
// Emits:  raw_sample, one for each sample that is taken.
// Needs:  Linux 5.10 with BTF. Before 5.15 the user registers of a thread in the kernel are found
//         by the size of its kernel stack.
#include "kernel/types.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "arch/x86.h"
#include "lib/counters.h"
#include "lib/targets.h"
#include "shared/events.h"

// Set by wick before load.
const volatile u32 stack_bytes_wanted = 16384;
const volatile bool want_kernel = true;
const volatile bool want_user = true;
// Wake the reader when this much waits; it also comes by itself at an interval.
const volatile u64 wakeup_bytes = 1 << 20;

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 1 << 24);
} samples SEC(".maps");

// Where a sample is put together, one a CPU. Not a per-CPU map: those end at 32 KiB a value.
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, u32);
  __type(value, struct raw_sample);
} scratch SEC(".maps");

// Bytes of stack worth copying: up to the wish, and not beyond where the main thread began, for
// above that lie arguments and environment.
static __always_inline u32 stack_bytes_allowed(struct task_struct *task, u64 stack_pointer)
{
  u64 start = BPF_CORE_READ(task, mm, start_stack);
  u64 allowed = stack_bytes_wanted;
  if (start >= stack_pointer && start - stack_pointer < allowed)
    allowed = start - stack_pointer + 16;
  return allowed > STACK_BYTES_MAX ? STACK_BYTES_MAX : allowed;
}

// Copies page by page, because a read fails as a whole when one page is missing. The counters are
// 64 bits wide and opaque, so that the register which the verifier bounds is the one that is used.
static __always_inline void copy_stack(struct raw_sample *sample, u64 from)
{
  u64 allowed = sample->stack_allowed;
  u64 copied = 0;
  for (int page = 0; page <= STACK_BYTES_MAX / PAGE_BYTES; page++) {
    asm volatile("" : "+r"(copied));
    if (copied >= allowed || copied > STACK_BYTES_MAX)
      break;
    u64 count = PAGE_BYTES - ((from + copied) & (PAGE_BYTES - 1));
    if (count > allowed - copied)
      count = allowed - copied;
    asm volatile("" : "+r"(count));
    if (count > PAGE_BYTES)
      break;
    if (bpf_probe_read_user(&sample->stack[copied], count, (void *)(from + copied)))
      break;
    copied += count;
  }
  sample->stack_bytes = copied;
}

static __always_inline void fill_user_side(
    struct raw_sample *sample, struct task_struct *task, struct bpf_perf_event_data *context)
{
  if ((BPF_CORE_READ(task, flags) & PF_KTHREAD) || !BPF_CORE_READ(task, mm)) {
    sample->flags |= SAMPLE_KERNEL_THREAD;
    return;
  }
  if (interrupted_user_code(context))
    registers_from_context(sample, context);
  else if (!registers_from_task(sample))
    return;
  sample->flags |= SAMPLE_USER_REGISTERS;
  if (!want_user || (sample->flags & SAMPLE_32_BIT))
    return;
  u64 stack_pointer = sample->registers[7];
  sample->stack_allowed = stack_bytes_allowed(task, stack_pointer);
  copy_stack(sample, stack_pointer);
}

static __always_inline void send(struct raw_sample *sample)
{
  u32 bytes = RAW_SAMPLE_HEADER + sample->stack_bytes;
  if (bytes > sizeof(*sample))
    bytes = sizeof(*sample);
  u64 waiting = bpf_ringbuf_query(&samples, BPF_RB_AVAIL_DATA);
  u64 wakeup = waiting >= wakeup_bytes ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
  if (bpf_ringbuf_output(&samples, sample, bytes, wakeup))
    count(COUNTER_RING_FULL);
}

SEC("perf_event")
int sample_on_cpu(struct bpf_perf_event_data *context)
{
  u64 id = bpf_get_current_pid_tgid();
  u32 pid = id >> 32;
  if (!pid)  // every CPU's idle task
    return 0;
  struct task_struct *task = (void *)bpf_get_current_task();
  if (!is_target(task, pid))
    return 0;
  count(COUNTER_TAKEN);

  u32 cpu = bpf_get_smp_processor_id();
  struct raw_sample *sample = bpf_map_lookup_elem(&scratch, &cpu);
  if (!sample) {
    count(COUNTER_NO_SCRATCH);
    return 0;
  }
  sample->time_ns = bpf_ktime_get_ns();
  sample->pid = pid;
  sample->tid = (u32)id;
  sample->flags = 0;
  sample->kernel_frames = 0;
  sample->stack_bytes = 0;
  sample->stack_allowed = 0;
  bpf_get_current_comm(sample->thread_name, COMM_BYTES);
  BPF_CORE_READ_INTO(&sample->process_name, task, group_leader, comm);
  if (want_kernel) {
    long bytes = bpf_get_stack(context, sample->kernel, sizeof(sample->kernel), 0);
    sample->kernel_frames = bytes > 0 ? bytes / 8 : 0;
  }
  fill_user_side(sample, task, context);
  send(sample);
  return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(follow_child, struct task_struct *parent, struct task_struct *child)
{
  u32 pid = parent->tgid;
  u32 child_pid = child->tgid;
  u8 present = 1;
  if (child_pid == pid || !bpf_map_lookup_elem(&targets, &pid))
    return 0;
  if (bpf_map_update_elem(&targets, &child_pid, &present, BPF_ANY))
    count(COUNTER_TARGETS_FULL);
  return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(forget_process, struct task_struct *task)
{
  u32 pid = task->tgid;
  if (task->signal->live.counter == 0)  // its last thread: the number may now be used again
    bpf_map_delete_elem(&targets, &pid);
  return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
