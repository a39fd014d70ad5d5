// What Swift cannot import: variadic system calls and ioctl numbers made by macros.
#pragma once
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline int wick_openat2(int directory, const char *_Nonnull path, const struct open_how *_Nonnull how)
{
  return (int)syscall(SYS_openat2, directory, path, how, sizeof(*how));
}

static inline int wick_open(const char *_Nonnull path, int flags, mode_t mode)
{
  return open(path, flags, mode);
}

static inline int wick_perf_event_open(const struct perf_event_attr *_Nonnull attributes, pid_t pid, int cpu)
{
  return (int)syscall(SYS_perf_event_open, attributes, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

static inline int wick_perf_event_disable(int event) { return ioctl(event, PERF_EVENT_IOC_DISABLE, 0); }
static inline int wick_perf_event_enable(int event) { return ioctl(event, PERF_EVENT_IOC_ENABLE, 0); }

static inline unsigned long long wick_load_acquire(const volatile __u64 *_Nonnull word)
{
  return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline void wick_store_release(volatile __u64 *_Nonnull word, unsigned long long value)
{
  __atomic_store_n(word, value, __ATOMIC_RELEASE);
}
