#!/usr/bin/env python3
"""Profiles a host on which everything comes and goes, and checks that wick stays true and small.

It is the daemon that is watched, for a profile of its own would grow with every process that it shows.

While a known program works, others are executed (200 a second), load and unload libraries at one
address (50 a second), fork children whose first thread ends before the others, and take turns at
one process number. Each second wick's memory, descriptors and BPF maps are looked at.

Fails when
- a complete stack shows what the program cannot have been doing,
- the ledger does not add up, or a load did not reach its rate,
- memory, maps or descriptors grow: after a warm-up (a quarter of the time) the median of the last
  third may exceed that of the first third by GROWTH of it and the slack below, no more.
$WICK is the binary; the arguments are a folder for files and the minutes.
"""

import argparse
import collections
import contextlib
import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import time

from folded import Stack
from loads import ROOT, Loads
from measure import Running, run, table
from watch import cpu_seconds, holdings

FREQUENCY = "199"
GROWTH = 0.03
# What a few programs that somebody else starts meanwhile take; 200 a second begin here, so that what
# is kept of each would be far more.
MEMORY_SLACK = 12 << 20
DESCRIPTOR_SLACK = 32
THREAD_SLACK = 2
VARIANTS = range(1, 5)


def unused_number():
    """One that several programs' children take turns at: a high one, which no other gets soon."""
    used = {int(word) for path in pathlib.Path("/proc").glob("[0-9]*/task/[0-9]*/stat")
            for word in numbers_in(path)}
    top = int(pathlib.Path("/proc/sys/kernel/pid_max").read_text())
    return str(next(number for number in range(min(top, 1 << 20) - 500, 1, -1)
                    if number not in used))


def numbers_in(path):
    """A thread's number, and those of its process, group and session."""
    with contextlib.suppress(OSError):
        return [path.parent.name, path.parents[2].name,
                *path.read_text().rpartition(")")[2].split()[2:4]]
    return []


def numbered(*names):
    """Chains of functions, for each of the programs' variants."""
    return [[name.replace("#", str(n)) for name in names] for n in VARIANTS]


# What each program may be doing, as its own functions from the root on; a stack may end early.
CHAINS = {
    "recursion": [["main", *["descend"] * 60, "bottom"]],
    "layers": [["main", "first", "second", "third", "fourth", "bottom"]],
    "churn_exec": [["main", "start_one"]],
    "churn_library": numbered("main", "use_library", "variant_#", "variant_#_inner"),
    "churn_fork": [["main", "fork_one", "child_work"], ["orphan", "orphan_work"]],
    **{f"brief_{n}": [["main", f"brief_{n}", f"brief_{n}_inner"]] for n in VARIANTS},
    **{
        f"churn_reuse_{n}": [["main", "reuse", f"reuse_{n}", f"reuse_{n}_inner"]]
        for n in VARIANTS
    },
}
# These run all the time: where their chain is not whole, the stack is wrong.
STEADY = {"recursion": 61, "layers": 1}
OWN_NAMES = {name for chains in CHAINS.values() for chain in chains for name in chain}


def mistake(stack):
    """What is wrong with a complete stack, or None."""
    own = [place for place, name in enumerate(stack.user) if name in OWN_NAMES]
    if not own:
        # Nothing of the program's own is right only before `main`, after it, and in the kernel.
        return "the chain is missing" if stack.process in STEADY and stack.user else None
    shown = stack.user[own[0] : own[-1] + 1]
    if not any(chain[: len(shown)] == shown for chain in CHAINS[stack.process]):
        return "not what the program does"
    if stack.process in STEADY and len(shown) < STEADY[stack.process]:
        return "frames are missing"
    return None


class Watch:
    """What wick held, second by second."""

    def __init__(self, pid, meter):
        self.pid, self.meter, self.seen = pid, meter, []
        self.began = time.monotonic()

    def look(self):
        self.seen.append((time.monotonic() - self.began, holdings(self.pid, self.meter)))

    def rows(self):
        """(name, first third, last third, greatest, verdict) of each resource."""
        end = self.seen[-1][0]
        steady = [held for at, held in self.seen if at > end / 4]
        third = len(steady) // 3
        for name, slack, value in (
            ("resident memory, bytes", MEMORY_SLACK, lambda h: h.rss_bytes),
            ("BPF maps, bytes", MEMORY_SLACK, lambda h: h.map_bytes),
            ("both, shared pages once, bytes", MEMORY_SLACK, lambda h: h.total_bytes),
            ("descriptors", DESCRIPTOR_SLACK, lambda h: h.descriptors),
            ("threads", THREAD_SLACK, lambda h: h.threads),
        ):
            first = statistics.median(map(value, steady[:third]))
            last = statistics.median(map(value, steady[-third:]))
            greatest = max(value(held) for _, held in self.seen)
            yield name, first, last, greatest, last <= first * (1 + GROWTH) + slack


def start_loads(loads, seconds):
    """Starts everything that comes and goes; returns each load's wanted number of deeds."""
    folder, wanted = loads.folder, {}

    def start(name, rate, *arguments):
        log = open(folder / f"{name}.out", "wb")
        loads.start(str(folder / name), str(seconds), str(rate), *arguments, stdout=log)
        log.close()
        wanted[name] = rate * seconds

    # Every fourth one that is started becomes another: 160 starts are 200 programs.
    start("churn_exec", 160, *(str(folder / f"brief_{n}") for n in VARIANTS))
    start("churn_library", 50, *(str(folder / f"libvariant_{n}.so") for n in VARIANTS))
    start("churn_fork", 20)
    number = unused_number()
    start("churn_reuse_1", 10, number)
    start("churn_reuse_2", 10, number)
    return wanted


def load_problems(folder, wanted):
    for name, deeds in wanted.items():
        text = (folder / f"{name}.out").read_text()
        print("load:", " ".join(text.split("\n")[1:]).strip())
        done = re.search(r"^\w+ (\d+) in", text, re.MULTILINE)
        if not done or int(done[1]) < 0.2 * deeds:
            yield f"{name} did {done and done[1]} of {deeds:.0f}: the machine is too busy"


def ledger_problems(summary, stacks):
    partial, dropped = sum(summary["partial"].values()), sum(summary["dropped"].values())
    if summary["taken"] != summary["complete"] + partial + dropped:
        yield f"the ledger does not add up: {summary}"
    delivered = sum(stack.count for stack in stacks)
    if delivered != summary["complete"] + partial:
        yield f"the file has {delivered} samples, the ledger {summary['complete'] + partial}"


def stack_problems(stacks):
    """Prints what became of each program's samples; yields wrong stacks."""
    complete, reasons = collections.Counter(), collections.defaultdict(collections.Counter)
    wrong, examples = collections.Counter(), []
    for stack in stacks:
        name = stack.process if stack.process in CHAINS else "(others)"
        if stack.incomplete:
            reasons[name][stack.incomplete] += stack.count
            continue
        complete[name] += stack.count
        if name in CHAINS and (why := mistake(stack)):
            wrong[name] += stack.count
            examples.append((stack.count, name, why, stack.user))
    rows = []
    for name in [*CHAINS, "(others)"]:
        samples = complete[name] + reasons[name].total()
        if samples:
            rows.append([
                name, str(samples), f"{complete[name] / samples:.1%}", str(wrong[name]),
                ", ".join(f"{reason} {n}" for reason, n in reasons[name].most_common()),
            ])
    print(table(["program", "samples", "complete", "wrong", "incomplete"], rows))
    for count, name, why, user in sorted(examples, reverse=True)[:12]:
        yield f"{count} × {name}: {why}: {';'.join(user)}"
    for name in ("recursion", "churn_library", "churn_fork", "churn_reuse_1", "brief_1"):
        if not complete[name]:
            yield f"no complete stack of {name}"


def record(loads, wick, meter, seconds):
    """Runs wick beside the loads; returns what was watched and what the loads should have done."""
    loads.start(str(loads.folder / "recursion"), str(seconds + 30), "60")
    loads.start(str(loads.folder / "layers"), str(seconds + 30))
    wanted = start_loads(loads, seconds)
    # Nothing but profiles, and all of them: the load is more than a budget would bear.
    environment = {
        **os.environ, "WICK_BUDGET_GOVERNOR": "false", "WICK_METRICS_ENABLED": "false",
        "WICK_HTTP_ENABLED": "false", "WICK_HTTP_SOCKET": str(loads.folder / "agent.sock"),
    }
    configuration = loads.folder / "agent.yaml"
    configuration.write_text("profiling:\n  events: [cpu]\n")
    recording = Running([
        wick, "agent", "--config", str(configuration), "-F", FREQUENCY, "--window", "5s",
        "--keep-bytes", "4G",
        "--profiles", str(loads.folder / "profiles"), "--summary", str(loads.folder / "churn.json"),
    ], env=environment)
    watch = Watch(recording.process.pid, meter)
    interval = max(1, seconds / 300)
    while time.monotonic() - watch.began < seconds - 1:
        time.sleep(interval)
        if recording.process.poll() is not None:
            raise SystemExit(f"wick agent ended early: status {recording.process.returncode}")
        watch.look()
    cpu = cpu_seconds(recording.process.pid) / watch.seen[-1][0]
    print(f"wick used {cpu:.1%} of a processor")
    time.sleep(2)  # the loads end
    cost = recording.interrupt()
    if cost.status:
        raise SystemExit(f"wick agent: status {cost.status}")
    return watch, wanted


def folded(wick, folder):
    """The lines of all profiles that the daemon has kept."""
    text = folder / "part.folded"
    for profile in sorted((folder / "profiles").iterdir()):
        run(wick, "convert", str(profile), str(text))
        yield from text.read_text().splitlines()


def main():
    options = argparse.ArgumentParser()
    options.add_argument("folder", type=pathlib.Path)
    options.add_argument("--minutes", type=float, default=10)
    chosen = options.parse_args()
    folder, seconds = chosen.folder, chosen.minutes * 60
    run(str(ROOT / "Tests/Workloads/build"), str(folder))
    meter = str(folder / "meter")
    run("gcc", "-O2", "-o", meter, str(ROOT / "Tests/Bench/meter.c"), "-lbpf")
    with Loads(folder) as loads:
        watch, wanted = record(loads, os.environ["WICK"], meter, seconds)
    summary = json.loads((folder / "churn.json").read_text())
    stacks = [Stack(line) for line in folded(os.environ["WICK"], folder)]
    problems = [*load_problems(folder, wanted), *stack_problems(stacks)]
    rows = list(watch.rows())
    print(table(
        ["held by wick", "first third", "last third", "greatest", "flat"],
        [[name, *(f"{value:,.0f}" for value in values), "yes" if flat else "NO"]
         for name, *values, flat in rows],
    ))
    problems += [f"{name} grow from {first:,.0f} to {last:,.0f}"
                 for name, first, last, _, flat in rows if not flat]
    print(f"ledger: taken {summary['taken']}, complete {summary['complete']} "
          f"({summary['coverage']:.2%}), partial {summary['partial']}, dropped {summary['dropped']}")
    problems += ledger_problems(summary, stacks)
    for problem in problems:
        print(f"FAILED: {problem}", file=sys.stderr)
    sys.exit(1 if problems else 0)


main()
