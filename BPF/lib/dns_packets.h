// DNS packets over UDP, read out of what the kernel sends and receives.
#pragma once
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "kernel/network.h"
#include "kernel/types.h"
#include "lib/peers.h"
#include "shared/network.h"

#define DNS_PORT 53
#define DNS_ANSWER 0x8000
#define DNS_TRUNCATED 0x0200
#define DNS_OPERATION 0x7800  // 0 is a query
#define DNS_CODE 0x000f
#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_IPV6 0x86dd
// Larger packets are TCP's, put together from several.
#define PACKET_BYTES_MAX 9216

struct ipv4_header {
  u8 version_and_length;
  u8 service;
  u16 total_bytes;
  u16 id;
  u16 fragment;
  u8 lifetime;
  u8 protocol;
  u16 checksum;
  u32 source;
  u32 destination;
};

struct ipv6_header {
  u32 version_and_flow;
  u16 payload_bytes;
  u8 protocol;
  u8 hops;
  u8 source[16];
  u8 destination[16];
};

// UDP's header, and the beginning of DNS'.
struct dns_header {
  u16 source_port;
  u16 destination_port;
  u16 udp_bytes;
  u16 checksum;
  u16 id;
  u16 flags;
};

struct dns_packet {
  u8 family;
  u8 source[16];
  u8 destination[16];
  struct dns_header header;
};

// What a program works on is too large for the stack: some room for each CPU. Sending and receiving
// may interrupt each other, but not themselves.
struct dns_work {
  struct dns_packet packet;
  union {
    struct ipv4_header ipv4;
    struct ipv6_header ipv6;
  };
  struct dns_query_key key;
  struct dns_query query;
  struct owner owner;
  struct dns_server server;  // whose counts stay 0
};

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 2);
  __type(key, u32);
  __type(value, struct dns_work);
} works SEC(".maps");

static __always_inline struct dns_work *work_of(u32 program)
{
  return bpf_map_lookup_elem(&works, &program);
}

static __always_inline bool read_ipv4(struct dns_work *work, void *start, u32 *offset)
{
  struct ipv4_header *header = &work->ipv4;
  if (bpf_probe_read_kernel(header, sizeof(*header), start))
    return false;
  u32 length = (header->version_and_length & 15) * 4;
  if (header->version_and_length >> 4 != 4 || length < sizeof(*header) ||
      header->protocol != PROTOCOL_UDP || (header->fragment & bpf_htons(0x1fff)))
    return false;
  work->packet.family = PEER_IPV4;
  __builtin_memcpy(work->packet.source, &header->source, 4);
  __builtin_memcpy(work->packet.destination, &header->destination, 4);
  *offset = length;
  return true;
}

static __always_inline bool read_ipv6(struct dns_work *work, void *start, u32 *offset)
{
  struct ipv6_header *header = &work->ipv6;
  if (bpf_probe_read_kernel(header, sizeof(*header), start) || header->protocol != PROTOCOL_UDP)
    return false;
  work->packet.family = PEER_IPV6;
  __builtin_memcpy(work->packet.source, header->source, 16);
  __builtin_memcpy(work->packet.destination, header->destination, 16);
  *offset = sizeof(*header);
  return true;
}

// Reads a packet whose IP header is at `start`; false if it has nothing to do with DNS.
//
// `linear` bytes are there from `start` on.
static __attribute__((noinline)) bool read_packet(struct dns_work *work, u16 protocol, void *start,
                                                  u32 linear)
{
  u32 offset;
  __builtin_memset(&work->packet, 0, sizeof(work->packet));
  if (protocol == bpf_htons(ETHERTYPE_IPV4)) {
    if (!read_ipv4(work, start, &offset))
      return false;
  } else if (protocol != bpf_htons(ETHERTYPE_IPV6) || !read_ipv6(work, start, &offset)) {
    return false;
  }
  struct dns_header *header = &work->packet.header;
  if (bpf_probe_read_kernel(header, sizeof(*header), start + offset))
    return false;
  if (header->source_port != bpf_htons(DNS_PORT) && header->destination_port != bpf_htons(DNS_PORT))
    return false;
  // The ports may be there and the rest in a page of its own; or it is too short to be DNS.
  if (offset + sizeof(*header) > linear || bpf_ntohs(header->udp_bytes) < 8 + 12) {
    note_network(NETWORK_UNREADABLE);
    return false;
  }
  return true;
}
