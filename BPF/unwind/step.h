// One step up a stack: from a frame to its caller, by the tables of shared/unwind.h.
//
// Runs in the kernel and, unchanged, in user space over a copied stack. Besides what search.h needs,
// the includer defines:
//
//   bool locate(memory, state, address)    calls find_mapping
//   int look_up(memory, state, address)    calls find_rule
//   int read_user(memory, void *to, u32 count, u64 address)     0 if all bytes were read
//   void record_frame(memory, state, frame)
#pragma once
#include "shared/events.h"
#include "unwind/search.h"

// A frame pointer further away from the stack pointer than this is some other value.
#define FRAME_DISTANCE_MAX (1 << 20)
// What may be left of the main thread's stack when its first code runs.
#define STACK_BASE_SLACK 64
// `mov $15, %rax; syscall`, the return from a signal handler.
#define SIGNAL_RETURN_CODE 0x0f0000000fc0c748ULL
// Where a signal frame has the registers (kernel: arch/x86/include/asm/sigframe.h): a ucontext's
// begin after 40 bytes with R8–R15 RDI RSI RBP RBX RDX RAX RCX RSP RIP.
#define SIGNAL_REGISTERS 40
#define SIGNAL_FRAME_POINTER 10
#define SIGNAL_STACK_POINTER 15
#define SIGNAL_PROGRAM_COUNTER 16

// Goes on where a signal handler interrupted the thread.
static inline __attribute__((always_inline)) int step_over_signal(struct unwind_memory *memory,
                                                                  struct unwind_state *state)
{
  u64 saved[SIGNAL_PROGRAM_COUNTER + 1];
  if (read_user(memory, saved, sizeof(saved), state->stack_pointer + SIGNAL_REGISTERS))
    return WALK_UNREADABLE;
  state->frame_pointer = saved[SIGNAL_FRAME_POINTER];
  state->stack_pointer = saved[SIGNAL_STACK_POINTER];
  state->program_counter = saved[SIGNAL_PROGRAM_COUNTER];
  state->is_return = false;
  state->followed_rbp = false;
  return WALK_CONTINUES;
}

// Follows the frame pointer: where RBP points, `push %rbp; mov %rsp, %rbp` has left the caller's,
// and above it lies the return address. A chain that ends in 0 has reached the start of the thread
// (System V ABI, AMD64 supplement, 3.4.1).
static inline __attribute__((always_inline)) int follow_frame_pointer(struct unwind_memory *memory,
                                                                      struct unwind_state *state)
{
  u64 words[2];
  if (read_user(memory, words, sizeof(words), state->frame_pointer))
    return WALK_NO_ROW;
  state->stack_pointer = state->frame_pointer + sizeof(words);
  state->frame_pointer = words[0];
  state->program_counter = words[1];
  state->is_return = true;
  return words[1] ? WALK_CONTINUES : WALK_COMPLETE;
}

// A step where nothing says how to find the caller.
static inline __attribute__((always_inline)) int step_without_rule(struct unwind_memory *memory,
                                                                   struct unwind_state *state)
{
  u64 frame = state->frame_pointer;
  u64 stack = state->stack_pointer;
  if (state->stack_base && stack + STACK_BASE_SLACK >= state->stack_base &&
      stack <= state->stack_base && state->file >= FILE_FIRST)
    return WALK_COMPLETE;
  // The C library leaves the code around the call that makes a thread without unwind information,
  // because its stack is empty on one side.
  if (state->at_birth && state->frames == 1)
    return WALK_COMPLETE;
  u64 code;
  if (state->file >= FILE_FIRST &&
      !read_user(memory, &code, sizeof(code), state->program_counter) && code == SIGNAL_RETURN_CODE)
    return step_over_signal(memory, state);
  if (!frame && state->followed_rbp)
    return WALK_COMPLETE;
  if (frame < stack || frame - stack > FRAME_DISTANCE_MAX || frame & 7)
    return WALK_NO_ROW;
  state->followed_rbp = true;
  state->ever_followed_rbp = true;
  return follow_frame_pointer(memory, state);
}

// The stack pointer before the call, or 0 where the memory with it cannot be read.
static inline __attribute__((always_inline)) u64 frame_address(struct unwind_memory *memory,
                                                               struct unwind_state *state,
                                                               const struct unwind_rule *rule)
{
  s32 offset = rule->cfa_offset;
  u64 address;
  switch (rule->cfa) {
  case CFA_STACK_POINTER:
    return state->stack_pointer + offset;
  case CFA_FRAME_POINTER:
    return state->frame_pointer + offset;
  case CFA_PLT:
    return state->stack_pointer + ((state->program_counter & 15) >= (u64)offset ? 16 : 8);
  case CFA_DEREF_STACK:
  case CFA_DEREF_FRAME:
    address = rule->cfa == CFA_DEREF_STACK ? state->stack_pointer : state->frame_pointer;
    address += (s32)((u32)offset << 8) >> 8;
    if (read_user(memory, &address, sizeof(address), address))
      return 0;
    return address + ((u32)offset >> 24);
  }
  return 0;
}

static inline __attribute__((always_inline)) int step_by_rule(struct unwind_memory *memory,
                                                              struct unwind_state *state,
                                                              const struct unwind_rule *rule)
{
  u64 frame = frame_address(memory, state, rule);
  if (!frame)
    return WALK_UNREADABLE;
  // A stack grows down; anything else would loop.
  if (frame <= state->stack_pointer)
    return WALK_BAD_FRAME;
  u64 frame_pointer = state->frame_pointer;
  u64 place = 0;
  if (rule->frame_pointer == FRAME_POINTER_AT_CFA)
    place = frame + rule->frame_pointer_offset;
  if (rule->frame_pointer == FRAME_POINTER_AT_FRAME)
    place = frame_pointer + rule->frame_pointer_offset;
  if (place && read_user(memory, &frame_pointer, sizeof(frame_pointer), place))
    return WALK_UNREADABLE;
  u64 return_address;
  if (read_user(memory, &return_address, sizeof(return_address), frame - 8))
    return WALK_UNREADABLE;
  state->program_counter = return_address;
  state->stack_pointer = frame;
  state->frame_pointer = frame_pointer;
  state->is_return = true;
  state->followed_rbp = false;
  return return_address ? WALK_CONTINUES : WALK_COMPLETE;
}

// Records the frame at which the state stands, and goes to its caller.
static inline __attribute__((always_inline)) int unwind_step(struct unwind_memory *memory,
                                                             struct unwind_state *state)
{
  // A call may be its function's last instruction: look up the call, not where it returns to.
  u64 address = state->program_counter - (state->is_return ? 1 : 0);
  bool is_mapped = (address >= state->mapping_start && address < state->mapping_end) ||
                   locate(memory, state, address);
  // An address outside of all mappings is what a failed step made up, not a caller.
  if (is_mapped || !state->frames)
    record_frame(memory, state,
                 (state->program_counter & ~FRAME_IS_RETURN) |
                     (state->is_return ? FRAME_IS_RETURN : 0));
  if (!is_mapped)
    return WALK_NO_MAPPING;
  u32 file = state->file;
  if (file == FILE_GENERATED || file == FILE_UNREADABLE)
    return step_without_rule(memory, state);
  if (file == FILE_NONE)
    return WALK_NO_TABLE;
  int number = look_up(memory, state, address);
  if (number < 0)
    return WALK_NO_TABLE;
  const struct unwind_rule *rule = rule_at(memory, number);
  if (!rule)
    return WALK_NO_TABLE;
  switch (rule->cfa) {
  case CFA_NONE:
    return step_without_rule(memory, state);
  case CFA_SIGNAL:
    return step_over_signal(memory, state);
  case CFA_STOP:
    return WALK_COMPLETE;
  case CFA_COMPLEX:
    return WALK_COMPLEX;
  case CFA_FRAME_CHAIN:
    state->followed_rbp = false;
    return follow_frame_pointer(memory, state);
  }
  return step_by_rule(memory, state, rule);
}
