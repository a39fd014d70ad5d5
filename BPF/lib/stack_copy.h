// Copies of user stacks, for what the walker can't do itself.
#pragma once
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "arch/x86.h"
#include "kernel/types.h"
#include "lib/scratch.h"

// Set by wick before load: how much of a stack is copied at most.
const volatile u32 stack_bytes_wanted = STACK_BYTES_MAX;

// A main thread's stack pointer further from its base than this is on another stack.
#define STACK_DISTANCE_MAX (1ULL << 30)
// How far below the top of an alternate stack the signal frame is looked for: it holds the vector
// registers, 11 KiB with AMX.
#define SIGNAL_FRAME_MAX 16384

// Copies up to `allowed` bytes of user memory behind the `offset` that is already used, page by
// page, because a read fails as a whole when one page is missing. Returns how many were copied.
//
// The function is global, so that the verifier looks at its loop once. The counters are 64 bits
// wide and opaque, so that the register which the verifier bounds is the one that is used.
__attribute__((noinline)) int copy_memory(u32 cpu, u64 offset, u64 from, u64 allowed)
{
  struct scratch *scratch = bpf_map_lookup_elem(&scratches, &cpu);
  if (!scratch)
    return 0;
  struct raw_sample *sample = &scratch->raw;
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
  struct scratch *scratch = bpf_map_lookup_elem(&scratches, &cpu);
  if (!scratch || place > STACK_BYTES_MAX - UCONTEXT_BYTES)
    return 0;
  struct raw_sample *sample = &scratch->raw;
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
  u64 pointer = sample->registers[REGISTER_STACK_POINTER];
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
