// What a thread waits for, by what it was doing when it left its CPU: enum wait_reason.
#pragma once
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "arch/x86_calls.h"
#include "kernel/types.h"
#include "shared/events.h"

#define FILE_TYPE 0170000  // inode(7)
#define FILE_SOCKET 0140000
#define FILE_REGULAR 0100000
#define FILE_BLOCK_DEVICE 0060000
#define FILE_DIRECTORY 0040000
#define FILE_CHARACTER_DEVICE 0020000
#define FAMILY_UNIX 1

static __always_inline struct inode *inode_of(struct task_struct *task, u64 descriptor)
{
  struct fdtable *table = BPF_CORE_READ(task, files, fdt);
  if (!table || descriptor >= BPF_CORE_READ(table, max_fds))
    return 0;
  struct file **slot = BPF_CORE_READ(table, fd) + descriptor;
  struct file *file;
  if (bpf_probe_read_kernel(&file, sizeof(file), slot) || !file)
    return 0;
  return BPF_CORE_READ(file, f_inode);
}

static __always_inline enum wait_reason reason_of_socket(struct inode *inode)
{
  struct socket_alloc *both = (void *)inode - bpf_core_field_offset(struct socket_alloc, vfs_inode);
  u16 family = BPF_CORE_READ(both, socket.sk, __sk_common.skc_family);
  return family == FAMILY_UNIX ? WAIT_PIPE : WAIT_NETWORK;
}

static __always_inline enum wait_reason reason_of_file(struct task_struct *task, u64 descriptor)
{
  struct inode *inode = inode_of(task, descriptor);
  if (!inode)
    return WAIT_OTHER;
  switch (BPF_CORE_READ(inode, i_mode) & FILE_TYPE) {
  case FILE_SOCKET:
    return reason_of_socket(inode);
  case FILE_REGULAR:
  case FILE_BLOCK_DEVICE:
  case FILE_DIRECTORY:
    return WAIT_DISK;
  case FILE_CHARACTER_DEVICE:
    return WAIT_OTHER;
  default:  // a pipe, an eventfd, an inotify queue
    return WAIT_PIPE;
  }
}

// Of the calls of the 32-bit table that are several in one.
static __always_inline enum wait_reason reason_of_ipc(u64 operation)
{
  switch (operation & 0xffff) {
  case NARROW_SEMOP:
  case NARROW_SEMTIMEDOP:
    return WAIT_LOCK;
  case NARROW_MSGSND:
  case NARROW_MSGRCV:
    return WAIT_PIPE;
  default:
    return WAIT_OTHER;
  }
}

static __always_inline enum wait_reason reason_of_call(struct task_struct *task,
                                                       struct kernel_entry entry)
{
  // Which socket it is stands in the process's memory, which is not in place.
  if (entry.narrow == NARROW_SOCKETCALL)
    return WAIT_NETWORK;
  if (entry.narrow == NARROW_IPC)
    return reason_of_ipc(entry.first);
  switch (entry.call) {
  case CALL_FUTEX:
  case CALL_FUTEX_WAIT:
  case CALL_FUTEX_WAITV:
  case CALL_FLOCK:
  case CALL_FCNTL:
  case CALL_SEMOP:
  case CALL_SEMTIMEDOP:
    return WAIT_LOCK;
  case CALL_NANOSLEEP:
  case CALL_CLOCK_NANOSLEEP:
    return WAIT_TIMER;
  case CALL_WAIT4:
  case CALL_WAITID:
  case CALL_VFORK:
  case CALL_CLONE:
  case CALL_CLONE3:
    return WAIT_CHILD;
  case CALL_POLL:
  case CALL_PPOLL:
    return entry.second ? WAIT_POLL : WAIT_TIMER;
  case CALL_SELECT:
  case CALL_PSELECT6:
    return entry.first ? WAIT_POLL : WAIT_TIMER;
  case CALL_EPOLL_WAIT:
  case CALL_EPOLL_PWAIT:
  case CALL_EPOLL_PWAIT2:
  case CALL_IO_URING_ENTER:
    return WAIT_POLL;
  case CALL_PAUSE:
  case CALL_RT_SIGSUSPEND:
  case CALL_RT_SIGTIMEDWAIT:
    return WAIT_SIGNAL;
  case CALL_MSGSND:
  case CALL_MSGRCV:
  case CALL_MQ_TIMEDSEND:
  case CALL_MQ_TIMEDRECEIVE:
    return WAIT_PIPE;
  case CALL_IO_GETEVENTS:
  case CALL_IO_PGETEVENTS:
  case CALL_FSYNC:
  case CALL_FDATASYNC:
  case CALL_SYNC:
  case CALL_SYNCFS:
  case CALL_SYNC_FILE_RANGE:
  case CALL_MSYNC:
    return WAIT_DISK;
  case CALL_CONNECT:
  case CALL_ACCEPT:
  case CALL_ACCEPT4:
  case CALL_SENDTO:
  case CALL_RECVFROM:
  case CALL_SENDMSG:
  case CALL_RECVMSG:
  case CALL_SENDMMSG:
  case CALL_RECVMMSG:
  case CALL_READ:
  case CALL_WRITE:
  case CALL_PREAD:
  case CALL_PWRITE:
  case CALL_READV:
  case CALL_WRITEV:
  case CALL_PREADV:
  case CALL_PWRITEV:
  case CALL_PREADV2:
  case CALL_PWRITEV2:
  case CALL_SENDFILE:
  case CALL_SPLICE:
    return reason_of_file(task, entry.first);
  default:
    return WAIT_OTHER;
  }
}

// `detail` of SAMPLE_BLOCKED for a task that has just been given its CPU back.
static __always_inline u32 wait_detail(struct task_struct *task)
{
  bool waits_for_disk = BPF_CORE_READ_BITFIELD_PROBED(task, in_iowait);
  if ((BPF_CORE_READ(task, flags) & PF_KTHREAD) || !BPF_CORE_READ(task, mm))
    return waits_for_disk ? WAIT_DISK : WAIT_OTHER;
  struct kernel_entry entry = kernel_entry_of(task);
  if (entry.call < 0)
    return WAIT_PAGE_FAULT;
  enum wait_reason reason = reason_of_call(task, entry);
  // A call that waits for several files is not in the disk, though the kernel may count it so.
  if (waits_for_disk && reason != WAIT_POLL)
    reason = WAIT_DISK;
  return reason | (u32)(entry.call + 1) << WAIT_CALL_SHIFT;
}
