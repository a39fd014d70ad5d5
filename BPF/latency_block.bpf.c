// How long block requests wait for their device, and how long it works on them: by process, device
// and operation.
//
// Hook:   raw_tp/block_rq_insert, block_rq_issue and block_rq_complete, once each a request.
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
#include "lib/exemplars.h"
#include "lib/follow.h"
#include "lib/histogram.h"
#include "lib/targets.h"
#include "shared/latency.h"

// Set by wick before load. Until 5.10 insert and issue have the queue as an argument before the
// request.
const volatile bool has_queue_argument = false;

// What is known of a request until it is done.
struct request_span {
  u64 inserted_ns;  // 0: it went to the device at once
  u64 issued_ns;
  u32 pid;
  u32 kind;
  char process_name[PROCESS_NAME_BYTES];
  u32 has_stack;
  u32 reserved;
  struct sample_header stack;  // whose frames user space knows already
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 16384);
  __type(key, u64);
  __type(value, struct request_span);
} requests SEC(".maps");

// Where the next is put together: it is too large for the stack.
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, u32);
  __type(value, struct request_span);
} fresh_requests SEC(".maps");

// Numbers of devices by major << 20 | minor, as user space has listed them; 0 for any other.
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, BLOCK_DEVICES);
  __type(key, u32);
  __type(value, u32);
} devices SEC(".maps");

static __always_inline u32 device_of(struct request *request)
{
  struct gendisk *disk = disk_of(request);
  if (!disk)
    return 0;
  u32 key = (u32)BPF_CORE_READ(disk, major) << 20 | (u32)BPF_CORE_READ(disk, first_minor);
  u32 *device = bpf_map_lookup_elem(&devices, &key);
  return device && *device < BLOCK_DEVICES ? *device : 0;
}

static __always_inline u32 operation_of(struct request *request)
{
  switch (BPF_CORE_READ(request, cmd_flags) & REQUEST_OPERATION) {
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

// Returns: whether a stack is wanted for it.
static __always_inline bool count_request(struct request_span *span, u32 kind, u64 length)
{
  struct histogram *histogram = histogram_of(span->pid, kind, 0);
  if (!histogram)
    return false;
  if (!histogram->process_name[0])
    __builtin_memcpy(histogram->process_name, span->process_name, PROCESS_NAME_BYTES);
  return count_value(histogram, length);
}

// Walks the stack that made the request and tells user space its frames, in case that it is slow.
static __always_inline void keep_stack(void *context, struct task_struct *task,
                                       struct request_span *span)
{
  if (!wants_exemplars || !may_walk())
    return;
  u32 cpu = bpf_get_smp_processor_id();
  struct scratch *scratch = begin_exemplar(context, task, cpu, span->kind, true);
  if (!scratch)
    return;
  struct sample_header *header = &scratch->raw.header;
  header->kind = SAMPLE_ANNOUNCED;
  // A copy helps the next one: user space gets to know the process.
  if (is_worth_a_copy(header->walk_end))
    send_copy(scratch, task, cpu);
  if (!is_announced(scratch))
    return;
  __builtin_memcpy(&span->stack, header, sizeof(span->stack));
  span->has_stack = 1;
}

// Sends the stack of a slow request.
static __always_inline void send_kept_stack(struct request_span *span, u64 length)
{
  if (!wants_exemplars)
    return;
  if (!span->has_stack) {
    note(LATENCY_EXEMPLARS_LIMITED);
    return;
  }
  struct sample_header *header = &span->stack;
  u32 window = current_window();
  header->time_ns = bpf_ktime_get_ns();
  header->kind = SAMPLE_EXEMPLAR;
  header->value = length;
  header->flags &= ~(SAMPLE_ODD_WINDOW | SAMPLE_STACK_SENT);
  header->flags |= (window & 1) * SAMPLE_ODD_WINDOW;
  if (header->kernel_frames + header->user_frames)
    header->flags |= SAMPLE_STACK_SENT;
  count_in(SAMPLE_EXEMPLAR, window, COUNTER_TAKEN);
  note(LATENCY_EXEMPLARS);
  if (bpf_ringbuf_output(&samples, header, SAMPLE_HEADER, wakeup_flag()))
    count_in(SAMPLE_EXEMPLAR, window, COUNTER_RING_FULL);
}

// Begins to follow a request that is ours.
static __always_inline struct request_span *begin_request(void *context, u64 key)
{
  struct request *request = (void *)key;
  u32 pid = bpf_get_current_pid_tgid() >> 32;
  struct task_struct *task = (void *)bpf_get_current_task();
  if (!is_target(task, pid))
    return 0;
  u32 zero = 0;
  struct request_span *fresh = bpf_map_lookup_elem(&fresh_requests, &zero);
  if (!fresh)
    return 0;
  fresh->inserted_ns = 0;
  fresh->issued_ns = 0;
  fresh->has_stack = 0;
  fresh->pid = pid;
  fresh->kind = device_of(request) << BLOCK_DEVICE_SHIFT | operation_of(request);
  BPF_CORE_READ_INTO(&fresh->process_name, task, group_leader, comm);
  if (bpf_map_update_elem(&requests, &key, fresh, BPF_ANY)) {
    note(LATENCY_BEGINNINGS_LOST);
    return 0;
  }
  struct request_span *span = bpf_map_lookup_elem(&requests, &key);
  if (span)
    keep_stack(context, task, span);
  return span;
}

SEC("raw_tp/block_rq_insert")
int insert_request(u64 *context)
{
  struct request_span *span = begin_request(context, has_queue_argument ? context[1] : context[0]);
  if (span)
    span->inserted_ns = bpf_ktime_get_ns();
  return 0;
}

SEC("raw_tp/block_rq_issue")
int issue_request(u64 *context)
{
  u64 key = has_queue_argument ? context[1] : context[0];
  struct request_span *span = bpf_map_lookup_elem(&requests, &key);
  if (!span)
    span = begin_request(context, key);
  if (!span)
    return 0;
  // A device that was busy has it issued again: the time counts from the first.
  if (span->issued_ns)
    return 0;
  span->issued_ns = bpf_ktime_get_ns();
  if (span->inserted_ns)
    count_request(span, span->kind | BLOCK_QUEUED, span->issued_ns - span->inserted_ns);
  return 0;
}

// Arguments: the request, how it ended, and how many bytes are done by now.
SEC("raw_tp/block_rq_complete")
int complete_request(u64 *context)
{
  u64 key = context[0];
  struct request_span *span = bpf_map_lookup_elem(&requests, &key);
  if (!span)
    return 0;
  struct request *request = (void *)key;
  // Until 5.16 a negative errno, since then a blk_status_t: user space knows.
  s32 status = context[1];
  u32 bytes = context[2];
  u32 left = BPF_CORE_READ(request, __data_len);
  if (!status && bytes < left)  // a part of it
    return 0;
  if (span->issued_ns) {
    u64 length = bpf_ktime_get_ns() - span->issued_ns;
    if (count_request(span, span->kind, length))
      send_kept_stack(span, length);
    u32 error = status < 0 ? -status : status & 0xff;
    if (error)
      count_error(span->pid, span->kind, error);
  }
  bpf_map_delete_elem(&requests, &key);
  return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
