#!/usr/bin/env python3
"""Judges what the guests of Scripts/test-kernels found: COUNTS LOGS VERSION...

Every program must load and attach, with at most the instructions that COUNTS allows, and the profile
of the planted program must be whole. With RECORD=1 COUNTS is written anew, for these versions.
"""

import json
import os
import pathlib
import re
import sys

# Where and how often the planted program is, from its main function to the busy one.
PLANTED = "main;outer;inner;planted_function"
PLANTED_SHARE = 0.95
COVERAGE = 0.95
# The guest takes 200 samples; one on a machine that is busy takes fewer.
SAMPLES = 20
# Whether the kernel walks the stacks, so that some must have been completed there.
KERNEL_WALKS = True
# How far a count may be above the recorded one.
GROWTH = 1.2
# Lines of the console that are shown of a guest that ended too early.
CONSOLE_LINES = 30

COUNTS_HEADER = """\
# Instructions that the verifier processed, by kernel series and program. Growth beyond 20 % fails;
# RECORD=1 Scripts/test-kernels writes this file. Smaller is faster to load, and safe from the limit
# of one million.
"""


class Results:
    """What one guest printed, line by line (Tests/Kernels/init and load.c say how)."""

    def __init__(self, version, logs):
        self.version = version
        self.console = logs / f"{version}.console"
        path = logs / f"{version}.results"
        text = path.read_text(errors="replace") if path.exists() else ""
        self.lines = [line.rstrip("\r") for line in text.splitlines()]
        self.instructions = {
            program: int(count) for program, count in self.pairs("loaded")}
        self.attached = {program for program, in self.fields("attached")}

    def texts(self, kind):
        """The rest of each line that begins with this word."""
        return [line[len(kind) + 1:] for line in self.lines if line.startswith(kind + " ")]

    def fields(self, kind):
        return [text.split() for text in self.texts(kind)]

    def pairs(self, kind):
        return [fields for fields in self.fields(kind) if len(fields) == 2]

    @property
    def release(self):
        return next(iter(self.texts("kernel")), "?")

    @property
    def series(self):
        """The first two numbers of the release: what is fixed in a series hardly changes counts."""
        found = re.match(r"\d+\.\d+", self.release)
        return found[0] if found else self.version

    def is_profiled(self):
        return self.version != "host"


def program_failures(results):
    """Programs that were refused, with the end of the verifier's log."""
    if not any(line.startswith(("loaded ", "failed ")) for line in results.lines):
        return ["no program was loaded"]
    explained = [
        line for line in results.lines if line.startswith(("failed ", "| "))
    ] if results.texts("failed") else []
    missing = [
        f"{program} was not attached"
        for program in results.instructions if program not in results.attached]
    return ["\n".join(explained[-CONSOLE_LINES:])] * bool(explained) + missing


def ledger_failures(summary):
    partial, dropped = sum(summary["partial"].values()), sum(summary["dropped"].values())
    if summary["taken"] != summary["complete"] + partial + dropped:
        yield "taken is not complete + partial + dropped"
    if summary["taken"] < SAMPLES:
        yield f"fewer than {SAMPLES} samples were taken"
    if summary["coverage"] < COVERAGE:
        yield f"less than {COVERAGE:.0%} of the stacks are complete"
    if KERNEL_WALKS and summary["unwound"]["kernel"] == 0:
        yield "no stack was completed in the kernel"


def stack_failures(lines):
    """The planted function must be in the workload's stacks, right below its callers."""
    planted = total = 0
    for line in lines:
        stack, _, count = line.rpartition(" ")
        if not stack.startswith("planted;"):
            continue
        total += int(count)
        planted += int(count) if f";{PLANTED};" in stack + ";" else 0
    if not total:
        return ["the profile has no sample of the planted program"]
    if planted < PLANTED_SHARE * total:
        return [f"{PLANTED} is in {planted} of the program's {total} samples"]
    return []


def profile_failures(results):
    """What is wrong with the profile, with the messages of wick."""
    failures = []
    summaries = results.texts("summary")
    if results.texts("status") != ["0"] or len(summaries) != 1:
        failures.append("wick record failed")
    else:
        failures += ledger_failures(json.loads(summaries[0]))
    failures += stack_failures(results.texts("folded"))
    if failures:
        failures += summaries + results.texts("message")
    return failures


def count_failures(results, counts):
    """Compares with the counts of the series; a series without any is new, and only mentioned."""
    known = {program: count for (series, program), count in counts.items()
             if series == results.series}
    if not known:
        print(f"  no counts are recorded for {results.series}: RECORD=1 Scripts/test-kernels")
        return
    for program, count in results.instructions.items():
        before = known.get(program)
        if before is None:
            yield f"{program}: no count is recorded: RECORD=1 Scripts/test-kernels"
        elif count > before * GROWTH:
            yield (f"{program}: {count} instructions to verify, {before} are recorded:"
                   " make it simpler, or RECORD=1 Scripts/test-kernels and say why")
        elif count < before / GROWTH:
            print(f"  {program}: {count} instructions to verify instead of {before}:"
                  " RECORD=1 Scripts/test-kernels keeps it so")


def end_failures(results):
    """A guest that did not reach its end has its last words on the console."""
    if results.lines[-1:] == ["end"]:
        return []
    words = results.console.read_text(errors="replace") if results.console.exists() else ""
    tail = words.splitlines()[-CONSOLE_LINES:] + ["then:"] + results.lines[-CONSOLE_LINES:]
    return ["it did not reach its end; its console:\n" + "\n".join(tail)]


def read_counts(path):
    counts = {}
    for line in path.read_text().splitlines() if path.exists() else []:
        if line.strip() and not line.startswith("#"):
            series, program, count = line.split()
            counts[series, program] = int(count)
    return counts


def write_counts(path, counts):
    def order(key):
        series, program = key
        return [int(number) for number in series.split(".")], program

    lines = [f"{series:<5} {program:<28} {counts[series, program]:>8}\n"
             for series, program in sorted(counts, key=order)]
    path.write_text(COUNTS_HEADER + "".join(lines))


def record(path, all_results):
    """Replaces the counts of the series that ran; the others stay."""
    series = {results.series for results in all_results}
    counts = {key: count for key, count in read_counts(path).items() if key[0] not in series}
    for results in all_results:
        for program, count in results.instructions.items():
            counts[results.series, program] = count
    write_counts(path, counts)


def judge(results, counts):
    """Prints a kernel's results; returns its failures."""
    most = max(results.instructions.values(), default=0)
    print(f"{results.version}: {results.release}: {len(results.attached)} programs,"
          f" {most} instructions at most", end="")
    for summary in results.texts("summary"):
        values = json.loads(summary)
        print(f", {values['taken']} samples, {values['coverage']:.1%} complete", end="")
    print()
    failures = end_failures(results) + program_failures(results)
    failures += count_failures(results, counts)
    if results.is_profiled():
        failures += profile_failures(results)
    for failure in failures:
        print("  FAILED: " + failure.replace("\n", "\n    "))
    return failures


def main():
    counts_path, logs = map(pathlib.Path, sys.argv[1:3])
    all_results = [Results(version, logs) for version in sys.argv[3:]]
    if os.environ.get("RECORD") == "1":
        record(counts_path, all_results)
    counts = read_counts(counts_path)
    sys.exit(1 if any([judge(results, counts) for results in all_results]) else 0)


if __name__ == "__main__":
    main()
