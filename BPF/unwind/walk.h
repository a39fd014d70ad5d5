// The walk over a user stack in the kernel, frame by frame.
#pragma once
#include <bpf/bpf_helpers.h>
#include "lib/scratch.h"
#include "unwind/tables.h"
#include "unwind/search.h"

// One a CPU: a walk is not interrupted by another, for the programs that walk do not nest.
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, u32);
  __type(value, struct unwind_state);
} unwind_states SEC(".maps");

static __always_inline u64 mix(u64 hash, u64 word)
{
  hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
  return hash ^ hash >> 29;
}

static __always_inline void record_frame(struct unwind_memory *memory, struct unwind_state *state,
                                         u64 frame)
{
  u32 cpu = bpf_get_smp_processor_id();
  struct scratch *scratch = bpf_map_lookup_elem(&scratches, &cpu);
  if (!scratch)
    return;
  scratch->stack.frames[(state->base + state->frames) & (STACK_FRAMES - 1)] = frame;
  state->hash = mix(state->hash, frame);
  state->frames++;
}

// The searches and the step are global functions, so that the verifier looks at each once, and not
// in every turn of the loop that calls it.
__attribute__((noinline)) int locate_address(u32 key, u64 address)
{
  struct unwind_state *state = bpf_map_lookup_elem(&unwind_states, &key);
  return state && find_mapping(0, state, address);
}

__attribute__((noinline)) int look_up_address(u32 key, u64 address)
{
  struct unwind_state *state = bpf_map_lookup_elem(&unwind_states, &key);
  return state ? find_rule(0, state, address) : -1;
}

static __always_inline bool locate(struct unwind_memory *memory, struct unwind_state *state,
                                   u64 address)
{
  return locate_address(0, address);
}

static __always_inline int look_up(struct unwind_memory *memory, struct unwind_state *state,
                                   u64 address)
{
  return look_up_address(0, address);
}

#include "unwind/step.h"

// Records one frame and goes to its caller.
__attribute__((noinline)) int unwind_frame(u32 key)
{
  struct unwind_state *state = bpf_map_lookup_elem(&unwind_states, &key);
  if (!state)
    return WALK_NO_PROCESS;
  return unwind_step(0, state);
}

// Walks from the registers of the sample at hand; the frames go behind those of the kernel.
static __always_inline enum walk_end walk_user_stack(struct scratch *scratch,
                                                     struct task_struct *task, u32 pid)
{
  u32 key = 0;
  struct sample_header *header = &scratch->raw.header;
  struct unwind_state *state = bpf_map_lookup_elem(&unwind_states, &key);
  struct unwind_process *process = unwind_process_of(task, pid);
  if (!state || !process)
    return WALK_NO_PROCESS;
  u32 slot = process->block;
  header->version = process->version;
  const struct unwind_block *block = (const struct unwind_block *)mapping_at(0, slot);
  if (!block || block->version != header->version)
    return WALK_NO_PROCESS;
  // The entry may have become another process's while it was read.
  if (!is_program_of(process, task))
    return WALK_NO_PROCESS;
  state->program_counter = scratch->raw.registers[REGISTER_PROGRAM_COUNTER];
  state->stack_pointer = scratch->raw.registers[REGISTER_STACK_POINTER];
  state->frame_pointer = scratch->raw.registers[REGISTER_FRAME_POINTER];
  state->stack_base = BPF_CORE_READ(task, mm, start_stack);
  state->mapping_start = 0;
  state->mapping_end = 0;
  state->hash = header->stack_id;
  state->first = slot + 1;
  state->count = block->count;
  state->frames = 0;
  state->base = header->kernel_frames;
  state->is_return = (header->flags & SAMPLE_IN_SYSCALL) != 0;
  state->at_birth = (header->flags & SAMPLE_AT_BIRTH) != 0;
  state->followed_rbp = false;
  state->ever_followed_rbp = false;
  int end = WALK_TOO_DEEP;
  for (int frame = 0; frame < USER_FRAMES_MAX; frame++) {
    end = unwind_frame(key);
    if (end != WALK_CONTINUES)
      break;
    end = WALK_TOO_DEEP;
  }
  if (end != WALK_COMPLETE)
    header->stopped_at = state->program_counter - (state->is_return ? 1 : 0);
  header->user_frames = state->frames;
  header->stack_id = state->hash;
  if (state->ever_followed_rbp)
    header->flags |= SAMPLE_FRAME_POINTER;
  return end;
}
