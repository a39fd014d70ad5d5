"""Real programs that keep a host busy, for tests and benchmarks."""

import glob
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]

PYTHON = """
import sys
rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 1 << 60
def leaf(number): return sum(i * i % 7 for i in range(number))
def middle(number): return [leaf(50 + i) for i in range(number)]
def outer(number): return sorted(middle(number))
for _ in range(rounds): outer(100)
"""

NODE = """
function leaf(n) { let sum = 0; for (let i = 0; i < n; i++) sum += Math.sqrt(i) % 7; return sum; }
function middle(n) { return JSON.parse(JSON.stringify(Array.from({length: n}, (_, i) => leaf(i)))); }
for (;;) middle(500);
"""

GO = """
package main
import ("fmt"; "sort"; "strings")
type record struct { key string; value int }
func fill(n int) []record {
	records := make([]record, 0, n)
	for i := 0; i < n; i++ {
		records = append(records, record{strings.Repeat("x", i%13) + fmt.Sprint(i*7919%n), i})
	}
	return records
}
func order(records []record) { sort.Slice(records, func(i, j int) bool { return records[i].key < records[j].key }) }
func worker() { for { order(fill(10000)) } }
func main() { go worker(); worker() }
"""

SWIFT = """
struct Matrix { var cells: [[Double]]
  func times(_ other: Matrix) -> Matrix {
    Matrix(cells: cells.map { row in other.cells.indices.map { column in
      zip(row, other.cells.map { $0[column] }).map { $0 * $1 }.reduce(0, +) } }) } }
let one = Matrix(cells: [[1, 2], [3, 4]])
print(one.times(one).cells, [1, 2, 3].map { "\\($0)" }.joined(separator: ","))
"""

CPP = """
#include <algorithm>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <regex>
#include <string>
#include <unordered_map>
#include <vector>
template <int N> struct Tower : Tower<N - 1> {
  std::map<std::string, std::vector<std::pair<int, std::string>>> floor;
  int climb(const std::string &key) {
    auto &entries = floor[key];
    entries.emplace_back(N, key);
    std::sort(entries.begin(), entries.end());
    return Tower<N - 1>::climb(key) + static_cast<int>(entries.size());
  }
};
template <> struct Tower<0> { int climb(const std::string &) { return 0; } };
int main(int argc, char **argv) {
  Tower<60> tower;
  std::regex pattern("(a|b)*c+[0-9]{2,5}");
  std::unordered_map<std::string, std::function<int(int)>> table;
  for (int i = 0; i < argc; i++)
    table[argv[i]] = [&, i](int n) { return tower.climb(argv[i]) + n; };
  std::cout << table.size() << std::regex_match(argv[0], pattern) << '\\n';
}
"""


# Ports that this process was given: nobody may have bound them yet.
given_ports = set()


def free_port():
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        if port not in given_ports:
            given_ports.add(port)
            return port


def stolen_s():
    """What the hypervisor took from each CPU: the clocks of threads leave it out, the wall does not."""
    with open("/proc/stat", encoding="ascii") as file:
        lines = [line.split() for line in file]
    tick = os.sysconf("SC_CLK_TCK")
    return [int(line[8]) / tick for line in lines if line[0][:3] == "cpu" and line[0] != "cpu"]


def wait_until(condition, what, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f"{what} did not come up within {seconds} s")
        time.sleep(0.05)


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Loads:
    """Starts programs in process groups of their own, and ends them all at `with`'s end."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.started = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in reversed(self.started):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
        for process in reversed(self.started):
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            pathlib.Path(f"/tmp/perf-{process.pid}.map").unlink(missing_ok=True)

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return str(path)

    def start(self, *command, **options):
        options.setdefault("stdout", subprocess.DEVNULL)
        options.setdefault("cwd", self.folder)  # Node leaves a log where it runs
        log = open(self.folder / f"{pathlib.Path(command[0]).name}.log", "ab")
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stderr=log, start_new_session=True, **options
        )
        log.close()
        self.started.append(process)
        return process

    def run(self, *command, **options):
        subprocess.run(
            command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **options
        )

    # Each load below keeps going until the end.

    def nginx(self):
        """Starts the server alone; returns its address."""
        port = free_port()
        page = self.folder / "www"
        page.mkdir(exist_ok=True)
        (page / "index.html").write_text("<p>wick</p>" * 100)
        configuration = self.write(
            "nginx.conf",
            f"""
            daemon off; worker_processes 1; pid {self.folder}/nginx.pid; user root;
            error_log {self.folder}/nginx-error.log;
            events {{ worker_connections 256; }}
            http {{ access_log {self.folder}/nginx-access.log; gzip on; gzip_min_length 1;
              gzip_types text/html; root {page}; server {{ listen 127.0.0.1:{port}; }} }}
            """,
        )
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        self.start(program, "-c", configuration, "-p", str(self.folder))
        wait_until(lambda: answers(port), "nginx")
        return f"http://127.0.0.1:{port}/"

    def nginx_under_wrk(self):
        address = self.nginx()
        self.start("wrk", "-t1", "-c8", "-d600", "-H", "Accept-Encoding: gzip", address)

    def postgres_under_pgbench(self):
        programs = max(glob.glob("/usr/lib/postgresql/*/bin"))
        user = pwd.getpwnam("postgres")
        home = self.folder / "postgres"
        home.mkdir()
        os.chown(home, user.pw_uid, user.pw_gid)
        as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": [], "cwd": home}
        port = str(free_port())
        connection = ["-h", str(home), "-p", port]
        self.run(f"{programs}/initdb", "-D", str(home / "data"), "--no-sync", **as_user)
        self.start(
            f"{programs}/postgres", "-D", str(home / "data"), "-k", str(home), "-p", port,
            "-c", "listen_addresses=", "-c", "fsync=off", **as_user,
        )
        ready = [f"{programs}/pg_isready", *connection]
        wait_until(
            lambda: subprocess.run(ready, stdout=subprocess.DEVNULL).returncode == 0, "postgres"
        )
        self.run(f"{programs}/pgbench", *connection, "-i", "-s", "2", "postgres", **as_user)
        self.start(
            f"{programs}/pgbench", *connection, "-S", "-c", "2", "-T", "600", "postgres", **as_user
        )

    def python(self):
        self.start("/usr/bin/python3", self.write("load.py", PYTHON))

    def node(self):
        self.start("node", "--perf-basic-prof", self.write("load.js", NODE))

    def go(self):
        source = self.write("goload.go", GO)
        binary = str(self.folder / "goload")
        cache = {**os.environ, "GOCACHE": str(self.folder / "go-cache"), "GO111MODULE": "off"}
        self.run("go", "build", "-o", binary, source, env=cache)
        self.start(binary)

    def swiftc(self):
        source, output = self.write("load.swift", SWIFT), self.folder / "load-swift"
        loop = f"while :; do swiftc -O -o {output} {source} || exit; done"
        # An interrupted compiler leaves its temporary files behind.
        self.start("/bin/sh", "-c", loop, env={**os.environ, "TMPDIR": str(self.folder)})
