"""Checks that a daemon does all that its part of the host lets it: for degradation.py.

- /metrics has series of the host, of control groups, and of the daemon;
- /debug/pprof/profile gives a profile of a busy process, and allocs one of what it allocates, or one
  line that says why it cannot;
- a server gets metrics, and profiles wherever there are samples; nothing is dropped;
- profiles are kept as files.
"""

import calendar
import contextlib
import glob
import gzip
import json
import pathlib
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request

from agent_checks import Failure, expect
from receivers import Decoded, Metrics, Profiles, points_of, prometheus
from rude_server import RudeServer

BUSY = "busy"
ADDRESS = "http://127.0.0.1:9345"
PROFILES = "/var/lib/wick/profiles"
# What a jump of the clock must not stop from being kept and removed.
KEPT_FILES = 10
# Between a time that the daemon tells and the one that it should be.
CLOCK_ERROR_S = 90
HOST_SERIES = [
    "node_cpu_seconds_total", "node_memory_MemTotal_bytes", "node_load1", "node_boot_time_seconds",
    "node_context_switches_total", "node_network_receive_bytes_total", "node_time_seconds",
    "node_uname_info", "node_filefd_allocated", "node_vmstat_pgfault",
]
# Which files of a control group have which series, in versions 1 and 2.
GROUP_FILES = {
    "container_cpu_usage_seconds_total": ("cpuacct.usage", "cpu.stat"),
    "container_memory_usage_bytes": ("memory.usage_in_bytes", "memory.current"),
    "container_threads": ("pids.current", "pids.current"),
    "container_pressure_cpu_waiting_seconds_total": (None, "cpu.pressure"),
    "container_pressure_memory_waiting_seconds_total": (None, "memory.pressure"),
    "container_pressure_io_waiting_seconds_total": (None, "io.pressure"),
}
# What there is of each version even where the other has all controllers.
GROUP_SERIES = {
    1: {"container_cpu_usage_seconds_total", "container_memory_usage_bytes"},
    2: {"container_cpu_usage_seconds_total", "container_pressure_cpu_waiting_seconds_total"},
}


class Daemon:
    """`wick agent` with a server that takes everything, in the namespaces of a host.

    To be used by a thread in the host's network.
    """

    def __init__(self, host, busy):
        self.host, self.busy = host, busy
        self.log = host.folder / "log"
        self.server = RudeServer()
        self.process = None
        self.marked = 0
        configuration = host.folder / "agent.yaml"
        configuration.write_text(f"""\
profiling:
  window: 1s
metrics:
  interval: 1s
budget:
  # Windows this short cost more than what they tell is worth.
  governor: false
destinations:
- name: server
  type: otlp
  url: {self.server.address}
- name: kept
  type: directory
  path: {PROFILES}
{host.case.folder_settings}""")
        self.command = host.wick("agent", "--config", str(configuration))

    def start(self):
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stderr=log)

    def __enter__(self):
        self.server.__enter__()
        return self

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.server.__exit__()

    def end(self):
        """Five seconds without those in which it was ready to run, and the host ran others."""
        began, before, waited = time.monotonic(), self.waits(), 0
        self.process.send_signal(signal.SIGTERM)
        while self.process.poll() is None:
            waited = max([waited] + [wait - before.get(thread, 0)
                                     for thread, wait in self.waits().items()])
            passed = time.monotonic() - began
            expect(passed - min(waited, 10) <= 5, f"the daemon does not end {passed:.1f} s after "
                   f"SIGTERM, of which it has waited {waited:.1f} s for a CPU")
            time.sleep(0.02)
        status = self.process.returncode
        expect(status == 0, f"the daemon ends with {status}: {self.said()}")

    def waits(self):
        """Thread → seconds that it has waited for a CPU (proc(5), schedstat)."""
        found = {}
        for path in map(pathlib.Path, glob.glob(f"/proc/{self.process.pid}/task/*/schedstat")):
            with contextlib.suppress(OSError, IndexError):  # it has just ended
                found[path.parent.name] = int(path.read_text().split()[1]) / 1e9
        return found

    def said(self):
        return self.log.read_text(errors="replace")

    def mark(self):
        self.marked = len(self.said())

    @property
    def said_since(self):
        return self.said()[self.marked:]

    def wait_until(self, condition, sentence, seconds=30):
        end = time.monotonic() + seconds
        while True:
            expect(self.process.poll() is None, f"the daemon ended: {self.said()}")
            if condition():
                return
            if time.monotonic() > end:
                raise Failure(sentence if isinstance(sentence, str) else sentence())
            time.sleep(0.1)

    def get(self, path, timeout=30):
        """Status and body; nothing while nobody listens."""
        try:
            with urllib.request.urlopen(ADDRESS + path, timeout=timeout) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.read()
        except urllib.error.URLError as problem:
            return 0, str(problem).encode()

    def health(self):
        status, body = self.get("/health")
        return status, json.loads(body)

    def page(self):
        status, body = self.get("/metrics")
        expect(status == 200, f"GET /metrics: status {status}: {body[:500]}")
        return prometheus(body.decode())

    @property
    def files(self):
        """Names of profiles that were kept."""
        listing = self.host.spaces.shell(
            f"find {PROFILES} -name '*.pb.gz' -size +0", capture_output=True)
        return sorted(listing.stdout.split("\n")[:-1])

    def arrived(self, path, since=0):
        return [taken for taken in list(self.server.taken.values())
                if taken.path == path and taken.unix_time >= since]


def check(daemon):
    """All of it; returns what there was, in a few words."""
    groups = check_metrics(daemon)
    samples = check_pprof(daemon)
    check_delivery(daemon)
    check_files(daemon)
    return f"groups: {groups}; {samples}"


# --- /metrics -----------------------------------------------------------------------------------


def check_metrics(daemon):
    case = daemon.host.case
    before, found, after = {}, {}, {}

    def is_as_wanted():
        nonlocal before, found, after
        before = group_cpu_seconds(daemon)
        found = daemon.page()
        after = group_cpu_seconds(daemon)
        return failing_collectors(found) == case.failing

    # One that is late fails, which happens on a busy host.
    daemon.wait_until(
        is_as_wanted, lambda: "collectors "
        f"{sorted(failing_collectors(found))} fail instead of {sorted(case.failing)}", 60)
    missing = [name for name in HOST_SERIES if not found.get(name)]
    expect(not missing, f"/metrics has no {missing}")
    expect(found["wick_up"] == {frozenset(): 1}, f"wick_up is {found.get('wick_up')}")
    lost = {dict(labels)["feature"]
            for labels, value in found["wick_feature_available"].items() if value != 1}
    expect({name for name in lost if name in case.lost} == lost, f"/metrics says {lost} is lost")
    return check_groups(daemon, found, before, after)


def failing_collectors(page):
    series = page["node_scrape_collector_success"]
    failing = {dict(labels)["collector"] for labels, value in series.items() if value != 1}
    return failing - OPTIONAL_COLLECTORS


# Of hardware and kernel modules that not every host has.
OPTIONAL_COLLECTORS = {
    "bcache", "bonding", "btrfs", "conntrack", "cpufreq", "dmi", "edac", "fibrechannel", "hwmon",
    "infiniband", "ipvs", "mdadm", "nfs", "nfsd", "nvme", "powersupplyclass", "rapl", "schedstat",
    "selinux", "systemd", "tapestats", "textfile", "thermal_zone", "xfs", "zfs",
}


def check_groups(daemon, found, before, after):
    """There are series of exactly those files that the groups here have."""
    versions = daemon.host.case.groups
    listing = daemon.host.spaces.shell(
        "find /sys/fs/cgroup -type f -printf '%f\\n' | sort -u", capture_output=True)
    files = set(listing.stdout.split())
    # cpu.stat is in both versions, and has the use in the second alone.
    expected = {
        series for series, (first, second) in GROUP_FILES.items()
        if 1 in versions and first in files or 2 in versions and second in files}
    series = {name for name in found if name.startswith("container_")}
    got = series & GROUP_FILES.keys()
    expect(got == expected, f"series of groups are {sorted(got)} instead of {sorted(expected)}")
    for version in versions:
        expect(GROUP_SERIES[version] <= got,
               f"version {version} has no {sorted(GROUP_SERIES[version] - got)}")
    if not versions:
        expect(not series, f"without groups there are {sorted(series)}")
        return "none"
    used = found["container_cpu_usage_seconds_total"][frozenset({("id", "/")})]
    # Whole ticks and microseconds were cut off, and the page is in decimals.
    expect(before - 0.02 <= used <= after + 0.02,
           f"the root group used {used} s of CPU, the kernel says {before} to {after}")
    short = {re.sub(r"container_|_(usage|waiting)_.*", "", name) for name in got}
    return f"{' '.join(sorted(short))} of {len(found['container_cpu_usage_seconds_total'])}"


def group_cpu_seconds(daemon):
    """What the root group has used, as the files say from which the daemon takes it."""
    answer = daemon.host.spaces.shell(
        "cat /sys/fs/cgroup/cpuacct/cpuacct.usage /sys/fs/cgroup/cpuacct,cpu/cpuacct.usage "
        "/sys/fs/cgroup/cpu,cpuacct/cpuacct.usage 2>/dev/null || "
        "cat /sys/fs/cgroup/cpu.stat /sys/fs/cgroup/unified/cpu.stat 2>/dev/null",
        capture_output=True).stdout
    if number := re.match(r"(\d+)\n", answer):
        return int(number[1]) / 1e9
    number = re.search(r"usage_usec (\d+)", answer)
    return int(number[1]) / 1e6 if number else 0


# --- profiles on demand -------------------------------------------------------------------------


def check_pprof(daemon):
    status, body = ask_for_profile(daemon)
    if not daemon.host.case.samples:
        expect(status == 503, f"without samples GET /debug/pprof/profile has status {status}")
        line = body.decode().strip()
        expect(line and "\n" not in line, f"GET /debug/pprof/profile says {line!r}")
        cause = daemon.health()[1]["sampling"]["cause"]
        expect(line == cause, f"GET /debug/pprof/profile says {line!r}, GET /health {cause!r}")
        status, body = ask_for_allocations(daemon)
        line = body.decode().strip()
        expect(status == 503 and line and "\n" not in line,
               f"without samples GET /debug/pprof/allocs has status {status}: {line!r}")
        return "no samples"
    path = daemon.host.folder / "pprof.pb.gz"
    # On a host that is busier still, a second may pass without it.
    for _ in range(3):
        expect(status == 200, f"GET /debug/pprof/profile: status {status}: {body[:500]}")
        expect(body[:2] == b"\x1f\x8b", f"the profile is not in gzip form: {body[:20]}")
        gzip.decompress(body)
        path.write_bytes(body)
        if samples := read(daemon, path):
            return f"{samples} samples, {check_allocations(daemon)}"
        status, body = ask_for_profile(daemon)
    raise Failure("GET /debug/pprof/profile: no samples")


def ask_for_profile(daemon):
    return daemon.get(f"/debug/pprof/profile?seconds=1&pid={daemon.busy}")


def ask_for_allocations(daemon):
    return daemon.get(f"/debug/pprof/allocs?seconds=1&pid={daemon.busy}")


def check_allocations(daemon):
    """Probes in the busy process, which is another user's; it allocates nothing, and does not end."""
    status, body = ask_for_allocations(daemon)
    if "other processes" in daemon.host.case.lost:
        expect(status == 422 and b"\n" not in body.strip(),
               f"GET /debug/pprof/allocs has status {status}: {body[:500]}")
        return "no allocations"
    expect(status == 200 and body[:2] == b"\x1f\x8b",
           f"GET /debug/pprof/allocs: status {status}: {body[:500]}")
    gzip.decompress(body)
    return "allocations"


def read(daemon, path):
    """Samples of a profile, which `wick report` and `wick convert` read."""
    wick = str(daemon.host.folder.parent / "wick")
    report = subprocess.run([wick, "report", path], capture_output=True, text=True, timeout=60)
    expect(report.returncode == 0 and report.stdout, f"report: {report.stderr}")
    folded = path.with_suffix(".folded")
    convert = subprocess.run(
        [wick, "convert", path, folded], capture_output=True, text=True, timeout=60)
    expect(convert.returncode == 0, f"convert: {convert.stderr}")
    lines = folded.read_text().splitlines()
    strange = [line for line in lines if not line.startswith(BUSY)]
    expect(not strange, f"the profile of {BUSY} has {strange[:3]}")
    return sum(int(line.rpartition(" ")[2]) for line in lines)


# --- what is sent and kept ----------------------------------------------------------------------


def check_delivery(daemon):
    """New metrics arrive, and profiles of the busy process; nothing was dropped."""
    # What came before may have waited.
    began = time.time() + 0.1
    metrics = lambda: daemon.arrived("/v1/metrics", began)
    daemon.wait_until(lambda: len(metrics()) >= 2, "no metrics arrive at the server")
    names = {metric.name for _, metric, *_ in points_of(Metrics.FromString(metrics()[-1].body))}
    missing = {"system.cpu.time", "system.memory.usage", "wick_up"} - names
    expect(not missing, f"the server gets no {sorted(missing)}")
    if daemon.host.case.samples:
        daemon.wait_until(
            lambda: any(busy_samples(taken) for taken in
                        daemon.arrived("/v1development/profiles", began)),
            f"no samples of {BUSY} arrive at the server")
    else:
        profiles = daemon.arrived("/v1development/profiles")
        expect(not profiles, f"without samples {len(profiles)} batches of profiles arrive")
    states = {server["name"]: (server["state"], server["dropped_batches"])
              for server in daemon.health()[1]["destinations"]}
    expect(states == {"server": ("ok", 0)}, f"the servers' states are {states}")


# Those of waits are nanoseconds.
CPU_EVENTS = ("cpu", "samples")


def busy_samples(taken):
    decoded = Decoded(Profiles.FromString(taken.body))
    return sum(value for resource, profile, *_, value in decoded.samples()
               if resource["service.name"] == BUSY and decoded.event(profile) in CPU_EVENTS)


def check_files(daemon):
    case = daemon.host.case
    if not (case.samples and case.keeps_files):
        expect(not daemon.files, f"there are files: {daemon.files}")
        return
    seen = set(daemon.files)
    busy = lambda: [name for name in daemon.files if f"-cpu-{BUSY}" in name and name not in seen]
    daemon.wait_until(busy, lambda: f"no file of {BUSY} comes: {daemon.files}")
    path = daemon.host.folder / "kept.pb.gz"
    # It may have had to make room meanwhile.
    daemon.host.spaces.shell(f"cat {busy()[-1]} >{path}", check=True)
    expect(read(daemon, path), f"no samples in the file of {BUSY}")


# --- what happens meanwhile ---------------------------------------------------------------------


def says(sentence):
    return lambda daemon: daemon.wait_until(
        lambda: sentence in daemon.said_since, f"the log does not say: {sentence}")


def answers_fast(daemon):
    began = time.monotonic()
    status, body = daemon.get("/metrics", timeout=5)
    took = time.monotonic() - began
    expect(status == 200 and took < 5, f"GET /metrics: status {status} after {took:.1f} s")
    expect(b'success{collector="filesystem"} 0' in body, "the collector of file systems is fine")


def is_off_by(seconds):
    """That the daemon has another time than we have, everywhere, and goes on."""
    def check(daemon):
        def is_right(time_ns):
            return abs(time_ns / 1e9 - time.time() - seconds) < CLOCK_ERROR_S

        def times(kind, path):
            for taken in daemon.arrived(path, began):
                if kind is Metrics:
                    yield max(point.time_unix_nano
                              for *_, point in points_of(Metrics.FromString(taken.body)))
                else:
                    for _, profile, *_ in Decoded(Profiles.FromString(taken.body)).samples():
                        yield profile.time_unix_nano

        began = time.time()
        now = re.sub(r"\.\d+Z$", "Z", daemon.health()[1]["now"])
        told = calendar.timegm(time.strptime(now, "%Y-%m-%dT%H:%M:%SZ"))
        expect(is_right(told * 1e9), f"{seconds} s away it is {now} in /health")
        for kind, path in [(Metrics, "/v1/metrics"), (Profiles, "/v1development/profiles")]:
            daemon.wait_until(lambda: any(map(is_right, times(kind, path))),
                              f"{seconds} s away no batch of {path} has that time")
        kept = lambda: [name for name in daemon.files if is_right(time_of(name) * 1e9)]
        # There is room for so few that those of another time must go.
        daemon.wait_until(lambda: len(kept()) >= KEPT_FILES // 2,
                          lambda: f"{seconds} s away the files are {daemon.files}", 60)
        expect(len(daemon.files) <= KEPT_FILES + FILES_OF_A_WINDOW,
               f"{len(daemon.files)} files are kept instead of {KEPT_FILES}")
    return check


# Written before the oldest are removed.
FILES_OF_A_WINDOW = 1


def time_of(name):
    """When a kept profile began: its file is 20261121T054600Z-cpu-SERVICE.pb.gz."""
    stamp = pathlib.PurePath(name).name.split("-")[0]
    return calendar.timegm(time.strptime(stamp, "%Y%m%dT%H%M%SZ"))
