#!/usr/bin/env python3
"""What unwinding costs and yields, each figure beside a peer's in the same run.

frames    ns in the kernel for a sample and a frame: bpf_get_stackid, a naive search
cpu       CPU for 1,000 samples, and complete stacks: perf record --call-graph dwarf + perf script
slowdown  extra time of a fixed amount of work on every processor: the same perf
memory    wick alone, with 100 processes and 400 files
tables    rows a second while unwind tables are built, and that all of them are right: readelf
Fails when a figure misses its mark.
"""

import argparse
import pathlib
import sys

import bench_tables
import unwind_cost
import unwind_frames
import unwind_memory
from loads import ROOT, Loads
from measure import run

PARTS = {
    "frames": lambda loads, chosen: unwind_frames.measure(loads, chosen.repeat),
    "cpu": lambda loads, chosen: unwind_cost.measure_cpu(loads, chosen.repeat, chosen.seconds),
    "slowdown": lambda loads, chosen: unwind_cost.measure_slowdown(
        loads, 3 * chosen.repeat, chosen.rounds
    ),
    "memory": lambda loads, chosen: unwind_memory.measure(loads, 2 * chosen.seconds),
    "tables": lambda loads, chosen: bench_tables.measure(bench_tables.files()),
}


def main():
    options = argparse.ArgumentParser()
    options.add_argument("folder", type=pathlib.Path)
    options.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    options.add_argument("--repeat", type=int, default=3)
    options.add_argument("--seconds", type=float, default=20, help="of a recording")
    options.add_argument("--rounds", type=int, default=2500, help="of fixed work, about 1 ms each")
    chosen = options.parse_args()
    run(str(ROOT / "Tests/Workloads/build"), str(chosen.folder))
    run("gcc", "-O2", "-o", str(chosen.folder / "meter"), str(ROOT / "Tests/Bench/meter.c"), "-lbpf")
    missed = []
    for part in chosen.parts:
        print(f"bench: {part}", file=sys.stderr)
        with Loads(chosen.folder) as loads:
            missed += PARTS[part](loads, chosen)
        print(flush=True)
    for problem in missed:
        print(f"MISSED: {problem}", file=sys.stderr)
    sys.exit(1 if missed else 0)


main()
