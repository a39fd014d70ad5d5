// What Swift cannot import: variadic system calls and ioctl numbers made by macros.
#pragma once
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/perf_event.h>
#include <malloc.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static inline int wick_openat2(int directory, const char *_Nonnull path,
                               const struct open_how *_Nonnull how)
{
  return (int)syscall(SYS_openat2, directory, path, how, sizeof(*how));
}

static inline int wick_open(const char *_Nonnull path, int flags, mode_t mode)
{
  return open(path, flags, mode);
}

static inline int wick_openat(int directory, const char *_Nonnull path, int flags)
{
  return openat(directory, path, flags);
}

// What adjtimex(2) tells, as the kernel lays it out (include/uapi/linux/timex.h). The C library's header
// brings types along that other modules have too.
struct wick_clock_state {
  uint32_t modes;
  int64_t offset, frequency, maximum_error, estimated_error;
  int32_t status;
  int64_t constant, precision, tolerance, seconds, microseconds, tick;
  int64_t pulse_frequency, jitter;
  int32_t shift;
  int64_t stability, jitter_count, calibration_count, error_count, stability_count;
  int32_t atomic_time_offset;
  int32_t unused[11];
};

static inline int wick_read_clock_state(struct wick_clock_state *_Nonnull state)
{
  return (int)syscall(SYS_adjtimex, state);
}

static inline ssize_t wick_read_link(const char *_Nonnull path, uint8_t *_Nullable to, size_t count)
{
  return readlink(path, (char *)to, count);
}

static inline int wick_perf_event_open(const struct perf_event_attr *_Nonnull attributes, pid_t pid,
                                       int cpu)
{
  return (int)syscall(SYS_perf_event_open, attributes, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

static inline int wick_perf_event_disable(int event)
{
  return ioctl(event, PERF_EVENT_IOC_DISABLE, 0);
}
static inline int wick_perf_event_set_period(int event, uint64_t period)
{
  return ioctl(event, PERF_EVENT_IOC_PERIOD, &period);
}

static inline int wick_perf_event_enable(int event)
{
  return ioctl(event, PERF_EVENT_IOC_ENABLE, 0);
}

static inline unsigned long long wick_load_acquire(const volatile __u64 *_Nonnull word)
{
  return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline void wick_store_release(volatile __u64 *_Nonnull word, unsigned long long value)
{
  __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

// Starts a program that waits before exec until a byte arrives on `gate`, and sends the errno of a
// failed exec to `report`. Swift must not fork; between fork and exec this calls only functions
// that are safe after a fork of a threaded process (signal-safety(7)). The program gives up when
// `opener`, the other end of the gate, is closed: by us, or because we died.
static inline pid_t wick_spawn_gated(const char *_Nonnull path,
                                     char *_Nullable const *_Nonnull arguments, int gate,
                                     int opener, int report, const sigset_t *_Nonnull signals)
{
  pid_t pid = fork();
  if (pid)
    return pid;
  close(opener);
  char go;
  ssize_t count;
  do
    count = read(gate, &go, 1);
  while (count < 0 && errno == EINTR);
  if (count != 1)
    _exit(127);
  sigprocmask(SIG_SETMASK, signals, 0);
  execvp(path, arguments);  // gives a script without an interpreter line to the shell
  int error = errno;
  count = write(report, &error, sizeof(error));
  _exit(error == ENOENT ? 127 : 126);
}

static inline int wick_exited(int status)
{
  return WIFEXITED(status);
}
static inline int wick_exit_status(int status)
{
  return WEXITSTATUS(status);
}
static inline int wick_signal_number(int status)
{
  return WTERMSIG(status);
}

static inline int wick_terminal_size(int terminal, struct winsize *_Nonnull size)
{
  return ioctl(terminal, TIOCGWINSZ, size);
}

static inline int wick_signal_is_ignored(int number)
{
  struct sigaction action;
  return sigaction(number, 0, &action) == 0 && action.sa_handler == SIG_IGN;
}

static inline void wick_do_nothing(int number)
{
  (void)number;
}

// Has the next signal of this kind do nothing, and those after it what they usually do.
static inline void wick_forgive_signal(int number)
{
  struct sigaction action = { .sa_handler = wick_do_nothing,
                              .sa_flags = SA_RESETHAND | SA_RESTART };
  sigaction(number, &action, 0);
}

// A question about a mounted Btrfs (include/uapi/linux/btrfs.h), whose answer has this many bytes.
static inline int wick_ask_btrfs(int file, unsigned int direction, unsigned int number,
                                 uint8_t *_Nonnull answer, size_t size)
{
  return ioctl(file, _IOC(direction, 0x94, number, size), answer);
}

// The kernel keeps 15 bytes.
static inline void wick_name_this_thread(const char *_Nonnull name)
{
  prctl(PR_SET_NAME, name);
}

// PROCMAP_QUERY of Linux 6.11, which older headers lack.
#define WICK_PROCMAP_EXECUTABLE 0x04
struct wick_procmap_query {
  __u64 size;
  __u64 query_flags;
  __u64 query_addr;
  __u64 vma_start;
  __u64 vma_end;
  __u64 vma_flags;
  __u64 vma_page_size;
  __u64 vma_offset;
  __u64 inode;
  __u32 dev_major;
  __u32 dev_minor;
  __u32 vma_name_size;
  __u32 build_id_size;
  __u64 vma_name_addr;
  __u64 build_id_addr;
};

static inline int wick_procmap_query(int maps, struct wick_procmap_query *_Nonnull query,
                                     char *_Nonnull name, unsigned char *_Nonnull build_id)
{
  query->size = sizeof(*query);
  query->vma_name_addr = (__u64)(unsigned long)name;
  query->build_id_addr = (__u64)(unsigned long)build_id;
  return ioctl(maps, _IOWR('f', 17, struct wick_procmap_query), query);
}

// The mount that a file is on: by a number that is never used twice (Linux 6.8), or by one that is
// while it is mounted (5.8), as the mask asks; 0 on older kernels.
#define WICK_MOUNT_ID_UNIQUE 0x4000
#define WICK_MOUNT_ID 0x1000
static inline unsigned long long wick_mount_id(int file, unsigned int mask)
{
  struct statx status;
  if (statx(file, "", AT_EMPTY_PATH, mask, &status) || !(status.stx_mask & mask))
    return 0;
  return status.stx_mnt_id;
}

// The module of the C library leaves malloc.h out.
static inline void wick_trim_heap(void)
{
  malloc_trim(0);
}

static inline void wick_limit_heaps(int count)
{
  mallopt(M_ARENA_MAX, count);
}

static inline void wick_map_blocks_from(int bytes)
{
  mallopt(M_MMAP_THRESHOLD, bytes);
}

// Gets and gives back a block many times, to see how long that takes; the asm keeps the compiler from
// seeing that nothing comes of it.
static inline void wick_cycle_heap(unsigned long times)
{
  for (unsigned long i = 0; i < times; i++) {
    void *block = malloc(64);
    asm volatile("" : "+r"(block) : : "memory");
    free(block);
  }
}
#include "terminal.h"
