#!/usr/bin/env python3
"""Runs the daemon where something is missing, and checks that it does all that is left to do.

Each case has mounts and a network of its own. In it the daemon runs as a user without rights but for
the capabilities that its unit gives it, with a server and a folder for profiles. It must

- stay up, and end within five seconds of SIGTERM with status 0;
- say in its log, in `wick doctor --json`, in `wick status --json` and in GET /health which features
  are lost, why, and what helps, and no others;
- do everything else: see smoke.py.

$WICK is the binary; the first argument is a folder for files, others are names of cases.
"""

import concurrent.futures
import contextlib
import dataclasses
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import traceback

import smoke
from agent_checks import Failure, expect
from namespaces import Namespaces

USER = "65534"
CAPABILITIES = ["bpf", "perfmon", "sys_ptrace", "dac_read_search", "syslog", "checkpoint_restore"]
FOLDERS = ["/var/lib/wick", "/var/cache/wick", "/run/wick"]
PARANOIA = pathlib.Path("/proc/sys/kernel/perf_event_paranoid")
SAMPLING = {"sampling", "process lifetimes", "process targets", "waits"}
LATENCIES = {f"latency of {what}" for what in [
    "system calls", "the run queue", "block I/O", "TCP", "DNS"]}
# What wick is as well without, and what only record uses.
UNIMPORTANT = {"cycle counter", "process targets"}
AT_ONCE = 2
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


@dataclasses.dataclass
class Case:
    """In the shell's lines, FOLDER is the case's own."""

    name: str
    # Run in the namespaces as root, before wick.
    setup: str = ""
    # The capability that is taken away.
    without: str = ""
    # Names of features that do not work then.
    lost: set = dataclasses.field(default_factory=set)
    # Collectors of host metrics that do not work then.
    failing: set = dataclasses.field(default_factory=set)
    # Versions of control groups that are there.
    groups: set = dataclasses.field(default_factory=lambda: {1, 2})
    # Whether profiles can be kept as files.
    keeps_files: bool = True
    # Run in the namespaces while the daemon runs, and what is checked then.
    meanwhile: list = dataclasses.field(default_factory=list)
    environment: dict = dataclasses.field(default_factory=dict)
    paranoia: str = ""
    # Lines of the configuration of the folder for profiles.
    folder_settings: str = ""

    @property
    def samples(self):
        return "sampling" not in self.lost


CASES = [
    Case("nothing"),
    Case("no CAP_BPF", without="bpf", lost=SAMPLING | LATENCIES),
    Case("no CAP_PERFMON", without="perfmon", lost=SAMPLING | LATENCIES | {"process events"}),
    Case("no CAP_SYS_PTRACE", without="sys_ptrace", lost={"other processes"}),
    Case("no CAP_DAC_READ_SEARCH", without="dac_read_search", lost={"files of other users"}),
    Case("no CAP_SYSLOG", without="syslog", lost={"kernel symbols"}),
    Case("no CAP_CHECKPOINT_RESTORE", without="checkpoint_restore", lost={"mapped files"}),
    Case("no BTF", "mount -t tmpfs none /sys/kernel/btf", lost=SAMPLING | LATENCIES | {"kernel types (BTF)"}),
    # Nothing that wick attaches needs its files.
    Case("no tracefs", "mount -t tmpfs none /sys/kernel/tracing; "
         "mount -t tmpfs none /sys/kernel/debug"),
    Case("kallsyms hidden", "mount --bind /dev/null /proc/kallsyms", lost={"kernel symbols"}),
    Case("perf_event_paranoid=4", paranoia="4"),
    Case("perf_event_paranoid=4, no CAP_PERFMON", without="perfmon", paranoia="4",
         lost=SAMPLING | LATENCIES | {"process events"}),
    Case("cgroup v1 only", "umount /sys/fs/cgroup/unified", groups={1}),
    # On hosts whose controllers are version 1's, version 2 has CPU time and pressure alone.
    Case("cgroup v2 only", "umount -R /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup",
         groups={2}),
    Case("no cgroups", "umount -R /sys/fs/cgroup", lost={"control groups"},
         failing={"cgroups"}, groups=set()),
    Case("hidepid=2", "mount -t proc -o hidepid=2 proc /proc"),
    Case("hidepid=2, no CAP_SYS_PTRACE", "mount -t proc -o hidepid=2 proc /proc",
         without="sys_ptrace", lost={"other processes", "all processes"}),
    Case("read-only disk", " && ".join(f"mount -o remount,ro {path}" for path in FOLDERS[:2]),
         lost={"table cache", "storage"}, keeps_files=False),
    Case("disk read-only for a while", meanwhile=[
        # Busy as long as a file is open to be written.
        ("n=0; until mount -o remount,ro /var/lib/wick || [ $n -ge 200 ]; do "
         "n=$((n + 1)); sleep 0.05; done", smoke.says("profiles are not kept")),
        ("mount -o remount,rw /var/lib/wick", smoke.says("profiles are kept again"))]),
    # The folders of others go on, and so does all else; no page takes longer than a collector may.
    Case("a mount that does not answer", "mkfifo FOLDER/silent; "
         f"{LIB}/silent_mount.py /mnt >FOLDER/silent & read line <FOLDER/silent",
         failing={"filesystem"}, meanwhile=[("", smoke.answers_fast)] * 2),
    # The wall clock of this process alone; the kernel's goes on.
    Case("clock jumps", folder_settings=f"  keep_files: {smoke.KEPT_FILES}\n", environment={
        "LD_PRELOAD": "FOLDER/../clock.so", "FAKE_CLOCK": "FOLDER/clock"},
         meanwhile=[(f"echo {jump} >FOLDER/clock", smoke.is_off_by(jump))
                    for jump in [86400, -86400, 0]]),
]


class Host:
    """Namespaces in which a case's part of the host is missing, and wick in them."""

    def __init__(self, case, folder):
        self.case, self.folder = case, folder
        folder.mkdir()
        (folder / "clock").write_text("0\n")
        tmpfs = "; ".join(
            f"mount -t tmpfs -o mode=700,uid={USER},gid={USER} none {path}" for path in FOLDERS)
        self.spaces = Namespaces(f"{tmpfs}; {self.here(case.setup) or ':'}")

    def __enter__(self):
        if not self.spaces.is_ready:
            self.spaces.__exit__()
            raise Failure("cannot be set up")
        return self

    def __exit__(self, *_):
        self.spaces.__exit__()

    def here(self, line):
        return line.replace("FOLDER", str(self.folder))

    def wick(self, *words):
        rights = [name for name in CAPABILITIES if name != self.case.without]
        plus = ",".join(["-all"] + [f"+{name}" for name in rights])
        variables = [f"{key}={self.here(value)}" for key, value in self.case.environment.items()]
        return self.spaces.inside(
            "setpriv", "--reuid", USER, "--regid", USER, "--clear-groups", f"--inh-caps={plus}",
            f"--ambient-caps={plus}", f"--bounding-set={plus}", "--no-new-privs",
            "env", *variables, str(self.folder.parent / "wick"), *words)

    def run(self, *words):
        return subprocess.run(self.wick(*words), capture_output=True, text=True, timeout=60)

    def shell(self, line):
        self.spaces.shell(self.here(line), check=True)


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
    return {name: row for name, row in missing.items() if name not in UNIMPORTANT}


def check_doctor(host):
    answer = host.run("doctor", "--json", "--config", str(host.folder / "agent.yaml"))
    expect(answer.stdout, f"doctor prints nothing: {answer.stderr}")
    report = json.loads(answer.stdout)
    missing = check_features(report["features"], host.case, "doctor")
    expect(report["healthy"] == (not missing), "doctor contradicts itself")
    expect(answer.returncode == (1 if missing else 0), f"doctor exits with {answer.returncode}")
    return missing


def check_latency(host):
    """Latencies are measured, or it is told which feature is lost, why, and what helps; no page then."""
    page = host.folder / "latency"
    page.mkdir(mode=0o777)
    page.chmod(0o777)
    answer = host.run("latency", "syscalls", "-d", "300ms", "-o", str(page / "x.html"))
    if "sampling" not in host.case.lost:
        expect(answer.returncode == 0 and "P99" in answer.stdout, f"latency: {answer.stderr}")
        return
    expect(answer.returncode == 1 and not any(page.iterdir()),
           f"latency ends with {answer.returncode}, and there is {list(page.iterdir())}")
    line = r"wick: latency of system calls cannot be measured: .+ \(.+\)\n"
    expect(re.fullmatch(line, answer.stderr), f"latency says {answer.stderr!r}")


def check_health(daemon, missing):
    """The daemon's own word, over HTTP and over its socket."""
    case, state = daemon.host.case, "degraded" if missing else "ok"
    # What was lost for a while is looked for again at intervals.
    daemon.wait_until(lambda: daemon.health()[1]["state"] == state,
                      lambda: f"GET /health is not {state}: {daemon.health()[1]['reasons']}")
    status, health = daemon.health()
    # What a restart repairs is 503; what the host lacks is not.
    expect(status == 200, f"GET /health: status {status}: {health['reasons']}")
    check_features(health["features"], case, "GET /health")
    for name in missing:
        expect(any(reason.startswith(f"{name}: ") for reason in health["reasons"]),
               f"{name} is no reason: {health['reasons']}")
    expect(daemon.get("/ready")[0] == 200, "it is not ready")
    answer = daemon.host.run("status", "--json")
    expect(answer.returncode == 0, f"status exits with {answer.returncode}: {answer.stderr}")
    told = json.loads(answer.stdout)
    check_features(told["features"], case, "wick status")
    expect(told["state"] == state, f"wick status: {told['state']} instead of {state}")


def check_log(daemon, missing):
    said = daemon.said()
    for name, row in missing.items():
        expect(row["remedy"] in said, f"the log does not say what helps: {name}")
        expect(row["loss"] in said, f"the log does not say what is lost: {name}")


def check_agent(host, busy):
    with smoke.Daemon(host, busy) as daemon:
        missing = check_doctor(host)
        check_latency(host)
        daemon.start()
        daemon.wait_until(lambda: daemon.get("/ready")[0] == 200, "it is not ready")
        check_log(daemon, missing)
        found = smoke.check(daemon)
        check_health(daemon, missing)
        for line, check in host.case.meanwhile:
            daemon.mark()
            host.shell(line)
            check(daemon)
            smoke.check_delivery(daemon)
        if host.case.meanwhile:
            smoke.check(daemon)
            check_health(daemon, missing)
        daemon.end()
    return f"{', '.join(sorted(missing)) or 'nothing'}; {found}"


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


def run(case, folder, busy):
    """Whether it passed."""
    try:
        with paranoia(case.paranoia):
            with Host(case, folder / re.sub(r"\W+", "-", case.name)) as host:
                with host.spaces.network():
                    said = check_agent(host, busy)
        print(f"ok      {case.name:38} lost: {said}", flush=True)
        return True
    except (Exception, SystemExit) as problem:
        if not isinstance(problem, (Failure, SystemExit)):
            traceback.print_exc()
        print(f"FAILED  {case.name:38} {problem}", flush=True)
        return False


def run_all(wanted, folder, busy):
    """Two at a time, but for those that change the whole host."""
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as together:
        passed = list(together.map(
            lambda case: run(case, folder, busy), [case for case in wanted if not case.paranoia]))
    return passed + [run(case, folder, busy) for case in wanted if case.paranoia]


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.chmod(0o755)
    shutil.copy(os.environ["WICK"], folder / "wick")
    (folder / "wick").chmod(0o755)
    shutil.copy("/bin/sh", folder / smoke.BUSY)
    (folder / "clock.c").write_text(FAKE_CLOCK)
    subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-o", folder / "clock.so",
                    folder / "clock.c"], check=True)
    for path in FOLDERS:
        pathlib.Path(path).mkdir(parents=True, exist_ok=True)
    wanted = [case for case in CASES if not sys.argv[2:] or case.name in sys.argv[2:]]
    if not wanted:
        sys.exit(f"no such case; there are: {[case.name for case in CASES]}")
    busy = subprocess.Popen([folder / smoke.BUSY, "-c", "while :; do :; done"])
    try:
        passed = run_all(wanted, folder, busy.pid)
    finally:
        busy.kill()
        busy.wait()
    print(f"{sum(passed)} of {len(passed)} cases passed")
    sys.exit(0 if all(passed) else 1)


if __name__ == "__main__":
    main()
