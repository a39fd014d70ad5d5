"""Records the host with wick and with perf, for benchmarks."""

import json
import os
import subprocess
import time

from measure import Running, run
from perf_script import Stacks
from watch import cpu_seconds, sampler


def field(summary, path):
    """A number of the summary by its path, `cost.cpu_s`; one that is missing ends the benchmark."""
    value = summary
    for name in path.split("."):
        if not isinstance(value, dict) or name not in value:
            raise SystemExit(f"the summary of wick record has no {path}: {json.dumps(summary)}")
        value = value[name]
    if value is None:
        raise SystemExit(f"this kernel gives no {path}")
    return value


class Wick:
    """A `wick record` of the whole host in the background; `stop` ends it."""

    def __init__(self, folder, frequency, *options, settle=2.0):
        self.profile, self.ledger = folder / "wick.folded", folder / "wick.json"
        self.recording = Running(
            [os.environ["WICK"], "record", "-a", "-F", str(frequency), "-d", "1h",
             "-o", str(self.profile), "--summary", str(self.ledger), *options],
            stderr=subprocess.DEVNULL,
        )
        time.sleep(settle)
        if self.recording.process.poll() is not None:
            raise SystemExit("wick record does not run")

    @property
    def pid(self):
        return self.recording.process.pid

    def window(self, seconds):
        """What so many seconds of recording cost, without start and end."""
        cpu, runs = cpu_seconds(self.pid), sampler(self.pid)
        time.sleep(seconds)
        return cpu_seconds(self.pid) - cpu, sampler(self.pid) - runs

    def stop(self):
        """Ends the recording; returns its cost and its summary."""
        cost = self.recording.interrupt()
        if cost.status:
            raise SystemExit(f"wick record: status {cost.status}")
        return cost, json.loads(self.ledger.read_text())


class Perf:
    """A `perf record` of the whole host in the background, with DWARF stacks or none at all."""

    def __init__(self, folder, frequency, dump_bytes=8192, settle=1.0):
        self.data, self.text = str(folder / "perf.data"), folder / "perf.txt"
        stacks = ["--call-graph", f"dwarf,{dump_bytes}"] if dump_bytes else []
        self.recording = Running(
            ["perf", "record", "-q", "-a", "-F", str(frequency), *stacks, "-o", self.data],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        time.sleep(settle)

    def stop(self):
        return self.recording.interrupt()

    def script(self, limit=300):
        """What `perf script` costs, and the stacks that it finds."""
        quiet = {"stderr": subprocess.DEVNULL, "timeout": limit}
        cost = run("perf", "script", "-i", self.data, **quiet)
        with open(self.text, "w+") as text:
            # Not measured: the deepest stacks that perf can show, without its slow inlined frames.
            deep = ["--no-inline", "--max-stack", "1024"]
            run("perf", "script", "-i", self.data, *deep, stdout=text, **quiet)
            text.seek(0)
            return cost, Stacks(text)
