"""Time in the kernel for a sample and for a frame, from the kernel's own statistics.

Recursions of two depths spin on every processor, so the difference is the price of a frame. The
kernel's walk gets the same program with frame pointers; the naive search walks 32 frames.
"""

import os
import statistics
import subprocess

from measure import run, table
from recorders import Wick
from loads import ROOT
from folded import Stack

FREQUENCY = 999
SECONDS = 3
# The kernel's stacks end at 127 frames; five of them are around the recursion.
DEPTHS = (20, 110)
NAIVE_FRAMES = 32


def build(folder):
    source = str(ROOT / "Tests/Workloads/recursion.c")
    for name, flag in (("with", "-fno-omit-frame-pointer"), ("without", "-fomit-frame-pointer")):
        run("gcc", "-O2", flag, "-o", str(folder / f"recursion-{name}"), source)
    run(
        "clang", "-target", "bpf", "-mcpu=v2", "-O2", "-g", "-D__TARGET_ARCH_x86",
        f"-I{ROOT}/BPF", "-c", str(ROOT / "Tests/Bench/peers.bpf.c"),
        "-o", str(folder / "peers.bpf.o"),
    )


def spin(loads, name, depth):
    """One recursion on each processor."""
    return [
        loads.start("taskset", "-c", str(cpu), str(loads.folder / f"recursion-{name}"), "600",
                    str(depth))
        for cpu in range(os.cpu_count())
    ]


def end(processes):
    for process in processes:
        process.kill()
        process.wait()


def peer(folder, program):
    """Nanoseconds a run of one of the programs in peers.bpf.c."""
    text = subprocess.run(
        [str(folder / "meter"), "run", str(folder / "peers.bpf.o"), program, str(FREQUENCY),
         str(SECONDS * 1000)], check=True, capture_output=True, text=True,
    ).stdout
    runs, ns = map(int, text.split())
    return ns / runs


def walker(folder):
    """Nanoseconds a run of wick's sampler."""
    wick = Wick(folder, FREQUENCY)
    _, spent = wick.window(SECONDS)
    wick.stop()
    return spent.ns / spent.runs


def mixed(loads, start):
    """(ns a sample, frames a sample) of wick on real programs, whose frames are many."""
    start()
    wick = Wick(loads.folder, FREQUENCY, settle=5)
    _, spent = wick.window(2 * SECONDS)
    wick.stop()
    stacks = [Stack(line) for line in wick.profile.read_text().splitlines()]
    samples = sum(stack.count for stack in stacks)
    return spent.ns / spent.runs, sum(len(s.user) * s.count for s in stacks) / samples


def collect(loads, repeat):
    """Each figure's values over the repetitions, by name and depth."""
    build(loads.folder)
    found = {}
    for _ in range(repeat):
        for depth in DEPTHS:
            spinning = spin(loads, "without", depth)
            found.setdefault(("wick", depth), []).append(walker(loads.folder))
            for name in ("naive_32", "naive_hot_32"):
                found.setdefault((name, 0), []).append(peer(loads.folder, name))
            end(spinning)
            spinning = spin(loads, "with", depth)
            found.setdefault(("stack_id", depth), []).append(peer(loads.folder, "stack_id"))
            end(spinning)
    return {key: statistics.median(values) for key, values in found.items()}


def measure(loads, repeat):
    """Prints the figures; yields those that miss their mark."""
    ns = collect(loads, repeat)
    frames = {name: (ns[name, DEPTHS[1]] - ns[name, DEPTHS[0]]) / (DEPTHS[1] - DEPTHS[0])
              for name in ("wick", "stack_id")}
    for name in ("naive_32", "naive_hot_32"):
        frames[name] = ns[name, 0] / NAIVE_FRAMES
    loads.python()
    loads.python()
    mixed_ns, mixed_frames = mixed(loads, lambda: None)
    rows = [
        [label, *(f"{ns[name, depth] / 1000:.1f} µs" for depth in DEPTHS),
         f"{frames[name]:.0f} ns", f"{frames['wick'] / frames[name]:.2f}×"]
        for label, name in (
            ("wick, without frame pointers", "wick"),
            ("bpf_get_stackid, with frame pointers", "stack_id"),
        )
    ] + [
        [label, "", "", f"{frames[name]:.0f} ns", f"{frames['wick'] / frames[name]:.2f}×"]
        for label, name in (
            ("naive search, addresses all over its table", "naive_32"),
            ("naive search, always one address", "naive_hot_32"),
        )
    ] + [[
        "wick, Python's interpreter", f"{mixed_ns / 1000:.1f} µs for {mixed_frames:.0f} frames", "",
        f"{mixed_ns / max(mixed_frames, 1):.0f} ns all told", "",
    ]]
    print(table(
        ["walk", *(f"sample, {depth} calls deep" for depth in DEPTHS), "a frame", "wick / this"],
        rows,
    ))
    if frames["wick"] > 0.6 * frames["naive_32"]:
        yield "a frame of wick costs more than 0.6 × one of the naive search"
