// System calls by the 32-bit table, of 32-bit programs and of `int $0x80`: what they are in the other
// table (kernel: arch/x86/entry/syscalls/syscall_32.tbl).
#pragma once
#include "kernel/types.h"
#include "shared/calls.h"

// The thread is in such a call (kernel: arch/x86/include/asm/thread_info.h).
#define TS_COMPAT 2

enum narrow_call {
  NARROW_EXIT = 1,
  NARROW_SOCKETCALL = 102,
  NARROW_IPC = 117,
  NARROW_SIGRETURN = 119,
  NARROW_RT_SIGRETURN = 173,
  NARROW_EXIT_GROUP = 252,
  // From here on both tables have the same numbers.
  NARROW_SAME = 424,
};

// The first argument of ipc(2) (kernel: include/uapi/linux/ipc.h).
enum narrow_ipc {
  NARROW_SEMOP = 1,
  NARROW_SEMTIMEDOP = 4,
  NARROW_MSGSND = 11,
  NARROW_MSGRCV = 12,
};

struct thread_info___status {
  u32 status;
} __attribute__((preserve_access_index));

struct task_struct___status {
  struct thread_info___status thread_info;
} __attribute__((preserve_access_index));

enum bpf_func_id___current { BPF_FUNC_get_current_task_btf };

// Whether the thread that runs makes a call by the 32-bit table.
static __always_inline bool is_narrow_call(void)
{
  if (bpf_core_enum_value_exists(enum bpf_func_id___current, BPF_FUNC_get_current_task_btf)) {
    struct task_struct___status *task = (void *)bpf_get_current_task_btf();  // since 5.11
    return task->thread_info.status & TS_COMPAT;
  }
  struct task_struct___status *task = (void *)bpf_get_current_task();
  return BPF_CORE_READ(task, thread_info.status) & TS_COMPAT;
}

// The same of any thread.
static __always_inline bool is_narrow_call_of(struct task_struct *task)
{
  struct task_struct___status *other = (void *)task;
  return BPF_CORE_READ(other, thread_info.status) & TS_COMPAT;
}

// The kind of the call that the thread at hand makes.
static __always_inline u32 kind_of_call(u64 number)
{
  u32 kind = number < CALL_OTHER ? number : CALL_OTHER;
  return is_narrow_call() ? kind | CALL_32_BIT : kind;
}
