// Which spans of time, or of bytes, are sampled, and what each sample stands for.
//
// The spans of a kind are laid end to end, those of each thread or, for short ones, of each CPU. That
// line is cut into strata of equal length, and in each a point is picked at random: the span that
// covers it stands for the stratum. So a span is picked in proportion to its length, sums are right to
// within a stratum, and no rhythm of the program can hide. A span that is as long as a stratum is
// always taken, and stands for itself.
#pragma once
#include <bpf/bpf_helpers.h>
#include "lib/counters.h"
#include "shared/events.h"
#include "shared/threads.h"

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, SAMPLE_KIND_COUNT);
  __type(key, u32);
  __type(value, struct stratum);
} strata SEC(".maps");

static __always_inline void begin_stratum(struct stratum *stratum, u64 length)
{
  // 64 bits at random, scaled by shares of 2^32.
  u64 random = bpf_get_prandom_u32();
  stratum->length = length;
  stratum->point = length >> 32 ? (length >> 32) * random + ((length & 0xffffffff) * random >> 32)
                                : length * random >> 32;
}

// What a sample of a span stands for; 0 if the span is not sampled.
//
// The span counts as sampled from here on: what becomes of the sample is counted.
static __always_inline u64 sampled_value(struct stratum *stratum, u64 value, u64 always_above)
{
  if (value >= always_above)
    return value;
  // Strata have become shorter: the rest of a long one is left. What of it was passed is told in
  // proportion already, for its point was picked from all of it.
  if (!stratum->length || stratum->length > always_above) {
    begin_stratum(stratum, always_above);
    stratum->position = 0;
  }
  u64 end = stratum->position + value;
  u64 weight = 0;
  if (stratum->position <= stratum->point && stratum->point < end)
    weight = stratum->length;
  if (end >= stratum->length) {
    end -= stratum->length;
    begin_stratum(stratum, always_above);
    if (stratum->point < end)
      weight += stratum->length;
  }
  stratum->position = end;
  return weight;
}

// Counts a span that has ended, and says what its sample stands for; 0 if there is none.
static __always_inline u64 end_span_in(struct stratum *stratum, enum sample_kind kind,
                                       const struct sampler_control *told, u64 value)
{
  count_in(kind, told->window, COUNTER_SPANS);
  add_in(kind, told->window, COUNTER_SPANS_VALUE, value);
  return sampled_value(stratum, value, told->always_above[kind]);
}

// The same for a span in the line of its CPU.
static __always_inline u64 end_span(enum sample_kind kind, const struct sampler_control *told,
                                    u64 value)
{
  u32 key = kind;
  struct stratum *stratum = bpf_map_lookup_elem(&strata, &key);
  return stratum ? end_span_in(stratum, kind, told, value) : 0;
}
