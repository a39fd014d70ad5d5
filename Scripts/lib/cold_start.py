#!/usr/bin/env python3
"""Records programs that have just begun, for which nothing can have been prepared.

Three recordings of the whole host: swiftc, clang, g++ and Python jobs in a loop, with unwind tables
from nowhere and then from the cache of the first; and a thousand processes of 50 ms.

Fails when less than LIMIT of the samples are complete, when the ledger does not add up, or when
what the programs ran for is not in it. $WICK is the binary; the argument is a folder for files.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

from loads import CPP, PYTHON, SWIFT, Loads, wait_until
from measure import table

LIMIT = 0.98
FREQUENCY = 199
BRIEF_COUNT, BRIEF_MS = 1_000, 50
# Of all jobs, at least.
ROUNDS = 8

BRIEF = """
#include <stdlib.h>
#include <time.h>
static long now(void) { struct timespec t; clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return t.tv_sec * 1000000000L + t.tv_nsec; }
static volatile long sink;
__attribute__((noinline)) static void inner(void) { for (int i = 0; i < 20000; i++) sink += i; }
__attribute__((noinline)) static void brief(long end) { while (now() < end) inner(); }
int main(int count, char **words) { brief(atol(words[count - 1]) * 1000000L); return 0; }
"""


def compilers(loads, seconds):
    """Each job starts a compiler or an interpreter that ends after a second at most.

    A slow host has as many of them, in more time.
    """
    swift, cpp = loads.write("job.swift", SWIFT), loads.write("job.cpp", CPP)
    python, folder = loads.write("job.py", PYTHON), loads.folder
    clang = pathlib.Path(shutil.which("swiftc")).resolve().parent / "clang"
    jobs = [
        f"swiftc -O -o {folder}/job-swift {swift}",
        f"{clang} -O2 -c -x c++ -o {folder}/job-clang.o {cpp}",
        f"g++ -O2 -c -o {folder}/job-gcc.o {cpp}",
        f"/usr/bin/python3 {python} 20",
    ]
    rounds = folder / "rounds"
    rounds.write_text("")
    loop = "while :; do " + "; ".join(f"{job} || exit" for job in jobs)
    loop += f"; echo >>{rounds}; done"
    # Two at a time, at different places of the loop.
    for first in (jobs[:0], jobs[:2]):
        begin = "; ".join(first) + ("; " if first else "")
        loads.start("/bin/sh", "-c", begin + loop, env={**os.environ, "TMPDIR": str(folder)})
    end = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() > end and len(rounds.read_text()) >= ROUNDS, "the jobs", 600)


def brief(loads, _):
    """A thousand processes, one on each of two processors at a time; they are waited for."""
    source, program = loads.write("brief.c", BRIEF), str(loads.folder / "brief")
    loads.run("gcc", "-O2", "-fomit-frame-pointer", "-o", program, source)
    command = ["xargs", "-P", "2", "-n", "1", program]
    words = f"{BRIEF_MS}\n" * BRIEF_COUNT
    subprocess.run(command, input=words, text=True, check=True)


def record(folder, name, load, seconds, cache):
    """Records while the load begins and runs; returns the summary and the folded lines."""
    output, ledger = folder / f"{name}.folded", folder / f"{name}.json"
    # The host's own cache of tables is left alone.
    private = 'mkdir -p /var/cache/wick && mount --bind "$0" /var/cache/wick && exec "$@"'
    cache.mkdir(exist_ok=True)
    with Loads(folder) as loads:
        recording = subprocess.Popen(
            ["unshare", "-m", "sh", "-c", private, str(cache),
             os.environ["WICK"], "record", "-a", "-F", str(FREQUENCY), "-d", "1h",
             "-o", str(output), "--summary", str(ledger)],
            stdin=subprocess.DEVNULL,
        )
        time.sleep(3)
        load(loads, seconds)
        recording.terminate()
        if recording.wait(300):
            raise SystemExit(f"wick record: status {recording.returncode}")
    return json.loads(ledger.read_text()), output.read_text().splitlines()


def problems(name, summary, lines):
    partial, dropped = sum(summary["partial"].values()), sum(summary["dropped"].values())
    if summary["taken"] != summary["complete"] + partial + dropped:
        yield f"{name}: the ledger does not add up: {summary}"
    delivered = sum(int(line.rsplit(" ", 1)[1]) for line in lines)
    if delivered != summary["complete"] + partial:
        yield f"{name}: the file has {delivered} samples, the ledger {summary['complete'] + partial}"
    if summary["coverage"] < LIMIT:
        yield f"{name}: {summary['coverage']:.2%} complete, less than {LIMIT:.0%}"
    if name != "brief":
        for program in ("swift-frontend", "clang", "cc1plus", "python3"):
            if not any(line.startswith(program) for line in lines):
                yield f"{name}: no sample of {program}"
        return
    own = sum(int(line.rsplit(" ", 1)[1]) for line in lines
              if line.startswith("brief;") and ";brief;" in line.split(" ")[0])
    wanted = BRIEF_COUNT * BRIEF_MS / 1_000 * FREQUENCY
    # Its start and its end are within its time as well, and take longer where page faults do.
    if not 0.8 * wanted < own:
        yield f"brief: {own} samples in the function that ran for {wanted:.0f}"


def main():
    options = argparse.ArgumentParser()
    options.add_argument("folder", type=pathlib.Path)
    options.add_argument("--seconds", type=float, default=20)
    chosen = options.parse_args()
    folder, found, rows = chosen.folder, [], []
    for name, load in (("nothing cached", compilers), ("cached", compilers), ("brief", brief)):
        summary, lines = record(
            folder, name.replace(" ", "-"), load, chosen.seconds, folder / "cache")
        rows.append([
            name, str(summary["taken"]), f"{summary['coverage']:.2%}",
            str(summary["unwound"]["kernel"]),
            ", ".join(f"{reason} {count}" for reason, count in
                      sorted({**summary["partial"], **summary["dropped"]}.items(),
                             key=lambda item: -item[1])),
        ])
        found += problems(name, summary, lines)
    print(table(["programs that begin", "samples", "complete", "in the kernel", "other"], rows))
    for problem in found:
        print(f"FAILED: {problem}", file=sys.stderr)
    sys.exit(1 if found else 0)


main()
