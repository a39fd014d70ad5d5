#!/usr/bin/env python3
"""Measures what latencies of system calls cost a call: entry and exit together, beside two programs
that do nothing, in one process that makes the cheapest call there is.

Prints a table in Markdown and, as its last line, the figures as JSON.
"""

import argparse
import json
import pathlib
import statistics
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
LIMIT_NS = 120
ROUNDS = "31"
REPEATS = 5


def compile_bpf(source, target):
    command = ["clang", "-target", "bpf", "-mcpu=v2", "-O2", "-g", "-D__TARGET_ARCH_x86"]
    subprocess.run([*command, "-I", ROOT / "BPF", "-c", source, "-o", target], check=True)


def measure(scratch):
    meter = scratch / "call_cost"
    empty, calls = scratch / "empty_calls.o", scratch / "latency_calls.o"
    source = ROOT / "Tests/Bench/call_cost.c"
    subprocess.run(["gcc", "-O2", "-o", meter, source, "-lbpf"], check=True)
    compile_bpf(ROOT / "Tests/Bench/empty_calls.bpf.c", empty)
    compile_bpf(ROOT / "BPF/latency_calls.bpf.c", calls)
    runs = []
    for _ in range(REPEATS):
        output = subprocess.run(
            [meter, ROUNDS, empty, calls], check=True, capture_output=True, text=True
        ).stdout
        runs.append(json.loads(output))
    return runs


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scratch", type=pathlib.Path)
    runs = measure(parser.parse_args().scratch)
    figures = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    # Rounds are compared with each other: the machine's speed changes over time.
    figures["cost_ns"] = statistics.median(run["full_ns"] - run["empty_ns"] for run in runs)
    print("| getppid, ns a call | |\n|---|---:|")
    print(f"| without programs | {figures['bare_ns']:.0f} |")
    print(f"| with two programs that do nothing | {figures['empty_ns']:.0f} |")
    print(f"| with those of wick latency syscalls | {figures['full_ns']:.0f} |")
    verdict = "within" if figures["cost_ns"] <= LIMIT_NS else "above"
    print(f"| their own cost | {figures['cost_ns']:.0f}, {verdict} the limit of {LIMIT_NS} |")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
