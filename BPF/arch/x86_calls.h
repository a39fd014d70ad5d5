// System calls of x86-64 that wait (kernel: arch/x86/entry/syscalls/syscall_64.tbl), and where their
// arguments are.
#pragma once
#include "arch/x86.h"

enum system_call {
  CALL_READ = 0,
  CALL_WRITE = 1,
  CALL_POLL = 7,
  CALL_PREAD = 17,
  CALL_PWRITE = 18,
  CALL_READV = 19,
  CALL_WRITEV = 20,
  CALL_SELECT = 23,
  CALL_MSYNC = 26,
  CALL_PAUSE = 34,
  CALL_NANOSLEEP = 35,
  CALL_SENDFILE = 40,
  CALL_CONNECT = 42,
  CALL_ACCEPT = 43,
  CALL_SENDTO = 44,
  CALL_RECVFROM = 45,
  CALL_SENDMSG = 46,
  CALL_RECVMSG = 47,
  CALL_CLONE = 56,
  CALL_VFORK = 58,
  CALL_EXIT = 60,
  CALL_WAIT4 = 61,
  CALL_SEMOP = 65,
  CALL_MSGSND = 69,
  CALL_MSGRCV = 70,
  CALL_FCNTL = 72,
  CALL_FLOCK = 73,
  CALL_FSYNC = 74,
  CALL_FDATASYNC = 75,
  CALL_RT_SIGTIMEDWAIT = 128,
  CALL_RT_SIGSUSPEND = 130,
  CALL_SYNC = 162,
  CALL_FUTEX = 202,
  CALL_IO_GETEVENTS = 208,
  CALL_SEMTIMEDOP = 220,
  CALL_CLOCK_NANOSLEEP = 230,
  CALL_EXIT_GROUP = 231,
  CALL_EPOLL_WAIT = 232,
  CALL_MQ_TIMEDSEND = 242,
  CALL_MQ_TIMEDRECEIVE = 243,
  CALL_WAITID = 247,
  CALL_PSELECT6 = 270,
  CALL_PPOLL = 271,
  CALL_SPLICE = 275,
  CALL_SYNC_FILE_RANGE = 277,
  CALL_EPOLL_PWAIT = 281,
  CALL_ACCEPT4 = 288,
  CALL_PREADV = 295,
  CALL_PWRITEV = 296,
  CALL_RECVMMSG = 299,
  CALL_SYNCFS = 306,
  CALL_SENDMMSG = 307,
  CALL_PREADV2 = 327,
  CALL_PWRITEV2 = 328,
  CALL_IO_PGETEVENTS = 333,
  CALL_IO_URING_ENTER = 426,
  CALL_CLONE3 = 435,
  CALL_EPOLL_PWAIT2 = 441,
  CALL_FUTEX_WAITV = 449,
  CALL_FUTEX_WAIT = 455,
};

static __always_inline bool never_returns(u32 call)
{
  return call == CALL_EXIT || call == CALL_EXIT_GROUP;
}

// What a thread in the kernel is there for.
struct kernel_entry {
  s64 call;  // number of the system call; negative: an interrupt or a fault
  u64 first;
  u64 second;
};

static __always_inline struct kernel_entry kernel_entry_of(struct task_struct *task)
{
  struct kernel_entry entry = { .call = -1 };
  struct pt_regs saved;
  if (bpf_probe_read_kernel(&saved, sizeof(saved), saved_registers(task)))
    return entry;
  entry.call = (s64)saved.orig_ax;
  entry.first = saved.di;
  entry.second = saved.si;
  return entry;
}

// Whether it is there for a system call.
static __always_inline bool is_call_at(void *registers)
{
  s64 call = -1;
  registers += __builtin_offsetof(struct pt_regs, orig_ax);
  bpf_probe_read_kernel(&call, sizeof(call), registers);
  return call >= 0;
}

static __always_inline bool is_in_call(struct task_struct *task)
{
  return is_call_at(saved_registers(task));
}
