#!/usr/bin/env python3
"""The host's metrics beside those of Prometheus' node exporter, on one host in one run.

Every series of the exporter's default collectors that wick collects must be there under the same name
and labels. A counter must lie between what the exporter said before and after; a gauge within 1 % of
either or between them; of small counts, the connection that asks is itself one or two. Some change
all the time, so that this is tried several times.
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
    """A process that prints its metrics whenever it is asked."""

    def __init__(self, bench):
        self.process = subprocess.Popen([bench, "metrics"], stdin=subprocess.PIPE,
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


def complaints(text):
    """What promtool says of an exposition, line by line."""
    if not shutil.which("promtool"):
        raise SystemExit("promtool is needed (apt: prometheus)")
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True,
                          text=True)
    return set((done.stdout + done.stderr).splitlines())


def promtool(wick, fetch):
    """Yields what promtool says of wick's metrics and not of the exporter's own names."""
    for line in sorted(complaints(wick.fetch()) - complaints(fetch())):
        yield f"promtool: {line}"


def cost(bench, exporter, fetch):
    begun = cpu_seconds(exporter.pid)
    for _ in range(COLLECTIONS):
        fetch()
    theirs = (cpu_seconds(exporter.pid) - begun) / COLLECTIONS * 1_000
    done = subprocess.run([bench, "metrics", str(COLLECTIONS)], check=True, capture_output=True,
                          text=True)
    _, seconds, resident, size = done.stdout.split()
    ours = float(seconds) / COLLECTIONS * 1_000
    status = pathlib.Path(f"/proc/{exporter.pid}/status").read_text()
    their_peak = int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1_000
    print(table(
        ["one collection", "node exporter, with HTTP", "wick", "ratio"],
        [["CPU", f"{theirs:.2f} ms", f"{ours:.2f} ms", f"{ours / theirs:.2f}×"],
         ["peak memory of the process", f"{their_peak:.1f} MB", f"{int(resident) / 1e6:.1f} MB",
          f"{int(resident) / 1e6 / their_peak:.2f}×"]],
    ))
    if ours > 0.5 * theirs:
        yield f"a collection costs {ours:.2f} ms, more than half of {theirs:.2f} ms"


def main():
    options = argparse.ArgumentParser()
    options.add_argument("folder", type=pathlib.Path)
    chosen = options.parse_args()
    bench = str(pathlib.Path(os.environ["WICK"]).with_name("wick-bench"))
    port = free_port()
    with Loads(chosen.folder) as loads:
        exporter = loads.start("prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{port}")
        wait_until(lambda: answers(port), "the node exporter")

        def fetch():
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
                return answer.read().decode()

        wick = Wick(bench)
        missed = [*compare(wick, fetch), *promtool(wick, fetch), *cost(bench, exporter, fetch)]
        wick.close()
    for problem in missed:
        print(f"MISSED: {problem}", file=sys.stderr)
    sys.exit(1 if missed else 0)


main()
