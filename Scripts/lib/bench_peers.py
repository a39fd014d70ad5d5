#!/usr/bin/env python3
"""Off-CPU time, system calls and block I/O beside libbpf-tools and bpftrace, in one run.

off-cpu  blocked time by function: offcputime, and a bpftrace script that does the same
calls    counts, total times and quantiles of system calls: syscount -L and bpftrace
block    counts and quantiles of reads past the cache: biolatency and bpftrace
floor    what measuring takes of the entry and the exit of a system call, above two empty programs

Each part has two halves. Answers: a workload measures itself, and what each tool says is beside it.
Cost: the same workload alone and under each tool, in turns whose order changes from round to round; the
figure is the CPU time of a turn, in which other programs of the host do not count, and a tool's
slowdown is what it adds to that of the workload alone, which runs before and after it. Runs in which
another process had the kernel count what programs take do not count, for that makes all of them dearer.
A tool that does not run on this kernel is said so, and nothing is compared with it.
Fails when wick's answers are wrong or a limit is missed.
"""

import argparse
import collections
import contextlib
import fcntl
import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import time

import pprof_file
from loads import ROOT
from measure import run, table
from watch import kernel_statistics

WICK = os.environ["WICK"]
# Another one may measure latencies, to compare two builds.
WICK_LATENCY = os.environ.get("WICK_LATENCY", WICK)
BPFTRACE_LIMIT = 0.8
LIBBPF_LIMIT = 1.0
FLOOR_LIMIT_NS = 120
PEERS = {"offcputime": LIBBPF_LIMIT, "syscount": LIBBPF_LIMIT, "biolatency": LIBBPF_LIMIT,
         "bpftrace": BPFTRACE_LIMIT}
HOUR = "3600"
# How long a tool has the same number of programs before it counts as ready.
READY_SECONDS = 1.2
READY_LIMIT = 30
TRIES = 3
# Of what a workload says of itself; its clock is read in user space, so that the way there and back
# is in it.
OFF_CPU_ERROR = 0.03
# Numbers of calls (kernel: arch/x86/entry/syscalls/syscall_64.tbl).
CALLS = {0: "read", 3: "close", 110: "getppid", 202: "futex", 230: "clock_nanosleep"}
# Long enough that the way to the kernel does not show.
MEASURABLE = ("futex", "clock_nanosleep")

OFF_CPU_SCRIPT = """
tracepoint:sched:sched_switch {
  if (pid == PID && args->prev_pid != 0) {
    @at[args->prev_pid] = nsecs; @k[args->prev_pid] = kstack; @u[args->prev_pid] = ustack;
  }
  $at = @at[args->next_pid];
  if ($at != 0) {
    @blocked[args->next_pid, @k[args->next_pid], @u[args->next_pid]] = sum(nsecs - $at);
    delete(@at[args->next_pid]);
  }
}
END { clear(@at); clear(@k); clear(@u); }
"""
CALLS_SCRIPT = """
tracepoint:raw_syscalls:sys_enter /pid == PID/ { @at[tid] = nsecs; }
tracepoint:raw_syscalls:sys_exit /@at[tid]/ {
  @ns[pid, args->id] = hist(nsecs - @at[tid]); delete(@at[tid]);
}
END { clear(@at); }
"""
# The sums besides: not a part of what is compared by cost.
CALL_SUMS_SCRIPT = CALLS_SCRIPT.replace(
    "delete(", "@sum[args->id] = stats(nsecs - @at[tid]); delete(")
BLOCK_SCRIPT = """
tracepoint:block:block_rq_issue { @at[args->dev, args->sector] = nsecs; }
tracepoint:block:block_rq_complete /@at[args->dev, args->sector]/ {
  @ns = hist(nsecs - @at[args->dev, args->sector]); delete(@at[args->dev, args->sector]);
}
END { clear(@at); }
"""


class Tool:
    """One way to measure a process; `output` is where its answer is."""

    def __init__(self, name, command):
        self.name, self.command = name, command

    def start(self, folder, pid):
        self.output, self.log = folder / f"{self.name}.out", folder / f"{self.name}.log"
        command = [word.replace("PID", str(pid)) for word in self.command]
        with open(self.output, "wb") as output, open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=log, cwd=folder)
        return self.is_ready()

    def descriptors(self):
        """What the kernel says of each of its descriptors."""
        found = []
        with contextlib.suppress(FileNotFoundError):
            for path in pathlib.Path(f"/proc/{self.process.pid}/fdinfo").iterdir():
                with contextlib.suppress(FileNotFoundError):
                    found.append(path.read_text())
        return found

    def is_ready(self):
        """Waits until its programs are attached, and no more of them come; false if it ends."""
        end, since, before = time.monotonic() + READY_LIMIT, time.monotonic(), 0
        while time.monotonic() < end and self.process.poll() is None:
            time.sleep(0.1)
            # bpftrace attaches its programs to descriptors of another kind.
            kind = "prog_id" if self.name == "bpftrace" else "link_id"
            count = sum(kind in text for text in self.descriptors())
            if count != before:
                since, before = time.monotonic(), count
            elif count and time.monotonic() - since > READY_SECONDS:
                return True
        return False

    def program_ns(self):
        """What its programs in the kernel have taken, by the kernel's statistics."""
        total = 0
        for text in self.descriptors():
            found = re.search(r"^run_time_ns:\s*(\d+)$", text, re.M)
            total += int(found[1]) if found else 0
        return total

    @property
    def is_disturbed(self):
        """Whether somebody else had the kernel count what programs take, which makes all dearer.

        wick does so itself, and bears what that costs.
        """
        return self.spent_ns > 0 and not self.name.startswith("wick")

    def stop(self):
        """Whether it came to its end."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return False
        return self.process.returncode == 0

    @property
    def text(self):
        return self.output.read_text(errors="replace")


def program(name):
    """libbpf-tools' programs are not on everybody's path."""
    found = f"/usr/sbin/{name}"
    return found if os.path.exists(found) else name


def record(event):
    return Tool(f"wick-record-{event}", [
        WICK, "record", "-p", "PID", "-e", event, "-d", "1h", "-o", "wick.pb.gz",
        "--summary", "wick.json"])


def latency(kind, *target):
    return Tool(f"wick-latency-{kind}", [
        WICK_LATENCY, "latency", kind, *(target or ("-p", "PID")), "-d", "1h", "--json"])


def bpftrace(script):
    return Tool("bpftrace", ["bpftrace", "-f", "json", "-e", script])


def has_latency():
    done = subprocess.run([WICK_LATENCY, "latency", "--help"], capture_output=True, check=False)
    return not done.returncode


class Bench:
    def __init__(self, chosen):
        self.folder = chosen.folder
        self.chosen = chosen
        self.missed = []
        self.figures = {}

    @contextlib.contextmanager
    def alone(self):
        """Keeps others out, where all agree on a file to lock."""
        if not self.chosen.lock:
            yield
            return
        with open(self.chosen.lock, "a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def check(self, holds, text):
        if not holds:
            self.missed.append(text)
        return "yes" if holds else "NO"

    def under(self, tool, *command):
        """What a workload printed while a tool watched it from its start; None if the tool failed.

        On a busy host a tool may be late: it is tried again.
        """
        for _ in range(TRIES):
            text = self.under_once(tool, *command)
            if text is not None:
                return text
            print(f"bench: {tool.name} ended with {tool.process.returncode}: {tool.log.read_text()}",
                  file=sys.stderr)
        self.check(not tool.name.startswith("wick"), f"{tool.name} does not run")
        return None

    def under_once(self, tool, *command):
        # It waits in the shell until the tool is there.
        workload = subprocess.Popen(
            ["/bin/sh", "-c", 'read line; exec "$0" "$@"', *map(str, command)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=self.folder)
        runs = tool is None or tool.start(self.folder, workload.pid)
        text, _ = workload.communicate("\n")
        if workload.returncode:
            raise SystemExit(f"{command[0]}: status {workload.returncode}")
        if tool:
            # What is on its way has arrived.
            time.sleep(0.3)
            tool.spent_ns = tool.program_ns() if tool.process.poll() is None else 0
            if not (tool.stop() and runs):
                return None
        return text

    def compare_cost(self, part, tools, turn_ns, *command, limited=True):
        """The cost of a turn alone and under each tool."""
        costs = collections.defaultdict(list)
        extra = collections.defaultdict(list)
        disturbed = collections.Counter()
        for turn in range(self.chosen.rounds):
            with self.alone():
                before = turn_ns(self.under(None, *command))
                for tool in tools[::-1] if turn % 2 else tools:
                    text = self.under(tool, *command)
                    after = turn_ns(self.under(None, *command))
                    if text is not None and tool.is_disturbed:
                        disturbed[tool.name] += 1
                    elif text is not None:
                        cost = turn_ns(text)
                        costs[tool.name].append(cost)
                        extra[tool.name].append(cost - (before + after) / 2)
                    costs["alone"].append(after)
                    before = after
        self.figures[part] = {
            name: {"turn_ns": costs[name], "extra_ns": extra[name]} for name in costs}
        mine = [tool.name for tool in tools if tool.name.startswith("wick")]
        rows = []
        for tool in [None, *tools]:
            name = tool.name if tool else "alone"
            base = statistics.median(costs["alone"])
            if not tool:
                rows.append([name, f"{base:.1f} ns", "", "", ""])
                continue
            if len(costs[name]) < 2:
                why = "was always disturbed" if disturbed[name] else "does not run here"
                rows.append([name, why, "", "", ""])
                continue
            low, middle, high = statistics.quantiles(extra[name], n=4)
            ratios = []
            for own in mine if name in PEERS and limited else []:
                if len(extra[own]) < 2:
                    continue
                ratio = statistics.median(extra[own]) / middle
                holds = self.check(
                    ratio <= PEERS[name],
                    f"{part}: {own} slows down {ratio:.2f} times as much as {name}, "
                    f"more than {PEERS[name]}")
                ratios.append(f"{own}: {ratio:.2f} of {name}, ≤ {PEERS[name]}: {holds}")
            rows.append([
                name, f"{statistics.median(costs[name]):.1f} ns",
                f"{middle:+.0f} ns ({low:+.0f} to {high:+.0f})", f"{middle / base:+.1%}",
                "; ".join(ratios)])
        print(table([f"{part}: cost", "a turn", "extra (quartiles)", "slowdown", "ratio"], rows),
              flush=True)
        print()


# Off-CPU time.

def threads_of(text):
    """(function, tid): nanoseconds that the thread had no CPU, by its own clocks."""
    lines = [line.split() for line in text.splitlines() if line.count(" ") == 5]
    return {(line[0], int(line[1])): int(line[4]) - int(line[5]) for line in lines}


def blocked_by_wick(tool):
    found = collections.Counter()
    for sample in pprof_file.read(tool.output.parent / "wick.pb.gz").samples:
        for name in set(sample.stack):
            found[name, sample.labels.get("tid")] += sample.values[1]
    return found


def blocked_by_offcputime(tool):
    """Its stacks end with a line of the thread's name and number, and one of microseconds."""
    found = collections.Counter()
    for name, tid, microseconds in re.findall(
            r"^    -\s+(\S+) \((\d+)\)\n\s+(\d+)$", tool.text, re.M):
        found[name, int(tid)] += int(microseconds) * 1000
    return found


def json_maps(tool):
    """The maps that bpftrace prints at its end, by name."""
    found = {}
    for line in tool.text.splitlines():
        if line.startswith("{"):
            message = json.loads(line)
            if message["type"] in ("map", "hist", "stats"):
                found.update(message["data"])
    return found


def blocked_by_bpftrace(tool):
    found = collections.Counter()
    for key, value in json_maps(tool).get("@blocked", {}).items():
        tid = int(key.split(",", 1)[0])
        found["", tid] += value
    return found


def measure_off_cpu(bench):
    tools = [record("off-cpu"), Tool("offcputime", [program("offcputime"), "-p", "PID", HOUR]),
             bpftrace(OFF_CPU_SCRIPT)]
    readers = [blocked_by_wick, blocked_by_offcputime, blocked_by_bpftrace]
    for workload in ("waits", "pingpong"):
        rows = []
        for tool, reader in zip(tools, readers):
            text = bench.under(tool, bench.folder / workload, bench.chosen.seconds)
            if text is None:
                rows.append([tool.name, "does not run here", ""])
                continue
            found, errors = reader(tool), {}
            for (name, tid), waited in threads_of(text).items():
                # Threads are named after their function; bpftrace knows the number alone.
                told = found.get((name, tid), 0) or found.get(("", tid), 0)
                errors[name] = told / waited - 1
            worst = max(errors.values(), key=abs)
            if tool.name.startswith("wick"):
                bench.check(abs(worst) <= OFF_CPU_ERROR,
                            f"off-cpu: {workload}: {tool.name} is {worst:+.1%} off")
            bench.figures.setdefault("off-cpu answers", {})[f"{workload} {tool.name}"] = errors
            rows.append([tool.name, f"{worst:+.2%}", ", ".join(
                f"{name} {error:+.2%}" for name, error in errors.items())])
        print(table([f"off-cpu: {workload}", "worst", "blocked time, off the truth"], rows), "\n")

    def turn_ns(text):
        lines = [line.split() for line in text.splitlines()]
        return 2 * sum(int(line[5]) for line in lines) / sum(int(line[2]) for line in lines)

    bench.compare_cost("off-cpu", tools, turn_ns, bench.folder / "pingpong", bench.chosen.seconds)
    print(table(["off-cpu: programs of wick", "runs", "ns a run"], [
        [name, str(runs["runs"]), f"{runs['ns'] / runs['runs']:.0f}"]
        for name, runs in json.loads((bench.folder / "wick.json").read_text())["programs"].items()
        if runs["runs"] > 100]), "\n")


# System calls.

Answer = collections.namedtuple("Answer", "count total p50 p99", defaults=(0, None, None))


def bucket_quantile(buckets, share):
    """The bounds of the bucket that a quantile is in; of (from, to, count)."""
    rank, seen = share * sum(bucket[2] for bucket in buckets), 0
    for low, high, count in sorted(buckets):
        seen += count
        if seen > rank:
            return low, high
    return None


def buckets_of_bpftrace(histogram):
    return [(bucket.get("min", 0), bucket.get("max", 0) + 1, bucket["count"])
            for bucket in histogram]


def buckets_of_wick(row):
    """Scale 2: bucket k is from 2^(k/4), exclusive, to 2^((k+1)/4)."""
    shape = row["buckets_ns"]
    step = 2 ** -shape["scale"]
    return [(2 ** ((shape["offset"] + index) * step), 2 ** ((shape["offset"] + index + 1) * step),
             count) for index, count in enumerate(shape["counts"]) if count]


def calls_by_record(tool):
    """Totals alone: a sample stands for a time, not for a number of calls."""
    totals = collections.Counter()
    for sample in pprof_file.read(tool.output.parent / "wick.pb.gz").samples:
        totals[sample.stack[0].strip("[]")] += sample.values[1]
    return {name: Answer(None, total) for name, total in totals.items()}


def sampling_error(tool, total):
    """How far a total of samples may be off, as a share: four standard deviations."""
    if "record" not in tool.name:
        return 0
    spans = json.loads((tool.output.parent / "wick.json").read_text())["events"][0]["spans"]
    return 4 * (spans["weight_of_short"] / total) ** 0.5


def calls_by_latency(tool):
    found = {}
    for row in json.loads(tool.text.splitlines()[-1])["rows"]:
        buckets = buckets_of_wick(row)
        found[row["name"]] = Answer(row["count"], row["sum_s"] * 1e9, bucket_quantile(buckets, 0.5),
                                    bucket_quantile(buckets, 0.99))
    return found


def calls_by_syscount(tool):
    found = {}
    for name, count, microseconds in re.findall(r"^(\w+)\s+(\d+)\s+([\d.]+)$", tool.text, re.M):
        found[name] = Answer(int(count), float(microseconds) * 1000)
    return found


def calls_by_bpftrace(tool):
    maps, found = json_maps(tool), {}
    for key, histogram in maps.get("@ns", {}).items():
        number = int(key.split(",")[1])
        if number in CALLS:
            sums, buckets = maps["@sum"][str(number)], buckets_of_bpftrace(histogram)
            found[CALLS[number]] = Answer(
                sums["count"], sums["total"], bucket_quantile(buckets, 0.5),
                bucket_quantile(buckets, 0.99))
    return found


def quantile_text(bounds, truth):
    if bounds is None:
        return "–"
    low, high = bounds
    where = "in it" if low <= truth <= high else f"{truth / (low * high) ** 0.5:.2f}× its middle"
    return f"{low / 1e3:.0f}–{high / 1e3:.0f} µs, truth {where}"


def check_calls(bench, rows, tool, text, found):
    is_mine = tool.name.startswith("wick")
    for name, count, _, total, p50, p99 in (line.split() for line in text.splitlines()):
        count, total, p50, p99 = int(count), int(total), int(p50), int(p99)
        answer = found.get(name, Answer(0))
        if is_mine and answer.count is not None:
            # The shell and the loader make a few of their own before the workload does.
            bench.check(count <= answer.count <= count + 40,
                        f"calls: {tool.name} counts {answer.count} {name}, not {count}")
        if is_mine and name in MEASURABLE:
            error, allowed = answer.total / total - 1, 0.03 + sampling_error(tool, total)
            bench.check(abs(error) < allowed, f"calls: {tool.name}: the total of {name} is "
                        f"{error:+.1%} off, more than {allowed:.1%}")
            for bounds, truth in ((answer.p50, p50), (answer.p99, p99)):
                width = bounds[1] / bounds[0] if bounds else 1
                bench.check(
                    not bounds or bounds[0] / width <= truth <= bounds[1] * width,
                    f"calls: {tool.name}: a quantile of {name} is {bounds}, not {truth} ns")
        rows.append([
            tool.name, name, "–" if answer.count is None else f"{answer.count - count:+d} of {count}",
            f"{answer.total / total - 1:+.1%}" if answer.total else "missing",
            quantile_text(answer.p50, p50), quantile_text(answer.p99, p99)])


def measure_calls(bench):
    wicks = [(record("syscalls"), calls_by_record)]
    if has_latency():
        wicks.append((latency("syscalls"), calls_by_latency))
    else:
        print("this wick has no latency: only its record is measured\n")
    syscount = Tool("syscount", [program("syscount"), "-L", "-T", "500", "-p", "PID"])
    rows = []
    for tool, reader in [*wicks, (syscount, calls_by_syscount),
                         (bpftrace(CALL_SUMS_SCRIPT), calls_by_bpftrace)]:
        text = bench.under(tool, bench.folder / "known_calls", "known", 100)
        if text is None:
            rows.append([tool.name, "does not run here", "", "", "", ""])
            continue
        check_calls(bench, rows, tool, text, reader(tool))
    print(table(["calls", "call", "count", "total", "p50", "p99"], rows), "\n")

    tools = [tool for tool, _ in wicks] + [syscount, bpftrace(CALLS_SCRIPT)]
    bench.compare_cost("calls", tools, loop_ns, bench.folder / "known_calls", "loop",
                       bench.chosen.seconds / 2)


def loop_ns(text):
    return float(text)


# The entry and the exit of a system call.

def measure_floor(bench):
    """All with the kernel's statistics, which wick turns on; what these take is a row of its own."""
    empty = Tool("empty", [str(bench.folder / "empty")])
    tools = [record("syscalls")]
    if has_latency():
        tools.insert(0, latency("syscalls", "-a"))
    above = collections.defaultdict(list)

    def cost(tool):
        text = bench.under(tool, bench.folder / "known_calls", "loop", 0.5)
        if text is None:
            raise SystemExit(f"{tool.name} does not run: {tool.log.read_text()}")
        return loop_ns(text)

    for turn in range(2 * bench.chosen.rounds):
        with bench.alone():
            plain = cost(empty)
            is_plain = not empty.is_disturbed
            with kernel_statistics():
                counted = cost(empty)
                for tool in tools if turn % 2 else tools[::-1]:
                    above[tool.name].append(cost(tool) - counted)
            if is_plain:
                above["the kernel's statistics"].append(counted - plain)
    rows = []
    for name, values in above.items():
        if len(values) < 2:
            continue
        low, middle, high = statistics.quantiles(values, n=4)
        # Recording samples besides, and has no limit of its own.
        text = ""
        if name.startswith("wick-latency"):
            holds = bench.check(middle <= FLOOR_LIMIT_NS, f"floor: {name} takes {middle:.0f} ns, more "
                                f"than {FLOOR_LIMIT_NS}")
            text = f"≤ {FLOOR_LIMIT_NS}: {holds}"
        rows.append([name, f"{middle:.0f} ns ({low:.0f} to {high:.0f})", text])
    bench.figures["floor"] = above
    print(table(["enter + exit of a call", "above two empty programs (quartiles)", "limit"], rows),
          "\n")


# Block I/O.

def histogram_of_biolatency(tool):
    """Rows of `from -> to : count`, in microseconds."""
    return [(int(low) * 1000, (int(high) + 1) * 1000, int(count)) for low, high, count in
            re.findall(r"^\s*(\d+) -> (\d+)\s*: (\d+)", tool.text, re.M) if int(count)]


def histogram_of_latency(tool):
    merged = collections.Counter()
    for row in json.loads(tool.text.splitlines()[-1])["rows"]:
        if "queue" not in row["name"]:
            for low, high, count in buckets_of_wick(row):
                merged[low, high] += count
    return [(low, high, count) for (low, high), count in merged.items()]


def histogram_of_bpftrace(tool):
    return buckets_of_bpftrace(json_maps(tool).get("@ns", []))


def measure_block(bench):
    biolatency = Tool("biolatency", [program("biolatency"), HOUR, "1"])
    tools = [(biolatency, histogram_of_biolatency), (bpftrace(BLOCK_SCRIPT), histogram_of_bpftrace)]
    if has_latency():
        tools.insert(0, (latency("block", "-a"), histogram_of_latency))
    else:
        print("this wick has no latency: there is nothing to compare biolatency with\n")
    path = bench.folder / "blocks"
    with open(path, "wb") as file:
        for _ in range(64):
            file.write(os.urandom(1 << 20))
        os.fsync(file.fileno())
    command = [bench.folder / "known_calls", "reads", bench.chosen.reads, path]
    rows, spent, first = [], collections.defaultdict(list), {}
    with kernel_statistics():
        for turn in range(bench.chosen.rounds):
            with bench.alone():
                for tool, reader in tools[::-1] if turn % 2 else tools:
                    text = bench.under(tool, *command)
                    buckets = reader(tool) if text else []
                    if buckets:
                        seen = sum(bucket[2] for bucket in buckets)
                        spent[tool.name].append(tool.spent_ns / seen)
                        first.setdefault(tool.name, (text, buckets))
    for tool, _ in tools:
        if tool.name not in first:
            rows.append([tool.name, "does not run here", "", ""])
            continue
        text, buckets = first[tool.name]
        _, count, _, _, p50, p99 = text.splitlines()[0].split()
        seen = sum(bucket[2] for bucket in buckets)
        if tool.name.startswith("wick"):
            bench.check(seen >= int(count), f"block: {tool.name} counts {seen} of {count} reads")
        rows.append([tool.name, f"{seen} ({seen - int(count):+d} of others)",
                     quantile_text(bucket_quantile(buckets, 0.5), int(p50)),
                     quantile_text(bucket_quantile(buckets, 0.99), int(p99))])
    print(table(["block", "requests", "p50", "p99"], rows), "\n")
    show_spent(bench, spent)
    bench.compare_cost("block", [tool for tool, _ in tools],
                       lambda text: float(text.splitlines()[1]), *command, limited=False)


def show_spent(bench, spent):
    """What the programs of each tool take of a request: it is too little to see in a read's time."""
    bench.figures["block programs"] = spent
    rows, mine = [], next((name for name in spent if name.startswith("wick")), None)
    for name, values in spent.items():
        low, middle, high = statistics.quantiles(values, n=4)
        text = ""
        if mine and name in PEERS:
            ratio = statistics.median(spent[mine]) / middle
            holds = bench.check(ratio <= PEERS[name], f"block: {mine} takes {ratio:.2f} times as much "
                                f"as {name}, more than {PEERS[name]}")
            text = f"{mine}: {ratio:.2f} of {name}, ≤ {PEERS[name]}: {holds}"
        rows.append([name, f"{middle:.0f} ns ({low:.0f} to {high:.0f})", text])
    print(table(["block: programs", "a request (quartiles)", "ratio"], rows), "\n")


PARTS = {"off-cpu": measure_off_cpu, "calls": measure_calls, "floor": measure_floor,
         "block": measure_block}


def main():
    options = argparse.ArgumentParser()
    options.add_argument("folder", type=pathlib.Path)
    options.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    options.add_argument("--rounds", type=int, default=7, help="of all tools in turn")
    options.add_argument("--seconds", type=float, default=2, help="of a workload")
    options.add_argument("--reads", type=int, default=2000, help="of the block part")
    options.add_argument("--lock", help="a file to lock in each round, where others build")
    options.add_argument("--json", type=pathlib.Path, help="where all figures go")
    chosen = options.parse_args()
    chosen.folder = chosen.folder.resolve()
    flags = ["-O2", "-g0", "-fomit-frame-pointer", "-pthread"]
    for name in ("waits", "pingpong", "known_calls"):
        run("gcc", *flags, "-o", str(chosen.folder / name), str(ROOT / f"Tests/Workloads/{name}.c"))
    run("gcc", "-O2", "-o", str(chosen.folder / "empty"), str(ROOT / "Tests/Bench/empty.c"), "-lbpf")
    bench = Bench(chosen)
    for part in chosen.parts:
        print(f"bench: {part}", file=sys.stderr)
        PARTS[part](bench)
    figures = json.dumps({"figures": bench.figures, "missed": bench.missed})
    if chosen.json:
        chosen.json.write_text(figures + "\n")
    else:
        print(figures)
    for problem in bench.missed:
        print(f"MISSED: {problem}", file=sys.stderr)
    sys.exit(1 if bench.missed else 0)


main()
