// What any program at the entry and the exit of system calls costs: nothing is done here.
#include "kernel/types.h"
#include <bpf/bpf_helpers.h>

SEC("raw_tp/sys_enter")
int enter_nothing(u64 *context)
{
  return 0;
}

SEC("raw_tp/sys_exit")
int leave_nothing(u64 *context)
{
  return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
