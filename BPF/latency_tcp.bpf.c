// TCP as the processes of this host see it: how long connecting takes and how it fails, round trips,
// retransmissions, resets, shut windows, bytes, lifetimes, dropped connections; IPv4 and IPv6.
//
// Hook:   sock:inet_sock_set_state, a few times a connection; tcp:tcp_probe, on every segment that an
//         established connection receives; tcp:tcp_rcv_space_adjust, on every read that gets data;
//         tcp:tcp_retransmit_skb, tcp_retransmit_synack, tcp_receive_reset, tcp_send_reset and
//         tcp_destroy_sock, seldom.
// Emits:  counts by process and peer, and histograms of times.
// Needs:  Linux 5.10 with BTF.
#include "kernel/types.h"
#include "kernel/network.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "arch/x86.h"
#include "lib/exemplars.h"
#include "lib/follow.h"
#include "lib/histogram.h"
#include "lib/kept_stacks.h"
#include "lib/peers.h"
#include "lib/targets.h"
#include "lib/tcp_counters.h"
#include "lib/tcp_sockets.h"
#include "lib/tcp_states.h"
#include "shared/network.h"

enum {
  S_IFMT = 0170000,
  S_IFSOCK = 0140000,
  SOCKFS_MAGIC = 0x534f434b,
};

// States -----------------------------------------------------------------------------------------

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(change_state, struct sock *sock, int before, int after)
{
  if (!is_tcp(sock))
    return 0;
  if (after == TCP_SYN_SENT) {
    begin_connecting(sock);
    return 0;
  }
  if (after == TCP_LISTEN) {
    begin_listening(sock);
    return 0;
  }
  if (after == TCP_CLOSE && before == TCP_LISTEN) {
    end_listening(sock);
    return 0;
  }
  struct tcp_socket *socket = followed(sock);
  if (after == TCP_ESTABLISHED && before == TCP_SYN_RECV && !socket) {
    begin_accepted(sock);
    return 0;
  }
  if (!socket)
    return 0;
  if (after == TCP_ESTABLISHED)
    connected(sock, socket);
  else if (after != TCP_CLOSE)
    continue_connection(sock, socket);
  else if (socket->established_ns)
    end_connection(sock, socket);
  else if (socket->started_ns)
    end_connecting(sock, socket);
  return 0;
}

// Apart, for both together need more than the 512 bytes of stack that there are.
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(keep_connecting_stack, struct sock *sock, int before, int after)
{
  if (!wants_exemplars || after != TCP_SYN_SENT || !is_tcp(sock))
    return 0;
  u32 pid = bpf_get_current_pid_tgid() >> 32;
  if (is_target((void *)bpf_get_current_task(), pid))
    keep_stack(ctx, (u64)sock);
  return 0;
}

SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(forget_socket, struct sock *sock)
{
  u64 key = (u64)sock;
  unsettle(sock);
  struct tcp_socket *socket = bpf_map_lookup_elem(&sockets, &key);
  if (!socket)
    return 0;
  if (socket->peer.role != PEER_LISTENER)
    end_connection(sock, socket);
  bpf_map_delete_elem(&sockets, &key);
  return 0;
}

// Segments ---------------------------------------------------------------------------------------

// A socket that was there before us, or whose listener was not wanted.
static __always_inline void adopt(struct sock *sock)
{
  struct tcp_socket socket = {};
  if (!own_by_current(&socket))
    return;
  u32 pid = socket.peer.pid;
  read_peer(&socket.peer, sock, listener_of(sock) ? PEER_SERVER : PEER_CLIENT);
  socket.peer.pid = pid;
  begin_counters(&socket, sock);
  follow(sock, &socket);
}

// A process reads for the first time from a connection that it has accepted.
static __always_inline void read_first(void *context, struct sock *sock, struct tcp_socket *socket)
{
  claim(sock, socket);
  u64 length = bpf_ktime_get_ns() - socket->established_ns;
  u32 kind;
  struct histogram *histogram = times_of(socket, TCP_TIME_ACCEPT, &kind);
  if (histogram && count_value(histogram, length))
    take_exemplar(context, (void *)bpf_get_current_task(), kind, length, true);
}

// Runs in the process that reads.
SEC("tp_btf/tcp_rcv_space_adjust")
int BPF_PROG(read_data, struct sock *sock)
{
  struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sock);
  u32 index = sock->__sk_common.skc_hash & ((1 << SETTLED_BITS) - 1);
  u64 *place = bpf_map_lookup_elem(&settled, &index);
  if (!tcp || !place)
    return 0;
  bool is_shut = !tcp->rcv_wnd;
  if (*place == (u64)sock && !is_shut)
    return 0;
  struct tcp_socket *socket = followed(sock);
  if (!socket) {
    adopt(sock);
    return 0;
  }
  if (socket->flags & SOCKET_UNCLAIMED)
    read_first(ctx, sock, socket);
  if (!is_shut) {
    socket->flags &= ~SOCKET_WINDOW_SHUT;
    *place = (u64)sock;
    return 0;
  }
  unsettle(sock);
  if (!(socket->flags & SOCKET_WINDOW_SHUT)) {
    socket->flags |= SOCKET_WINDOW_SHUT;
    count_of(socket, TCP_COUNT_OWN_ZERO_WINDOWS, 1);
  }
  return 0;
}

struct tcp_header {
  u16 ports[2];
  u32 numbers[2];
  u16 flags;
  u16 window;
};

// The peer's window was shut; the segment opens it if it says so.
static __always_inline void end_zero_window(struct sock *sock, struct sk_buff *packet)
{
  struct tcp_header header;
  void *data = BPF_CORE_READ(packet, data);
  struct tcp_socket *socket = followed(sock);
  if (socket && !bpf_probe_read_kernel(&header, sizeof(header), data) && header.window)
    count_of(socket, TCP_COUNT_ZERO_WINDOWS, 1);
}

// Before the kernel looks at the segment.
SEC("tp_btf/tcp_probe")
int BPF_PROG(receive_segment, struct sock *sock, struct sk_buff *packet)
{
  struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sock);
  if (!tcp)
    return 0;
  if (!tcp->snd_wnd)
    end_zero_window(sock, packet);
  u32 zero = 0;
  struct tcp_control *told = bpf_map_lookup_elem(&tcp_control, &zero);
  if (!told)  // never: the map has this entry
    return 0;
  u32 every = told->round_trip_every;
  if (every > 1 && (bpf_get_prandom_u32() & (every - 1)))
    return 0;
  u32 round_trip = tcp->srtt_us >> 3;
  struct tcp_socket *socket = followed(sock);
  if (!socket) {
    note_network(NETWORK_UNKNOWN_OWNER);
    return 0;
  }
  if (!round_trip)
    return 0;
  time_of(socket, TCP_TIME_RTT, round_trip * 1000ULL, every ? every : 1);
  note_network(NETWORK_ROUND_TRIPS);
  return 0;
}

SEC("tp_btf/tcp_retransmit_skb")
int BPF_PROG(retransmit, struct sock *sock)
{
  struct tcp_socket *socket = followed(sock);
  if (socket)
    take_counters(socket, sock);
  else
    note_network(NETWORK_UNKNOWN_OWNER);
  return 0;
}

// A server's answer to a SYN is repeated. The socket is the listening one, but for a connection that
// was opened with data.
SEC("tp_btf/tcp_retransmit_synack")
int BPF_PROG(retransmit_answer, struct sock *sock)
{
  struct tcp_socket *socket = followed(sock);
  if (!socket)
    note_network(NETWORK_UNKNOWN_OWNER);
  else if (socket->peer.role == PEER_LISTENER)
    count_of(socket, TCP_COUNT_RETRANSMITS, 1);
  else
    take_counters(socket, sock);
  return 0;
}

SEC("tp_btf/tcp_receive_reset")
int BPF_PROG(receive_reset, struct sock *sock)
{
  struct tcp_socket *socket = followed(sock);
  // While connecting it is a refusal, counted as that.
  if (socket && socket->established_ns)
    count_of(socket, TCP_COUNT_RESETS_RECEIVED, 1);
  return 0;
}

// Also without a socket, for a port where nobody listens.
SEC("tp_btf/tcp_send_reset")
int BPF_PROG(send_reset, struct sock *sock)
{
  struct tcp_socket *socket = sock ? followed(sock) : 0;
  if (socket)
    count_of(socket, TCP_COUNT_RESETS_SENT, 1);
  return 0;
}

// Once, and from time to time ----------------------------------------------------------------------

static __always_inline void find_listener(struct sock *sock, struct owner *owner)
{
  struct listener_key key = {
    .network = (u64)BPF_CORE_READ(sock, __sk_common.skc_net.net),
    .port = BPF_CORE_READ(sock, __sk_common.skc_num),
  };
  bpf_map_update_elem(&listeners, &key, owner, BPF_NOEXIST);
  if (!owner->is_wanted || followed(sock))
    return;
  struct tcp_socket socket = {};
  read_peer(&socket.peer, sock, PEER_LISTENER);
  read_owner(&socket, owner);
  socket.drops = BPF_CORE_READ(sock, sk_drops.counter);
  follow(sock, &socket);
}

static __always_inline void find_connection(struct sock *sock, struct owner *owner)
{
  if (!owner->is_wanted || followed(sock))
    return;
  struct tcp_socket socket = {};
  read_peer(&socket.peer, sock, listener_of(sock) ? PEER_SERVER : PEER_CLIENT);
  read_owner(&socket, owner);
  begin_counters(&socket, sock);
  follow(sock, &socket);
}

// Finds the sockets that were there before us, by the files of all threads.
SEC("iter/task_file")
int find_sockets(struct bpf_iter__task_file *context)
{
  struct file *file = context->file;
  struct task_struct *task = context->task;
  if (!file || !task || task->pid != task->tgid)
    return 0;
  struct inode *inode = file->f_inode;
  if ((BPF_CORE_READ(inode, i_mode) & S_IFMT) != S_IFSOCK ||
      BPF_CORE_READ(inode, i_sb, s_magic) != SOCKFS_MAGIC)
    return 0;
  struct socket *opened = file->private_data;
  struct sock *sock = BPF_CORE_READ(opened, sk);
  u16 family = BPF_CORE_READ(sock, __sk_common.skc_family);
  if (!sock || (family != FAMILY_IPV4 && family != FAMILY_IPV6) ||
      BPF_CORE_READ(sock, sk_protocol) != PROTOCOL_TCP)
    return 0;
  struct owner owner = {};
  u32 pid = task->tgid;
  fill_owner(&owner, pid, task);
  owner.is_wanted = is_target(task, pid);
  u32 zero = 0;
  struct tcp_control *told = bpf_map_lookup_elem(&tcp_control, &zero);
  u8 state = BPF_CORE_READ(sock, __sk_common.skc_state);
  if (told && told->finds_listeners && state == TCP_LISTEN)
    find_listener(sock, &owner);
  if (told && !told->finds_listeners && state == TCP_ESTABLISHED)
    find_connection(sock, &owner);
  return 0;
}

// Brings the counts of open sockets up to date, in all network namespaces.
SEC("iter/bpf_map_elem")
int refresh_sockets(struct bpf_iter__bpf_map_elem *context)
{
  u64 *key = context->key;
  struct tcp_socket *value = context->value;
  if (!key || !value)
    return 0;
  struct sock *sock = (void *)*key;
  struct tcp_socket *socket = followed(sock);
  if (!socket)
    return 0;
  if (socket->peer.role != PEER_LISTENER) {
    take_counters(socket, sock);
    return 0;
  }
  u32 drops = BPF_CORE_READ(sock, sk_drops.counter);
  count_of(socket, TCP_COUNT_LISTEN_DROPS, growth(drops, socket->drops));
  socket->drops = drops;
  return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
