// The kernel's walk over a user stack, compiled for user space: see BPF/unwind/step.h.
#pragma once
#include <stdbool.h>
#include <stdint.h>

// What a walk reads: the tables as BPF/shared/unwind.h lays them out, and a copied stack.
struct wick_walk_sources {
  const uint32_t *const *shards;  // 0 where there is none
  uint32_t shard_count;
  const uint64_t *directory;
  void *files;
  const void *rules;
  const void *mappings;
  uint32_t coarse_time;  // for unwind_file.last_used
  // The stack, then the one that a signal handler on a stack of its own has interrupted.
  const uint8_t *stack;
  uint64_t stack_address;
  uint64_t stack_bytes;
  uint64_t below_address;
  uint64_t below_bytes;
};

// Where a walk begins, and in whose mappings.
struct wick_walk_start {
  uint64_t program_counter;
  uint64_t stack_pointer;
  uint64_t frame_pointer;
  uint64_t stack_base;  // where the main thread's stack began, or 0
  uint64_t version;     // that the block must have
  uint32_t block;       // index of its header in the mappings
  bool is_return;       // the program counter is one behind a call
  bool at_birth;        // the thread has not run yet
};

struct wick_walk_result {
  uint32_t end;  // enum walk_end in BPF/shared/events.h
  uint32_t frames;
  bool followed_frame_pointer;
};

// Walks up to `capacity` frames; return addresses have bit 63 set.
struct wick_walk_result wick_walk(const struct wick_walk_sources *sources,
                                  const struct wick_walk_start *start, uint64_t *frames,
                                  uint32_t capacity);
