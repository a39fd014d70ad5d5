#pragma once
#ifdef __bpf__
#include "kernel/types.h"
#else
#include <stdint.h>
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
#endif

#define NAME_BYTES 16
#define DNS_CODES 16

enum peer_role {
  PEER_CLIENT,    // our side connected; the port is the peer's
  PEER_SERVER,    // our side accepted; the port is ours
  PEER_LISTENER,  // a listening socket; no address
};

enum peer_family {
  PEER_ANY = 0,
  PEER_IPV4 = 4,
  PEER_IPV6 = 6,
  PEER_OTHER = 255,  // all peers of a process for which there was no room
};

// Whom a process talks to.
struct peer_key {
  u32 pid;
  u16 port;  // in the host's byte order
  u8 role;   // peer_role
  u8 family;
  u8 address[16];  // in the network's byte order; IPv4 takes the first four
};

struct process_role {
  u32 pid;
  u32 role;
};

// Why an attempt to connect failed, and what else is counted.
enum tcp_count {
  TCP_COUNT_CONNECTED,
  TCP_COUNT_REFUSED,
  TCP_COUNT_TIMED_OUT,
  TCP_COUNT_UNREACHABLE,
  TCP_COUNT_CONNECT_RESET,
  TCP_COUNT_GIVEN_UP,  // the process closed the socket while it was connecting
  TCP_COUNT_FAILED,    // for another reason
  TCP_COUNT_ACCEPTED,
  TCP_COUNT_CLOSED,
  TCP_COUNT_RETRANSMITS,  // segments
  TCP_COUNT_RESETS_RECEIVED,
  TCP_COUNT_RESETS_SENT,
  TCP_COUNT_ZERO_WINDOWS,      // times that the peer's window was shut
  TCP_COUNT_OWN_ZERO_WINDOWS,  // times that ours was
  TCP_COUNT_BYTES_SENT,        // of data, once
  TCP_COUNT_BYTES_RECEIVED,
  TCP_COUNT_LISTEN_DROPS,  // connections that a listening socket dropped: its queue was full
  TCP_COUNTS,
};

// The kinds of histograms are the peer's number times TCP_TIMES, and one of these.
enum tcp_time {
  TCP_TIME_CONNECT,   // from the first SYN until the connection is there
  TCP_TIME_ACCEPT,    // from the connection's being there until its process first reads from it
  TCP_TIME_LIFETIME,  // from the connection's being there until it is closed
  TCP_TIME_RTT,       // smoothed round-trip time, as received segments find it
  TCP_TIMES,
};

struct tcp_peer {
  u64 number;
  u64 start_time;  // of the process: task_struct.start_boottime, or 0
  u64 counts[TCP_COUNTS];
  char process_name[NAME_BYTES];
};

enum socket_flags {
  SOCKET_UNCLAIMED = 1,    // the owner is the listener's until a process is seen to use it
  SOCKET_WINDOW_SHUT = 2,  // our window is
  SOCKET_UNWANTED = 4,     // not to be counted, unless a process that is claims it
};

// The process that a socket belongs to.
struct owner {
  u32 pid;
  u32 is_wanted;
  u64 start_time;
  char process_name[NAME_BYTES];
};

// What is known of a socket.
struct tcp_socket {
  struct peer_key peer;
  u64 started_ns;      // connecting since, or 0
  u64 established_ns;  // or 0
  // As far as the counts of the peer have them.
  u64 bytes_sent;
  u64 bytes_received;
  u32 retransmits;
  u32 drops;
  u32 flags;
  u32 unused;
  struct owner owner;
};

// What user space tells the programs of TCP while they run.
struct tcp_control {
  u32 round_trip_every;  // a power of two: one in so many segments tells the round-trip time
  u32 finds_listeners;   // of the two turns over all files, the first, for listening sockets
};

struct listener_key {
  u64 network;  // namespace: the kernel's address of it
  u64 port;
};

// What the network's programs could not do.
enum network_counter {
  NETWORK_SOCKETS_FULL,   // sockets that are not followed for want of room
  NETWORK_PEERS_FULL,     // peers that went to "other"
  NETWORK_UNCOUNTED,      // events for which there was not even an "other"
  NETWORK_UNKNOWN_OWNER,  // events of sockets whose process is not known
  NETWORK_QUERIES_FULL,   // DNS queries that are not followed for want of room
  NETWORK_UNREADABLE,     // packets from or to a DNS port that could not be read
  NETWORK_UNMATCHED,      // answers without a query: late, forwarded, or forged
  NETWORK_ROUND_TRIPS,    // no failure: segments that told their round-trip time
  NETWORK_COUNTERS,
};

// A query whose answer is awaited.
struct dns_query_key {
  u64 network;
  u8 client[16];
  u8 server[16];
  u16 client_port;
  u16 server_port;
  u16 id;
  u8 family;
  u8 unused;
};

struct dns_query {
  u64 sent_ns;
  u64 packet;  // the kernel's address of it: one packet passes several devices
  struct peer_key server;
};

enum dns_count {
  DNS_COUNT_QUERIES,
  DNS_COUNT_ANSWERS,
  DNS_COUNT_RESENT,     // queries that were sent again before an answer: the first try has failed
  DNS_COUNT_TRUNCATED,  // answers that have to be asked for again over TCP
  DNS_COUNT_CODES,      // answers by response code, from here on
  DNS_COUNTS = DNS_COUNT_CODES + DNS_CODES,
};

// Its number is the kind of its histogram of answer times.
struct dns_server {
  u64 number;
  u64 start_time;
  u64 counts[DNS_COUNTS];
  char process_name[NAME_BYTES];
};

// How many queries were sent and how many are not waited for any more.
struct dns_balance {
  u64 sent;
  u64 done;
};
