// Page faults: the memory that they made resident, with the code that touched it first.
//
// Hook:   page_fault_user and page_fault_kernel, on each fault of user code and of the kernel;
//         mm_page_alloc, for huge pages.
// Emits:  SAMPLE_FAULT for the faults that are sampled; the value is in bytes.
// Needs:  Linux 5.10 with BTF.
//
// A fault on a page that is there already (copy on write, a changed permission) is none. A fault on a
// file may bring in the pages around it: they are not counted, and neither is what the kernel brings in
// without a fault (MAP_POPULATE, mlock, direct I/O).
#include "kernel/types.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "arch/x86_calls.h"
#include "lib/own_spans.h"
#include "lib/targets.h"

#define FAULT_ON_PRESENT_PAGE 1  // bit of the error code, Intel SDM volume 3, 4.7
#define HUGE_PAGE_ORDER 9
#define HUGE_PAGE_BYTES ((u64)PAGE_BYTES << HUGE_PAGE_ORDER)

// The last fault that a thread's call took on the memory of its process, by thread.
struct kernel_fault {
  u64 registers;  // where the exception saved them, on the thread's kernel stack
  u64 ip, sp;     // in them
};

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 1024);
  __type(key, u32);
  __type(value, struct kernel_fault);
} kernel_faults SEC(".maps");

static __always_inline bool read_fault(struct kernel_fault *fault, u64 registers)
{
  fault->registers = registers;
  return !bpf_probe_read_kernel(&fault->ip, 8,
                                (void *)registers + __builtin_offsetof(struct pt_regs, ip)) &&
         !bpf_probe_read_kernel(&fault->sp, 8,
                                (void *)registers + __builtin_offsetof(struct pt_regs, sp));
}

// Whether a thread in a call is still at its last fault, and for the first time: what the call does
// otherwise overwrites that part of the stack, or is another fault.
static __always_inline bool is_at_fault(u32 tid)
{
  struct kernel_fault *fault = bpf_map_lookup_elem(&kernel_faults, &tid);
  struct kernel_fault now = {};
  if (!fault || !read_fault(&now, fault->registers))
    return false;
  bool is_same = now.ip == fault->ip && now.sp == fault->sp;
  bpf_map_delete_elem(&kernel_faults, &tid);
  return is_same;
}

static __always_inline void add_fault(u64 bytes)
{
  u64 now = bpf_ktime_get_ns();
  end_own_span(SAMPLE_FAULT, bytes, 0);
  count_run(SAMPLE_FAULT, now);
}

SEC("raw_tp/page_fault_user")
int watch_fault(struct bpf_raw_tracepoint_args *context)
{
  if (context->args[2] & FAULT_ON_PRESENT_PAGE)
    return 0;
  u32 pid = bpf_get_current_pid_tgid() >> 32;
  if (is_target((void *)bpf_get_current_task(), pid))
    add_fault(PAGE_BYTES);
  return 0;
}

// Whether the kernel does not handle the faults that the thread at hand takes. Reading that out is
// itself done so, and counts as one.
static __always_inline bool only_probes(struct task_struct *task)
{
  return BPF_CORE_READ(task, pagefault_disabled) > 1;
}

// A call that writes to memory which is not there yet: read(2) into fresh pages, for instance. Who
// only looks whether memory can be read, as profilers do, has the kernel not handle the fault.
SEC("raw_tp/page_fault_kernel")
int watch_kernel_fault(struct bpf_raw_tracepoint_args *context)
{
  bool is_kernels = (s64)context->args[0] < 0;
  if (is_kernels || (context->args[2] & FAULT_ON_PRESENT_PAGE))
    return 0;
  struct task_struct *task = (void *)bpf_get_current_task();
  u64 id = bpf_get_current_pid_tgid();
  u32 tid = id;
  if (only_probes(task) || !has_user_side(task) || !is_target(task, id >> 32))
    return 0;
  struct kernel_fault fault = {};
  if (read_fault(&fault, context->args[1]))
    bpf_map_update_elem(&kernel_faults, &tid, &fault, BPF_ANY);
  add_fault(PAGE_BYTES);
  return 0;
}

// A huge page that a fault asks for; the fault itself has counted its first page.
SEC("tp_btf/mm_page_alloc")
int BPF_PROG(watch_huge_page, struct page *page, unsigned int order)
{
  if (order != HUGE_PAGE_ORDER || !page)
    return 0;
  struct task_struct *task = (void *)bpf_get_current_task();
  u64 id = bpf_get_current_pid_tgid();
  u32 pid = id >> 32;
  if (!pid || !is_target(task, pid) || !has_user_side(task))
    return 0;
  if (is_call_at(own_registers()) && !is_at_fault((u32)id))
    return 0;
  add_fault(HUGE_PAGE_BYTES - PAGE_BYTES);
  return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
