// TCP as the processes of this host see it: how long connecting takes and how it fails, round trips,
// retransmissions, resets, shut windows, bytes, lifetimes, dropped connections; IPv4 and IPv6.
//
// Hook:   sock:inet_sock_set_state, a few times a connection; tcp:tcp_probe, on every segment that an
//         established connection receives; tcp:tcp_rcv_space_adjust, on every read that gets data;
//         tcp:tcp_retransmit_skb, tcp_retransmit_synack, tcp_receive_reset, tcp_send_reset and
//         tcp_destroy_sock, seldom.
// Emits:  counts by process and peer, and histograms of times.
// Needs:  Linux 5.10 with BTF.
//
// Much of this runs in interrupts, in whatever process was there. Whose a socket is, is known when a
// process holds its lock: the kernel lets nobody else work on it then.
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
#include "shared/network.h"

enum {
  BPF_F_NO_PREALLOC = 1,
  S_IFMT = 0170000,
  S_IFSOCK = 0140000,
  SOCKFS_MAGIC = 0x534f434b,
  SOCK_DONE = 1,  // bit of sk_flags: the peer's FIN was received (kernel: include/net/sock.h)
};
// What a counter of a connection may grow by between two looks at it; more is nonsense.
#define GROWTH_MAX (1ULL << 44)

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

// Peers and owners -----------------------------------------------------------------------------

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

// Counters of the socket itself ------------------------------------------------------------------

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

// States -----------------------------------------------------------------------------------------

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
