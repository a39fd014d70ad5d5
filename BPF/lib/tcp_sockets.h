// TCP sockets that are followed: whose each is, which peer it has, and where that is counted.
//
// Much of this runs in interrupts, in whatever process was there. Whose a socket is, is known when a
// process holds its lock: the kernel lets nobody else work on it then.
#pragma once
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "kernel/network.h"
#include "kernel/types.h"
#include "lib/histogram.h"
#include "lib/peers.h"
#include "lib/targets.h"
#include "shared/network.h"

enum { BPF_F_NO_PREALLOC = 1 };

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, 65536);
  __type(key, u64);
  __type(value, struct tcp_socket);
} sockets SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 2048);
  __type(key, struct peer_key);
  __type(value, struct tcp_peer);
} peers SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, 16384);
  __type(key, struct listener_key);
  __type(value, struct owner);
} listeners SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, u32);
  __type(value, struct tcp_control);
} tcp_control SEC(".maps");

// Sockets with which nothing is to be done at a read, by their hash: a look here is cheaper than one
// into `sockets`.
#define SETTLED_BITS 12
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1 << SETTLED_BITS);
  __type(key, u32);
  __type(value, u64);
} settled SEC(".maps");

static __always_inline u64 *settled_place(struct sock *sock)
{
  // The kernel's own hash of addresses and ports.
  u32 place = BPF_CORE_READ(sock, __sk_common.skc_hash) & ((1 << SETTLED_BITS) - 1);
  return bpf_map_lookup_elem(&settled, &place);
}

static __always_inline void unsettle(struct sock *sock)
{
  u64 *place = settled_place(sock);
  if (place && *place == (u64)sock)
    *place = 0;
}

static __always_inline bool is_tcp(struct sock *sock)
{
  return sock->sk_protocol == PROTOCOL_TCP;
}

// Whether the process that runs holds the socket, and so is the one that uses it.
static __always_inline bool is_in_use(struct sock *sock)
{
  return sock->sk_lock.owned;
}

static __always_inline void read_peer(struct peer_key *key, struct sock *sock, u32 role)
{
  __builtin_memset(key, 0, sizeof(*key));
  key->role = role;
  key->port = role == PEER_CLIENT ? bpf_ntohs(BPF_CORE_READ(sock, __sk_common.skc_dport))
                                  : BPF_CORE_READ(sock, __sk_common.skc_num);
  if (role == PEER_LISTENER)
    return;
  if (BPF_CORE_READ(sock, __sk_common.skc_family) == FAMILY_IPV6) {
    key->family = PEER_IPV6;
    BPF_CORE_READ_INTO(&key->address, sock, __sk_common.skc_v6_daddr.in6_u.u6_addr8);
    u32 *words = (u32 *)key->address;
    if (words[0] || words[1] || words[2] != bpf_htonl(0xffff))
      return;
    // An IPv4 peer of an IPv6 socket.
    words[0] = words[3];
    words[2] = 0;
    words[3] = 0;
  } else {
    BPF_CORE_READ_INTO((u32 *)key->address, sock, __sk_common.skc_daddr);
  }
  key->family = PEER_IPV4;
}

static __always_inline struct tcp_peer *insert_peer(struct peer_key *key, struct owner *owner,
                                                    void *numbers)
{
  u32 number = 0;
  if (bpf_map_pop_elem(numbers, &number))
    return 0;
  struct tcp_peer peer = { .number = number, .start_time = owner->start_time };
  __builtin_memcpy(peer.process_name, owner->process_name, NAME_BYTES);
  if (bpf_map_update_elem(&peers, key, &peer, BPF_NOEXIST))
    bpf_map_push_elem(numbers, &number, BPF_ANY);
  return bpf_map_lookup_elem(&peers, key);
}

// The counts of a socket's peer, which may become the "other" of its process.
static __attribute__((noinline)) struct tcp_peer *make_peer(struct tcp_socket *socket)
{
  if (socket->flags & SOCKET_UNWANTED)
    return 0;
  struct peer_key key = socket->peer;
  struct tcp_peer *peer = bpf_map_lookup_elem(&peers, &key);
  if (peer)
    return peer;
  if (key.family != PEER_OTHER && may_have_another(&key)) {
    peer = insert_peer(&key, &socket->owner, &free_numbers);
    if (peer)
      return peer;
    has_no_other(&key);
  }
  if (key.family != PEER_OTHER)
    note_network(NETWORK_PEERS_FULL);
  make_other(&key);
  peer = bpf_map_lookup_elem(&peers, &key);
  if (!peer)
    peer = insert_peer(&key, &socket->owner, &spare_numbers);
  if (!peer) {
    make_nobodys(&key);
    peer = bpf_map_lookup_elem(&peers, &key);
  }
  if (peer)
    socket->peer = key;
  else
    note_network(NETWORK_UNCOUNTED);
  return peer;
}

static __always_inline void count_of(struct tcp_socket *socket, enum tcp_count count, u64 amount)
{
  struct tcp_peer *peer = amount ? make_peer(socket) : 0;
  if (peer)
    add(&peer->counts[count], amount);
}

// The histogram of a socket's peer, and its kind.
static __always_inline struct histogram *times_of(struct tcp_socket *socket, enum tcp_time time,
                                                  u32 *kind)
{
  struct tcp_peer *peer = make_peer(socket);
  if (!peer)
    return 0;
  *kind = peer->number * TCP_TIMES + time;
  struct histogram *histogram = histogram_of(socket->peer.pid, *kind, 0);
  if (histogram)
    name_histogram(histogram, peer->start_time, peer->process_name);
  return histogram;
}

static __always_inline void time_of(struct tcp_socket *socket, enum tcp_time time, u64 nanoseconds,
                                    u32 weight)
{
  u32 kind;
  struct histogram *histogram = times_of(socket, time, &kind);
  if (histogram)
    count_weighted(histogram, nanoseconds, weight);
}

static __always_inline struct tcp_socket *follow(struct sock *sock, struct tcp_socket *socket)
{
  u64 key = (u64)sock;
  unsettle(sock);
  if (bpf_map_update_elem(&sockets, &key, socket, BPF_ANY))
    note_network(NETWORK_SOCKETS_FULL);
  return bpf_map_lookup_elem(&sockets, &key);
}

static __always_inline struct tcp_socket *followed(struct sock *sock)
{
  u64 key = (u64)sock;
  return bpf_map_lookup_elem(&sockets, &key);
}

static __always_inline void read_owner(struct tcp_socket *socket, struct owner *owner)
{
  socket->owner = *owner;
  socket->peer.pid = owner->pid;
}

static __always_inline bool own_by_current(struct tcp_socket *socket)
{
  u32 pid = bpf_get_current_pid_tgid() >> 32;
  struct task_struct *task = (void *)bpf_get_current_task();
  if (!is_target(task, pid))
    return false;
  fill_owner(&socket->owner, pid, task);
  socket->peer.pid = pid;
  return true;
}

static __always_inline struct owner *listener_of(struct sock *sock)
{
  struct listener_key key = {
    .network = (u64)BPF_CORE_READ(sock, __sk_common.skc_net.net),
    .port = BPF_CORE_READ(sock, __sk_common.skc_num),
  };
  return bpf_map_lookup_elem(&listeners, &key);
}
