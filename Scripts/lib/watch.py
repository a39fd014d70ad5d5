"""What a running process holds: memory, descriptors, and BPF maps with those that they contain."""

import contextlib
import dataclasses
import pathlib
import subprocess

# From linux/bpf.h.
MAP_OF_MAPS = {"12", "13"}
PERF_EVENT = "7"


@dataclasses.dataclass
class Program:
    """The kernel's own statistics of one BPF program."""

    runs: int
    ns: int

    def __sub__(self, other):
        return Program(self.runs - other.runs, self.ns - other.ns)


@dataclasses.dataclass
class Holdings:
    rss_bytes: int
    peak_bytes: int
    # What belongs to no file: heap, stacks of threads.
    anonymous_bytes: int
    # Pages of maps that the process has in its address space: in `rss_bytes` and in `map_bytes`.
    shared_bytes: int
    map_bytes: int
    descriptors: int
    threads: int

    @property
    def total_bytes(self):
        """Memory of both kinds, the pages that belong to both once."""
        return self.rss_bytes + self.map_bytes - self.shared_bytes


def descriptors(pid):
    """The fields of /proc/PID/fdinfo, for each descriptor."""
    for path in pathlib.Path(f"/proc/{pid}/fdinfo").iterdir():
        try:
            lines = path.read_text().splitlines()
        except OSError:
            continue  # closed meanwhile
        yield dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def map_sizes(pid, meter):
    """Bytes of each map of the process, by the map's number; contained maps are counted too."""
    sizes, outer = {}, []
    for fields in descriptors(pid):
        # A link of an iterator names the map that it goes through.
        if "map_id" in fields and "memlock" in fields:
            sizes[fields["map_id"]] = int(fields["memlock"])
            if fields["map_type"] in MAP_OF_MAPS:
                outer.append(fields["map_id"])
    for number in outer:
        listed = subprocess.run([meter, "inner", number], capture_output=True, text=True)
        for line in listed.stdout.splitlines():
            inner, size = line.split()
            sizes[inner] = int(size)
    return sizes


def mapped_map_bytes(pid):
    """Resident bytes of BPF maps in the address space of a process."""
    total, inside = 0, False
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
        name = line.split()[0]
        if not name.endswith(":"):
            inside = "anon_inode:bpf-map" in line
        elif inside and name == "Rss:":
            total += int(line.split()[1]) * 1024
    return total


def holdings(pid, meter):
    status = dict(
        line.split(":\t", 1)
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
        if ":\t" in line
    )
    return Holdings(
        rss_bytes=int(status["VmRSS"].split()[0]) * 1024,
        peak_bytes=int(status["VmHWM"].split()[0]) * 1024,
        anonymous_bytes=int(status["RssAnon"].split()[0]) * 1024,
        shared_bytes=mapped_map_bytes(pid),
        map_bytes=sum(map_sizes(pid, meter).values()),
        descriptors=len(list(pathlib.Path(f"/proc/{pid}/fd").iterdir())),
        threads=int(status["Threads"]),
    )


@contextlib.contextmanager
def kernel_statistics():
    """The kernel counts what programs take, all of them and all the time."""
    path = pathlib.Path("/proc/sys/kernel/bpf_stats_enabled")
    before = path.read_text()
    path.write_text("1")
    try:
        yield
    finally:
        path.write_text(before)


def programs(pid, kind=None):
    """Runs of the programs that a process has, or of those of one type."""
    found = {
        fields["prog_id"]: Program(int(fields["run_cnt"]), int(fields["run_time_ns"]))
        for fields in descriptors(pid)
        if "run_cnt" in fields and kind in (None, fields.get("prog_type"))
    }
    return Program(sum(p.runs for p in found.values()), sum(p.ns for p in found.values()))


def sampler(pid):
    """Runs of the programs that a process has on perf events."""
    runs = programs(pid, PERF_EVENT)
    if not runs.runs:
        raise SystemExit(f"process {pid} has no BPF program that ran on a perf event")
    return runs


def cpu_seconds(pid):
    """User and system time of a process since its start; the clock ticks 100 times a second."""
    text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    fields = text[text.rindex(")") + 2:].split()
    return (int(fields[11]) + int(fields[12])) / 100
