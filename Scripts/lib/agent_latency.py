"""What the agent counts of a service that does a known number of things, and what was slow."""

import contextlib
import os
import re
import subprocess
import sys

from agent_checks import expect, figures
from loads import wait_until

SERVICE = "latency-service"
# Programs whose functions have names; the servers of these tests are stripped.
NAMED = (SERVICE, "wick", "agent_run.py")
KINDS = ["syscalls", "runqueue", "block", "tcp", "dns"]
CALLS, FAILURES, NAPS, NAP_S, REFUSALS = 20_000, 1_000, 40, 0.02, 50
# The calls are made by name: Python has others around them. It waits to be told to begin.
PROGRAM = f"""\
import os, socket, sys, time
sys.stdin.readline()
for _ in range({CALLS}): os.getppid()
for _ in range({FAILURES}):
    try: os.lseek(-1, 0, 0)
    except OSError: pass
for _ in range({NAPS}): time.sleep({NAP_S})
with socket.socket() as closed: closed.bind(("127.0.0.1", 0)); port = closed.getsockname()[1]
for _ in range({REFUSALS}):
    with socket.socket() as client: client.connect_ex(("127.0.0.1", port))
print("done", flush=True)
sys.stdin.readline()
"""


class Service:
    """Does what it does when it is told to."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, env={**os.environ, "OTEL_SERVICE_NAME": SERVICE})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def work(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        expect(self.process.stdout.readline() == "done\n", "the service has not done its work")


def of_service(found, name, **labels):
    """The value of one series of the service; 0 if it is not there."""
    labels = {"service": SERVICE, **labels}
    return found.get(name, {}).get(frozenset(labels.items()), 0)


def counts(found):
    return {
        "getppid": of_service(found, "wick_syscall_duration_seconds_count", call="getppid"),
        # Whether the call has a series of its own or is one of the others.
        "EBADF": sum(of_service(found, "wick_syscall_errors_total", call=call, error="EBADF")
                     for call in ["lseek", "other"]),
        "naps": of_service(found, "wick_syscall_duration_seconds_count", call="clock_nanosleep"),
        "refused": of_service(
            found, "wick_tcp_connect_failures_total", reason="ECONNREFUSED"),
    }


WANTED = {"getppid": CALLS, "EBADF": FAILURES, "naps": NAPS, "refused": REFUSALS}


def wait_until_measured(agent, kinds):
    def are_there():
        lost = figures(agent).get("wick_latency_lost_total", {})
        return {dict(labels)["kind"] for labels in lost} == set(kinds)

    wait_until(are_there, f"the first collection of {', '.join(kinds)}", 60)


def buckets(found, call):
    """Upper bound → all values up to it."""
    return {
        float(dict(labels)["le"]): value
        for labels, value in found["wick_syscall_duration_seconds_bucket"].items()
        if dict(labels).get("service") == SERVICE and dict(labels).get("call") == call
    }


def check_page(agent):
    """The counts are exact, and the naps are where they belong."""
    wait_until_measured(agent, KINDS)
    with Service() as service:
        service.work()
        pid = service.process.pid
        with contextlib.suppress(SystemExit):
            wait_until(lambda: counts(figures(agent)) == WANTED, "the counts", 120)
    expect(counts(figures(agent)) == WANTED, f"not {WANTED} but {counts(figures(agent))}")
    found = figures(agent)
    naps = buckets(found, "clock_nanosleep")
    expect(len(naps) == 14, f"the bounds are {sorted(naps)}")
    # Between 16.8 ms and 4.3 s, however busy the host is.
    below = max(bound for bound in naps if bound < NAP_S)
    expect(naps[below] == 0 and naps[4 ** 16 / 1e9] == NAPS, f"the naps are {naps}")
    total = of_service(found, "wick_syscall_duration_seconds_sum", call="clock_nanosleep")
    expect(total >= NAPS * NAP_S, f"the naps took {total} s")
    # Each kind is collected in its turn.
    wait_until(lambda: of_service(
        figures(agent), "wick_runqueue_duration_seconds_count") >= NAPS,
        f"{NAPS} times that the service was woken", 120)
    # It has ended; what it did is still there.
    expect(counts(figures(agent)) == WANTED, f"{counts(figures(agent))} when it had ended")


def check_latencies(agent, arrived):
    check_page(agent)

    def points(name):
        return [point for resource, _, attributes, point in arrived.points[name]
                if resource.get("service.name") == SERVICE
                and attributes.get("call") in (None, "clock_nanosleep")]

    def has_arrived():
        arrived.update()
        return any(point.count == NAPS for point in points("wick_syscall_duration_nanoseconds"))

    wait_until(has_arrived, f"{NAPS} naps over OTLP", 120)
    naps = points("wick_syscall_duration_nanoseconds")
    counts_over_time = [point.count for point in sorted(naps, key=lambda it: it.time_unix_nano)]
    expect(counts_over_time == sorted(counts_over_time), f"the counts fall: {counts_over_time}")
    last = next(point for point in naps if point.count == NAPS)
    expect(last.scale == 2 and sum(last.positive.bucket_counts) == NAPS, f"the point is {last}")
    expect(0 < last.start_time_unix_nano < last.time_unix_nano, f"the times are {last}")
    return f"{WANTED} exact, {check_exemplars(arrived)}"


def check_exemplars(arrived):
    """Slow calls of any service: which of them are told is a matter of chance."""
    def found():
        arrived.update()
        return [(resource.get("service.name"), exemplar) for resource, _, _, point
                in arrived.points["wick_syscall_duration_nanoseconds"]
                for exemplar in point.exemplars]

    def named(exemplars):
        return sum(service in NAMED for service, _ in exemplars)

    with contextlib.suppress(SystemExit):
        wait_until(lambda: named(found()) >= 5, "exemplars over OTLP", 90)
    whole, exemplars = 0, found()
    expect(exemplars, "there is no exemplar over OTLP")
    for service, exemplar in exemplars:
        told = {item.key: item.value for item in exemplar.filtered_attributes}
        expect(told["process.pid"].int_value > 0, f"there is no process: {told}")
        expect(told["thread.id"].int_value > 0, f"there is no thread: {told}")
        expect(exemplar.as_double > 0 and exemplar.time_unix_nano > 0, f"it is {exemplar}")
        lines = told["code.stacktrace"].string_value.splitlines()
        expect(lines, f"there is no stack: {told}")
        if service in NAMED:
            whole += any(re.search("start|main|clone|thread", line) for line in lines)
    expect(whole >= 0.8 * named(exemplars),
           f"{whole} of {named(exemplars)} stacks of {NAMED} begin where threads do")
    return f"{len(exemplars)} exemplars, {whole} of {named(exemplars)} of programs with names whole, " \
        f"of {len(lines)} frames the last"
