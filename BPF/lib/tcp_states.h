// The lives of TCP sockets: how they begin to connect, to listen and to be used, and how they end.
#pragma once
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "kernel/network.h"
#include "kernel/types.h"
#include "lib/exemplars.h"
#include "lib/histogram.h"
#include "lib/kept_stacks.h"
#include "lib/peers.h"
#include "lib/targets.h"
#include "lib/tcp_counters.h"
#include "lib/tcp_sockets.h"

static __always_inline void begin_connecting(struct sock *sock)
{
  struct tcp_socket socket = {};
  read_peer(&socket.peer, sock, PEER_CLIENT);
  if (!own_by_current(&socket))
    return;
  socket.started_ns = bpf_ktime_get_ns();
  begin_counters(&socket, sock);
  follow(sock, &socket);
}

static __always_inline void begin_listening(struct sock *sock)
{
  struct tcp_socket socket = {};
  struct owner owner = {};
  u32 pid = bpf_get_current_pid_tgid() >> 32;
  struct task_struct *task = (void *)bpf_get_current_task();
  fill_owner(&owner, pid, task);
  owner.is_wanted = is_target(task, pid);
  struct listener_key key = {
    .network = (u64)BPF_CORE_READ(sock, __sk_common.skc_net.net),
    .port = BPF_CORE_READ(sock, __sk_common.skc_num),
  };
  if (bpf_map_update_elem(&listeners, &key, &owner, BPF_ANY))
    note_network(NETWORK_SOCKETS_FULL);
  if (!owner.is_wanted)
    return;
  read_peer(&socket.peer, sock, PEER_LISTENER);
  read_owner(&socket, &owner);
  socket.drops = BPF_CORE_READ(sock, sk_drops.counter);
  follow(sock, &socket);
}

static __always_inline void begin_accepted(struct sock *sock)
{
  struct owner *owner = listener_of(sock);
  struct tcp_socket socket = {};
  read_peer(&socket.peer, sock, PEER_SERVER);
  socket.established_ns = bpf_ktime_get_ns();
  socket.flags = SOCKET_UNCLAIMED;
  if (owner)
    read_owner(&socket, owner);
  // Who accepts it need not be the process that listens.
  if (!owner || !owner->is_wanted)
    socket.flags |= SOCKET_UNWANTED;
  // A new socket's bytes are its own, but the answers that were repeated before are the listener's.
  socket.retransmits = BPF_CORE_READ((struct tcp_sock *)sock, total_retrans);
  follow(sock, &socket);
}

// A process uses the socket that it has accepted: from now on it is the owner.
static __always_inline void claim(struct sock *sock, struct tcp_socket *socket)
{
  socket->flags &= ~SOCKET_UNCLAIMED;
  if (is_in_use(sock) && own_by_current(socket))
    socket->flags &= ~SOCKET_UNWANTED;
  count_of(socket, TCP_COUNT_ACCEPTED, 1);
}

static __always_inline enum tcp_count failure(int error)
{
  switch (error) {
  case 0:
    return TCP_COUNT_GIVEN_UP;
  case ECONNREFUSED:
    return TCP_COUNT_REFUSED;
  case ETIMEDOUT:
    return TCP_COUNT_TIMED_OUT;
  case EHOSTUNREACH:
  case ENETUNREACH:
  case EHOSTDOWN:
  case ENETDOWN:
  case EACCES:
  case EPERM:
  case ENOPROTOOPT:
    return TCP_COUNT_UNREACHABLE;
  case ECONNRESET:
    return TCP_COUNT_CONNECT_RESET;
  default:
    return TCP_COUNT_FAILED;
  }
}

static __always_inline void end_listening(struct sock *sock)
{
  struct tcp_socket *socket = followed(sock);
  struct owner *owner = listener_of(sock);
  struct listener_key key = {
    .network = (u64)BPF_CORE_READ(sock, __sk_common.skc_net.net),
    .port = BPF_CORE_READ(sock, __sk_common.skc_num),
  };
  // Another socket may listen at the same port, by SO_REUSEPORT or at another address.
  if (owner && socket && owner->pid == socket->owner.pid)
    bpf_map_delete_elem(&listeners, &key);
}

static __always_inline void end_connection(struct sock *sock, struct tcp_socket *socket)
{
  if (socket->flags & SOCKET_UNCLAIMED)
    claim(sock, socket);
  take_counters(socket, sock);
  if (!socket->established_ns)
    return;
  time_of(socket, TCP_TIME_LIFETIME, bpf_ktime_get_ns() - socket->established_ns, 1);
  count_of(socket, TCP_COUNT_CLOSED, 1);
  if (!BPF_CORE_READ((struct tcp_sock *)sock, snd_wnd))
    count_of(socket, TCP_COUNT_ZERO_WINDOWS, 1);
  socket->established_ns = 0;
}

// One side closes: on ours, it is the process that does.
static __always_inline void continue_connection(struct sock *sock, struct tcp_socket *socket)
{
  if ((socket->flags & SOCKET_UNCLAIMED) && is_in_use(sock))
    claim(sock, socket);
  take_counters(socket, sock);
}

static __always_inline void end_connecting(struct sock *sock, struct tcp_socket *socket)
{
  take_counters(socket, sock);
  socket->started_ns = 0;
  count_of(socket, failure(sock->sk_err), 1);
  drop_kept_stack((u64)sock);
}

static __always_inline void connected(struct sock *sock, struct tcp_socket *socket)
{
  socket->established_ns = bpf_ktime_get_ns();
  count_of(socket, TCP_COUNT_CONNECTED, 1);
  u64 length = socket->established_ns - socket->started_ns;
  u32 kind;
  struct histogram *histogram = times_of(socket, TCP_TIME_CONNECT, &kind);
  if (histogram && count_value(histogram, length) && wants_exemplars)
    send_kept_stack((u64)sock, kind, length);
  drop_kept_stack((u64)sock);
}
