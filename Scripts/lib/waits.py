"""Checks off-CPU time, the run queue, wall time, system calls and page faults against programs that
measure themselves: waits.py SCRATCH

Needs WICK, the path of wick, and the workloads in SCRATCH/workloads.
"""

import collections
import json
import operator
import os
import subprocess
import sys

import pprof_file
from loads import stolen_s

WICK = os.environ["WICK"]
failures = []


def check(holds, text):
    """Prints a line, and remembers what does not hold."""
    print(f"  {'ok' if holds else 'FAILED'}: {text}", flush=True)
    if not holds:
        failures.append(text)


def record(folder, events, command, *options):
    """Profiles a command from its first instruction to its end.

    Returns the profiles by event, the summary, and what the command printed. The summary's "stolen" is
    how many nanoseconds a thread may have been held at most.
    """
    before = stolen_s()
    names = events.split(",")
    names = [name.split(":")[0] for name in names if name.split(":")[0] in EVENTS]
    output = os.path.join(folder, "profile.pb.gz")
    summary = os.path.join(folder, "summary.json")
    done = subprocess.run(
        [WICK, "record", "-e", events, *options, "-o", output, "--summary", summary, "--", *command],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f"wick record -e {events} ended with {done.returncode}: {done.stderr}")
    paths = [output] if len(names) == 1 else [
        output.replace(".pb.gz", f".{name}.pb.gz") for name in names]
    with open(summary, encoding="utf-8") as file:
        facts = json.load(file)
    facts["stolen"] = 1e9 * max(map(operator.sub, stolen_s(), before))
    print(f"  up to {facts['stolen'] / 1e6:.0f} ms were stolen from a CPU", flush=True)
    for event in facts["events"]:
        partial, dropped = sum(event["partial"].values()), sum(event["dropped"].values())
        check(event["taken"] == event["complete"] + partial + dropped,
              f"the ledger of {event['event']} is balanced: {event['taken']} taken")
    return dict(zip(names, map(pprof_file.read, paths))), facts, done.stdout


EVENTS = ("cpu", "off-cpu", "wall", "runqueue", "syscalls", "faults")

# The reason that each function of the workload waits for.
REASONS = {
    "sleep_timer": "timer", "wait_lock": "lock", "read_pipe": "pipe or IPC", "read_disk": "disk",
    "receive_socket": "network", "compete_a": "run queue", "compete_b": "run queue"}


def near(measured, truth, share):
    return abs(measured - truth) <= share * truth


def percent(measured, truth):
    return f"{100 * (measured - truth) / truth:+.2f} %" if truth else f"{measured} of 0"


def check_truth(folder, how):
    """Every reason, the total of each, and that a thread's parts add up to its life."""
    print(f"known waits, {how or 'free to move'}", flush=True)
    command = [os.path.join(folder, "workloads", "waits"), "6"] + ([how] if how else [])
    profiles, facts, text = record(folder, "off-cpu,wall,runqueue", command)
    threads = [line.split() for line in text.splitlines() if line.count(" ") == 5]
    check(len(threads) == len(REASONS), "the workload tells of its threads")
    for name, tid, waits, waited, wall, cpu in threads:
        tid, waited, wall, cpu = map(int, (tid, waited, wall, cpu))
        blocked = collections.Counter()
        for sample in profiles["off-cpu"].samples:
            if sample.labels.get("tid") == tid and name in sample.stack + ("",):
                if any("sched_setaffinity" in frame for frame in sample.stack):
                    blocked["migration"] += sample.values[1]
                    continue
                in_pause = name == "read_disk" and any("nanosleep" in f for f in sample.stack)
                blocked["pause" if in_pause else sample.labels.get("reason")] += sample.values[1]
        reason = REASONS[name]
        total = sum(blocked.values()) - blocked["pause"]
        # The kernel counts what a thread waits for its CPU after it was woken as time that it ran.
        late = 15e3 * int(waits) + facts["stolen"]
        check(abs(total - waited) <= 0.02 * waited + late,
              f"{name}: off-CPU time {percent(total, waited)} of {waited / 1e9:.3f} s "
              f"(2 % and {late / waited:.1%} for {waits} switches allowed)")
        others = {key: value for key, value in blocked.items()
                  if key not in (reason, "run queue", "pause", "migration") and value > 0.01 * total}
        # On a host that is busy otherwise any thread waits for a CPU too.
        rest = total - blocked["migration"]
        rest -= blocked["run queue"] if reason != "run queue" else 0
        check(blocked[reason] > 0.5 * rest and not others,
              f"{name}: its reason is {reason}" + (f", but also {others}" if others else ""))
        parts = collections.Counter()
        for sample in profiles["wall"].samples:
            if sample.labels.get("tid") == tid:
                parts[sample.labels.get("reason", "on CPU")] += sample.values[1]
        check(near(sum(parts.values()), wall, 0.01),
              f"{name}: on CPU + queued + blocked is {percent(sum(parts.values()), wall)} of its life "
              "(1 % allowed)")
        on_cpu = parts["on CPU"] + parts["on CPU, between samples"]
        # And so it counts the interrupts that end requests, on a virtual machine up to as much again.
        check(abs(on_cpu - cpu) <= 0.02 * cpu + 2 * late,
              f"{name}: on CPU {percent(on_cpu, cpu)} of {cpu / 1e6:.1f} ms")
    complete = facts["events"][0]["coverage"]
    check(complete > 0.98, f"{100 * complete:.2f} % of off-CPU stacks are whole")


def check_rate(folder):
    """Many switches: few are sampled, and the total is true all the same."""
    print("two threads that hand a byte to and fro", flush=True)
    command = [os.path.join(folder, "workloads", "pingpong"), "5"]
    profiles, facts, text = record(folder, "off-cpu,wall", command)
    for name, runs in facts["programs"].items():
        if runs["runs"]:
            print(f"  {name}: {runs['runs']} runs of {runs['ns'] / runs['runs']:.0f} ns", flush=True)
    spans = facts["events"][0]["spans"]
    seconds = facts["events"][0]["duration_s"]
    print(f"  {spans['count'] / seconds:.0f} waits a second, "
          f"{100 * spans['sampled_share']:.2f} % sampled", flush=True)
    for line in text.splitlines():
        name, tid, _, waited, wall, _ = line.split()
        tid, waited, wall = int(tid), int(waited), int(wall)
        total = sum(sample.values[1] for sample in profiles["off-cpu"].samples
                    if sample.labels.get("tid") == tid and name in sample.stack)
        check(abs(total - waited) <= 0.03 * waited + facts["stolen"],
              f"{name}: off-CPU time {percent(total, waited)} of {waited / 1e9:.3f} s (3 % allowed)")
        whole = sum(sample.values[1] for sample in profiles["wall"].samples
                    if sample.labels.get("tid") == tid)
        check(near(whole, wall, 0.03), f"{name}: all its time {percent(whole, wall)} (3 % allowed)")


def repeat(part, *words):
    """Twice more if it fails: a wrong sum is wrong again, what disturbed the host is over."""
    before = len(failures)
    part(*words)
    for _ in range(2):
        if len(failures) > before:
            print("once more", flush=True)
            del failures[before:]
            part(*words)


def main():
    folder = sys.argv[1]
    repeat(check_truth, folder, "")
    repeat(check_truth, folder, "migrated")
    repeat(check_rate, folder)
    if failures:
        sys.exit("\n".join(["failed:"] + failures))


main()
