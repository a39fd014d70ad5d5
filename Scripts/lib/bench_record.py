#!/usr/bin/env python3
"""Records the same loads with wick and with perf, and compares cost, size and completeness.

Each load is a fixed amount of work. It runs alone, under perf and under wick, in turn, so that the
extra run time shows too. Costs are what the tool itself used: perf record and perf script; wick,
with its time inside the kernel's BPF programs, which perf's figure lacks for its own sampling.
Idle samples, which perf takes too, are left out of its count.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

from loads import CPP, PYTHON, ROOT, Loads
from measure import Running, run, table
from perf_script import Stacks

FREQUENCY = "99"


class Tool:
    """Totals of one tool over the runs of a load."""

    def __init__(self):
        self.cpu_s = self.samples = self.complete = self.bytes = 0
        self.times = []

    def add(self, other):
        self.cpu_s += other.cpu_s
        self.samples += other.samples
        self.complete += other.complete
        self.bytes += other.bytes

    @property
    def cpu_per_1000(self):
        return self.cpu_s / self.samples * 1000 if self.samples else float("nan")

    @property
    def coverage(self):
        return self.complete / self.samples if self.samples else 0


def compile_job(loads):
    source = loads.write("heavy.cpp", CPP)
    command = ["g++", "-O2", "-c", source, "-o"]
    return lambda: side_by_side([*command, f"{loads.folder}/{n}.o"] for n in range(2))


def nginx_job(loads):
    address = loads.nginx()

    def requests():
        text = subprocess.run(
            ["wrk", "-t1", "-c8", "-d5", "-H", "Accept-Encoding: gzip", address],
            check=True, capture_output=True, text=True,
        ).stdout
        rate = next(line.split()[1] for line in text.splitlines() if "Requests/sec" in line)
        return 100_000 / float(rate)  # the time that so many requests would take

    return requests


def python_job(loads):
    source = loads.write("load.py", PYTHON)
    return lambda: side_by_side([["/usr/bin/python3", source, "14000"]] * 2)


def recursion_job(loads):
    binary = f"{loads.folder}/recursion"
    flags = ["-O2", "-fomit-frame-pointer"]
    run("gcc", *flags, "-o", binary, str(ROOT / "Tests/Workloads/recursion.c"))
    return lambda: side_by_side([[binary, "60", "180", "16000"]] * 2)


def side_by_side(commands):
    """Runs commands at once, one for each of two processors; returns the seconds they took."""
    began = time.monotonic()
    for running in [Running(list(c), stdout=subprocess.DEVNULL) for c in commands]:
        if running.finish().status:
            raise SystemExit(f"{running.command} failed")
    return time.monotonic() - began


JOBS = {"g++": compile_job, "nginx": nginx_job, "python": python_job, "recursion": recursion_job}


def under_perf(job, folder, script_limit):
    data, tool = str(folder / "perf.data"), Tool()
    record = Running(
        ["perf", "record", "-q", "-a", "-F", FREQUENCY, "--call-graph", "dwarf,16384", "-o", data],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    time.sleep(1)
    tool.times.append(job())
    tool.cpu_s = record.interrupt().cpu_s
    tool.bytes = os.path.getsize(data)
    quiet = {"stderr": subprocess.DEVNULL, "timeout": script_limit}
    tool.cpu_s += run("perf", "script", "-i", data, **quiet).cpu_s
    with open(folder / "perf.txt", "w+") as text:
        # Not measured: the deepest stacks that perf can show, without its slow inlined frames.
        deep = ["--no-inline", "--max-stack", "1024"]
        run("perf", "script", "-i", data, *deep, stdout=text, **quiet)
        text.seek(0)
        stacks = Stacks(text)
    tool.samples, tool.complete = stacks.samples, stacks.complete
    return tool


def under_wick(job, folder, wick):
    profile, summary, tool = str(folder / "wick.html"), folder / "wick.json", Tool()
    record = Running(
        [wick, "record", "-a", "-F", FREQUENCY, "-d", "10m", "-o", profile, "--summary",
         str(summary)],
        stderr=subprocess.DEVNULL,
    )
    time.sleep(1)
    tool.times.append(job())
    cost = record.interrupt()
    if cost.status:
        raise SystemExit(f"wick record: status {cost.status}")
    ledger = json.loads(summary.read_text())
    tool.cpu_s = cost.cpu_s + (ledger["cost"]["bpf_s"] or 0)
    tool.bytes = os.path.getsize(profile)
    tool.samples, tool.complete = ledger["taken"], ledger["complete"]
    return tool


def measure(name, folder, wick, repeat, script_limit):
    """(time alone, perf, wick) of a load, over all repetitions."""
    alone, perf, ours = [], Tool(), Tool()
    with Loads(folder) as loads:
        job = JOBS[name](loads)
        job()  # warms caches
        for _ in range(repeat):
            alone.append(job())
            for total, part in ((perf, under_perf(job, folder, script_limit)),
                                (ours, under_wick(job, folder, wick))):
                total.add(part)
                total.times += part.times
    return statistics.median(alone), perf, ours


def row(name, perf, wick, extra):
    ratio = f"{wick.cpu_per_1000 / perf.cpu_per_1000:.3f}×"
    return [
        name, f"{perf.cpu_per_1000:.2f} s", f"{wick.cpu_per_1000:.3f} s", ratio,
        f"{perf.coverage:.1%}", f"{wick.coverage:.1%}",
        f"{perf.bytes / 1e6:.1f} MB", f"{wick.bytes / 1e6:.2f} MB",
        f"1/{perf.bytes / wick.bytes:.0f}", *extra,
    ]


def main():
    options = argparse.ArgumentParser()
    options.add_argument("folder", type=pathlib.Path)
    options.add_argument("--loads", nargs="+", choices=JOBS, default=list(JOBS))
    options.add_argument("--repeat", type=int, default=2)
    options.add_argument("--script-limit", type=int, default=240, help="seconds for perf script")
    chosen = options.parse_args()
    rows, all_perf, all_wick = [], Tool(), Tool()
    for name in chosen.loads:
        print(f"bench: {name}", file=sys.stderr)
        folder = chosen.folder / name.replace("+", "p")
        folder.mkdir()
        alone, perf, wick = measure(
            name, folder, os.environ["WICK"], chosen.repeat, chosen.script_limit
        )
        extra = [f"{statistics.median(tool.times) / alone - 1:+.1%}" for tool in (perf, wick)]
        rows.append(row(name, perf, wick, extra))
        all_perf.add(perf)
        all_wick.add(wick)
    rows.append(row("**all**", all_perf, all_wick, ["", ""]))
    print(table(
        ["load", "CPU/1,000 samples: perf", "wick", "ratio", "complete: perf", "wick",
         "written: perf", "wick", "ratio", "extra time: perf", "wick"],
        rows,
    ))


main()
