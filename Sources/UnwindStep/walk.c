// The memory that BPF/unwind/step.h asks for, out of mapped or allocated arrays and a copied stack.
//
// Another thread may write the tables meanwhile, by the protocol that holds for the kernel too.
#include "UnwindStep.h"
#include <string.h>
#include "shared/events.h"
#include "shared/unwind.h"

struct unwind_memory {
  const struct wick_walk_sources *sources;
  uint64_t *frames;
  uint32_t capacity;
};

struct unwind_shard {
  u32 row[SHARD_ROWS];
};

static inline const struct unwind_mapping *mapping_at(struct unwind_memory *memory, u64 slot)
{
  const struct unwind_mapping *mappings = memory->sources->mappings;
  return slot < MAPPING_COUNT ? &mappings[slot] : 0;
}

static inline struct unwind_file *file_at(struct unwind_memory *memory, u32 number)
{
  struct unwind_file *files = memory->sources->files;
  return number < FILE_COUNT ? &files[number] : 0;
}

static inline const u64 *directory_at(struct unwind_memory *memory, u32 index)
{
  return index < DIRECTORY_ENTRIES ? &memory->sources->directory[index] : 0;
}

static inline const struct unwind_shard *shard_at(struct unwind_memory *memory, u32 number)
{
  if (number >= memory->sources->shard_count)
    return 0;
  return (const struct unwind_shard *)memory->sources->shards[number];
}

static inline u32 row_at(const struct unwind_shard *shard, u64 index)
{
  return index < SHARD_ROWS ? shard->row[index] : 0;
}

static inline const struct unwind_rule *rule_at(struct unwind_memory *memory, u32 number)
{
  const struct unwind_rule *rules = memory->sources->rules;
  return number < RULE_COUNT ? &rules[number] : 0;
}

static inline u32 coarse_time(struct unwind_memory *memory)
{
  return memory->sources->coarse_time;
}

// Addresses are foreign and may wrap around: compare distances.
static inline int read_user(struct unwind_memory *memory, void *to, u32 count, u64 address)
{
  const struct wick_walk_sources *sources = memory->sources;
  u64 distance = address - sources->stack_address;
  if (count <= sources->stack_bytes && distance <= sources->stack_bytes - count) {
    memcpy(to, sources->stack + distance, count);
    return 0;
  }
  distance = address - sources->below_address;
  if (count <= sources->below_bytes && distance <= sources->below_bytes - count) {
    memcpy(to, sources->stack + sources->stack_bytes + distance, count);
    return 0;
  }
  return -1;
}

#include "unwind/search.h"

static inline void record_frame(struct unwind_memory *memory, struct unwind_state *state, u64 frame)
{
  if (state->frames < memory->capacity)
    memory->frames[state->frames++] = frame;
}

static inline bool locate(struct unwind_memory *memory, struct unwind_state *state, u64 address)
{
  return find_mapping(memory, state, address);
}

static inline int look_up(struct unwind_memory *memory, struct unwind_state *state, u64 address)
{
  return find_rule(memory, state, address);
}

#include "unwind/step.h"

struct wick_walk_result wick_walk(const struct wick_walk_sources *sources,
                                  const struct wick_walk_start *start, uint64_t *frames,
                                  uint32_t capacity)
{
  struct unwind_memory memory = { sources, frames, capacity };
  struct wick_walk_result result = { WALK_NO_PROCESS, 0, false };
  const struct unwind_block *block = (const struct unwind_block *)mapping_at(&memory, start->block);
  if (!block || !start->version || block->version != start->version)
    return result;
  struct unwind_state state = {
    .program_counter = start->program_counter,
    .stack_pointer = start->stack_pointer,
    .frame_pointer = start->frame_pointer,
    .stack_base = start->stack_base,
    .first = start->block + 1,
    .count = block->count,
    .is_return = start->is_return,
    .at_birth = start->at_birth,
  };
  result.end = WALK_TOO_DEEP;
  while (state.frames < capacity) {
    int end = unwind_step(&memory, &state);
    if (end != WALK_CONTINUES) {
      result.end = end;
      break;
    }
  }
  result.frames = state.frames;
  result.followed_frame_pointer = state.ever_followed_rbp;
  return result;
}
