// The kernel types that our network programs touch, as in kernel/types.h.
#pragma once
#include "kernel/types.h"

#define PROTOCOL_TCP 6
#define PROTOCOL_UDP 17
#define FAMILY_IPV4 2
#define FAMILY_IPV6 10

// kernel: include/net/tcp_states.h
enum {
  TCP_ESTABLISHED = 1,
  TCP_SYN_SENT = 2,
  TCP_SYN_RECV = 3,
  TCP_TIME_WAIT = 6,
  TCP_CLOSE = 7,
  TCP_LISTEN = 10,
  TCP_NEW_SYN_RECV = 12,
};

// uapi: asm-generic/errno.h
enum {
  ENETDOWN = 100,
  ENETUNREACH = 101,
  ECONNRESET = 104,
  ETIMEDOUT = 110,
  ECONNREFUSED = 111,
  EHOSTDOWN = 112,
  EHOSTUNREACH = 113,
  EPROTO = 71,
  ENOPROTOOPT = 92,
  EACCES = 13,
  EPERM = 1,
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct tcp_sock {
  u32 srtt_us;  // times 8
  u32 total_retrans;
  u32 snd_wnd;
  u32 rcv_wnd;
  u64 bytes_sent;
  u64 bytes_retrans;
  u64 bytes_received;
};

struct net_device {
  possible_net_t nd_net;
};

struct sk_buff {
  struct sock *sk;
  struct net_device *dev;
  unsigned char *head;
  unsigned char *data;
  unsigned int len;
  unsigned int data_len;
  u16 protocol;  // big endian
  u16 network_header;
  u16 transport_header;
};

struct bpf_iter_meta;

struct bpf_iter__task_file {
  struct bpf_iter_meta *meta;
  struct task_struct *task;
  u32 fd;
  struct file *file;
};

struct bpf_iter__bpf_map_elem {
  struct bpf_iter_meta *meta;
  void *map;
  void *key;
  void *value;
};
#pragma clang attribute pop
