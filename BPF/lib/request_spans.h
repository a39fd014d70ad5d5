// What is known of each request to a block device until it is done, found by its address in a few
// nanoseconds.
//
// The kernel makes requests once and uses them again and again: each has a place by its address, where
// all that is said of it is in one cache line, for it is often completed on another CPU than issued.
// Where two requests under way want one place, the second is in a hash. That two CPUs claim one place
// in the same moment is the one case that is not seen: the later one has the place, and the other
// is not counted.
#pragma once
#include <bpf/bpf_helpers.h>
#include "kernel/types.h"

struct request_span {
  u64 request;      // whose it is, or was last
  u64 inserted_ns;  // 0: it went to the device at once
  u64 issued_ns;    // 0: the device does not have it yet
  u32 pid;
  u32 kind;
  u32 left;          // bytes that are not done yet
  u32 device_epoch;  // in which `device` was found
  u64 queue;         // whose device it is
  u32 device;
  bool is_open;
  bool is_requeued;  // it will be inserted or issued once more
  bool has_stack;    // it is among the kept ones
  bool has_spilled;  // of a place: requests that wanted it may be in the hash
} __attribute__((aligned(64)));

#define REQUEST_PLACE_BITS 12

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);  // so that it begins with a cache line
  __uint(max_entries, 1 << REQUEST_PLACE_BITS);
  __type(key, u32);
  __type(value, struct request_span);
} request_places SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 16384);
  __type(key, u64);
  __type(value, struct request_span);
} other_requests SEC(".maps");

static __always_inline struct request_span *place_of(u64 request)
{
  u32 place = (request * 0x9e3779b97f4a7c15ULL) >> (64 - REQUEST_PLACE_BITS);
  return bpf_map_lookup_elem(&request_places, &place);
}

// The span of a request that is under way; 0 if it is not known.
static __always_inline struct request_span *open_span(u64 request)
{
  struct request_span *span = place_of(request);
  if (!span)
    return 0;
  if (span->request == request && span->is_open)
    return span;
  return span->has_spilled ? bpf_map_lookup_elem(&other_requests, &request) : 0;
}

// A span for a request whose memory has no other; 0 if there is no room.
static __always_inline struct request_span *fresh_span(u64 request)
{
  struct request_span *span = place_of(request);
  if (!span)
    return 0;
  if (span->is_open && span->request != request) {
    struct request_span fresh = {};
    span->has_spilled = true;
    bpf_map_update_elem(&other_requests, &request, &fresh, BPF_ANY);
    span = bpf_map_lookup_elem(&other_requests, &request);
    if (!span)
      return 0;
  }
  span->request = request;
  span->is_open = true;
  span->is_requeued = false;
  span->has_stack = false;
  return span;
}

static __always_inline void close_span(struct request_span *span, u64 request)
{
  struct request_span *place = place_of(request);
  span->is_open = false;
  if (span != place)
    bpf_map_delete_elem(&other_requests, &request);
}
