// What a process allocates, by stack, and what it still holds.
//
// Hook:   the functions of the process's allocator, each a trap of 0.4 to 0.9 µs; exit of threads.
//         Where the kernel has probe sessions (6.13) a return is only waited for where it matters:
//         of sampled calls, and of those that may call the allocator again from its inside.
// Emits:  one record for each allocation that is taken, as it returns.
// Needs:  Linux 5.10 with BTF.
#include "kernel/types.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "arch/x86.h"
#include "shared/alloc.h"
#include "shared/events.h"
#include "lib/alloc_weights.h"
#include "lib/inner_calls.h"
#include "lib/take.h"
#include "lib/targets.h"

// Set by wick before load: keep what is not freed.
const volatile bool want_held = false;

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, u32);
  __type(value, struct alloc_control);
} alloc_control SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 16384);
  __type(key, u32);
  __type(value, struct alloc_thread);
} alloc_threads SEC(".maps");

// The totals of threads that have ended.
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, u32);
  __type(value, struct alloc_totals);
} alloc_ended SEC(".maps");

// By address.
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1);
  __type(key, u64);
  __type(value, struct alloc_held);
} alloc_held SEC(".maps");

// What a realloc gives up, until it is known whether it did. By thread.
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 16384);
  __type(key, u32);
  __type(value, struct alloc_held);
} alloc_given_up SEC(".maps");

// CPUs on which a sample is being taken.
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 4096);
  __type(key, u32);
  __type(value, u8);
} alloc_takers SEC(".maps");

static __always_inline void add_atomically(u64 *total, u64 amount)
{
  // Not the builtin: clang makes an instruction of it that Linux 5.10 does not know.
  asm volatile("lock *(u64 *)(%0 + 0) += %1" ::"r"(total), "r"(amount) : "memory");
}

// For what threads that interrupt each other count.
static __always_inline void count_atomically(enum sample_kind kind, enum counter counter)
{
  u32 key = counter + (kind * COUNTER_WINDOWS + (current_window() & 1)) * COUNTER_COUNT;
  u64 *total = bpf_map_lookup_elem(&counters, &key);
  if (total)
    add_atomically(total, 1);
}

static __always_inline struct alloc_thread *thread_of(u32 tid)
{
  struct alloc_thread *thread = bpf_map_lookup_elem(&alloc_threads, &tid);
  if (thread)
    return thread;
  struct alloc_thread fresh = {};
  bpf_map_update_elem(&alloc_threads, &tid, &fresh, BPF_NOEXIST);
  thread = bpf_map_lookup_elem(&alloc_threads, &tid);
  if (!thread)
    count_atomically(SAMPLE_ALLOC, COUNTER_UNMEASURED);
  return thread;
}

// Takes what is given up out of what is held, until it is known whether it was given up.
static __always_inline bool give_up(u32 tid, u64 memory)
{
  if (!want_held || !memory)
    return false;
  struct alloc_held *held = bpf_map_lookup_elem(&alloc_held, &memory);
  if (!held)
    return false;
  struct alloc_held copy = *held;
  bpf_map_update_elem(&alloc_given_up, &tid, &copy, BPF_ANY);
  bpf_map_delete_elem(&alloc_held, &memory);
  return true;
}

enum { WAIT = 0, DO_NOT_WAIT = 1 };  // for the return, in a probe session

static __always_inline int on_free(u64 memory)
{
  u32 key = 0;
  if (!memory)
    return DO_NOT_WAIT;
  if (want_held && bpf_map_lookup_elem(&alloc_held, &memory)) {
    bpf_map_delete_elem(&alloc_held, &memory);
    return DO_NOT_WAIT;
  }
  struct alloc_control *told = bpf_map_lookup_elem(&alloc_control, &key);
  if (told && told->period)
    return DO_NOT_WAIT;
  struct alloc_totals *totals = bpf_map_lookup_elem(&alloc_ended, &key);
  if (totals)
    add_atomically(&totals->frees, 1);
  return DO_NOT_WAIT;
}

static __always_inline int on_call(struct pt_regs *context, enum alloc_function function, u64 size,
                                   u64 memory)
{
  u32 key = 0;
  u32 tid = bpf_get_current_pid_tgid();
  struct alloc_control *told = bpf_map_lookup_elem(&alloc_control, &key);
  struct alloc_thread *thread = thread_of(tid);
  if (!told || !thread)
    return DO_NOT_WAIT;
  u64 stack_pointer = context->sp;
  u64 return_address = 0;
  bpf_probe_read_user(&return_address, sizeof(return_address), (void *)stack_pointer);
  if (is_inner_call(thread, told, context, return_address)) {
    thread->totals.inner_calls++;
    return DO_NOT_WAIT;
  }
  thread->last_stack_pointer = stack_pointer;
  thread->last_function = context->ip;
  thread->return_address = return_address;
  thread->totals.calls++;
  thread->totals.bytes += size;
  u64 period = told->period;
  if (!period)
    return DO_NOT_WAIT;
  u64 weight = weigh(thread, size, period);
  bool may_call_again = function == ALLOC_ALIGNED || function == ALLOC_ALIGNED_BY_OUT;
  bool is_given_up = function == ALLOC_AGAIN && give_up(tid, memory);
  if (!weight && !may_call_again && !is_given_up)
    return DO_NOT_WAIT;
  thread->stack_pointer = stack_pointer;
  thread->size = size;
  thread->weight = weight;
  thread->memory = memory;
  thread->function = function | (is_given_up ? ALLOC_GIVEN_UP : 0);
  thread->inner_calls = 0;
  return WAIT;
}

// The product, or all bytes there are where it is more: such a call fails.
static __always_inline u64 product(u64 one, u64 other)
{
  u64 high = (one >> 32) * (u32)other + (other >> 32) * (u32)one;
  u64 low = (u64)(u32)one * (u32)other;
  if ((one >> 32 && other >> 32) || high >> 32 || (high << 32) + low < low)
    return ~0ULL;
  return (high << 32) + low;
}

// What the call that the thread waited for gave back; 0 if it failed.
static __always_inline u64 result(struct pt_regs *context, struct alloc_thread *thread)
{
  u64 memory = context->ax;
  if ((thread->function & ~ALLOC_GIVEN_UP) != ALLOC_ALIGNED_BY_OUT)
    return memory;
  if ((u32)memory || bpf_probe_read_user(&memory, sizeof(memory), (void *)thread->memory))
    return 0;
  return memory;
}

static __always_inline void on_failure(struct alloc_thread *thread, u32 tid)
{
  struct alloc_held *old = 0;
  u64 memory = thread->memory;
  if (thread->function & ALLOC_GIVEN_UP)
    old = bpf_map_lookup_elem(&alloc_given_up, &tid);
  // realloc to nothing is how some free.
  if (old && thread->size)
    bpf_map_update_elem(&alloc_held, &memory, old, BPF_ANY);
  if (!thread->size)
    return;
  thread->totals.calls--;
  thread->totals.bytes -= thread->size;
  thread->totals.failed_calls++;
  thread->totals.failed_bytes += thread->size;
}

// Sends the sample of a call that has just returned; false if it was not sent.
static __always_inline bool send_allocation(struct pt_regs *context, struct scratch *scratch,
                                            u32 cpu, struct alloc_held *held)
{
  struct task_struct *task = (void *)bpf_get_current_task();
  struct sample_header *header = &scratch->raw.header;
  fill_header(header, task, current_window());
  header->kind = SAMPLE_ALLOC;
  header->value = held->weight;
  registers_from_context(&scratch->raw, (struct bpf_perf_event_data *)context);
  header->flags |= SAMPLE_IN_SYSCALL;
  header->walk_end = walk_from_registers(scratch, task, header->pid);
  if (want_user && !header->user_frames) {
    // Who called is known even where the walk could not begin.
    u64 frame = context->ip | FRAME_IS_RETURN;
    scratch->stack.frames[0] = frame;
    header->user_frames = 1;
    header->stack_id = mix(header->stack_id, frame);
  }
  // What the kernel could not walk is told apart by its time.
  held->token = header->stack_id;
  if (header->walk_end != WALK_COMPLETE)
    held->token ^= header->time_ns;
  return send(scratch, task, cpu);
}

// Takes a sample, unless the memory to put it together is in use: by a thread on this CPU that was
// interrupted while it took one, as programs at user functions may be.
static __always_inline bool take(struct pt_regs *context, struct alloc_held *held)
{
  u32 cpu = bpf_get_smp_processor_id();
  u8 in_use = 1;
  bool is_sent = false;
  count_atomically(SAMPLE_ALLOC, COUNTER_TAKEN);
  struct scratch *scratch = bpf_map_lookup_elem(&scratches, &cpu);
  if (!scratch || bpf_map_update_elem(&alloc_takers, &cpu, &in_use, BPF_NOEXIST)) {
    count_atomically(SAMPLE_ALLOC, COUNTER_NO_SCRATCH);
    return false;
  }
  is_sent = send_allocation(context, scratch, cpu, held);
  bpf_map_delete_elem(&alloc_takers, &cpu);
  return is_sent;
}

static __always_inline int on_return(struct pt_regs *context)
{
  u32 tid = bpf_get_current_pid_tgid();
  struct alloc_thread *thread = bpf_map_lookup_elem(&alloc_threads, &tid);
  // The return address is gone from the stack by now.
  if (!thread || !thread->stack_pointer || context->sp != thread->stack_pointer + 8 ||
      context->ip != thread->return_address)
    return 0;
  thread->stack_pointer = 0;
  u64 memory = result(context, thread);
  if (!memory) {
    on_failure(thread, tid);
  } else if (thread->weight) {
    struct alloc_held held = { .weight = thread->weight, .tid = tid };
    if (take(context, &held) && want_held &&
        bpf_map_update_elem(&alloc_held, &memory, &held, BPF_ANY))
      count_atomically(SAMPLE_HELD, COUNTER_UNMEASURED);
  }
  if (thread->function & ALLOC_GIVEN_UP)
    bpf_map_delete_elem(&alloc_given_up, &tid);
  return 0;
}

static __always_inline int on_entry(struct pt_regs *context, enum alloc_function function)
{
  switch (function) {
  case ALLOC_SIZE:
    return on_call(context, function, context->di, 0);
  case ALLOC_COUNT_SIZE:
    return on_call(context, function, product(context->di, context->si), 0);
  case ALLOC_ALIGNED:
    return on_call(context, function, context->si, 0);
  case ALLOC_ALIGNED_BY_OUT:
    return on_call(context, function, context->dx, context->di);
  case ALLOC_AGAIN:
    return on_call(context, function, context->si, context->di);
  case ALLOC_FREE:
    return on_free(context->di);
  default:
    return DO_NOT_WAIT;
  }
}

static __always_inline int run_at_entry(struct pt_regs *context, enum alloc_function function)
{
  u64 start = counts_runs ? bpf_ktime_get_ns() : 0;
  int result = on_entry(context, function);
  count_run(SAMPLE_ALLOC, start);
  return result;
}

static __always_inline int run_at_return(struct pt_regs *context)
{
  u64 start = counts_runs ? bpf_ktime_get_ns() : 0;
  int result = on_return(context);
  count_run(SAMPLE_ALLOC, start);
  return result;
}

// Where there are probe sessions, one program is all: it runs at the call and, where it then asked
// for it, at the return.
SEC("uprobe")
int allocator(struct pt_regs *context)
{
  u64 cookie = bpf_get_attach_cookie(context);
  if (context->ip != cookie >> ALLOC_COOKIE_SHIFT)
    return run_at_return(context);
  return run_at_entry(context, cookie & ((1 << ALLOC_COOKIE_SHIFT) - 1));
}

// Elsewhere there is one for each way to call, for cookies are younger than 5.10.
#define AT_ENTRY(name, function)                                                                   \
  SEC("uprobe")                                                                                    \
  int name(struct pt_regs *context)                                                                \
  {                                                                                                \
    return run_at_entry(context, function);                                                        \
  }

AT_ENTRY(alloc_size, ALLOC_SIZE)
AT_ENTRY(alloc_count_size, ALLOC_COUNT_SIZE)
AT_ENTRY(alloc_aligned, ALLOC_ALIGNED)
AT_ENTRY(alloc_aligned_by_out, ALLOC_ALIGNED_BY_OUT)
AT_ENTRY(alloc_again, ALLOC_AGAIN)
AT_ENTRY(alloc_free, ALLOC_FREE)

SEC("uretprobe")
int alloc_return(struct pt_regs *context)
{
  return run_at_return(context);
}

// A thread ends, perhaps in the middle of a call.
SEC("tp_btf/sched_process_exit")
int BPF_PROG(end_allocations, struct task_struct *task)
{
  u32 key = 0;
  u32 tid = task->pid;
  struct alloc_thread *thread = bpf_map_lookup_elem(&alloc_threads, &tid);
  struct alloc_totals *ended = bpf_map_lookup_elem(&alloc_ended, &key);
  if (!thread || !ended)
    return 0;
  add_atomically(&ended->calls, thread->totals.calls);
  add_atomically(&ended->bytes, thread->totals.bytes);
  add_atomically(&ended->failed_calls, thread->totals.failed_calls);
  add_atomically(&ended->failed_bytes, thread->totals.failed_bytes);
  add_atomically(&ended->inner_calls, thread->totals.inner_calls);
  bpf_map_delete_elem(&alloc_threads, &tid);
  bpf_map_delete_elem(&alloc_given_up, &tid);
  return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
