// Calls that an allocator makes of itself, which are no allocations of the program.
#pragma once
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "arch/x86.h"
#include "kernel/types.h"
#include "shared/alloc.h"

// Inner calls of one outer call. More mean that its return was missed: an exception flew over it.
#define INNER_CALLS_MAX 64

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, ALLOC_RANGES);
  __type(key, u32);
  __type(value, struct alloc_range);
} alloc_ranges SEC(".maps");

// Whether an address lies in the allocator. Global, so that the verifier looks at the loop once.
__attribute__((noinline)) int is_inside(u64 address, u32 ranges)
{
  for (u32 index = 0; index < ALLOC_RANGES && index < ranges; index++) {
    u32 key = index;
    struct alloc_range *range = bpf_map_lookup_elem(&alloc_ranges, &key);
    if (range && address >= range->start && address < range->end)
      return 1;
  }
  return 0;
}

// Whether an address is the one that the kernel puts in place of a return address to see a return.
static __always_inline bool is_trampoline(u64 address)
{
  struct task_struct *task = (void *)bpf_get_current_task();
  if (!bpf_core_field_exists(task->mm->uprobes_state))
    return false;
  return address == BPF_CORE_READ(task, mm, uprobes_state.xol_area, vaddr);
}

// Whether the allocator itself made the call, or the call is only the end of another: `operator
// new[]` may jump to `operator new`, which then returns to the caller of both.
static __always_inline bool is_inner_call(struct alloc_thread *thread, struct alloc_control *told,
                                          struct pt_regs *context, u64 return_address)
{
  u64 stack_pointer = context->sp;
  if (thread->stack_pointer && stack_pointer < thread->stack_pointer &&
      thread->inner_calls++ < INNER_CALLS_MAX)
    return true;
  if (stack_pointer == thread->last_stack_pointer && context->ip != thread->last_function &&
      (return_address == thread->return_address || is_trampoline(return_address)))
    return true;
  thread->stack_pointer = 0;
  return return_address >= told->inside_start && return_address < told->inside_end &&
         is_inside(return_address, told->ranges);
}
