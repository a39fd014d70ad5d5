#!/usr/bin/env python3
"""Holds one thread of a process where it is, while all others run: as a deadlock does.

    hold_thread.py PID NAME

NAME is a pattern for the thread's name; of several, the one that began first is held. Says so when it
stands still, and ends when the process has ended; the thread goes on if this program ends before.
"""

import ctypes
import fnmatch
import os
import signal
import sys
import time

PR_SET_PDEATHSIG = 1
PTRACE_SEIZE = 0x4206
PTRACE_INTERRUPT = 0x4207
# Of waitpid: threads, too.
WALL = 0x40000000

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


def trace(request: int, tid: int) -> None:
    if libc.ptrace(request, tid, None, None):
        code = ctypes.get_errno()
        raise OSError(code, f"cannot trace thread {tid}: {os.strerror(code)}")


def read(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def start_time(folder: str) -> int:
    """Clock ticks since boot (proc(5), the 22nd field of stat)."""
    return int(read(f"{folder}/stat").rpartition(")")[2].split()[19])


def find(pid: int, name: str) -> tuple[int, int, str]:
    """The start time, the number and the name of the thread."""
    end = time.monotonic() + 30
    while not (found := threads_named(pid, name)):
        # A thread that has just begun has the name of the one that made it.
        if time.monotonic() > end:
            sys.exit(f"process {pid} has no thread {name}")
        time.sleep(0.1)
    return min(found)


def threads_named(pid: int, name: str) -> list[tuple[int, int, str]]:
    found = []
    for tid in os.listdir(f"/proc/{pid}/task"):
        folder = f"/proc/{pid}/task/{tid}"
        try:
            comm = read(f"{folder}/comm").rstrip("\n")
            if fnmatch.fnmatchcase(comm, name):
                found.append((start_time(folder), int(tid), comm))
        except OSError:
            continue  # it has ended
    return found


def hold(tid: int, name: str) -> None:
    trace(PTRACE_SEIZE, tid)
    trace(PTRACE_INTERRUPT, tid)
    is_held = False
    while True:
        # Also takes note of its end: until then the process would stay as a zombie.
        _, status = os.waitpid(tid, WALL)
        if not os.WIFSTOPPED(status):
            return
        if not is_held:
            print(f"holding {name}, thread {tid}", flush=True)
        is_held = True


if len(sys.argv) != 3:
    sys.exit(__doc__)
libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
_, thread, comm = find(int(sys.argv[1]), sys.argv[2])
hold(thread, comm)
