// Where an address belongs: its mapping, and the rule for it.
//
// Runs in the kernel and, unchanged, in user space. The includer defines `struct unwind_memory` and
// how to reach what is in it:
//
//   const struct unwind_mapping *mapping_at(memory, slot)      a slot of the mapping pool
//   struct unwind_file *file_at(memory, number)
//   const u64 *directory_at(memory, index)
//   const struct unwind_shard *shard_at(memory, number)
//   u32 row_at(shard, index)
//   const struct unwind_rule *rule_at(memory, number)
//   u32 coarse_time(memory)                                     for unwind_file.last_used
//
// They return 0 where nothing is, so that an index that was read from a table need not be trusted.
#pragma once
#include "shared/unwind.h"

// Where a walk stands.
struct unwind_state {
  u64 program_counter;
  u64 stack_pointer;
  u64 frame_pointer;
  u64 stack_base;  // where the main thread's stack began, or 0
  // The mapping that covered the last address: most frames are in the same file as their caller.
  u64 mapping_start;
  u64 mapping_end;
  u64 bias;
  u64 hash;  // of all frames so far
  // Bounds of a search. In memory, so that the verifier does not follow their values.
  volatile u64 low;
  volatile u64 high;
  u32 file;
  u32 first;        // slot of the process's first mapping
  u32 count;        // of its mappings
  u32 frames;       // that were recorded
  u32 base;         // of the frames in the sample: those of the kernel come before
  u8 at_birth;      // the thread has not run yet
  u8 is_return;     // the program counter is one behind a call
  u8 followed_rbp;  // the last step was by frame pointer
  u8 ever_followed_rbp;
};

#define MAPPING_SEARCH_STEPS 14
#define ROW_SEARCH_STEPS 17

// Finds the mapping that covers an address, and remembers it.
static inline __attribute__((always_inline)) bool
find_mapping(struct unwind_memory *memory, struct unwind_state *state, u64 address)
{
  u64 first = state->first;
  state->low = first;
  state->high = first + state->count;
  for (int step = 0; step < MAPPING_SEARCH_STEPS && state->low < state->high; step++) {
    u64 middle = (state->low + state->high) / 2;
    const struct unwind_mapping *mapping = mapping_at(memory, middle);
    if (!mapping)
      return false;
    if (mapping->start <= address)
      state->low = middle + 1;
    else
      state->high = middle;
  }
  u64 behind = state->low;
  if (behind == first || behind != state->high)
    return false;
  const struct unwind_mapping *mapping = mapping_at(memory, behind - 1);
  if (!mapping)
    return false;
  u64 start = mapping->start;
  u64 end = start + ((u64)mapping->pages << 12);
  if (address < start || address >= end)
    return false;
  state->mapping_start = start;
  state->mapping_end = end;
  state->bias = mapping->bias;
  state->file = mapping->file;
  return true;
}

// The rule for an address in the file at which the state stands: its number, or -1 without a table.
// What lies outside of the table's pages is covered by nothing.
static inline __attribute__((always_inline)) int find_rule(struct unwind_memory *memory,
                                                           struct unwind_state *state, u64 address)
{
  struct unwind_file *file = file_at(memory, state->file);
  if (!file)
    return -1;
  u32 pages = file->pages;
  if (!pages)
    return -1;
  file->last_used = coarse_time(memory);
  address -= state->bias;
  u64 page = (address >> TEXT_PAGE_BITS) - file->first_page;
  if (page >= pages)
    return RULE_NOTHING;
  const u64 *entry = directory_at(memory, file->directory + (u32)page);
  if (!entry)
    return -1;
  u64 rows = *entry;
  const struct unwind_shard *shard = shard_at(memory, rows >> DIRECTORY_SHARD_SHIFT);
  if (!shard)
    return -1;
  u64 first = rows & DIRECTORY_FIELD;
  state->low = first;
  state->high = first + (rows >> DIRECTORY_COUNT_SHIFT & DIRECTORY_FIELD);
  u32 place = address & (TEXT_PAGE_BYTES - 1);
  for (int step = 0; step < ROW_SEARCH_STEPS && state->low < state->high; step++) {
    u64 middle = (state->low + state->high) / 2;
    if ((row_at(shard, middle) & (TEXT_PAGE_BYTES - 1)) <= place)
      state->low = middle + 1;
    else
      state->high = middle;
  }
  u64 behind = state->low;
  if (behind == first || behind != state->high)
    return -1;
  return row_at(shard, behind - 1) >> ROW_RULE_SHIFT;
}
