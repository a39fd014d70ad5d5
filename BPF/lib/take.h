// Taking one sample of the thread that runs: whose it is, the kernel's stack, the user's stack, and
// their way to user space.
//
// Objects whose programs may interrupt each other must not share `scratches` and `unwind_states`;
// everything else here is one for all.
#pragma once
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "arch/x86.h"
#include "lib/copy_budget.h"
#include "lib/counters.h"
#include "lib/scratch.h"
#include "lib/stack_copy.h"
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

// Number of the window that samples are taken in now.
static __always_inline u32 current_window(void)
{
  u32 key = 0;
  struct sampler_control *told = bpf_map_lookup_elem(&control, &key);
  return told ? told->window : 0;
}

static __always_inline void fill_header(struct sample_header *header, struct task_struct *task,
                                        u32 window)
{
  header->time_ns = bpf_ktime_get_ns();
  header->pid = BPF_CORE_READ(task, tgid);
  header->tid = BPF_CORE_READ(task, pid);
  header->flags = (window & 1) * SAMPLE_ODD_WINDOW;  // no branch: the verifier would follow both
  header->walk_end = WALK_NO_USER_SIDE;
  header->kernel_frames = 0;
  header->user_frames = 0;
  BPF_CORE_READ_INTO(&header->thread_name, task, comm);
  BPF_CORE_READ_INTO(&header->process_name, task, group_leader, comm);
  header->start_time = start_time_of(task);
  header->exec_count = BPF_CORE_READ(task, self_exec_id);
  header->version = 0;
  header->stack_id = hash_seed;
  header->stopped_at = 0;
  header->value = 0;
  header->kind = SAMPLE_CPU;
  header->detail = 0;
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

// Takes over the kernel frames that lie in the scratch memory.
static __always_inline void set_kernel_frames(struct scratch *scratch, u32 cpu, long bytes)
{
  scratch->raw.header.kernel_frames = bytes / 8;
  hash_kernel_frames(cpu, bytes / 8);
}

// Walks the user stack by the registers that were read.
static __always_inline enum walk_end walk_from_registers(struct scratch *scratch,
                                                         struct task_struct *task, u32 pid)
{
  struct raw_sample *sample = &scratch->raw;
  sample->header.flags |= SAMPLE_USER_REGISTERS;
  if (!want_user)
    return WALK_NO_USER_SIDE;
  if (sample->header.flags & SAMPLE_32_BIT)
    return WALK_32_BIT;
  return walk_user_stack(scratch, task, pid);
}

static __always_inline bool has_user_side(struct task_struct *task)
{
  return !(BPF_CORE_READ(task, flags) & PF_KTHREAD) && BPF_CORE_READ(task, mm);
}

// Walks the user stack of the thread that runs in the kernel.
static __always_inline enum walk_end walk_in_kernel(struct scratch *scratch,
                                                    struct task_struct *task, u32 pid)
{
  if (!has_user_side(task)) {
    scratch->raw.header.flags |= SAMPLE_KERNEL_THREAD;
    return WALK_NO_USER_SIDE;
  }
  if (!registers_from_task(&scratch->raw))
    return WALK_NO_REGISTERS;
  return walk_from_registers(scratch, task, pid);
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

static __always_inline u64 wakeup_flag(void)
{
  u64 waiting = bpf_ringbuf_query(&samples, BPF_RB_AVAIL_DATA);
  return waiting >= wakeup_bytes ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
}

static __always_inline void append_waker(struct scratch *scratch, u64 place)
{
  // Opaque, so that the register which the verifier bounds is the one that is used.
  asm volatile("" : "+r"(place));
  if (place > STACK_FRAMES)
    return;
  for (int word = 0; word < WAKER_WORDS; word++)
    scratch->stack.frames[place + word] = scratch->raw.waker[word];
}

// Sends the sample's header and, if they are news, the frames.
//
// Returns false, and counts the sample, if there was no room.
static __always_inline bool send_stack(struct scratch *scratch)
{
  u32 key = 0;
  // Looked up again: a value that is kept across the walk makes the verifier's work longer.
  struct sampler_control *told = bpf_map_lookup_elem(&control, &key);
  if (!told)
    return false;
  u32 epoch = told->stack_epoch;
  struct sample_header *header = &scratch->stack.header;
  __builtin_memcpy(header, &scratch->raw.header, sizeof(*header));
  u64 stack_id = header->stack_id;
  u32 frames = header->kernel_frames + header->user_frames;
  // A stack that was told of when it was walked is not in the scratch memory any more.
  if (header->flags & SAMPLE_STACK_SENT)
    frames = 0;
  if (frames && !is_news(stack_id, epoch)) {
    header->flags |= SAMPLE_STACK_SENT;
    frames = 0;
  }
  u64 words = frames;
  if (header->flags & SAMPLE_HAS_WAKER) {
    append_waker(scratch, words);
    words += WAKER_WORDS;
  }
  u64 bytes = SAMPLE_HEADER + words * 8;
  if (bytes > sizeof(scratch->stack))
    bytes = sizeof(scratch->stack);
  if (bpf_ringbuf_output(&samples, &scratch->stack, bytes, wakeup_flag())) {
    count_in(header->kind % SAMPLE_KIND_COUNT, header->flags / SAMPLE_ODD_WINDOW,
             COUNTER_RING_FULL);
    return false;
  }
  if (frames)
    bpf_map_update_elem(&sent_stacks, &stack_id, &epoch, BPF_ANY);
  return true;
}

// Tells user space the frames of the stack that was put together, if they are news; false if there
// was no room for them.
static __always_inline bool is_announced(struct scratch *scratch)
{
  struct sample_header *header = &scratch->raw.header;
  u32 key = 0;
  struct sampler_control *told = bpf_map_lookup_elem(&control, &key);
  if (!told)
    return false;
  u32 frames = header->kernel_frames + header->user_frames;
  return !frames || !is_news(header->stack_id, told->stack_epoch) || send_stack(scratch);
}

// Sends all that is needed to walk the stack in user space; false if that was not possible.
static __always_inline bool send_copy(struct scratch *scratch, struct task_struct *task, u32 cpu)
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
    bpf_probe_read_kernel(sample->kernel, sizeof(sample->kernel), scratch->stack.frames);
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

// Sends the sample that was put together, with a copy of the stack where that helps.
static __always_inline bool send(struct scratch *scratch, struct task_struct *task, u32 cpu)
{
  struct sample_header *header = &scratch->raw.header;
  enum walk_end end = header->walk_end;
  if (want_copies && (header->flags & SAMPLE_USER_REGISTERS) && end == WALK_COMPLETE) {
    header->flags |= SAMPLE_COPY_FOLLOWS;
    if (!send_copy(scratch, task, cpu))
      header->flags &= ~SAMPLE_COPY_FOLLOWS;
  } else if (is_worth_a_copy(end) && send_copy(scratch, task, cpu)) {
    return true;
  }
  return send_stack(scratch);
}
