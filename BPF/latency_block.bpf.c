// How long block requests wait for their device, and how long it works on them: by process, device
// and operation.
//
// Hook:   tp_btf/block_rq_insert and block_rq_issue, raw_tp/block_rq_complete, once each a request;
//         raw_tp/block_rq_requeue and block_rq_merge, where that happens.
// Emits:  histograms, counts of errors, and stacks that made slow requests.
// Needs:  Linux 5.10 with BTF.
//
// The process is the one in whose name the request was first seen: what the kernel writes back later
// is its own worker's.
#include "kernel/block.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "arch/x86.h"
#include "lib/follow.h"
#include "lib/histogram.h"
#include "lib/kept_stacks.h"
#include "lib/process_names.h"
#include "lib/request_spans.h"
#include "lib/requests.h"
#include "lib/targets.h"
#include "shared/latency.h"

// Numbers of devices by major << 20 | minor, as user space has listed them; 0 for any other.
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, BLOCK_DEVICES);
  __type(key, u32);
  __type(value, u32);
} devices SEC(".maps");

// Changes when a device comes; 0 is none.
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, u32);
  __type(value, u32);
} device_epochs SEC(".maps");

static __always_inline u32 find_device(struct request *request)
{
  struct gendisk *disk = disk_of(request);
  if (!disk)
    return 0;
  u32 key = (u32)disk->major << 20 | (u32)disk->first_minor;
  u32 *device = bpf_map_lookup_elem(&devices, &key);
  return device && *device < BLOCK_DEVICES ? *device : 0;
}

// The device of a request, which is the one that its memory was last used for if the queue is.
static __always_inline u32 device_of(struct request *request, struct request_span *span)
{
  u32 zero = 0;
  u32 *epoch = bpf_map_lookup_elem(&device_epochs, &zero);
  u64 queue = (u64)request->q;
  if (!epoch || span->queue != queue || span->device_epoch != *epoch) {
    span->device = find_device(request);
    span->device_epoch = epoch ? *epoch : 0;
    span->queue = queue;
  }
  return span->device;
}

static __always_inline u32 operation_of(struct request *request)
{
  switch (request->cmd_flags & REQUEST_OPERATION) {
  case REQ_OP_READ:
    return BLOCK_READ;
  case REQ_OP_WRITE:
    return BLOCK_WRITE;
  case REQ_OP_FLUSH:
    return BLOCK_FLUSH;
  case REQ_OP_DISCARD:
    return BLOCK_DISCARD;
  case REQ_OP_WRITE_ZEROES:
    return BLOCK_ZEROES;
  default:
    return BLOCK_OTHER;
  }
}

// Returns: whether its stack is wanted, and there.
static __always_inline bool count_request(struct request_span *span, u32 kind, u64 length,
                                          bool has_stack)
{
  struct histogram *histogram = histogram_of(span->pid, kind, 0);
  if (!histogram)
    return false;
  if (!histogram->process_name[0])
    copy_process_name(histogram->process_name, span->pid);
  return count_value_with(histogram, length, has_stack);
}

static __always_inline void end_request(struct request_span *span, u64 request)
{
  if (span->has_stack)
    drop_kept_stack(request);
  close_span(span, request);
}

// Begins to follow a request, if it is ours; of the two times one is set, to what it is now.
static __always_inline void begin_request(u64 *context, u64 address, bool is_issued)
{
  struct request *request = request_in(context);
  u32 pid = bpf_get_current_pid_tgid() >> 32;
  if (chooses_targets() && !is_target((void *)bpf_get_current_task(), pid))
    return;
  struct request_span *span = fresh_span(address);
  if (!span) {
    note(LATENCY_BEGINNINGS_LOST);
    return;
  }
  span->pid = pid;
  span->kind = device_of(request, span) << BLOCK_DEVICE_SHIFT | operation_of(request);
  u64 now = bpf_ktime_get_ns();
  remember_process_name(pid, now);
  if (wants_exemplars && may_walk(now)) {
    span->has_stack = walk_and_keep(context, address);
    // The time does not count that this takes.
    now = bpf_ktime_get_ns();
  }
  span->left = request->__data_len;
  span->inserted_ns = is_issued ? 0 : now;
  span->issued_ns = is_issued ? now : 0;
}

SEC("tp_btf/block_rq_insert")
int insert_request(u64 *context)
{
  u64 address = address_in(context);
  struct request_span *span = open_span(address);
  if (span && span->is_requeued)
    return 0;
  if (span)  // as below
    end_request(span, address);
  begin_request(context, address, false);
  return 0;
}

SEC("tp_btf/block_rq_issue")
int issue_request(u64 *context)
{
  u64 address = address_in(context);
  struct request_span *span = open_span(address);
  if (!span || (span->issued_ns && !span->is_requeued)) {
    // How another one in the same memory ended was not seen.
    if (span)
      end_request(span, address);
    begin_request(context, address, true);
    return 0;
  }
  // A device that was busy has it issued again: the time counts from the first.
  span->is_requeued = false;
  span->left = request_in(context)->__data_len;
  if (span->issued_ns)
    return 0;
  span->issued_ns = bpf_ktime_get_ns();
  count_request(span, span->kind | BLOCK_QUEUED, span->issued_ns - span->inserted_ns, false);
  return 0;
}

SEC("raw_tp/block_rq_requeue")
int requeue_request(u64 *context)
{
  struct request_span *span = open_span((u64)request_in(context));
  if (span)
    span->is_requeued = true;
  return 0;
}

// 5.10 may not know this hook: there the next request in the same memory ends what is known of it.
SEC("raw_tp/block_rq_merge")
int merge_request(u64 *context)
{
  u64 request = context[0];
  struct request_span *span = open_span(request);
  if (span)
    end_request(span, request);
  return 0;
}

// Arguments: the request, how it ended, and how many bytes are done by now.
SEC("raw_tp/block_rq_complete")
int complete_request(u64 *context)
{
  u64 address = context[0];
  struct request_span *span = open_span(address);
  if (!span)
    return 0;
  // Until 5.16 a negative errno, since then a blk_status_t: user space knows.
  s32 status = context[1];
  u32 bytes = context[2];
  if (!status && bytes < span->left) {
    span->left -= bytes;
    return 0;
  }
  if (span->issued_ns) {
    u64 length = bpf_ktime_get_ns() - span->issued_ns;
    if (count_request(span, span->kind, length, span->has_stack))
      send_kept_stack(address, span->kind, length);
    u32 error = status < 0 ? -status : status & 0xff;
    if (error)
      count_error(span->pid, span->kind, error);
  }
  end_request(span, address);
  return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
