#pragma once
#ifdef __bpf__
#include "kernel/types.h"
#else
#include <stdint.h>
typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;
#endif

// Histograms with four buckets per power of two: OTLP's exponential histogram of scale 2, exactly.
//
// The base is 2^(1/4). Bucket i of OTLP holds (base^i, base^(i + 1)]; it is at place i + 1 here, so
// that the value 1, alone in OTLP's bucket -1, is at place 0. A value of 0 counts as 1.
// - Source: opentelemetry-proto, metrics.proto, ExponentialHistogramDataPoint.

// Up to 2^47.75 ns, 65 hours; what is above counts as that.
#define HISTOGRAM_BUCKETS 192
#define HISTOGRAM_FIRST_INDEX (-1)

// The greatest mantissas, with the highest bit set, at or below 2^63 · base^k. No integer is equal to
// one of the last three bounds, for these are irrational; so comparing integers is exact.
#define MANTISSA_0 0x8000000000000000ULL
#define MANTISSA_1 0x9837f0518db8a96fULL
#define MANTISSA_2 0xb504f333f9de6484ULL
#define MANTISSA_3 0xd744fccad69d6af4ULL

// The place of the bucket that holds `value`.
static inline __attribute__((always_inline)) u32 histogram_place(u64 value)
{
  u64 mantissa = value ? value : 1;
  u32 exponent = 63;
  if (!(mantissa >> 32)) {
    mantissa <<= 32;
    exponent -= 32;
  }
  if (!(mantissa >> 48)) {
    mantissa <<= 16;
    exponent -= 16;
  }
  if (!(mantissa >> 56)) {
    mantissa <<= 8;
    exponent -= 8;
  }
  if (!(mantissa >> 60)) {
    mantissa <<= 4;
    exponent -= 4;
  }
  if (!(mantissa >> 62)) {
    mantissa <<= 2;
    exponent -= 2;
  }
  if (!(mantissa >> 63)) {
    mantissa <<= 1;
    exponent -= 1;
  }
  u32 place = exponent * 4;
  if (mantissa > MANTISSA_2)
    place += mantissa > MANTISSA_3 ? 4 : 3;
  else if (mantissa > MANTISSA_1)
    place += 2;
  else if (mantissa > MANTISSA_0)
    place += 1;
  return place < HISTOGRAM_BUCKETS ? place : HISTOGRAM_BUCKETS - 1;
}

// What a histogram is of: a process, a kind of event, and one of a few shards, so that CPUs that
// count the same do not wait for each other.
#define HISTOGRAM_PID_BITS 22  // as many as a PID may have
#define HISTOGRAM_KIND_BITS 20
#define HISTOGRAM_SHARD_BITS 3
#define HISTOGRAM_SLOT_BITS 16

static inline __attribute__((always_inline)) u64 histogram_key(u32 pid, u32 kind, u32 shard)
{
  return ((u64)pid << HISTOGRAM_KIND_BITS | kind) << HISTOGRAM_SHARD_BITS | shard;
}

// One of the slots. Slot 0 is no histogram, but holds the tokens with which new ones begin.
struct histogram {
  u64 key;         // histogram_key; 0 while the slot is free
  u64 begun_ns;    // CLOCK_MONOTONIC, when the slot was taken
  u64 start_time;  // of the process: task_struct.start_boottime
  u64 sum;
  u64 max;          // since user space last took it
  u32 interrupted;  // calls that the kernel made end early, to go on or be made again
  u32 reserved;
  char process_name[16];
  // By bucket, how many more of its values may have a stack taken; user space adds some.
  u8 tokens[HISTOGRAM_BUCKETS];
  u32 buckets[HISTOGRAM_BUCKETS];  // wrap around; user space takes differences
};
#define HISTOGRAM_TOKENS 64
#define HISTOGRAM_COUNTS 256
#define HISTOGRAM_BYTES 1024
_Static_assert(__builtin_offsetof(struct histogram, process_name) == 48, "read by HistogramMemory");
_Static_assert(__builtin_offsetof(struct histogram, tokens) == HISTOGRAM_TOKENS, "as above");
_Static_assert(__builtin_offsetof(struct histogram, buckets) == HISTOGRAM_COUNTS, "as above");
_Static_assert(sizeof(struct histogram) == HISTOGRAM_BYTES, "as above");

// Errors are counted apart: the key without its shard, and the number of the error.
#define HISTOGRAM_ERROR_BITS 12

static inline __attribute__((always_inline)) u64 histogram_error_key(u32 pid, u32 kind, u32 error)
{
  return ((u64)pid << HISTOGRAM_KIND_BITS | kind) << HISTOGRAM_ERROR_BITS | error;
}

// What the programs of a collector could not do, and did.
enum latency_counter {
  LATENCY_FOLDED,             // values for which no slot was left: counted without the process
  LATENCY_LOST,               // values that are in no histogram at all
  LATENCY_ERRORS_LOST,        // errors for whose number there was no room
  LATENCY_UNMATCHED,          // ends whose beginning was not seen
  LATENCY_BEGINNINGS_LOST,    // beginnings for which there was no room
  LATENCY_NO_END,             // calls that do not return
  LATENCY_EXEMPLARS,          // stacks that were taken
  LATENCY_EXEMPLARS_LIMITED,  // stacks that were not, for there had been too many
  LATENCY_TARGETS_LOST,       // forked children that could not be followed
  LATENCY_COUNTER_COUNT,
};
