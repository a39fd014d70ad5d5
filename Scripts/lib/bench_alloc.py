#!/usr/bin/env python3
"""Profiles the same allocations with wick and with heaptrack: the same places, and at what cost.

Each load waits for a signal, does a fixed amount of work and says when it is done. It works alone, under
heaptrack, which has to start it and sees every call, and under wick, which comes to it while it runs
and samples by bytes. Compared are the functions that call the allocator, by their shares of all bytes
that were asked for and of those that were never freed.
"""

import argparse
import collections
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import time

from measure import table

ROOT = pathlib.Path(__file__).resolve().parents[2]
FLAGS = ["-O2", "-g0", "-fomit-frame-pointer"]
TOP = 5

# Parses and writes JSON with the C library's allocator, as a service in Python might.
PYTHON = """
import json, signal
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
signal.sigwait({signal.SIGUSR1})
kept = []
text = json.dumps([{"name": "n%d" % i, "values": list(range(i % 50)), "text": "x" * (i % 300)}
                   for i in range(2000)])
for round in range(40):
    data = json.loads(text)
    kept.append(data[round * 7 % 2000:round * 7 % 2000 + 20])
    json.dumps(data)
print("done", flush=True)
signal.pause()
"""


def build(folder):
    """The commands of the loads, by name."""
    workloads = ROOT / "Tests/Workloads"
    program = folder / "allocations"
    subprocess.run(
        ["gcc", *FLAGS, "-fno-builtin", "-o", program, workloads / "allocations.c", "-pthread"],
        check=True)
    objects = folder / "objects"
    subprocess.run(["g++", *FLAGS, "-o", objects, workloads / "objects.cpp"], check=True)
    script = folder / "service.py"
    script.write_text(PYTHON)
    return {
        "C, 4 threads": [str(program), "300", "rounds=8000"],
        "C++ objects": [str(objects), "300"],
        "Python, JSON": ["/usr/bin/python3", str(script)],
    }


def environment():
    return dict(os.environ, PYTHONMALLOC="malloc", LC_ALL="C")


def children(pid):
    text = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in text.split()]


def find(pid, executable):
    """The process below `pid` that runs a file; None if there is none."""
    try:
        if os.readlink(f"/proc/{pid}/exe") == executable:
            return pid
        return next(filter(None, (find(child, executable) for child in children(pid))), None)
    except OSError:
        return None


def wait_for(condition, what, seconds=60):
    end = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > end:
            raise SystemExit(f"{what}: nothing after {seconds} s")
        time.sleep(0.005)
    return found


def work(pid, output):
    """Has a load do its work; the seconds that it took."""
    began = time.monotonic()
    os.kill(pid, signal.SIGUSR1)
    wait_for(lambda: "done" in output.read_text(errors="replace"), "the load", 300)
    return time.monotonic() - began


def start(command, folder, name):
    output = folder / f"{name}.out"
    with open(output, "w", encoding="utf-8") as file, open(folder / f"{name}.err", "w") as errors:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=file, stderr=errors, env=environment())
    return process, output


def is_waiting(pid):
    """Whether a load has come to where it waits for its signal."""
    try:
        return int(pathlib.Path(f"/proc/{pid}/syscall").read_text().split()[0]) == 128
    except (OSError, ValueError, IndexError):
        return False


def alone(command, folder):
    process, output = start(command, folder, "alone")
    wait_for(lambda: is_waiting(process.pid), "the load")
    seconds = work(process.pid, output)
    process.kill()
    process.wait()
    return seconds


def under_heaptrack(command, folder):
    """Seconds, bytes asked for and bytes kept, by the function that called the allocator."""
    data = folder / "heaptrack"
    launched = time.monotonic()
    process, output = start(["heaptrack", "-o", str(data), *command], folder, "heaptrack")
    executable = os.path.realpath(command[0])
    pid = wait_for(lambda: find(process.pid, executable), "heaptrack")
    wait_for(lambda: is_waiting(pid), "the load under heaptrack")
    # wick comes when the load waits: what heaptrack saw before that pause is left out.
    time.sleep(1.5)
    pause_ms = (time.monotonic() - launched - 0.75) * 1000
    seconds = work(pid, output)
    os.kill(pid, signal.SIGTERM)
    process.wait()
    written = next(folder.glob("heaptrack.zst"), None) or next(folder.glob("heaptrack.gz"))
    reader = ["zstd", "-dc"] if written.suffix == ".zst" else ["gzip", "-dc"]
    text = subprocess.run([*reader, written], check=True, capture_output=True).stdout
    asked, kept = read_heaptrack(text.decode(errors="replace"), pause_ms)
    written.unlink()
    return seconds, asked, kept


def read_heaptrack(text, since_ms):
    """Adds up a heaptrack file: see heaptrack's accumulatedtracedata.cpp for its lines."""
    now_ms = 0
    strings, places, traces, sizes = [""], [""], [0], []
    asked, kept = collections.Counter(), collections.Counter()
    for line in text.splitlines():
        kind, _, rest = line.partition(" ")
        words = rest.split(" ")
        if kind == "s":
            strings.append(rest.partition(" ")[2])
        elif kind == "i":
            # Address, module, then function, file and line, where they are known.
            function = int(words[2], 16) if len(words) > 2 else 0
            places.append(strings[function])
        elif kind == "t":
            traces.append(int(words[0], 16))
        elif kind == "a":
            sizes.append((int(words[0], 16), int(words[1], 16)))
        elif kind == "c":
            now_ms = int(words[0], 16)
        elif kind in ("+", "-") and now_ms >= since_ms:
            size, trace = sizes[int(words[0], 16)]
            place = places[traces[trace]]
            if kind == "+":
                asked[place] += size
            kept[place] += size if kind == "+" else -size
    return asked, kept


def under_wick(command, folder, wick, live):
    process, output = start(command, folder, "target")
    wait_for(lambda: is_waiting(process.pid), "the load")
    log = folder / "wick.err"
    with open(log, "w", encoding="utf-8") as errors:
        recorder = subprocess.Popen(
            [wick, "record", "-e", "alloc", *(["--live"] if live else []), "-p", str(process.pid),
             "-d", "300s", "-o", folder / "wick.folded"], stdin=subprocess.DEVNULL, stderr=errors)
    wait_for(lambda: "allocations/s" in log.read_text(), "wick")
    time.sleep(0.7)
    seconds = work(process.pid, output)
    time.sleep(0.2)
    recorder.send_signal(signal.SIGINT)
    if recorder.wait(60):
        raise SystemExit(f"wick: {log.read_text()}")
    process.kill()
    process.wait()
    if not live:
        return seconds, leaves(folder / "wick.folded"), collections.Counter()
    return seconds, leaves(folder / "wick.alloc.folded"), leaves(folder / "wick.live.folded")


def leaves(file):
    """Bytes by the last function of each stack."""
    bytes_by_leaf = collections.Counter()
    for line in file.read_text(errors="replace").splitlines():
        stack, _, count = line.rpartition(" ")
        bytes_by_leaf[stack.split(";")[-1]] += int(count)
    return bytes_by_leaf


def plain(name):
    """A function's name without parameters, as both tools spell it; what has none is one place."""
    name = name.split("(")[0].split("@")[0].strip()
    return "" if name.startswith("[") else name


def shares(counter):
    total = sum(count for count in counter.values() if count > 0) or 1
    merged = collections.Counter()
    for name, count in counter.items():
        merged[plain(name)] += count
    return {name: count / total for name, count in merged.most_common() if count > 0}


def agreement(ours, theirs):
    """How many of their top places are ours too, and the largest difference of a share."""
    ours, theirs = shares(ours), shares(theirs)
    top = [name for name in list(theirs)[:TOP] if theirs[name] >= 0.01]
    our_top = list(ours)[: len(top) + 1]
    same = sum(name in our_top for name in top)
    apart = max((abs(ours.get(name, 0) - theirs[name]) for name in top), default=0)
    return same, len(top), apart


def main():
    options = argparse.ArgumentParser()
    options.add_argument("folder", type=pathlib.Path)
    options.add_argument("--repeat", type=int, default=3)
    options.add_argument("--loads", nargs="+")
    chosen = options.parse_args()
    if not shutil.which("heaptrack") or not shutil.which("zstd"):
        raise SystemExit("install heaptrack and zstd")
    rows, failures = [], 0
    loads = build(chosen.folder)
    for name in chosen.loads or loads:
        command = loads[name]
        print(f"bench: {name}", file=sys.stderr)
        times = collections.defaultdict(list)
        for _ in range(chosen.repeat):
            times["alone"].append(alone(command, chosen.folder))
            seconds, asked, kept = under_heaptrack(command, chosen.folder)
            times["heaptrack"].append(seconds)
            seconds, _, _ = under_wick(command, chosen.folder, os.environ["WICK"], live=False)
            times["wick"].append(seconds)
            seconds, ours, our_kept = under_wick(
                command, chosen.folder, os.environ["WICK"], live=True)
            times["live"].append(seconds)
        base = statistics.median(times["alone"])
        slower = {tool: statistics.median(t) / base for tool, t in times.items()}
        same, of, apart = agreement(ours, asked)
        same_kept, of_kept, apart_kept = agreement(our_kept, kept)
        failures += (same < of) + (same_kept < of_kept)
        ratio = sum(ours.values()) / max(1, sum(asked.values()))
        rows.append([
            name, f"{slower['heaptrack']:.2f}×", f"{slower['wick']:.2f}×", f"{slower['live']:.2f}×",
            f"{ratio:.4f}", f"{same} of {of}", f"{apart:.1%}", f"{same_kept} of {of_kept}",
            f"{apart_kept:.1%}",
        ])
    print(table(
        ["load", "slowed by heaptrack", "wick", "wick --live", "bytes: wick ÷ heaptrack",
         "top places in both", "shares apart", "kept: top places", "shares apart"], rows))
    if failures:
        for title, counter in [("wick", ours), ("heaptrack", asked), ("wick, kept", our_kept),
                               ("heaptrack, kept", kept)]:
            print(title, list(shares(counter).items())[:TOP + 2], file=sys.stderr)
        raise SystemExit("wick and heaptrack name other places")


main()
