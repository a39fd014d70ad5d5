// The fields of block requests that we read, in the forms of the kernels from 5.10 on.
#pragma once
#include "kernel/types.h"
// Behind the types that it uses.
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct gendisk {
  int major;
  int first_minor;
};

struct request_queue {
  struct gendisk *disk;  // since 5.15
};

struct request {
  struct request_queue *q;
  unsigned int cmd_flags;
  unsigned int __data_len;  // bytes that are not done yet
};

struct request___old {
  struct gendisk *rq_disk;  // until 5.16
};
#pragma clang attribute pop

// The lower bits of `cmd_flags` (kernel: include/linux/blk_types.h).
#define REQUEST_OPERATION 0xff
#define REQ_OP_READ 0
#define REQ_OP_WRITE 1
#define REQ_OP_FLUSH 2
#define REQ_OP_DISCARD 3
#define REQ_OP_WRITE_ZEROES 9

// The request must be one that the verifier knows the type of.
static __always_inline struct gendisk *disk_of(struct request *request)
{
  struct request_queue *queue = request->q;
  if (bpf_core_field_exists(queue->disk))
    return queue->disk;
  return ((struct request___old *)request)->rq_disk;
}
