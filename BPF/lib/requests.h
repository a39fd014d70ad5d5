// Requests to block devices, as the tracepoints of their lives have them.
//
// A request is inserted into a scheduler or not, issued to its device, and completed. One that the
// device has no room for is queued again and issued again. One that is merged into another ends
// there: it is never completed, and its memory is used for the next.
#pragma once
#include <bpf/bpf_helpers.h>
#include "kernel/block.h"

// Set by wick before load. Until 5.10 all but completions have the queue as an argument before the
// request.
const volatile bool has_queue_argument = false;

static __always_inline struct request *request_in(u64 *context)
{
  if (has_queue_argument) {
    struct request *request = (void *)context[1];
    // Apart from the other, for the verifier takes no offset that is computed.
    asm volatile("" : "+r"(request));
    return request;
  }
  return (void *)context[0];
}

// The address of a typed request as a number, with which the verifier lets us count.
static __always_inline u64 address_in(u64 *context)
{
  u64 address = 0;
  bpf_probe_read_kernel(&address, sizeof(address), context + has_queue_argument);
  return address;
}
