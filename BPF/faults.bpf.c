// Page faults: the memory that they made resident, with the code that touched it first.
//
// Hook:   page_fault_user, on each fault of user code; mm_page_alloc, for huge pages.
// Emits:  SAMPLE_FAULT for the faults that are sampled; the value is in bytes.
// Needs:  Linux 5.10 with BTF.
//
// A fault on a page that is there already (copy on write, a changed permission) is none. A fault on a
// file may bring in the pages around it: they are not counted.
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

// A huge page that a fault asks for; the fault itself has counted its first page.
SEC("tp_btf/mm_page_alloc")
int BPF_PROG(watch_huge_page, struct page *page, unsigned int order)
{
  if (order != HUGE_PAGE_ORDER || !page)
    return 0;
  struct task_struct *task = (void *)bpf_get_current_task();
  u32 pid = bpf_get_current_pid_tgid() >> 32;
  if (!pid || !is_target(task, pid) || !has_user_side(task) || is_call_at(own_registers()))
    return 0;
  add_fault(HUGE_PAGE_BYTES - PAGE_BYTES);
  return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
