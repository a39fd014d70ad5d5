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

// A main thread's stack pointer further from its base than this is on another stack.
#define STACK_DISTANCE_MAX (1ULL << 30)
// How far below the top of an alternate stack the signal frame is looked for: it holds the vector
// registers, 11 KiB with AMX.
#define SIGNAL_FRAME_MAX 16384

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

// Copies up to `allowed` bytes of user memory behind the `offset` that is already used, page by
// page, because a read fails as a whole when one page is missing. Returns how many were copied.
//
// The function is global, so that the verifier looks at its loop once. The counters are 64 bits
// wide and opaque, so that the register which the verifier bounds is the one that is used.
__attribute__((noinline)) int copy_memory(u32 cpu, u64 offset, u64 from, u64 allowed)
{
  struct raw_sample *sample = bpf_map_lookup_elem(&scratch, &cpu);
  if (!sample)
    return 0;
  u64 end = offset + allowed;
  u64 place = offset;
  for (int page = 0; page <= STACK_BYTES_MAX / PAGE_BYTES; page++) {
    asm volatile("" : "+r"(place));
    if (place >= end || place > STACK_BYTES_MAX)
      break;
    u64 count = PAGE_BYTES - (from & (PAGE_BYTES - 1));
    if (count > end - place)
      count = end - place;
    asm volatile("" : "+r"(count));
    if (count > PAGE_BYTES)
      break;
    if (bpf_probe_read_user(&sample->stack[place], count, (void *)from))
      break;
    place += count;
    from += count;
  }
  return place - offset;
}

// The part of a stack that is worth copying: from the red zone up to the wish, and not beyond where
// the main thread began, for above that lie arguments and environment.
static __always_inline u64 allowed_bytes(struct raw_sample *sample, struct task_struct *task,
                                         u64 pointer)
{
  u64 base = BPF_CORE_READ(task, mm, start_stack);
  u64 allowed = stack_bytes_wanted;
  if (base >= pointer && base - pointer < STACK_DISTANCE_MAX) {
    sample->stack_base = base;
    u64 used = base - pointer + RED_ZONE_BYTES + 16;
    if (used < allowed)
      allowed = used;
  }
  return allowed;
}

static __always_inline void copy_stack(struct raw_sample *sample, u32 cpu, u64 pointer, u64 allowed)
{
  sample->stack_address = pointer - RED_ZONE_BYTES;
  sample->stack_allowed = allowed;
  sample->stack_bytes = copy_memory(cpu, 0, sample->stack_address, allowed);
  if (sample->stack_bytes || allowed <= RED_ZONE_BYTES)
    return;
  // The red zone may reach into a page that was never touched.
  sample->stack_address = pointer;
  sample->stack_allowed = allowed - RED_ZONE_BYTES;
  sample->stack_bytes = copy_memory(cpu, 0, pointer, allowed - RED_ZONE_BYTES);
}

// Whether the copied bytes at `place` are the `uc_stack` of a signal frame: they repeat where the
// thread's alternate stack lies and how large it is. If so, the interrupted stack pointer is left
// in `below_address`.
__attribute__((noinline)) int is_signal_frame(u32 cpu, u64 place, u64 alternate, u64 size)
{
  struct raw_sample *sample = bpf_map_lookup_elem(&scratch, &cpu);
  if (!sample || place > STACK_BYTES_MAX - UCONTEXT_BYTES)
    return 0;
  u64 *stack = (void *)&sample->stack[place];
  if (stack[0] != alternate || stack[2] != size)
    return 0;
  sample->below_address = stack[(UCONTEXT_STACK_POINTER - UCONTEXT_STACK) / 8];
  return 1;
}

// Finds the stack that a signal handler on an alternate stack interrupted.
//
// The kernel put a `ucontext` near the top of the alternate stack, at a multiple of 16
// (arch/x86/include/asm/sigframe.h). The functions are global, so that the verifier looks at each
// once and not in every turn of the loop.
__attribute__((noinline)) int find_interrupted_stack(u32 cpu, u64 top, u64 alternate, u64 size)
{
  for (int step = 1; step <= SIGNAL_FRAME_MAX / 16; step++) {
    u64 distance = step * 16;
    if (distance > top)
      return 0;
    if (is_signal_frame(cpu, top - distance, alternate, size))
      return 1;
  }
  return 0;
}

static __always_inline void copy_stacks(struct raw_sample *sample, struct task_struct *task,
                                        u32 cpu)
{
  u64 pointer = sample->registers[7];
  u64 alternate = BPF_CORE_READ(task, sas_ss_sp);
  u64 size = BPF_CORE_READ(task, sas_ss_size);
  if (pointer < alternate || pointer - alternate >= size) {
    copy_stack(sample, cpu, pointer, allowed_bytes(sample, task, pointer));
    return;
  }
  u64 above = alternate + size - pointer + RED_ZONE_BYTES;
  copy_stack(sample, cpu, pointer, above < stack_bytes_wanted ? above : stack_bytes_wanted);
  u64 end = (sample->stack_address + sample->stack_bytes) & ~15ULL;
  if (!find_interrupted_stack(cpu, end - sample->stack_address, alternate, size))
    return;
  u64 allowed = allowed_bytes(sample, task, sample->below_address);
  u64 room = STACK_BYTES_MAX - sample->stack_bytes;
  sample->below_allowed = allowed < room ? allowed : room;
  sample->below_address -= RED_ZONE_BYTES;
  sample->below_bytes =
      copy_memory(cpu, sample->stack_bytes, sample->below_address, sample->below_allowed);
}

static __always_inline void fill_user_side(struct raw_sample *sample, struct task_struct *task,
                                           struct bpf_perf_event_data *context, u32 cpu)
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
  copy_stacks(sample, task, cpu);
}

static __always_inline void send(struct raw_sample *sample)
{
  u32 bytes = RAW_SAMPLE_HEADER + sample->stack_bytes + sample->below_bytes;
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
  sample->below_bytes = 0;
  sample->below_allowed = 0;
  sample->stack_address = 0;
  sample->below_address = 0;
  sample->stack_base = 0;
  bpf_get_current_comm(sample->thread_name, COMM_BYTES);
  BPF_CORE_READ_INTO(&sample->process_name, task, group_leader, comm);
  if (want_kernel) {
    long bytes = bpf_get_stack(context, sample->kernel, sizeof(sample->kernel), 0);
    sample->kernel_frames = bytes > 0 ? bytes / 8 : 0;
  }
  fill_user_side(sample, task, context, cpu);
  send(sample);
  return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(follow_child, struct task_struct *parent, struct task_struct *child)
{
  u32 pid = parent->tgid;
  u32 child_pid = child->tgid;
  u8 present = TARGET_RUNS;
  if (child_pid == pid || !bpf_map_lookup_elem(&targets, &pid))
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

// The number of a process may be used again.
SEC("tp_btf/sched_process_free")
int BPF_PROG(forget_process, struct task_struct *task)
{
  u32 pid = task->tgid;
  if (task->pid == task->tgid)
    bpf_map_delete_elem(&targets, &pid);
  return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
