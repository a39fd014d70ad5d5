#!/usr/bin/env python3
"""The agent's /metrics beside those of Prometheus' node exporter, on one host in one run.

Every series of the exporter's default collectors must be there under the same name and labels. A
counter must lie between what the exporter said before and after; a gauge within 1 % of either or
between them; of small counts, the connection that asks is itself one or two. Some change all the
time, so that this is tried several times.

Devices that this host does not have are in a tree made by hand; both collect it, and there nothing
changes.

The cost is that of a scrape over HTTP for both. What metrics need in memory is the difference of two
agents that profile, one of them without metrics.
"""

import argparse
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import time
import urllib.request

from agents import Agent
from loads import Loads, answers, free_port, wait_until
from measure import table
from watch import cpu_seconds

# What the exporter is, and how long it took itself: its own affair, so that the latter must only be
# there. Names that do not begin with node_ are of its runtime, but for those of our text files.
OWN = re.compile(r"node_exporter_")
TIMES = re.compile(r"node_scrape_collector_duration_seconds")
OURS = re.compile(r"node_|planted_")
# Of a tree, besides: which collectors had something to tell, and the files of the other folder.
ELSEWHERE = re.compile(r"node_(scrape_collector|textfile)_")
COUNTS = re.compile(r"node_(sockstat_(sockets|TCP)_\w+(?<!_bytes)$|filefd_allocated|netstat_Tcp_CurrEstab)")
SERIES = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
# Of a tree: what the exporter asks the kernel for instead.
LIVE = re.compile(r"node_(network_(receive|transmit)|timex_|time_|uname|udp_queues|sockstat)")
TREE = pathlib.Path(__file__).parents[2] / "Tests/HostMetricsTests/Fixtures/devices.tree"
TRIES = 12
# Sockets and files that exist only because somebody asks.
SMALL_SLACK = 16
COLLECTIONS = 400
ROUNDS = 10
CPU_LIMIT = 0.5  # of the exporter's
MEMORY_LIMIT = 10 << 20
# Files for both, in the way of smartmon and of a job that was done.
TEXT_FILES = {
    "job.prom": """\
# HELP planted_job_seconds How long a job took.
# TYPE planted_job_seconds histogram
planted_job_seconds_bucket{le="0.5"} 3
planted_job_seconds_bucket{le="+Inf"} 5
planted_job_seconds_sum 4.25
planted_job_seconds_count 5
# TYPE planted_rows_total counter
planted_rows_total{table="a \\"b\\" \\\\"} 1.5e+06
planted_rows_total{table="c",shard="1"} 7
""",
    "summary.prom": """\
# TYPE planted_wait_seconds summary
planted_wait_seconds{quantile="0.5"} 0.25
planted_wait_seconds_sum 12
planted_wait_seconds_count 40
planted_plain -Inf
""",
    "broken.prom": "planted_never 1\nplanted_never{ 2\n",
    "stamped.prom": "planted_late 1 1700000000\n",
    "note.txt": "planted_note 1\n",
}


def parse(text):
    """(name, sorted labels) → value; and which names are counters."""
    series, counters = {}, set()
    for line in text.splitlines():
        if line.startswith("# TYPE") and line.endswith("counter"):
            counters.add(line.split()[2])
        if match := SERIES.match(line):
            # To Prometheus an empty label is none.
            labels = tuple(sorted(
                (name, value) for name, value in LABEL.findall(match[2] or "")
                if value or match[1].startswith("node_")))
            series[match[1], labels] = float(match[3])
    return series, counters


def is_close(ours, before, after, is_counter, is_small):
    if ours in (before, after):
        return True  # an infinity too
    low, high = min(before, after), max(before, after)
    # What is written as text has lost its last digits.
    slack = 1e-9 * max(abs(low), abs(high)) if is_counter else 0.01 * max(abs(low), abs(high))
    if is_small:
        slack = max(slack, SMALL_SLACK)
    return low - slack <= ours <= high + slack


def show(key):
    name, labels = key
    return name + "{" + ",".join(f'{k}="{v}"' for k, v in labels) + "}"


def agent(folder, name, settings):
    """A daemon of its own folder; what it writes stays there."""
    folder = folder / name
    folder.mkdir()
    return Agent(folder, f"profile_directory:\n  path: {folder}/profiles\n{settings}")


def page(agent):
    status, body = agent.get("/metrics")
    if status != 200:
        raise SystemExit(f"/metrics: status {status}")
    return body.decode()


def compare(agent, fetch):
    """Yields what is missing or different; prints how many series there are."""
    wanted, missing, different, found = None, set(), {}, {}
    for _ in range(TRIES):
        before, counters = parse(fetch())
        text = page(agent)
        after, _ = parse(fetch())
        ours, _ = parse(text)
        keys = {key for key in before.keys() & after.keys()
                if OURS.match(key[0]) and not OWN.match(key[0])}
        wanted = keys if wanted is None else wanted
        missing = {key for key in keys if key not in ours}
        for key in keys - missing:
            if TIMES.match(key[0]) or is_close(
                    ours[key], before[key], after[key], key[0] in counters, COUNTS.match(key[0])):
                found[key] = True
            elif key not in found:
                different[key] = (ours[key], before[key], after[key])
    different = {key: value for key, value in different.items() if key not in found}
    planted = sum(key[0].startswith("planted_") for key in wanted)
    print(f"{len(wanted)} series of the node exporter, {planted} of them from text files: "
          f"{len(missing)} missing, {len(different)} different; wick has {len(ours)}")
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
    text = subprocess.run([bench, "metrics", str(folder)], input="\n", check=True,
                          capture_output=True, text=True).stdout
    theirs, counters = parse(fetch())
    ours, _ = parse(text)
    keys = {key for key in theirs if key[0].startswith("node_") and not OWN.match(key[0])
            and not LIVE.match(key[0]) and not ELSEWHERE.match(key[0])}
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


def cost(loads, exporter, fetch):
    """Scrapes three processes in turn, so that what else the host does is the same for all."""
    off = "profiling:\n  enabled: false\n"
    alike = agent(loads.folder, "alike", f"{off}metrics:\n  cgroups: false\n  services: false")
    whole = agent(loads.folder, "whole", off)
    scrapes = {exporter.pid: fetch, alike.pid: lambda: page(alike), whole.pid: lambda: page(whole)}
    try:
        alike.wait_until_ready()
        whole.wait_until_ready()
        spent = dict.fromkeys(scrapes, 0)
        for scrape in scrapes.values():
            scrape()
        for _ in range(ROUNDS):
            for pid, scrape in scrapes.items():
                begun = cpu_seconds(pid)
                for _ in range(COLLECTIONS // ROUNDS):
                    scrape()
                spent[pid] += cpu_seconds(pid) - begun
        took, _ = parse(page(whole))
    finally:
        alike.stop()
        whole.stop()
    theirs, ours, all_of_it = (seconds / COLLECTIONS * 1_000 for seconds in spent.values())
    processes = sum(1 for name in os.listdir("/proc") if name.isdigit())
    print(table(
        ["CPU of a scrape", "node exporter", "wick, the same", "ratio", "and cgroups, services"],
        [[f"{COLLECTIONS} of each", f"{theirs:.2f} ms", f"{ours:.2f} ms", f"{ours / theirs:.2f}×",
          f"{all_of_it:.2f} ms"]]))
    groups, services = (
        took["node_scrape_collector_duration_seconds", (("collector", name),)] * 1_000
        for name in ("cgroups", "services"))
    print(f"of the last, control groups took {groups:.2f} ms and services {services:.2f} ms, "
          f"with {processes} processes")
    if ours > CPU_LIMIT * theirs:
        yield f"a scrape costs {ours:.2f} ms, more than {CPU_LIMIT} × {theirs:.2f} ms"


def resident(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) << 10


def memory(loads, exporter, seconds):
    """Two agents profile the same host; one has metrics too, which are asked for each second."""
    with_metrics = agent(loads.folder, "with", "")
    without = agent(loads.folder, "without", "metrics:\n  enabled: false")
    agents = [with_metrics, without]
    seen = []
    try:
        for one in agents:
            one.wait_until_ready()
        begun = time.monotonic()
        while (passed := time.monotonic() - begun) < seconds:
            page(with_metrics)
            without.get("/health")
            if passed > seconds / 2:
                seen.append([resident(one.pid) for one in agents])
            time.sleep(1)
    finally:
        for one in agents:
            one.stop()
    more = statistics.median(one - other for one, other in seen)
    most = max(one for one, _ in seen) - max(other for _, other in seen)
    figures = [statistics.median(column) for column in zip(*seen)]
    mib = lambda number: f"{number / (1 << 20):.1f} MiB"
    print(table(
        ["resident, profiling", "with metrics", "without", "more", "of the greatest",
         "the node exporter"],
        [[f"the second half of {seconds} s", *map(mib, figures), mib(more), mib(most),
          mib(resident(exporter.pid))]]))
    if max(more, most) > MEMORY_LIMIT:
        yield f"metrics need {mib(max(more, most))}, more than {mib(MEMORY_LIMIT)}"


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


def compare_host(loads, fetch, texts):
    with_all = agent(loads.folder, "compared", f"metrics:\n  textfile_directory: {texts}")
    try:
        with_all.wait_until_ready()
        yield from compare(with_all, fetch)
        yield from promtool(page(with_all), fetch())
    finally:
        with_all.stop()


def main():
    options = argparse.ArgumentParser()
    options.add_argument("folder", type=pathlib.Path)
    options.add_argument("--seconds", type=int, default=120, help="for which memory is watched")
    chosen = options.parse_args()
    bench = str(pathlib.Path(os.environ["WICK"]).with_name("wick-bench"))
    texts = chosen.folder / "texts"
    texts.mkdir()
    for name, text in TEXT_FILES.items():
        (texts / name).write_text(text)
    with Loads(chosen.folder) as loads:
        # Something to profile, and processes to have figures of.
        loads.python()
        for _ in range(100):
            loads.start("/bin/sleep", "3600")
        fetch, exporter = start_exporter(loads, f"--collector.textfile.directory={texts}")
        missed = [*compare_host(loads, fetch, texts),
                  *compare_tree(bench, loads, chosen.folder / "tree"),
                  *cost(loads, exporter, fetch),
                  *memory(loads, exporter, chosen.seconds)]
    for problem in missed:
        print(f"MISSED: {problem}", file=sys.stderr)
    sys.exit(1 if missed else 0)


main()
