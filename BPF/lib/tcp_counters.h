// What the kernel counts of each TCP socket: bytes and retransmissions.
#pragma once
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "kernel/network.h"
#include "kernel/types.h"
#include "lib/peers.h"
#include "lib/tcp_sockets.h"

enum {
  SOCK_DONE = 1,  // bit of sk_flags: the peer's FIN was received (kernel: include/net/sock.h)
};
// What a counter of a connection may grow by between two looks at it; more is nonsense.
#define GROWTH_MAX (1ULL << 44)

static __always_inline u64 growth(u64 now, u64 before)
{
  return now >= before && now - before < GROWTH_MAX ? now - before : 0;
}

static __always_inline u64 data_sent(struct tcp_sock *tcp)
{
  return BPF_CORE_READ(tcp, bytes_sent) - BPF_CORE_READ(tcp, bytes_retrans);
}

// Bytes of data: the kernel counts the end of the stream as one.
static __always_inline u64 data_received(struct tcp_sock *tcp)
{
  u64 bytes = BPF_CORE_READ(tcp, bytes_received);
  struct sock *sock = (void *)tcp;
  return bytes && (BPF_CORE_READ(sock, __sk_common.skc_flags) & (1 << SOCK_DONE)) ? bytes - 1
                                                                                  : bytes;
}

// What a socket had done before it is followed does not count.
static __always_inline void begin_counters(struct tcp_socket *socket, struct sock *sock)
{
  struct tcp_sock *tcp = (void *)sock;
  socket->retransmits = BPF_CORE_READ(tcp, total_retrans);
  socket->bytes_sent = data_sent(tcp);
  socket->bytes_received = data_received(tcp);
}

// Adds to the peer's counts what the socket has done since this was last called.
//
// Not exact when two CPUs do it at the same moment, one for the reader and one at the end.
static __always_inline void take_counters(struct tcp_socket *socket, struct sock *sock)
{
  struct tcp_sock *tcp = (void *)sock;
  u64 sent = growth(data_sent(tcp), socket->bytes_sent);
  u64 received = growth(data_received(tcp), socket->bytes_received);
  u32 retransmits = BPF_CORE_READ(tcp, total_retrans) - socket->retransmits;
  if (!sent && !received && !retransmits)
    return;
  socket->bytes_sent += sent;
  socket->bytes_received += received;
  struct tcp_peer *peer = make_peer(socket);
  if (!peer)
    return;
  if (sent)
    add(&peer->counts[TCP_COUNT_BYTES_SENT], sent);
  if (received)
    add(&peer->counts[TCP_COUNT_BYTES_RECEIVED], received);
  if (retransmits && retransmits < 1U << 31) {
    socket->retransmits += retransmits;
    add(&peer->counts[TCP_COUNT_RETRANSMITS], retransmits);
  }
}
