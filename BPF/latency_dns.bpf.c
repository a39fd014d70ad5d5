// DNS over UDP as the processes of this host ask: how long answers take, their codes, and queries
// that get none; IPv4 and IPv6.
//
// Hook:   net:net_dev_queue and net:netif_receive_skb, on every packet, in all network namespaces and
//         on the loopback device too: keep these paths short.
// Emits:  counts and a histogram by process and server. What stays in `queries` has no answer; user
//         space takes the old ones out and counts them.
// Needs:  Linux 5.10 with BTF.
//
// Packets and not system calls: hooks on those would cost all of them, for the sake of a few. A query
// is sent in its process' context, but for one that waits for the server's hardware address; so the
// process is believed only if it has the socket open.
#include "kernel/types.h"
#include "kernel/network.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "arch/x86.h"
#include "lib/dns_packets.h"
#include "lib/exemplars.h"
#include "lib/follow.h"
#include "lib/histogram.h"
#include "lib/kept_stacks.h"
#include "lib/peers.h"
#include "lib/targets.h"
#include "shared/network.h"

// How many of a process' files are looked at for the socket.
#define FILES_MAX 256
// A packet that passes a second device is no second query.
#define SAME_PACKET_NS 100000000ULL

enum { BPF_F_NO_PREALLOC = 1 };

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, 16384);
  __type(key, struct dns_query_key);
  __type(value, struct dns_query);
} queries SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1024);
  __type(key, struct peer_key);
  __type(value, struct dns_server);
} servers SEC(".maps");

// [0]: by the programs; [1]: by user space, which counts what it has taken out of `queries`.
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 2);
  __type(key, u32);
  __type(value, struct dns_balance);
} balances SEC(".maps");

// Queries -----------------------------------------------------------------------------------------

// Whether the process that runs has the socket open. Global, so that the verifier looks at the loop
// once.
__attribute__((noinline)) int has_open(u64 wanted)
{
  struct task_struct *task = (void *)bpf_get_current_task();
  struct fdtable *table = BPF_CORE_READ(task, files, fdt);
  struct file **files = BPF_CORE_READ(table, fd);
  u32 count = BPF_CORE_READ(table, max_fds);
  for (u32 index = 0; index < FILES_MAX; index++) {
    if (index >= count)
      return 0;
    struct file *file = 0;
    bpf_probe_read_kernel(&file, sizeof(file), files + index);
    if (file && (u64)BPF_CORE_READ(file, private_data) == wanted)
      return 1;
  }
  return 0;
}

static __always_inline struct dns_server *insert_server(struct peer_key *key, struct owner *owner,
                                                        void *numbers)
{
  u32 number = 0;
  if (bpf_map_pop_elem(numbers, &number))
    return 0;
  struct dns_work *work = work_of(0);
  if (!work)  // never: the map has this entry
    return 0;
  struct dns_server *server = &work->server;
  server->number = number;
  server->start_time = owner->start_time;
  __builtin_memcpy(server->process_name, owner->process_name, NAME_BYTES);
  if (bpf_map_update_elem(&servers, key, server, BPF_NOEXIST))
    bpf_map_push_elem(numbers, &number, BPF_ANY);
  return bpf_map_lookup_elem(&servers, key);
}

// The counts of a server, which may be the "other" of its process; the key becomes that.
static __attribute__((noinline)) struct dns_server *make_server(struct peer_key *key,
                                                                struct owner *owner)
{
  struct dns_server *server = bpf_map_lookup_elem(&servers, key);
  if (server)
    return server;
  if (may_have_another(key)) {
    server = insert_server(key, owner, &free_numbers);
    if (server)
      return server;
    has_no_other(key);
  }
  note_network(NETWORK_PEERS_FULL);
  make_other(key);
  server = bpf_map_lookup_elem(&servers, key);
  if (!server)
    server = insert_server(key, owner, &spare_numbers);
  if (!server) {
    make_nobodys(key);
    server = bpf_map_lookup_elem(&servers, key);
  }
  if (!server)
    note_network(NETWORK_UNCOUNTED);
  return server;
}

enum asker { ASKER_UNWANTED, ASKER_UNKNOWN, ASKER_KNOWN };

static __attribute__((noinline)) enum asker read_asker(struct owner *owner, struct sock *sock)
{
  u32 pid = bpf_get_current_pid_tgid() >> 32;
  struct task_struct *task = (void *)bpf_get_current_task();
  struct socket *socket = BPF_CORE_READ(sock, sk_socket);
  if (pid && socket && has_open((u64)socket)) {
    if (!is_target(task, pid))
      return ASKER_UNWANTED;
    fill_owner(owner, pid, task);
    return ASKER_KNOWN;
  }
  note_network(NETWORK_UNKNOWN_OWNER);
  return only_targets || only_cgroup ? ASKER_UNWANTED : ASKER_UNKNOWN;
}

static __always_inline void make_query_key(struct dns_query_key *key, struct dns_packet *packet,
                                           bool is_answer)
{
  __builtin_memset(key, 0, sizeof(*key));
  __builtin_memcpy(key->client, is_answer ? packet->destination : packet->source, 16);
  __builtin_memcpy(key->server, is_answer ? packet->source : packet->destination, 16);
  key->client_port = is_answer ? packet->header.destination_port : packet->header.source_port;
  key->id = packet->header.id;
  key->family = packet->family;
}

static __always_inline void add_to_balance(bool is_done)
{
  u32 zero = 0;
  struct dns_balance *balance = bpf_map_lookup_elem(&balances, &zero);
  if (balance)
    add(is_done ? &balance->done : &balance->sent, 1);
}

static __always_inline void ask(void *context, struct dns_work *work, struct sock *sock,
                                struct sk_buff *buffer)
{
  struct dns_query *query = &work->query;
  __builtin_memset(query, 0, sizeof(*query));
  query->sent_ns = bpf_ktime_get_ns();
  bpf_probe_read_kernel(&query->packet, sizeof(query->packet), &buffer);
  struct dns_query *before = bpf_map_lookup_elem(&queries, &work->key);
  if (before && before->packet == query->packet &&
      query->sent_ns - before->sent_ns < SAME_PACKET_NS)
    return;
  struct owner *owner = &work->owner;
  __builtin_memset(owner, 0, sizeof(*owner));
  enum asker asker = read_asker(owner, sock);
  if (asker == ASKER_UNWANTED)
    return;
  if (asker == ASKER_KNOWN)
    keep_stack(context, query->sent_ns);
  query->server.pid = owner->pid;
  query->server.port = DNS_PORT;
  query->server.family = work->packet.family;
  __builtin_memcpy(query->server.address, work->packet.destination, 16);
  struct dns_server *server = make_server(&query->server, owner);
  if (!server)
    return;
  add(&server->counts[DNS_COUNT_QUERIES], 1);
  if (before)
    add(&server->counts[DNS_COUNT_RESENT], 1);
  if (bpf_map_update_elem(&queries, &work->key, query, BPF_ANY))
    note_network(NETWORK_QUERIES_FULL);
  else if (!before)
    add_to_balance(false);
}

// Before the device's queue. Packets that only pass through have no socket.
SEC("tp_btf/net_dev_queue")
int BPF_PROG(send_packet, struct sk_buff *buffer)
{
  struct sock *sock = buffer->sk;
  if (!sock || buffer->len > PACKET_BYTES_MAX)
    return 0;
  // Not a whole socket: one that waits after its end, or a request. Both are TCP's.
  u8 state = sock->__sk_common.skc_state;
  if (state == TCP_TIME_WAIT || state == TCP_NEW_SYN_RECV || sock->sk_protocol != PROTOCOL_UDP)
    return 0;
  struct dns_work *work = work_of(0);
  if (!work)  // never: the map has this entry
    return 0;
  struct dns_packet *packet = &work->packet;
  unsigned char *start = buffer->head + buffer->network_header;
  u32 linear = buffer->len - buffer->data_len;
  if (!read_packet(work, buffer->protocol, start, linear))
    return 0;
  u16 flags = bpf_ntohs(packet->header.flags);
  if (packet->header.destination_port != bpf_htons(DNS_PORT) ||
      (flags & (DNS_ANSWER | DNS_OPERATION)))
    return 0;
  make_query_key(&work->key, packet, false);
  work->key.network = (u64)BPF_CORE_READ(sock, __sk_common.skc_net.net);
  ask(ctx, work, sock, buffer);
  return 0;
}

// Answers -----------------------------------------------------------------------------------------

static __always_inline bool is_query_open(void)
{
  u32 ours = 0;
  u32 theirs = 1;
  struct dns_balance *programs = bpf_map_lookup_elem(&balances, &ours);
  struct dns_balance *reader = bpf_map_lookup_elem(&balances, &theirs);
  return programs && reader && programs->sent != programs->done + reader->done;
}

static __always_inline void count_answer(struct dns_query *query, u64 now, u16 flags)
{
  struct dns_server *server = bpf_map_lookup_elem(&servers, &query->server);
  if (!server)
    return;
  add(&server->counts[DNS_COUNT_ANSWERS], 1);
  add(&server->counts[DNS_COUNT_CODES + (flags & DNS_CODE)], 1);
  if (flags & DNS_TRUNCATED)
    add(&server->counts[DNS_COUNT_TRUNCATED], 1);
  struct histogram *histogram = histogram_of(query->server.pid, server->number, 0);
  if (!histogram)
    return;
  name_histogram(histogram, server->start_time, server->process_name);
  u64 length = now - query->sent_ns;
  if (count_value(histogram, length) && wants_exemplars)
    send_kept_stack(query->sent_ns, server->number, length);
}

// Where a device hands the packet to the protocols: its data begins with the IP header.
SEC("tp_btf/netif_receive_skb")
int BPF_PROG(receive_packet, struct sk_buff *buffer)
{
  if (!is_query_open() || buffer->len > PACKET_BYTES_MAX)
    return 0;
  struct dns_work *work = work_of(1);
  if (!work)  // never: the map has this entry
    return 0;
  struct dns_packet *packet = &work->packet;
  if (!read_packet(work, buffer->protocol, buffer->data, buffer->len - buffer->data_len))
    return 0;
  u16 flags = bpf_ntohs(packet->header.flags);
  if (packet->header.source_port != bpf_htons(DNS_PORT) || !(flags & DNS_ANSWER))
    return 0;
  make_query_key(&work->key, packet, true);
  work->key.network = (u64)BPF_CORE_READ(buffer, dev, nd_net.net);
  struct dns_query *query = bpf_map_lookup_elem(&queries, &work->key);
  if (!query) {
    note_network(NETWORK_UNMATCHED);
    return 0;
  }
  work->query = *query;
  // Who takes it out counts it.
  if (bpf_map_delete_elem(&queries, &work->key))
    return 0;
  add_to_balance(true);
  count_answer(&work->query, bpf_ktime_get_ns(), flags);
  drop_kept_stack(work->query.sent_ns);
  return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
