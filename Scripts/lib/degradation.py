#!/usr/bin/env python3
"""Runs the daemon where something is missing, and checks that it does all that is left to do.

Each case has mounts and a network of its own. In it the daemon runs as a user without rights but for
the capabilities that its unit gives it. It must

- stay up, and end within five seconds of SIGTERM with status 0;
- say in its log, in `wick doctor --json`, and in `wick status --json` if it has that, which features
  are lost, why, and what helps, and no others;
- profile a busy process into files that `wick report` reads, unless that is what was taken away.

$WICK is the binary; the first argument is a folder for files, others are names of cases.
"""

import contextlib
import dataclasses
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

USER = "65534"
CAPABILITIES = ["bpf", "perfmon", "sys_ptrace", "dac_read_search", "syslog", "checkpoint_restore"]
FOLDERS = ["/var/lib/wick", "/var/cache/wick", "/run/wick"]
PROFILES = "/var/lib/wick/profiles"
PARANOIA = pathlib.Path("/proc/sys/kernel/perf_event_paranoid")
SAMPLING = {"sampling", "process lifetimes", "process targets"}
# Puts the seconds in a file before the wall clock of one process. The kernel's own clock belongs to
# everybody on the host, and time namespaces have no wall clock of their own.
FAKE_CLOCK = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t clock, struct timespec *time)
{
  static int (*real)(clockid_t, struct timespec *);
  if (!real)
    real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
  int status = real(clock, time);
  char text[32] = "";
  int file = clock == CLOCK_REALTIME ? open(getenv("FAKE_CLOCK"), O_RDONLY | O_CLOEXEC) : -1;
  if (file >= 0) {
    if (read(file, text, sizeof(text) - 1) > 0)
      time->tv_sec += atol(text);
    close(file);
  }
  return status;
}
"""
LIB = pathlib.Path(__file__).resolve().parent
SILENT_FILES = 'success{collector="filesystem"} 0'
# What wick is as well without, and what only record uses.
UNIMPORTANT = {"cycle counter", "process targets"}


@dataclasses.dataclass
class Case:
    name: str
    # Run in the namespaces as root, before wick.
    setup: str = ""
    # The capability that is taken away.
    without: str = ""
    # Names of features that do not work then.
    lost: set = dataclasses.field(default_factory=set)
    profiles: bool = True
    # Run in the namespaces while the daemon runs, and what its log must say then.
    meanwhile: list = dataclasses.field(default_factory=list)
    environment: dict = dataclasses.field(default_factory=dict)
    paranoia: str = ""


def ask_for_metrics(line):
    """A command that fails unless /metrics has a line that ends so, and is there within 5 s."""
    return f"curl -sS --max-time 5 http://127.0.0.1:9345/metrics | grep -F '{line}' >/dev/null"


def cases(folder):
    clock = folder / "clock"
    return [
        Case("nothing"),
        Case("no CAP_BPF", without="bpf", lost=SAMPLING, profiles=False),
        Case("no CAP_PERFMON", without="perfmon", lost=SAMPLING | {"process events"},
             profiles=False),
        Case("no CAP_SYS_PTRACE", without="sys_ptrace", lost={"other processes"}),
        Case("no CAP_DAC_READ_SEARCH", without="dac_read_search", lost={"files of other users"}),
        Case("no CAP_SYSLOG", without="syslog", lost={"kernel symbols"}),
        Case("no CAP_CHECKPOINT_RESTORE", without="checkpoint_restore", lost={"mapped files"}),
        Case("no BTF", "mount -t tmpfs none /sys/kernel/btf", lost=SAMPLING | {"kernel types (BTF)"},
             profiles=False),
        # Nothing that wick attaches needs its files.
        Case("no tracefs", "mount -t tmpfs none /sys/kernel/tracing; "
             "mount -t tmpfs none /sys/kernel/debug"),
        Case("kallsyms hidden", "mount --bind /dev/null /proc/kallsyms", lost={"kernel symbols"}),
        Case("perf_event_paranoid=4", paranoia="4"),
        Case("perf_event_paranoid=4, no CAP_PERFMON", without="perfmon", paranoia="4",
             lost=SAMPLING | {"process events"}, profiles=False),
        Case("cgroup v1 only", "umount /sys/fs/cgroup/unified"),
        Case("cgroup v2 only", "umount -R /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup"),
        Case("no cgroups", "umount -R /sys/fs/cgroup", lost={"control groups"}),
        Case("hidepid=2", "mount -t proc -o hidepid=2 proc /proc"),
        Case("hidepid=2, no CAP_SYS_PTRACE", "mount -t proc -o hidepid=2 proc /proc",
             without="sys_ptrace", lost={"other processes", "all processes"}),
        Case("read-only disk", " && ".join(f"mount -o remount,ro {path}" for path in FOLDERS[:2]),
             lost={"table cache", "storage"}, profiles=False),
        Case("disk read-only for a while", meanwhile=[
            ("mount -o remount,ro /var/lib/wick", "profiles are not kept"),
            ("mount -o remount,rw /var/lib/wick", "profiles are kept again")]),
        # The folders of others go on, and so does all else; no page takes longer than a collector may.
        Case("a mount that does not answer", f"mkfifo {folder}/silent; "
             f"{LIB}/silent_mount.py /mnt >{folder}/silent & read line <{folder}/silent",
             meanwhile=[(ask_for_metrics(SILENT_FILES), ""), (ask_for_metrics(SILENT_FILES), "")]),
        # The wall clock of this process alone; the kernel's goes on.
        Case("clock jumps", environment={
            "LD_PRELOAD": str(folder / "clock.so"), "FAKE_CLOCK": str(clock)},
             meanwhile=[(f"echo {jump} >{clock}", "") for jump in [86400, -86400, 0]]),
    ]


class Namespaces:
    """Mounts and a network of a case's own, held by a process that sleeps."""

    def __init__(self, case, folder):
        self.case, self.folder = case, folder
        folders = "; ".join(
            f"mount -t tmpfs -o mode=700,uid={USER},gid={USER} none {path}" for path in FOLDERS)
        script = f"set -e; ip link set lo up || :; {folders}; {case.setup or ':'}; echo ready; " \
            "exec sleep 300"
        self.holder = subprocess.Popen(
            ["unshare", "--mount", "--net", "--propagation", "private", "/bin/sh", "-c", script],
            stdout=subprocess.PIPE, text=True)
        if self.holder.stdout.readline() != "ready\n":
            raise Failure("cannot be set up")

    def close(self):
        self.holder.kill()
        self.holder.wait()

    @property
    def inside(self):
        return ["nsenter", f"--mount=/proc/{self.holder.pid}/ns/mnt",
                f"--net=/proc/{self.holder.pid}/ns/net"]

    def wick(self, *words):
        rights = [name for name in CAPABILITIES if name != self.case.without]
        plus = ",".join(["-all"] + [f"+{name}" for name in rights])
        variables = [f"{key}={value}" for key, value in self.case.environment.items()]
        return self.inside + [
            "setpriv", "--reuid", USER, "--regid", USER, "--clear-groups", f"--inh-caps={plus}",
            f"--ambient-caps={plus}", f"--bounding-set={plus}", "--no-new-privs",
            "env", *variables, str(self.folder / "wick"), *words]

    def run(self, *words):
        return subprocess.run(self.wick(*words), capture_output=True, text=True, timeout=60)

    def shell(self, line):
        subprocess.run(self.inside + ["/bin/sh", "-c", line], check=True)

    def profiles(self):
        listing = subprocess.run(
            self.inside + ["find", PROFILES, "-name", "*.pb.gz", "-size", "+0"],
            capture_output=True, text=True)
        return sorted(listing.stdout.split("\n")[:-1])


class Failure(Exception):
    pass


def expect(condition, sentence):
    if not condition:
        raise Failure(sentence)


def check_features(rows, case, source):
    """The rows are those of doctor or of the daemon's health."""
    # What came of it while the daemon ran is told beside what the host lacks.
    missing = {row["name"]: row for row in rows
               if row["state"] == "missing" and not row["name"].startswith("profiles in ")}
    names, lost = set(missing) - UNIMPORTANT, case.lost - UNIMPORTANT
    expect(names == lost, f"{source} says that {sorted(names)} is lost instead of {sorted(lost)}")
    for name, row in missing.items():
        for part in ["cause", "loss", "remedy"]:
            expect(row.get(part), f"{source} tells no {part} of {name}")
    return missing


def check_doctor(spaces, case):
    answer = spaces.run("doctor", "--json")
    expect(answer.stdout, f"doctor prints nothing: {answer.stderr}")
    report = json.loads(answer.stdout)
    missing = check_features(report["features"], case, "doctor")
    expect(report["healthy"] == (not missing), "doctor contradicts itself")
    expect(answer.returncode == (1 if missing else 0), f"doctor exits with {answer.returncode}")
    return missing


def check_status(spaces, case):
    """Only if this wick has the command; the daemon's own word on its health."""
    if spaces.run("status", "--help").returncode != 0:
        return
    answer = spaces.run("status", "--json")
    expect(answer.stdout.startswith("{"), f"status: {answer.stderr.strip()}")
    check_features(json.loads(answer.stdout)["features"], case, "health")


def wait_until(condition, seconds, sentence):
    end = time.monotonic() + seconds
    while not condition():
        expect(time.monotonic() < end, sentence())
        time.sleep(0.1)


def check_agent(spaces, case, missing, log):
    agent = subprocess.Popen(
        spaces.wick("agent", "--window", "1s", "--profiles", PROFILES), stderr=log)
    said = lambda: pathlib.Path(log.name).read_text(errors="replace")
    up = lambda: expect(agent.poll() is None, f"the daemon ended: {said().strip()}")
    try:
        if case.profiles:
            wait_until(lambda: up() or spaces.profiles(), 20, lambda: f"no profile: {said()}")
        else:
            time.sleep(4)
        up()
        for name in set(missing) - UNIMPORTANT:
            expect(missing[name]["remedy"] in said(), f"the log does not say what helps: {name}")
            expect(missing[name]["loss"] in said(), f"the log does not say what is lost: {name}")
        check_status(spaces, case)
        for line, sentence in case.meanwhile:
            before = len(said())
            spaces.shell(line)
            wait_until(lambda: up() or sentence in said()[before:], 20,
                       lambda: f"after {line} the log does not say: {sentence}")
            time.sleep(2)
        up()
        if case.profiles:
            count = len(spaces.profiles())
            wait_until(lambda: up() or len(spaces.profiles()) > count, 20,
                       lambda: "no more profiles come")
            check_profiles(spaces)
    finally:
        end(agent)


def check_profiles(spaces):
    busy = [path for path in spaces.profiles() if "-cpu-busy" in path]
    expect(busy, f"no profile of the busy process: {spaces.profiles()}")
    report = spaces.run("report", busy[-1])
    expect(report.returncode == 0, f"report: {report.stderr}")


def end(agent):
    if agent.poll() is not None:
        return
    agent.send_signal(signal.SIGTERM)
    try:
        expect(agent.wait(5) == 0, f"the daemon ends with {agent.returncode}")
    except subprocess.TimeoutExpired:
        agent.kill()
        agent.wait()
        raise Failure("the daemon does not end within 5 s of SIGTERM") from None


@contextlib.contextmanager
def paranoia(value):
    before = PARANOIA.read_text()
    if value:
        PARANOIA.write_text(value)
    try:
        yield
    finally:
        if value:
            PARANOIA.write_text(before)


def run(case, folder):
    (folder / "clock").write_text("0\n")
    with paranoia(case.paranoia), open(folder / "log", "w", encoding="utf-8") as log:
        spaces = Namespaces(case, folder)
        try:
            missing = check_doctor(spaces, case)
            check_agent(spaces, case, missing, log)
        finally:
            spaces.close()
    return ", ".join(sorted(set(missing) - UNIMPORTANT)) or "nothing"


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.chmod(0o755)
    shutil.copy(os.environ["WICK"], folder / "wick")
    (folder / "wick").chmod(0o755)
    shutil.copy("/bin/sh", folder / "busy")
    (folder / "clock.c").write_text(FAKE_CLOCK)
    subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-o", folder / "clock.so",
                    folder / "clock.c"], check=True)
    for path in FOLDERS:
        pathlib.Path(path).mkdir(parents=True, exist_ok=True)
    wanted = [case for case in cases(folder) if not sys.argv[2:] or case.name in sys.argv[2:]]
    expect(wanted, f"no such case; there are: {[case.name for case in cases(folder)]}")
    busy = subprocess.Popen([folder / "busy", "-c", "while :; do :; done"])
    failures = 0
    try:
        for case in wanted:
            try:
                print(f"ok      {case.name:40} lost: {run(case, folder)}", flush=True)
            except Failure as failure:
                failures += 1
                print(f"FAILED  {case.name:40} {failure}", flush=True)
    finally:
        busy.kill()
        busy.wait()
    print(f"{len(wanted) - failures} of {len(wanted)} cases passed")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
