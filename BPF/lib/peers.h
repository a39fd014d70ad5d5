// Whom processes talk to, in bounded numbers: what finds no room is the process's "other".
#pragma once
#include <bpf/bpf_helpers.h>
#include "kernel/types.h"
#include "lib/histogram.h"
#include "shared/network.h"

// Set by wick before load.
const volatile u32 peers_of_process_max = 64;

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, NETWORK_COUNTERS);
  __type(key, u32);
  __type(value, u64);
} network_counters SEC(".maps");

// How many peers a process has, so that one cannot take the room of all.
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 4096);
  __type(key, struct process_role);
  __type(value, u32);
} peer_counts SEC(".maps");

// Numbers that no peer has; user space fills in as many as there may be peers.
struct {
  __uint(type, BPF_MAP_TYPE_QUEUE);
  __uint(max_entries, 64);
  __uint(key_size, 0);
  __uint(value_size, 4);
} free_numbers SEC(".maps");

// The same for those that stand for all others of a process.
struct {
  __uint(type, BPF_MAP_TYPE_QUEUE);
  __uint(max_entries, 64);
  __uint(key_size, 0);
  __uint(value_size, 4);
} spare_numbers SEC(".maps");

static __always_inline void note_network(enum network_counter counter)
{
  u32 key = counter;
  u64 *total = bpf_map_lookup_elem(&network_counters, &key);
  if (total)
    *total += 1;
}

// Adds to memory that other CPUs add to. Not the compiler's own: from version 19 on it fetches the
// old value too, which Linux 5.10 cannot.
static __always_inline void add(u64 *total, u64 amount)
{
  asm volatile("lock *(u64 *)(%0 + 0) += %1" : : "r"(total), "r"(amount) : "memory");
}

static __always_inline bool may_have_another(const struct peer_key *key)
{
  struct process_role process = { .pid = key->pid, .role = key->role };
  u32 *count = bpf_map_lookup_elem(&peer_counts, &process);
  if (!count) {
    u32 one = 1;
    return !bpf_map_update_elem(&peer_counts, &process, &one, BPF_ANY);
  }
  if (*count >= peers_of_process_max)
    return false;
  *count += 1;
  return true;
}

// There was no number for it.
static __always_inline void has_no_other(const struct peer_key *key)
{
  struct process_role process = { .pid = key->pid, .role = key->role };
  u32 *count = bpf_map_lookup_elem(&peer_counts, &process);
  if (!count)
    return;
  if (*count > 1)
    *count -= 1;
  else
    bpf_map_delete_elem(&peer_counts, &process);
}

// The key that stands for all other peers of the process; the port of a server is kept.
static __always_inline void make_other(struct peer_key *key)
{
  key->family = PEER_OTHER;
  if (key->role == PEER_CLIENT)
    key->port = 0;
  __builtin_memset(key->address, 0, sizeof(key->address));
}

// The key that stands for what has no room elsewhere. User space sees to it that it is there.
static __always_inline void make_nobodys(struct peer_key *key)
{
  make_other(key);
  key->pid = 0;
  key->port = 0;
}

static __always_inline void fill_owner(struct owner *owner, u32 pid, struct task_struct *task)
{
  owner->pid = pid;
  owner->start_time = BPF_CORE_READ(task, group_leader, start_boottime);
  BPF_CORE_READ_INTO(&owner->process_name, task, group_leader, comm);
}

// A histogram that was begun in another process' context.
static __always_inline void name_histogram(struct histogram *histogram, u64 start_time,
                                           const char *process_name)
{
  if (histogram->process_name[0])
    return;
  histogram->start_time = start_time;
  __builtin_memcpy(histogram->process_name, process_name, NAME_BYTES);
}
