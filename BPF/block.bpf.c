// Block I/O: how long devices took for each request, with the stack that made it.
//
// Hook:   tp_btf/block_rq_insert and block_rq_issue, raw_tp/block_rq_complete, once each a request;
//         raw_tp/block_rq_requeue and block_rq_merge, where that happens.
// Emits:  SAMPLE_BLOCK_IO for the requests that are sampled; `detail` is device and operation.
// Needs:  Linux 5.10 with BTF.
//
// A request is made in the name of the thread that runs when it is first seen; what the kernel writes
// back later is its own worker's. The stack is walked then, and kept until the device is done.
#include "kernel/block.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lib/requests.h"
#include "lib/spans.h"
#include "lib/take.h"
#include "lib/targets.h"
#include "lib/walking.h"

// The program and the functions that call it.
#define BLOCK_MEASUREMENT_FRAMES 2

struct open_request {
  u64 issued_ns;               // 0 until the device has it
  u64 is_requeued;             // it will be inserted or issued once more
  struct sample_header stack;  // whose frames user space knows
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 8192);
  __type(key, u64);
  __type(value, struct open_request);
} open_requests SEC(".maps");

static __always_inline u32 device_and_operation(struct request *request)
{
  struct gendisk *disk = disk_of(request);
  u32 major = disk ? disk->major : 0;
  u32 minor = disk ? disk->first_minor : 0;
  u32 operation = request->cmd_flags & REQUEST_OPERATION;
  return major << BLOCK_MAJOR_SHIFT | (minor & BLOCK_MINOR_MASK) << BLOCK_MINOR_SHIFT |
         (operation & BLOCK_OPERATION_MASK);
}

// Remembers a request with its stack.
static __always_inline struct open_request *walk_request(u64 *context, struct task_struct *task)
{
  struct request *request = request_in(context);
  u64 key = (u64)request;
  u32 window = current_window();
  u32 cpu = bpf_get_smp_processor_id();
  struct scratch *scratch = bpf_map_lookup_elem(&scratches, &cpu);
  if (!scratch) {
    count_in(SAMPLE_BLOCK_IO, window, COUNTER_UNMEASURED);
    return 0;
  }
  struct sample_header *header = &scratch->raw.header;
  fill_header(header, task, window);
  if (want_kernel) {
    long bytes = bpf_get_stack(context, scratch->stack.frames, KERNEL_FRAMES_MAX * 8,
                               BLOCK_MEASUREMENT_FRAMES);
    set_kernel_frames(scratch, cpu, bytes > 0 ? bytes : 0);
  }
  header->walk_end = walk_in_kernel(scratch, task, header->pid);
  header->kind = SAMPLE_ANNOUNCED;
  header->detail = device_and_operation(request);
  // A copy helps the next one: user space gets to know the process.
  if (is_worth_a_copy(header->walk_end))
    send_copy(scratch, task, cpu);
  if (!is_announced(scratch)) {
    header->kernel_frames = 0;
    header->user_frames = 0;
    header->flags |= SAMPLE_NO_USER_STACK;
  }
  struct open_request fresh = {};
  if (bpf_map_update_elem(&open_requests, &key, &fresh, BPF_ANY)) {
    count_in(SAMPLE_BLOCK_IO, window, COUNTER_UNMEASURED);
    return 0;
  }
  struct open_request *open = bpf_map_lookup_elem(&open_requests, &key);
  if (open)
    __builtin_memcpy(&open->stack, header, sizeof(open->stack));
  return open;
}

// Remembers a request that is ours.
static __always_inline struct open_request *open_request(u64 *context)
{
  struct task_struct *task = (void *)bpf_get_current_task();
  u32 pid = bpf_get_current_pid_tgid() >> 32;
  if (!is_target(task, pid))
    return 0;
  if (!begin_walking()) {
    count_in(SAMPLE_BLOCK_IO, 0, COUNTER_UNMEASURED);
    return 0;
  }
  struct open_request *open = walk_request(context, task);
  end_walking();
  return open;
}

SEC("tp_btf/block_rq_insert")
int insert_request(u64 *context)
{
  u64 start = bpf_ktime_get_ns();
  u64 key = (u64)request_in(context);
  struct open_request *open = bpf_map_lookup_elem(&open_requests, &key);
  if (open && open->is_requeued)
    return 0;
  // How another one in the same memory ended was not seen.
  if (open)
    bpf_map_delete_elem(&open_requests, &key);
  if (open_request(context))
    count_run(SAMPLE_BLOCK_IO, start);
  return 0;
}

SEC("tp_btf/block_rq_issue")
int issue_request(u64 *context)
{
  u64 start = bpf_ktime_get_ns();
  u64 key = (u64)request_in(context);
  struct open_request *open = bpf_map_lookup_elem(&open_requests, &key);
  if (open && open->issued_ns && !open->is_requeued) {  // as above
    bpf_map_delete_elem(&open_requests, &key);
    open = 0;
  }
  if (!open)
    open = open_request(context);
  // A device that was busy has it issued again: the time counts from the first.
  if (open && !open->issued_ns)
    open->issued_ns = bpf_ktime_get_ns();
  if (open)
    open->is_requeued = 0;
  count_run(SAMPLE_BLOCK_IO, start);
  return 0;
}

SEC("raw_tp/block_rq_requeue")
int requeue_request(u64 *context)
{
  u64 key = (u64)request_in(context);
  struct open_request *open = bpf_map_lookup_elem(&open_requests, &key);
  if (open)
    open->is_requeued = 1;
  return 0;
}

// 5.10 may not know this hook: there the next request in the same memory ends what is known of it.
SEC("raw_tp/block_rq_merge")
int merge_request(u64 *context)
{
  u64 key = context[0];
  bpf_map_delete_elem(&open_requests, &key);
  return 0;
}

// Whether nothing of it is left, given how it ended and how many bytes are done by now.
static __always_inline bool is_done(u64 request, s32 status, u32 bytes)
{
  return status || bytes >= BPF_CORE_READ((struct request *)request, __data_len);
}

static __always_inline void end_request(struct open_request *open, u64 now)
{
  u32 key = 0;
  struct sampler_control *told = bpf_map_lookup_elem(&control, &key);
  if (!told || !open->issued_ns || now < open->issued_ns)
    return;
  u64 value = end_span(SAMPLE_BLOCK_IO, told, now - open->issued_ns);
  if (!value)
    return;
  u32 window = told->window;
  struct sample_header *header = &open->stack;
  header->time_ns = now;
  header->kind = SAMPLE_BLOCK_IO;
  header->value = value;
  header->flags &= ~(SAMPLE_ODD_WINDOW | SAMPLE_STACK_SENT);
  header->flags |= (window & 1) * SAMPLE_ODD_WINDOW;
  if (header->kernel_frames + header->user_frames)
    header->flags |= SAMPLE_STACK_SENT;
  count_in(SAMPLE_BLOCK_IO, window, COUNTER_TAKEN);
  if (bpf_ringbuf_output(&samples, header, SAMPLE_HEADER, wakeup_flag()))
    count_in(SAMPLE_BLOCK_IO, window, COUNTER_RING_FULL);
}

// Arguments: the request, how it ended, and how many bytes are done by now.
SEC("raw_tp/block_rq_complete")
int complete_request(u64 *context)
{
  u64 key = context[0];
  struct open_request *open = bpf_map_lookup_elem(&open_requests, &key);
  if (!open)
    return 0;
  u64 now = bpf_ktime_get_ns();
  if (!is_done(key, context[1], context[2]))
    return 0;
  end_request(open, now);
  bpf_map_delete_elem(&open_requests, &key);
  count_run(SAMPLE_BLOCK_IO, now);
  return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
