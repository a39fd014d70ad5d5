"""Two network namespaces and a wire between them that delays, loses and refuses packets.

Kernels without netem have no other: each end is a TUN device, and a thread of this process carries
the packets across. What happens to a packet is decided by a function of the test's.
"""

import collections
import contextlib
import ctypes
import fcntl
import heapq
import os
import random
import select
import socket
import struct
import subprocess
import threading
import time

TUNSETIFF = 0x400454CA
IFF_TUN = 1
IFF_NO_PI = 0x1000
CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)
PACKET_BYTES = 65536


class Side:
    """A network namespace, held by a process that sleeps, with one end of the wire in it."""

    def __init__(self, number):
        self.number = number
        self.ipv4 = f"10.77.0.{number}"
        self.ipv6 = f"fd77::{number}"
        self.holder = subprocess.Popen(
            ["unshare", "--net", "/bin/sh", "-c",
             "ip link set lo up && echo ready && exec sleep 3600"],
            stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        if self.holder.stdout.readline() != "ready\n":
            raise RuntimeError("cannot make a network namespace")
        with self.inside():
            self.device = open_tun()
        self.run(f"ip address add {self.ipv4}/24 dev wire", check=True)
        self.run(f"ip -6 address add {self.ipv6}/64 dev wire nodad", check=True)
        self.run("ip link set wire mtu 1500 up", check=True)

    def close(self):
        os.close(self.device)
        self.holder.kill()
        self.holder.wait()
        self.holder.stdout.close()

    def words(self, *words):
        """A command that runs in here."""
        return ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net", *words]

    def run(self, line, **options):
        return subprocess.run(self.words("/bin/sh", "-c", line), text=True,
                              capture_output=True, **options)

    def start(self, *words, **options):
        return subprocess.Popen(self.words(*words), **options)

    @contextlib.contextmanager
    def inside(self):
        """Sockets that this thread makes meanwhile are in here, and so are the threads it starts."""
        outside = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        within = os.open(f"/proc/{self.holder.pid}/ns/net", os.O_RDONLY)
        try:
            if LIBC.setns(within, CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "cannot enter the namespace")
            yield
        finally:
            if LIBC.setns(outside, CLONE_NEWNET):
                # Whatever it did next would happen in the wrong network.
                os.abort()
            os.close(outside)
            os.close(within)

    def counter(self, protocol, name):
        """A counter of /proc/net/snmp or netstat in here."""
        text = self.run("cat /proc/net/snmp /proc/net/netstat", check=True).stdout
        lines = [line.split() for line in text.splitlines()]
        for names, values in zip(lines[::2], lines[1::2]):
            if names[0] == f"{protocol}:" and name in names:
                return int(values[names.index(name)])
        raise KeyError(name)


def open_tun():
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", b"wire", IFF_TUN | IFF_NO_PI))
    return device


class Packet:
    """As much of an IP packet as tests ask for."""

    def __init__(self, data):
        self.data = data
        self.is_ipv6 = data[0] >> 4 == 6
        self.protocol = data[6] if self.is_ipv6 else data[9]
        payload = data[40:] if self.is_ipv6 else data[(data[0] & 15) * 4:]
        self.payload = payload
        self.ports = struct.unpack(">HH", payload[:4]) if len(payload) >= 4 else (0, 0)
        self.is_tcp = self.protocol == socket.IPPROTO_TCP and len(payload) >= 20
        self.flags = payload[13] if self.is_tcp else 0
        self.has_data = self.is_tcp and len(payload) > (payload[12] >> 4) * 4


class Wire:
    """Carries packets between two sides.

    `delay` is in seconds, for each direction; `drops(packet, side)` says whether a packet that `side`
    sent is lost. What was carried and lost is counted by side, and how late it was in all.
    """

    def __init__(self, delay=0.0, drops=None):
        self.delay = delay
        self.drops = drops or (lambda packet, side: False)
        self.sides = Side(1), Side(2)
        self.lost = collections.Counter()
        self.carried = collections.Counter()
        self.arrived = 0
        self.took = 0.0
        self.stopper = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self.thread = threading.Thread(target=self.carry, name="wire")
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.eventfd_write(self.stopper, 1)
        self.thread.join()
        os.close(self.stopper)
        for side in self.sides:
            side.close()

    def mean_delay(self):
        """How long a packet really took from one end to the other."""
        return self.took / max(1, self.arrived)

    def carry(self):
        # On a busy machine it would be late.
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
        waiting = []
        sequence = 0
        by_device = {self.sides[0].device: (self.sides[0], self.sides[1].device),
                     self.sides[1].device: (self.sides[1], self.sides[0].device)}
        poller = select.poll()
        for descriptor in [*by_device, self.stopper]:
            poller.register(descriptor, select.POLLIN)
        while True:
            now = time.monotonic()
            while waiting and waiting[0][0] <= now:
                due, _, device, data = heapq.heappop(waiting)
                with contextlib.suppress(OSError):
                    os.write(device, data)
                self.arrived += 1
                self.took += time.monotonic() - due + self.delay
            timeout = (waiting[0][0] - time.monotonic()) * 1000 if waiting else None
            # poll() rounds up to milliseconds; the last one is spent looking.
            ready = poller.poll(None if timeout is None else max(0, timeout - 1))
            for descriptor, _ in ready:
                if descriptor == self.stopper:
                    return
                side, other = by_device[descriptor]
                with contextlib.suppress(BlockingIOError):
                    while True:
                        data = os.read(descriptor, PACKET_BYTES)
                        packet = Packet(data)
                        if self.drops(packet, side):
                            self.lost[side.number] += 1
                            continue
                        self.carried[side.number] += 1
                        sequence += 1
                        due = time.monotonic() + self.delay
                        heapq.heappush(waiting, (due, sequence, other, data))


def random_loss(share, seed):
    """Loses a share of TCP's packets, the same ones each time."""
    generator = random.Random(seed)
    return lambda packet, side: packet.is_tcp and generator.random() < share
