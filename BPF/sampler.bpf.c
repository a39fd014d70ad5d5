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
#include "arch/x86.h"
#include "lib/copy_budget.h"
#include "lib/counters.h"
#include "lib/scratch.h"
#include "lib/stack_copy.h"
#include "lib/targets.h"
#include "shared/events.h"
#include "unwind/walk.h"

// Set by wick before load.
const volatile bool want_kernel = true;
const volatile bool want_user = true;
// Copy every stack as well, to compare.
const volatile bool want_copies = false;
// What nobody outside knows, so that nobody can make two stacks with the same hash.
const volatile u64 hash_seed = 0;
// Wake the reader when this much waits; it also comes by itself at an interval.
const volatile u64 wakeup_bytes = 1 << 18;

// The common form, and the large one in a ring of its own, so that it never takes the others' room.
struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 1 << 20);
} samples SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 1 << 22);
} raw_samples SEC(".maps");

// The epoch in which the frames of a stack were last sent, by `stack_id`.
struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 16384);
  __type(key, u64);
  __type(value, u32);
} sent_stacks SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, u32);
  __type(value, struct sampler_control);
} control SEC(".maps");

static __always_inline void fill_header(struct sample_header *header, struct task_struct *task,
                                        u64 id, u32 window)
{
  header->time_ns = bpf_ktime_get_ns();
  header->pid = id >> 32;
  header->tid = (u32)id;
  header->flags = (window & 1) * SAMPLE_ODD_WINDOW;  // no branch: the verifier would follow both
  header->walk_end = WALK_NO_USER_SIDE;
  header->kernel_frames = 0;
  header->user_frames = 0;
  bpf_get_current_comm(header->thread_name, COMM_BYTES);
  BPF_CORE_READ_INTO(&header->process_name, task, group_leader, comm);
  header->start_time = start_time_of(task);
  header->exec_count = BPF_CORE_READ(task, self_exec_id);
  header->version = 0;
  header->stack_id = hash_seed;
  header->stopped_at = 0;
}

// Global, so that the verifier looks at the loop once.
__attribute__((noinline)) int hash_kernel_frames(u32 cpu, u32 count)
{
  struct scratch *scratch = bpf_map_lookup_elem(&scratches, &cpu);
  if (!scratch)
    return 0;
  u64 hash = scratch->raw.header.stack_id;
  for (u32 frame = 0; frame < KERNEL_FRAMES_MAX && frame < count; frame++)
    hash = mix(hash, scratch->stack.frames[frame]);
  scratch->raw.header.stack_id = hash;
  return 0;
}

static __always_inline void read_kernel_stack(struct scratch *scratch, u32 cpu,
                                              struct bpf_perf_event_data *context)
{
  if (!want_kernel)
    return;
  long bytes = bpf_get_stack(context, scratch->stack.frames, KERNEL_FRAMES_MAX * 8, 0);
  if (bytes <= 0) {
    // A negative number is an error; none is what a thread in user code has.
    if (bytes < 0 && !interrupted_user_code(context))
      count(COUNTER_NO_KERNEL_STACK);
    return;
  }
  scratch->raw.header.kernel_frames = bytes / 8;
  hash_kernel_frames(cpu, bytes / 8);
}

static __always_inline enum walk_end walk(struct scratch *scratch, struct task_struct *task,
                                          struct bpf_perf_event_data *context, u32 pid)
{
  struct raw_sample *sample = &scratch->raw;
  if ((BPF_CORE_READ(task, flags) & PF_KTHREAD) || !BPF_CORE_READ(task, mm)) {
    sample->header.flags |= SAMPLE_KERNEL_THREAD;
    return WALK_NO_USER_SIDE;
  }
  if (interrupted_user_code(context))
    registers_from_context(sample, context);
  else if (!registers_from_task(sample))
    return WALK_NO_REGISTERS;
  sample->header.flags |= SAMPLE_USER_REGISTERS;
  if (!want_user)
    return WALK_NO_USER_SIDE;
  if (sample->header.flags & SAMPLE_32_BIT)
    return WALK_32_BIT;
  return walk_user_stack(scratch, task, pid);
}

// Whether user space may get further with a copy of the stack.
static __always_inline bool is_worth_a_copy(enum walk_end end)
{
  switch (end) {
  case WALK_COMPLETE:
  case WALK_NO_USER_SIDE:
  case WALK_32_BIT:
  case WALK_NO_REGISTERS:
    return false;
  default:
    return true;
  }
}

// Whether the frames have to be sent, for user space does not know them.
static __always_inline bool is_news(u64 stack_id, u32 epoch)
{
  u32 *sent = bpf_map_lookup_elem(&sent_stacks, &stack_id);
  return !sent || *sent != epoch;
}

static __always_inline void send_stack(struct scratch *scratch)
{
  u32 key = 0;
  // Looked up again: a value that is kept across the walk makes the verifier's work longer.
  struct sampler_control *told = bpf_map_lookup_elem(&control, &key);
  if (!told)
    return;
  u32 epoch = told->stack_epoch;
  struct sample_header *header = &scratch->stack.header;
  __builtin_memcpy(header, &scratch->raw.header, sizeof(*header));
  u64 stack_id = header->stack_id;
  u32 frames = header->kernel_frames + header->user_frames;
  if (frames && !is_news(stack_id, epoch)) {
    header->flags |= SAMPLE_STACK_SENT;
    frames = 0;
  }
  u64 bytes = SAMPLE_HEADER + frames * 8;
  if (bytes > sizeof(scratch->stack))
    bytes = sizeof(scratch->stack);
  u64 waiting = bpf_ringbuf_query(&samples, BPF_RB_AVAIL_DATA);
  u64 wakeup = waiting >= wakeup_bytes ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
  if (bpf_ringbuf_output(&samples, &scratch->stack, bytes, wakeup)) {
    count_in(header->flags / SAMPLE_ODD_WINDOW, COUNTER_RING_FULL);
    return;
  }
  if (frames)
    bpf_map_update_elem(&sent_stacks, &stack_id, &epoch, BPF_ANY);
}

// Sends all that is needed to walk the stack in user space; false if that was not possible.
static __always_inline bool send_copy(struct scratch *scratch, struct task_struct *task, u32 cpu,
                                      struct bpf_perf_event_data *context)
{
  struct raw_sample *sample = &scratch->raw;
  struct copy_budget *budget = copy_budget_at(sample->header.time_ns);
  if (!budget) {
    sample->header.flags |= SAMPLE_COPY_REFUSED;
    return false;
  }
  sample->stack_bytes = 0;
  sample->stack_allowed = 0;
  sample->below_bytes = 0;
  sample->below_allowed = 0;
  sample->stack_address = 0;
  sample->below_address = 0;
  sample->stack_base = 0;
  copy_stacks(sample, task, cpu);
  if (sample->header.kernel_frames)
    bpf_get_stack(context, sample->kernel, sizeof(sample->kernel), 0);
  u64 bytes = RAW_SAMPLE_HEADER + sample->stack_bytes + sample->below_bytes;
  if (bytes > sizeof(*sample))
    bytes = sizeof(*sample);
  budget->bytes -= bytes;
  // The sooner user space hears of a process or a file, the sooner it is walked here.
  if (bpf_ringbuf_output(&raw_samples, sample, bytes, BPF_RB_FORCE_WAKEUP)) {
    sample->header.flags |= SAMPLE_COPY_RING_FULL;
    return false;
  }
  return true;
}

static __always_inline void send(struct scratch *scratch, struct task_struct *task, u32 cpu,
                                 struct bpf_perf_event_data *context)
{
  struct sample_header *header = &scratch->raw.header;
  enum walk_end end = header->walk_end;
  if (want_copies && (header->flags & SAMPLE_USER_REGISTERS) && end == WALK_COMPLETE) {
    header->flags |= SAMPLE_COPY_FOLLOWS;
    if (!send_copy(scratch, task, cpu, context))
      header->flags &= ~SAMPLE_COPY_FOLLOWS;
  } else if (is_worth_a_copy(end) && send_copy(scratch, task, cpu, context)) {
    return;
  }
  send_stack(scratch);
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
  u32 zero = 0;
  struct sampler_control *told = bpf_map_lookup_elem(&control, &zero);
  if (!told)  // never: the map has this entry
    return 0;
  u32 window = told->window;
  count_in(window, COUNTER_TAKEN);

  u32 cpu = bpf_get_smp_processor_id();
  struct scratch *scratch = bpf_map_lookup_elem(&scratches, &cpu);
  if (!scratch) {
    count_in(window, COUNTER_NO_SCRATCH);
    return 0;
  }
  struct sample_header *header = &scratch->raw.header;
  fill_header(header, task, id, window);
  read_kernel_stack(scratch, cpu, context);
  header->walk_end = walk(scratch, task, context, pid);
  send(scratch, task, cpu, context);
  add_in(0, COUNTER_RUN_NS, bpf_ktime_get_ns() - scratch->raw.header.time_ns);
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
