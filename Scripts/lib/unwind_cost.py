"""CPU for 1,000 samples, completeness, and slowdown, beside perf record --call-graph dwarf."""

import os
import statistics
import subprocess
import time

from loads import ROOT
from measure import Running, run, table
from recorders import Perf, Wick, field

# Programs without frame pointers that run side by side, with their arguments after the time.
MIXES = {
    "mix": [["split"], ["recursion", "60"], ["shapes"], ["names-rust"], ["names-swift"], ["vdso"],
            ["signal"], ["threads"]],
    "beyond 8 KiB": [["frames", "16"], ["frames", "32"], ["frames", "64"], ["layers"], ["deep"]],
}


def start_mix(loads, name):
    for program, *arguments in MIXES[name]:
        loads.start(str(loads.folder / program), "3600", *arguments)
    time.sleep(1)


class Share:
    """CPU and samples of one tool."""

    def __init__(self):
        self.cpu_s = self.samples = self.complete = 0

    def add(self, cpu_s, samples, complete):
        self.cpu_s += cpu_s
        self.samples += samples
        self.complete += complete

    @property
    def ms_per_1000(self):
        return self.cpu_s / self.samples * 1e6 if self.samples else float("nan")

    @property
    def coverage(self):
        return self.complete / self.samples if self.samples else 0


def under_wick(loads, frequency, seconds, shares):
    """Adds steady state, BPF, and whole costs of one recording."""
    wick = Wick(loads.folder, frequency, settle=4)
    cpu, spent = wick.window(seconds)
    cost, summary = wick.stop()
    taken, duration = field(summary, "taken"), field(summary, "duration_s")
    complete = field(summary, "complete")
    # Idle processors would run the sampler without a sample.
    samples = min(spent.runs, taken * seconds / duration)
    shares["steady"].add(cpu, samples, 0)
    shares["bpf"].add(spent.ns / 1e9, spent.runs, 0)
    shares["whole"].add(cost.cpu_s + field(summary, "cost.bpf_s"), taken, complete)
    # What does not depend on the length: start, names, writing.
    shares["fixed"].append(cost.cpu_s - cpu * duration / seconds)
    return summary


def under_perf(loads, frequency, seconds, dump_bytes, share):
    perf = Perf(loads.folder, frequency, dump_bytes)
    time.sleep(seconds)
    cpu_s = perf.stop().cpu_s
    cost, stacks = perf.script()
    share.add(cpu_s + cost.cpu_s, stacks.samples, stacks.complete)


def measure_cpu(loads, repeat, seconds):
    """Prints what 1,000 samples cost and how many are whole; yields what misses its mark."""
    rows = []
    for name in MIXES:
        shares = {"steady": Share(), "bpf": Share(), "whole": Share(), "fixed": []}
        perf = {8192: Share(), 65528: Share()}
        first = len(loads.started)
        start_mix(loads, name)
        for _ in range(repeat):
            summary = under_wick(loads, 999, seconds, shares)
            for dump_bytes, share in perf.items():
                under_perf(loads, 999 if dump_bytes == 8192 else 199, 3, dump_bytes, share)
        for process in loads.started[first:]:
            process.kill()
        steady, whole = shares["steady"].ms_per_1000, shares["whole"]
        print(f"{name}: wick's last ledger: {summary}")
        ratio = steady / perf[8192].ms_per_1000
        rows.append([
            name, f"{steady:.1f} ms", f"{shares['bpf'].ms_per_1000:.1f} ms",
            f"{whole.ms_per_1000:.1f} ms", f"{statistics.median(shares['fixed']):.2f} s",
            f"{perf[8192].ms_per_1000:.0f} ms", f"{ratio:.3f}×", f"{whole.coverage:.2%}",
            *(f"{share.coverage:.2%}" for share in perf.values()),
        ])
        if steady > 15:
            yield f"{name}: 1,000 samples cost {steady:.1f} ms, more than 15"
        if ratio > 0.1:
            yield f"{name}: {ratio:.3f} × the CPU of perf, more than 0.1"
        if whole.coverage < 0.995:
            yield f"{name}: {whole.coverage:.2%} complete, less than 99.5 %"
        if whole.coverage < max(share.coverage for share in perf.values()):
            yield f"{name}: perf has more complete stacks"
    print(table(
        ["load", "CPU/1,000: wick, steady", "in BPF", "all, with start and end", "start and end",
         "perf, 8 KiB", "steady / perf", "complete: wick", "perf, 8 KiB", "perf, 64 KiB"],
        rows,
    ))


def fixed_work(loads, rounds):
    """Seconds that a recursion of so many rounds takes on each processor at once."""
    began = time.monotonic()
    command = [str(loads.folder / "deep"), "600", "60", str(rounds)]
    running = [
        Running(["taskset", "-c", str(cpu), *command], stdout=subprocess.DEVNULL)
        for cpu in range(os.cpu_count())
    ]
    for one in running:
        if one.finish().status:
            raise SystemExit("deep failed")
    return time.monotonic() - began


def slowdowns(loads, frequency, repeat, rounds):
    """Extra time under each, beside a run alone just before and after.

    The timer that takes the samples costs both of them the same: perf without any stacks shows it.
    """
    tools = {
        "perf": lambda: Perf(loads.folder, frequency),
        "timer": lambda: Perf(loads.folder, frequency, dump_bytes=0),
        "wick": lambda: Wick(loads.folder, frequency),
    }
    extra = {name: [] for name in tools}
    before = fixed_work(loads, rounds)
    for turn in range(repeat):
        for name in tools if turn % 2 else reversed(tools):
            tool = tools[name]()
            seconds = fixed_work(loads, rounds)
            tool.stop()
            after = fixed_work(loads, rounds)
            extra[name].append(seconds * 2 / (before + after) - 1)
            before = after
    return extra


def measure_slowdown(loads, repeat, rounds):
    rows = []
    for frequency in (99, 999):
        extra = slowdowns(loads, frequency, repeat, rounds)
        middle = {name: statistics.median(values) for name, values in extra.items()}
        spread = {name: statistics.quantiles(values, n=4) for name, values in extra.items()}
        rows.append([
            f"{frequency} Hz",
            *(f"{middle[name]:+.2%} ({spread[name][0]:+.2%} to {spread[name][2]:+.2%})"
              for name in ("timer", "perf", "wick")),
            f"{middle['wick'] / middle['perf']:.2f}×",
        ])
        if middle["wick"] > 0.5 * middle["perf"]:
            yield (f"at {frequency} Hz wick slows work by {middle['wick']:.2%}, more than half of "
                   f"perf's {middle['perf']:.2%}")
    print(table(["slowdown of fixed work", "the timer alone (quartiles)", "perf dwarf", "wick", "wick/perf"],
                rows))
