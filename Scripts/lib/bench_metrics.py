#!/usr/bin/env python3
"""The host's metrics beside those of Prometheus' node exporter, on one host in one run.

Every series of the exporter's default collectors that wick collects must be there under the same name
and labels. A counter must lie between what the exporter said before and after; a gauge within 1 % of
either or between them; of small counts, the connection that asks is itself one or two. Some change
all the time, so that this is tried several times.

Devices that this host does not have are in a tree made by hand; both collect it, and there nothing
changes.
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import urllib.request

from loads import Loads, answers, free_port, wait_until
from measure import table
from watch import cpu_seconds

# About the exporter itself.
OWN = re.compile(r"node_(exporter_|scrape_collector_|textfile_)")
COUNTS = re.compile(r"node_(sockstat_(sockets|TCP)_\w+(?<!_bytes)$|filefd_allocated|netstat_Tcp_CurrEstab)")
SERIES = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
# Of a tree: what the exporter asks the kernel for instead.
LIVE = re.compile(r"node_(network_(receive|transmit)|timex_|time_|uname|udp_queues|sockstat)")
TREE = pathlib.Path(__file__).parents[2] / "Tests/HostMetricsTests/Fixtures/devices.tree"
TRIES = 12
# Sockets and files that exist only because somebody asks.
SMALL_SLACK = 16
COLLECTIONS = 200


def parse(text):
    """(name, sorted labels) → value; and which names are counters."""
    series, counters = {}, set()
    for line in text.splitlines():
        if line.startswith("# TYPE") and line.endswith("counter"):
            counters.add(line.split()[2])
        if match := SERIES.match(line):
            labels = tuple(sorted(LABEL.findall(match[2] or "")))
            series[match[1], labels] = float(match[3])
    return series, counters


def is_close(ours, before, after, is_counter, is_small):
    low, high = min(before, after), max(before, after)
    # What is written as text has lost its last digits.
    slack = 1e-9 * max(abs(low), abs(high)) if is_counter else 0.01 * max(abs(low), abs(high))
    if is_small:
        slack = max(slack, SMALL_SLACK)
    return low - slack <= ours <= high + slack


def show(key):
    name, labels = key
    return name + "{" + ",".join(f'{k}="{v}"' for k, v in labels) + "}"


class Wick:
    """A process that prints its metrics, or those of a tree, whenever it is asked."""

    def __init__(self, bench, *tree):
        self.process = subprocess.Popen([bench, "metrics", *tree], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def fetch(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return "".join(iter(self.process.stdout.readline, "\n"))

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)


def compare(wick, fetch):
    """Yields what is missing or different; prints how many series there are."""
    wanted, missing, different, found = None, set(), {}, {}
    for _ in range(TRIES):
        before, counters = parse(fetch())
        text = wick.fetch()
        after, _ = parse(fetch())
        ours, _ = parse(text)
        keys = {key for key in before.keys() & after.keys()
                if key[0].startswith("node_") and not OWN.match(key[0])}
        wanted = keys if wanted is None else wanted
        missing = {key for key in keys if key not in ours}
        for key in keys - missing:
            if is_close(ours[key], before[key], after[key], key[0] in counters, COUNTS.match(key[0])):
                found[key] = True
            elif key not in found:
                different[key] = (ours[key], before[key], after[key])
    different = {key: value for key, value in different.items() if key not in found}
    print(f"{len(wanted)} series of the node exporter, {len(missing)} missing, "
          f"{len(different)} different; wick has {len(ours)}")
    for key in sorted(missing):
        yield f"missing: {show(key)}"
    for key, (own, low, high) in sorted(different.items()):
        yield f"different: {show(key)}: {own}, theirs {low} and {high}"


def unpack(folder):
    """Makes the tree: lines `== PATH` with contents below, and `-> PATH TARGET` for links."""
    text = re.split(r"^(==|->) (.*)\n", TREE.read_text(), flags=re.MULTILINE)[1:]
    for mark, line, contents in zip(text[::3], text[1::3], text[2::3]):
        name, _, target = line.partition(" ") if mark == "->" else (line, "", "")
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if mark == "->":
            path.symlink_to(target)
        else:
            path.write_text(contents)


def compare_tree(bench, loads, folder):
    """Yields what is missing or different of the tree's devices."""
    unpack(folder)
    fetch, _ = start_exporter(loads, f"--path.procfs={folder}/proc", f"--path.sysfs={folder}/sys",
                              f"--path.rootfs={folder}/root",
                              f"--path.udev.data={folder}/root/run/udev/data")
    wick = Wick(bench, str(folder))
    text = wick.fetch()
    wick.close()
    theirs, counters = parse(fetch())
    ours, _ = parse(text)
    keys = {key for key in theirs if key[0].startswith("node_") and not OWN.match(key[0])
            and not LIVE.match(key[0])}
    missing = keys - ours.keys()
    different = {key for key in keys - missing
                 if not is_close(ours[key], theirs[key], theirs[key], True, False)}
    print(f"{len(keys)} series of devices in a tree, {len(missing)} missing, "
          f"{len(different)} different")
    for key in sorted(missing):
        yield f"missing in the tree: {show(key)}"
    for key in sorted(different):
        yield f"different in the tree: {show(key)}: {ours[key]}, theirs {theirs[key]}"
    yield from promtool(text, fetch())


def complaints(text):
    """What promtool says of an exposition, line by line."""
    if not shutil.which("promtool"):
        raise SystemExit("promtool is needed (apt: prometheus)")
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True,
                          text=True)
    return set((done.stdout + done.stderr).splitlines())


def promtool(ours, theirs):
    """Yields what promtool says of wick's metrics and not of the exporter's own names."""
    for line in sorted(complaints(ours) - complaints(theirs)):
        yield f"promtool: {line}"


def collections(bench, *kind):
    """CPU in ms for one collection, MiB that it needs, and milliseconds by collector."""
    done = subprocess.run([bench, "metrics", str(COLLECTIONS), *kind], check=True,
                          capture_output=True, text=True)
    first, *rest = done.stdout.splitlines()
    _, seconds, before, after, _ = first.split()
    times = {name: float(value) * 1_000 for name, value in map(str.split, rest)}
    return float(seconds) / COLLECTIONS * 1_000, (int(after) - int(before)) / (1 << 20), times


def cost(bench, exporter, fetch):
    begun = cpu_seconds(exporter.pid)
    for _ in range(COLLECTIONS):
        fetch()
    theirs = (cpu_seconds(exporter.pid) - begun) / COLLECTIONS * 1_000
    status = pathlib.Path(f"/proc/{exporter.pid}/status").read_text()
    their_peak = int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1_024
    ours, memory, _ = collections(bench, "host")
    whole, whole_memory, times = collections(bench)
    processes = sum(1 for name in os.listdir("/proc") if name.isdigit())
    print(table(
        ["one collection", "node exporter, with HTTP", "wick, the same", "ratio",
         "and control groups, services, itself"],
        [["CPU", f"{theirs:.2f} ms", f"{ours:.2f} ms", f"{ours / theirs:.2f}×", f"{whole:.2f} ms"],
         ["memory", f"{their_peak:.1f} MiB, the process", f"{memory:.1f} MiB more",
          f"{memory / their_peak:.2f}×", f"{whole_memory:.1f} MiB more"]],
    ))
    print(f"of the last, control groups took {times['cgroups']:.2f} ms and services "
          f"{times['services']:.2f} ms, with {processes} processes")
    if ours > 0.5 * theirs:
        yield f"a collection costs {ours:.2f} ms, more than half of {theirs:.2f} ms"
    if whole_memory > 10:
        yield f"collections need {whole_memory:.1f} MiB, more than 10"


def start_exporter(loads, *options):
    """What fetches from an exporter that is started, and its process."""
    port = free_port()
    exporter = loads.start("prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{port}",
                           *options)
    wait_until(lambda: answers(port), "the node exporter")

    def fetch():
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            return answer.read().decode()

    return fetch, exporter


def main():
    options = argparse.ArgumentParser()
    options.add_argument("folder", type=pathlib.Path)
    chosen = options.parse_args()
    bench = str(pathlib.Path(os.environ["WICK"]).with_name("wick-bench"))
    with Loads(chosen.folder) as loads:
        fetch, exporter = start_exporter(loads)
        wick = Wick(bench)
        missed = [*compare(wick, fetch), *promtool(wick.fetch(), fetch()),
                  *compare_tree(bench, loads, chosen.folder / "tree"),
                  *cost(bench, exporter, fetch)]
        wick.close()
    for problem in missed:
        print(f"MISSED: {problem}", file=sys.stderr)
    sys.exit(1 if missed else 0)


main()
