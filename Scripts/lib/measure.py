"""Runs commands and says what they cost."""

import dataclasses
import os
import signal
import subprocess
import time


@dataclasses.dataclass
class Cost:
    """What a finished command used, its children included."""

    seconds: float = 0
    cpu_s: float = 0
    peak_bytes: int = 0
    status: int = 0


class Running:
    """A started command; `finish` waits for it and returns its cost."""

    def __init__(self, command, **options):
        self.command = command
        self.began = time.monotonic()
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, **options)

    def finish(self, timeout=300):
        end = time.monotonic() + timeout
        while True:
            pid, status, usage = os.wait4(self.process.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() > end:
                self.process.kill()
                raise SystemExit(f"{' '.join(self.command)} still ran after {timeout} s")
            time.sleep(0.005)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        return Cost(
            time.monotonic() - self.began,
            usage.ru_utime + usage.ru_stime,
            usage.ru_maxrss * 1024,
            self.process.returncode,
        )

    def interrupt(self, timeout=300):
        self.process.send_signal(signal.SIGINT)
        return self.finish(timeout)


def run(*command, timeout=300, **options):
    """Runs a command to its end; a failure ends the benchmark."""
    options.setdefault("stdout", subprocess.DEVNULL)
    cost = Running(command, **options).finish(timeout)
    if cost.status:
        raise SystemExit(f"{' '.join(command)}: status {cost.status}")
    return cost


def table(header, rows):
    """A Markdown table, columns aligned."""
    cells = [header, *rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    line = lambda row: "| " + " | ".join(c.ljust(w) for c, w in zip(row, widths)) + " |"
    rule = "| " + " | ".join("-" * w for w in widths) + " |"
    return "\n".join([line(header), rule, *map(line, rows)])
