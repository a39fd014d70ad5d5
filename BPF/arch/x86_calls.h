// System calls of x86-64 that wait (kernel: arch/x86/entry/syscalls/syscall_64.tbl), and where their
// arguments are.
#pragma once
#include "arch/x86.h"
#include "arch/x86_narrow_calls.h"

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

// By its kind: see shared/calls.h.
static __always_inline bool never_returns(u32 kind)
{
  return kind == CALL_EXIT || kind == CALL_EXIT_GROUP || kind == (CALL_32_BIT | NARROW_EXIT) ||
         kind == (CALL_32_BIT | NARROW_EXIT_GROUP);
}

// The calls that wait, by their numbers in both tables; of two with the same work one has a time of 64
// bits, or a file's position.
static __always_inline s64 wide_call(u32 narrow)
{
  if (narrow >= NARROW_SAME)
    return narrow;
  switch (narrow) {
  case 3:  // read
    return CALL_READ;
  case 4:  // write
    return CALL_WRITE;
  case 7:    // waitpid
  case 114:  // wait4
    return CALL_WAIT4;
  case 29:  // pause
    return CALL_PAUSE;
  case 36:  // sync
    return CALL_SYNC;
  case 55:   // fcntl
  case 221:  // fcntl64
    return CALL_FCNTL;
  case 72:   // sigsuspend
  case 179:  // rt_sigsuspend
    return CALL_RT_SIGSUSPEND;
  case 82:   // select
  case 142:  // _newselect
    return CALL_SELECT;
  case 118:  // fsync
    return CALL_FSYNC;
  case 120:  // clone
    return CALL_CLONE;
  case 143:  // flock
    return CALL_FLOCK;
  case 144:  // msync
    return CALL_MSYNC;
  case 145:  // readv
    return CALL_READV;
  case 146:  // writev
    return CALL_WRITEV;
  case 148:  // fdatasync
    return CALL_FDATASYNC;
  case 162:  // nanosleep
    return CALL_NANOSLEEP;
  case 168:  // poll
    return CALL_POLL;
  case 177:  // rt_sigtimedwait
  case 421:  // rt_sigtimedwait_time64
    return CALL_RT_SIGTIMEDWAIT;
  case 180:  // pread64
    return CALL_PREAD;
  case 181:  // pwrite64
    return CALL_PWRITE;
  case 187:  // sendfile
  case 239:  // sendfile64
    return CALL_SENDFILE;
  case 190:  // vfork
    return CALL_VFORK;
  case 240:  // futex
  case 422:  // futex_time64
    return CALL_FUTEX;
  case 247:  // io_getevents
    return CALL_IO_GETEVENTS;
  case 256:  // epoll_wait
    return CALL_EPOLL_WAIT;
  case 267:  // clock_nanosleep
  case 407:  // clock_nanosleep_time64
    return CALL_CLOCK_NANOSLEEP;
  case 279:  // mq_timedsend
  case 418:  // mq_timedsend_time64
    return CALL_MQ_TIMEDSEND;
  case 280:  // mq_timedreceive
  case 419:  // mq_timedreceive_time64
    return CALL_MQ_TIMEDRECEIVE;
  case 284:  // waitid
    return CALL_WAITID;
  case 308:  // pselect6
  case 413:  // pselect6_time64
    return CALL_PSELECT6;
  case 309:  // ppoll
  case 414:  // ppoll_time64
    return CALL_PPOLL;
  case 313:  // splice
    return CALL_SPLICE;
  case 314:  // sync_file_range
    return CALL_SYNC_FILE_RANGE;
  case 319:  // epoll_pwait
    return CALL_EPOLL_PWAIT;
  case 333:  // preadv
    return CALL_PREADV;
  case 334:  // pwritev
    return CALL_PWRITEV;
  case 337:  // recvmmsg
  case 417:  // recvmmsg_time64
    return CALL_RECVMMSG;
  case 344:  // syncfs
    return CALL_SYNCFS;
  case 345:  // sendmmsg
    return CALL_SENDMMSG;
  case 362:  // connect
    return CALL_CONNECT;
  case 364:  // accept4
    return CALL_ACCEPT4;
  case 369:  // sendto
    return CALL_SENDTO;
  case 370:  // sendmsg
    return CALL_SENDMSG;
  case 371:  // recvfrom
    return CALL_RECVFROM;
  case 372:  // recvmsg
    return CALL_RECVMSG;
  case 378:  // preadv2
    return CALL_PREADV2;
  case 379:  // pwritev2
    return CALL_PWRITEV2;
  case 385:  // io_pgetevents
  case 416:  // io_pgetevents_time64
    return CALL_IO_PGETEVENTS;
  case 400:  // msgsnd
    return CALL_MSGSND;
  case 401:  // msgrcv
    return CALL_MSGRCV;
  case 420:  // semtimedop_time64
    return CALL_SEMTIMEDOP;
  default:
    return CALL_OTHER;
  }
}

// What a thread in the kernel is there for.
struct kernel_entry {
  s64 call;  // number of the system call, by the 64-bit table; negative: an interrupt or a fault
  u64 first;
  u64 second;
  u32 narrow;  // the number by the 32-bit table, where it was called so; else 0
};

static __always_inline struct kernel_entry kernel_entry_of(struct task_struct *task)
{
  struct kernel_entry entry = { .call = -1 };
  struct pt_regs saved;
  if (bpf_probe_read_kernel(&saved, sizeof(saved), saved_registers(task)))
    return entry;
  entry.call = (s64)saved.orig_ax;
  if (entry.call >= 0 && is_narrow_call_of(task)) {
    entry.narrow = (u32)saved.orig_ax;
    entry.call = wide_call(entry.narrow);
    entry.first = (u32)saved.bx;
    entry.second = (u32)saved.cx;
    return entry;
  }
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
