"""Mounts and a network of a test's own, and what runs or talks in them."""

import contextlib
import ctypes
import os
import subprocess

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)


class Namespaces:
    """Held by a process that sleeps; `setup` is what a shell does in them first, as root."""

    def __init__(self, setup):
        script = f"set -e; ip link set lo up || :; {setup}; echo ready; exec sleep 3600"
        self.holder = subprocess.Popen(
            ["unshare", "--mount", "--net", "--propagation", "private", "/bin/sh", "-c", script],
            stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        self.is_ready = self.holder.stdout.readline() == "ready\n"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.holder.kill()
        self.holder.wait()
        self.holder.stdout.close()

    def inside(self, *words):
        """A command that runs in them."""
        return ["nsenter", f"--mount=/proc/{self.holder.pid}/ns/mnt",
                f"--net=/proc/{self.holder.pid}/ns/net", *words]

    def shell(self, line, **options):
        return subprocess.run(self.inside("/bin/sh", "-c", line), text=True, **options)

    @contextlib.contextmanager
    def network(self):
        """The sockets that this thread makes meanwhile, and threads that it starts, are in there."""
        outside = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        try:
            enter_network(f"/proc/{self.holder.pid}/ns/net")
            yield
        finally:
            if LIBC.setns(outside, CLONE_NEWNET):
                # Whatever it did next would happen in the wrong network.
                os.abort()
            os.close(outside)


def enter_network(path):
    """A thread of its own accord can only change its network: mounts are the whole process's."""
    network = os.open(path, os.O_RDONLY)
    try:
        if LIBC.setns(network, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "cannot enter", path)
    finally:
        os.close(network)
