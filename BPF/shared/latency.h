#pragma once
#include "calls.h"

// The kinds of the collectors: what a histogram is of, beside the process.

// Waiting for a CPU: what made the thread runnable.
enum queue_kind {
  QUEUE_WOKEN,      // something it had waited for
  QUEUE_PREEMPTED,  // another thread had to run in its place
  QUEUE_NEW,        // it has just begun
};

// Block I/O: the device's number in `devices`, what was measured, and the operation.
#define BLOCK_OPERATION_BITS 3
#define BLOCK_QUEUED (1 << BLOCK_OPERATION_BITS)  // the wait before the device has it
#define BLOCK_DEVICE_SHIFT (BLOCK_OPERATION_BITS + 1)
#define BLOCK_DEVICES 4096
enum block_operation {
  BLOCK_READ,
  BLOCK_WRITE,
  BLOCK_FLUSH,
  BLOCK_DISCARD,
  BLOCK_ZEROES,
  BLOCK_OTHER,
};
