#!/usr/bin/env python3
"""Profiles real programs at once: prints the coverage of each, and compares with `go tool pprof`.

Fails when the ledger does not add up, when a program is missing in the profile, or when pprof and
`wick report` disagree. $WICK is the binary; the argument is a folder for files.
"""

import collections
import json
import os
import pathlib
import re
import subprocess
import sys

from loads import Loads

# Each program with the names that its processes have in a profile.
PROGRAMS = {
    "nginx": r"nginx",
    "wrk": r"wrk",
    "postgres": r"postgres",
    "pgbench": r"pgbench",
    "python": r"python3?(\.\d+)?",
    "node": r"node|MainThread",
    "go": r"goload",
    "swiftc": r"swiftc|swift-.*|clang.*|ld.*",
}
# Below this share of complete stacks, the reasons are printed.
EXPLAINED_BELOW = 0.95


def stacks(text):
    """(process, reason or None, count) for each line of a folded file."""
    for line in text.splitlines():
        frames, count = line.rsplit(" ", 1)
        process, _, rest = frames.partition(";")
        reason = re.match(r"\[incomplete: ([^]]*)\]", rest)
        yield process, reason and reason[1], int(count)


def program_of(process):
    return next((name for name, names in PROGRAMS.items() if re.fullmatch(names, process)), None)


def coverage_table(text):
    """Prints the share of complete stacks for each program; returns those without samples."""
    complete, partial = collections.Counter(), collections.defaultdict(collections.Counter)
    for process, reason, count in stacks(text):
        program = program_of(process) or "(others)"
        if reason:
            partial[program][reason] += count
        else:
            complete[program] += count
    print(f"{'program':<10} {'samples':>8} {'complete':>9}  reasons")
    for program in [*PROGRAMS, "(others)"]:
        samples = complete[program] + partial[program].total()
        share = complete[program] / samples if samples else 0
        reasons = ", ".join(f"{reason} {n}" for reason, n in partial[program].most_common())
        shown = reasons if share < EXPLAINED_BELOW else ""
        print(f"{program:<10} {samples:>8} {share:>9.1%}  {shown}".rstrip())
    return [name for name in PROGRAMS if not complete[name] and not partial[name]]


def ledger_problems(summary, text):
    partial, dropped = sum(summary["partial"].values()), sum(summary["dropped"].values())
    if summary["taken"] != summary["complete"] + partial + dropped:
        yield f"the ledger does not add up: {summary}"
    delivered = sum(count for _, _, count in stacks(text))
    if delivered != summary["complete"] + partial:
        yield f"the file has {delivered} samples, the ledger {summary['complete'] + partial}"


def output(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: status {done.returncode}: {done.stderr}")
    return done.stdout


def report_rows(text):
    """Function → (self, total), in samples, from the table of `wick report`."""
    lines = text.splitlines()
    header = next((line for line in lines if line.split()[:2] == ["self", "self"]), "")
    name_column = header.find("function")
    row = re.compile(r"\s*(\d+)\s+[\d.]+%\s+(\d+)\s+[\d.]+%\s")
    found = {}
    for line in lines:
        if match := row.match(line):
            found[line[name_column:].strip()] = (int(match[1]), int(match[2]))
    return found


def pprof_rows(text):
    """Function → (flat, cum), in samples, from the table of `go tool pprof -top`."""
    row = re.compile(r"\s*(\d+)\s+[\d.]+%\s+[\d.]+%\s+(\d+)\s+[\d.]+%\s+(.*?)(?: \(inline\))?$")
    found = {}
    for match in filter(None, map(row.match, text.splitlines())):
        found[match[3]] = (int(match[1]), int(match[2]))
    return found


def pprof_problems(wick, profile, summary):
    """Compares what pprof and wick read in one file."""
    # Without symbolization, or pprof would demangle some names of its own accord.
    pprof = ["go", "tool", "pprof", "-symbolize=none", "-sample_index=samples", "-nodecount=1000000",
             "-nodefraction=0", "-edgefraction=0"]
    theirs = pprof_rows(output(*pprof, "-top", profile))
    ours = report_rows(output(wick, "report", profile))
    if not ours:
        yield "wick report shows no functions"
    different = [name for name in theirs.keys() | ours.keys() if theirs.get(name) != ours.get(name)]
    for name in different[:10]:
        yield f"{name}: pprof (flat, cum) {theirs.get(name)}, report {ours.get(name)}"
    delivered = summary["complete"] + sum(summary["partial"].values())
    traces = output(*pprof, "-traces", profile)
    counted = sum(int(n) for n in re.findall(r"^\s*(\d+)   \S", traces, re.MULTILINE))
    if counted != delivered:
        yield f"pprof -traces has {counted} samples, the ledger {delivered}"
    if sum(own for own, _ in ours.values()) != delivered:
        yield "the self column of wick report does not add up to the samples delivered"
    print(f"go tool pprof and wick report: {len(ours)} functions, {len(different)} differ")


def main():
    wick, folder = os.environ["WICK"], pathlib.Path(sys.argv[1])
    profile, folded, ledger = (str(folder / name) for name in ("x.pb.gz", "x.folded", "x.json"))
    with Loads(folder) as loads:
        loads.nginx_under_wrk()
        loads.postgres_under_pgbench()
        loads.python()
        loads.node()
        loads.go()
        loads.swiftc()
        output(wick, "record", "-a", "-d", "10s", "-F", "199", "-o", profile, "--summary", ledger)
    output(wick, "convert", profile, folded)
    text, summary = pathlib.Path(folded).read_text(), json.loads(pathlib.Path(ledger).read_text())
    problems = [f"{program} is missing in the profile" for program in coverage_table(text)]
    print(f"{'all':<10} {summary['taken']:>8} {summary['coverage']:>9.1%}  {summary['partial']}")
    problems += ledger_problems(summary, text)
    problems += pprof_problems(wick, profile, summary)
    for problem in problems:
        print(f"FAILED: {problem}", file=sys.stderr)
    sys.exit(1 if problems else 0)


main()
