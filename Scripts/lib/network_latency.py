"""Checks the latency of TCP and DNS that wick tells against what both sides and the kernel say."""

import collections
import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import loads
import wire

WICK = os.environ["WICK"]
PEERS = str(pathlib.Path(__file__).with_name("network_peers.py"))
# Each way.
DELAY_S = 0.02
failures = []


def check(is_right, what):
    print(f"  {'ok' if is_right else 'WRONG'}: {what}", flush=True)
    if not is_right:
        failures.append(what)


def near(value, truth, share, what):
    check(value is not None and abs(value - truth) <= share * truth,
          f"{what}: {value if value is None else format(value, '.6g')}, truly {truth:.6g}")


def between(value, least, most, what):
    """Between what cannot be faster and what the peers saw, who may have been late themselves."""
    check(value is not None and least <= value <= most,
          f"{what}: {value if value is None else format(value, '.6g')}, "
          f"truly {least:.6g} to {most:.6g}")


def equal(value, truth, what):
    check(value == truth, f"{what}: {value}, truly {truth}")


def settled(read):
    """What `read` tells once it has told the same for some seconds."""
    value, since, end = read(), time.monotonic(), time.monotonic() + 60
    while time.monotonic() < min(since + 4, end):
        time.sleep(0.2)
        now = read()
        if now != value:
            value, since = now, time.monotonic()
    return value


class Measurement:
    """`wick latency KIND` while the block runs; then `rows` has what it told."""

    def __init__(self, kind, *options):
        self.command = [
            WICK, "latency", kind, "--json", "--interval", "200ms", "-d", "10m", *options]
        self.rows = []

    def __enter__(self):
        # Files, which take as much as there is: nobody reads while it measures.
        self.told, self.said = tempfile.TemporaryFile("w+"), tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(self.command, stdout=self.told, stderr=self.said)
        # The first interval is over: it measures.
        while not os.fstat(self.told.fileno()).st_size:
            if self.process.poll() is not None:
                raise SystemExit(f"wick does not measure: {self.read(self.said)}")
            time.sleep(0.01)
        return self

    @staticmethod
    def read(file):
        with file:
            file.seek(0)
            return file.read()

    def __exit__(self, kind, *_):
        time.sleep(1)
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=60)
        output, errors = self.read(self.told), self.read(self.said)
        if kind:
            return
        if self.process.returncode:
            raise SystemExit(f"wick ended with {self.process.returncode}: {errors}")
        self.final = json.loads(output.splitlines()[-1])
        self.rows = self.final["rows"]
        self.messages = errors

    def of(self, pid=None, process=None, name=""):
        return [row for row in self.rows
                if (pid is None or row["pid"] == pid) and row["name"].startswith(name)
                and (process is None or row["process"] == process)]

    def count(self, counter, **which):
        return sum(row["counts"].get(counter, 0) for row in self.of(**which))

    def errors(self, **which):
        errors = collections.Counter()
        for row in self.of(**which):
            errors.update(row["errors"])
        return errors

    def mean(self, **which):
        rows = self.of(**which)
        values = sum(row["count"] for row in rows)
        return sum(row["sum_s"] for row in rows) / values if values else None


class Peer:
    """One of network_peers.py's programs, on a side of the wire."""

    def __init__(self, side, *words, is_server=False):
        self.process = side.start(
            sys.executable, "-B", PEERS, *map(str, words), stdout=subprocess.PIPE, text=True)
        self.pid = self.process.pid
        if is_server and self.process.stdout.readline() != "ready\n":
            raise SystemExit(f"{words[0]} does not get ready")

    def result(self, timeout=120):
        output, _ = self.process.communicate(timeout=timeout)
        return json.loads(output)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def server(side, *words):
    return Peer(side, *words, is_server=True)


# TCP -----------------------------------------------------------------------------------------------

def test_delay(scratch):
    """Connect latency and round trips over a slow wire; bytes; IPv4 and IPv6."""
    with wire.Wire(delay=DELAY_S) as link:
        near_side, far_side = link.sides
        with server(far_side, "echo", far_side.ipv4, far_side.ipv6) as echo, \
                Measurement("tcp", "-a") as measured:
            clients = [(address, Peer(near_side, "ask", address, 20, 50_000))
                       for address in (far_side.ipv4, far_side.ipv6)]
            results = [(address, client, client.result()) for address, client in clients]
        round_trip = 2 * link.mean_delay()
    check(round_trip >= 2 * DELAY_S, f"the wire's own round trip: {round_trip:.6g} s")
    least = 0.98 * 2 * DELAY_S
    for address, client, result in results:
        peer = f"[{address}]:8080" if ":" in address else f"{address}:8080"
        which = {"pid": client.pid, "name": f"connect {peer}"}
        connects = result["connects"]
        equal(sum(row["count"] for row in measured.of(**which)), 20, f"connects to {peer}")
        between(measured.mean(**which), least, 1.1 * statistics.mean(connects),
                f"mean connect latency to {peer}")
        # A bucket is 19 % wide.
        near(measured.of(**which)[0]["p50_s"] if measured.of(**which) else None,
             statistics.median(connects), 0.2, f"median connect latency to {peer}")
        most = 1.1 * max(round_trip, statistics.mean(connects))
        between(measured.mean(pid=client.pid, name=f"round trip {peer}"), least, most,
                f"mean round trip to {peer}")
        equal(measured.count("bytes_sent", pid=client.pid), 20 * 50_000, f"bytes sent to {peer}")
        equal(measured.count("bytes_received", pid=client.pid), 20 * 50_000,
              f"bytes received from {peer}")
        equal(measured.count("closed", pid=client.pid), 20, f"connections to {peer} that ended")
    equal(measured.count("accepted", pid=echo.pid), 40, "accepted connections")
    accept = measured.of(pid=echo.pid, name="accept")
    equal(sorted(row["name"] for row in accept),
          [f"accept :8080 from {near_side.ipv4}", f"accept :8080 from {near_side.ipv6}"],
          "a row of the server for each address, not for each port")
    between(measured.mean(pid=echo.pid, name="round trip"), least, most,
            "mean round trip as the server sees it")


def test_loss(scratch):
    """Retransmissions are those that the kernel counts in each namespace."""
    with wire.Wire(delay=0.005, drops=wire.random_loss(0.05, seed=7)) as link:
        near_side, far_side = link.sides
        with server(far_side, "echo", far_side.ipv4) as echo, \
                Measurement("tcp", "-a") as measured:
            before = [side.counter("Tcp", "RetransSegs") for side in link.sides]
            client = Peer(near_side, "ask", far_side.ipv4, 60, 20_000)
            client.result()
            # What the peers have not acknowledged may be sent again for a while.
            link.drops = lambda packet, side: False
            after = settled(
                lambda: [side.counter("Tcp", "RetransSegs") for side in link.sides])
    truth = [now - then for now, then in zip(after, before)]
    check(min(truth) > 5, f"enough was sent again: {truth}")
    equal(measured.count("retransmits", pid=client.pid), truth[0], "retransmits of the client")
    equal(measured.count("retransmits", pid=echo.pid), truth[1], "retransmits of the server")


def test_failures(scratch):
    """Connects fail for the reasons that the client is told."""
    with wire.Wire(delay=0.001) as link:
        near_side, far_side = link.sides
        near_side.run("echo 1 >/proc/sys/net/ipv4/tcp_syn_retries", check=True)
        rules = ("add table inet t; add chain inet t c { type filter hook input priority 0; }; "
                 "add rule inet t c tcp dport 82 reject with icmpx type host-unreachable; "
                 "add rule inet t c tcp dport 83 reject with icmpx type admin-prohibited; "
                 "add rule inet t c tcp dport 84 drop")
        far_side.run(f"nft '{rules}'", check=True)
        attempts = [f"{address},{port},{how},{count}" for address in (far_side.ipv4, far_side.ipv6)
                    for port, how, count in ((81, "wait", 7), (82, "wait", 3), (83, "wait", 2),
                                             (84, "wait", 1), (84, "give-up", 4))]
        with Measurement("tcp", "-a") as measured:
            client = Peer(near_side, "fail", *attempts)
            truth = collections.Counter(client.result())
    # The kernel says EACCES for what is prohibited over IPv6.
    truth["EHOSTUNREACH"] += truth.pop("EACCES", 0)
    equal(dict(measured.errors(pid=client.pid, name="connect")), dict(truth),
          "connects that failed, by reason")


def test_windows(scratch):
    """A window that was shut, and a reset."""
    with wire.Wire(delay=0.005) as link:
        near_side, far_side = link.sides
        with server(far_side, "shut", far_side.ipv4, 9001, 1.5) as shut, \
                Measurement("tcp", "-a") as measured:
            client = Peer(near_side, "push", far_side.ipv4, 9001)
            equal(client.result()["end"], "reset", "how the client's connection ended")
            time.sleep(0.2)
            reopened = far_side.counter("TcpExt", "TCPFromZeroWindowAdv")
    check(reopened > 0, f"the kernel says that a window was shut: {reopened}")
    equal(measured.count("zero_windows", pid=client.pid), reopened,
          "times that the client's peer had shut its window")
    check(measured.count("own_zero_windows", pid=shut.pid) > 0, "the server's own was shut")
    equal(measured.count("resets_sent", pid=shut.pid), 1, "resets that the server sent")
    equal(measured.count("resets_received", pid=client.pid), 1, "resets that the client received")


def test_overflow(scratch):
    """A server that does not accept: its queue overflows as often as the kernel says."""
    with wire.Wire(delay=0.001) as link:
        near_side, far_side = link.sides
        with server(far_side, "idle", far_side.ipv4, 9002, 2) as idle, \
                Measurement("tcp", "-a") as measured:
            before = far_side.counter("TcpExt", "ListenOverflows")
            client = Peer(near_side, "crowd", far_side.ipv4, 9002, 10)
            client.result()
            # Its connections end now, and that is also more than the queue takes.
            link.drops = lambda packet, side: True
            time.sleep(0.2)
            truth = far_side.counter("TcpExt", "ListenOverflows") - before
    check(truth > 0, f"the queue was full: {truth}")
    equal(measured.errors(pid=idle.pid, name="listen")["QUEUE_FULL"], truth, "queue overflows")


def test_cardinality(scratch):
    """Many peers end in "other", and none is lost."""
    with wire.Wire() as link:
        near_side, far_side = link.sides
        with server(far_side, "listen", far_side.ipv4, 20000, 300), \
                Measurement("tcp", "-a") as measured:
            client = Peer(near_side, "many", far_side.ipv4, 20000, 300)
            truth = client.result()["connected"]
    rows = measured.of(pid=client.pid, name="connect")
    equal(sum(row["count"] for row in rows), truth, "connects to all ports")
    equal(len(rows), 65, "rows for the peers: 64, and one for the others")
    equal(sum(row["count"] for row in rows if row["name"] == "connect other"), truth - 64,
          "connects to others")


def test_before(scratch):
    """Connections that were there before wick are followed too."""
    with wire.Wire(delay=0.005) as link:
        near_side, far_side = link.sides
        with server(far_side, "echo", far_side.ipv4) as echo, near_side.inside():
            connecting = time.monotonic()
            with socket.create_connection((far_side.ipv4, 8080)) as client:
                client.sendall(b"early")
                client.recv(5)
                early_s = time.monotonic() - connecting
                with Measurement("tcp", "-a") as measured:
                    began = time.monotonic()
                    client.sendall(b"z" * 1000)
                    received = 0
                    while received < 1000:
                        received += len(client.recv(1000))
                    took = time.monotonic() - began
    equal(measured.count("bytes_sent", pid=os.getpid()), 1000, "bytes sent since")
    equal(measured.count("bytes_received", pid=echo.pid), 1000, "bytes that the server received")
    # The kernel's mean goes back to before, and the other side may acknowledge with its answer, for
    # which it has to wake up.
    between(measured.mean(pid=os.getpid(), name="round trip"), 0.98 * 2 * 0.005,
            max(1.1 * 2 * 0.005, early_s, took), "mean round trip")


def test_mapped(scratch):
    """An IPv4 peer of an IPv6 socket is an IPv4 peer."""
    with wire.Wire(delay=0.005) as link:
        near_side, far_side = link.sides
        with server(far_side, "echo", far_side.ipv4), Measurement("tcp", "-a") as measured:
            client = Peer(near_side, "ask", f"::ffff:{far_side.ipv4}", 3, 1000)
            client.result()
    rows = measured.of(pid=client.pid, name="connect")
    equal([row["name"] for row in rows], [f"connect {far_side.ipv4}:8080"], "peers")


def test_one_process(scratch):
    """With -p, nobody else's."""
    with wire.Wire(delay=0.005) as link:
        near_side, far_side = link.sides
        with server(far_side, "echo", far_side.ipv4) as echo, \
                Measurement("tcp", "-p", str(echo.pid)) as measured:
            Peer(near_side, "ask", far_side.ipv4, 5, 1000).result()
    equal({row["pid"] for row in measured.rows}, {echo.pid}, "processes")
    equal(measured.count("accepted", pid=echo.pid), 5, "accepted connections")


def test_nginx(scratch):
    """nginx with its workers, under wrk, over loopback."""
    with contextlib.ExitStack() as stack:
        folder = scratch / "nginx"
        folder.mkdir(parents=True)
        running = stack.enter_context(loads.Loads(folder))
        address = running.nginx()
        measured = stack.enter_context(Measurement("tcp", "-a"))
        output = subprocess.run(
            ["wrk", "-t", "2", "-c", "40", "-d", "3s", address],
            capture_output=True, text=True, check=True).stdout
    requests = int(re.search(r"(\d+) requests in", output)[1])
    connects = measured.count("connected", process="wrk")
    check(connects >= 40, f"wrk's connections: {connects}")
    equal(measured.count("accepted", process="nginx"), connects, "nginx accepted as many")
    sent = measured.count("bytes_sent", process="nginx")
    received = measured.count("bytes_received", process="wrk")
    near(received, sent, 0.01, "bytes that wrk received are those that nginx sent")
    size = sent / requests
    check(100 < size < 2000, f"bytes a request: {size:.0f} in {requests} requests")
    check(measured.mean(process="wrk", name="round trip") is not None, "round trips are told")


def test_postgres(scratch):
    """pgbench with a new connection for each transaction."""
    with contextlib.ExitStack() as stack:
        folder = scratch / "postgres"
        folder.mkdir(parents=True)
        running = stack.enter_context(loads.Loads(folder))
        run_pgbench = postgres(running)
        measured = stack.enter_context(Measurement("tcp", "-a"))
        transactions = run_pgbench()
    connects = measured.count("connected", process="pgbench")
    # It asks for the size of the tables first.
    check(transactions <= connects <= transactions + 3,
          f"pgbench's connects: {connects}, for {transactions} transactions")
    equal(measured.count("accepted", process="postgres"), connects, "postgres accepted as many")
    near(measured.count("bytes_received", process="pgbench"),
         measured.count("bytes_sent", process="postgres"), 0.01, "bytes from postgres to pgbench")


def postgres(running):
    """Starts a server on a port of the loopback device; returns what runs pgbench."""
    import glob
    import pwd
    programs = max(glob.glob("/usr/lib/postgresql/*/bin"))
    user = pwd.getpwnam("postgres")
    home = running.folder / "data"
    home.mkdir(parents=True, exist_ok=True)
    for folder in (running.folder, home):
        os.chown(folder, user.pw_uid, user.pw_gid)
    as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": [], "cwd": home}
    port = str(loads.free_port())
    connection = ["-h", "127.0.0.1", "-p", port]
    running.run(f"{programs}/initdb", "-D", str(home / "db"), "--no-sync", **as_user)
    running.start(
        f"{programs}/postgres", "-D", str(home / "db"), "-k", str(home), "-p", port,
        "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", **as_user)
    ready = [f"{programs}/pg_isready", *connection]
    loads.wait_until(
        lambda: subprocess.run(ready, stdout=subprocess.DEVNULL).returncode == 0, "postgres")
    running.run(f"{programs}/pgbench", *connection, "-i", "-s", "1", "postgres", **as_user)

    def run_pgbench():
        output = subprocess.run(
            [f"{programs}/pgbench", *connection, "-S", "-C", "-n", "-c", "2", "-t", "200",
             "postgres"], capture_output=True, text=True, check=True, **as_user).stdout
        return int(re.search(r"actually processed: (\d+)", output)[1])
    return run_pgbench


# DNS -----------------------------------------------------------------------------------------------

NAMES = {"0": "NOERROR", "2": "SERVFAIL", "3": "NXDOMAIN", "5": "REFUSED", "timeout": "TIMEOUT"}


def codes_of(rows):
    codes = collections.Counter()
    for row in rows:
        codes.update(row["errors"])
        codes["NOERROR"] += row["counts"].get("NOERROR", 0)
    return {name: count for name, count in codes.items() if count}


def test_dns(scratch):
    """Answers, their codes and how long they take; none; and what is no answer."""
    words = ("good", "missing", "broken", "refused", "garbage", "good", "lost", "lost", "missing")
    names = [f"{word}{number}.example" for number, word in enumerate(words)]
    with wire.Wire(delay=0.01) as link:
        near_side, far_side = link.sides
        with server(far_side, "hostile"), Measurement("dns", "-a") as measured:
            clients = [(address, Peer(near_side, "resolve", address, *names))
                       for address in (far_side.ipv4, far_side.ipv6)]
            results = [(address, client, client.result()) for address, client in clients]
            # A query has no answer when it has waited for 5 seconds.
            time.sleep(8)
    for address, client, result in results:
        peer = f"[{address}]:53" if ":" in address else f"{address}:53"
        rows = measured.of(pid=client.pid, name=peer)
        truth = {NAMES[code]: count for code, count in result["codes"].items()}
        equal(codes_of(rows), truth, f"answers of {peer} by code")
        equal(measured.count("queries", pid=client.pid), len(names), f"queries to {peer}")
        between(measured.mean(pid=client.pid, name=peer), 0.98 * 2 * 0.01,
                1.02 * statistics.mean(result["took"]), f"mean time to an answer of {peer}")


def test_dnsmasq(scratch):
    """A real server and a real client, over loopback in a namespace."""
    with wire.Wire() as link:
        side = link.sides[0]
        dnsmasq = side.start(
            "dnsmasq", "--keep-in-foreground", "--no-resolv", "--no-hosts", "--conf-file=/dev/null",
            "--pid-file=", "--user=root", "--bind-interfaces", "--listen-address=127.0.0.1,::1",
            "--address=/there.example/192.0.2.1", "--local=/example/",
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        truth, slowest_s = collections.Counter(), 0
        try:
            loads.wait_until(
                lambda: not side.run("dig +tries=1 +time=1 @127.0.0.1 there.example").returncode,
                "dnsmasq", 60)
            with Measurement("dns", "-a") as measured:
                for number in range(20):
                    name = "there.example" if number % 3 else "nowhere.example"
                    address = "::1" if number % 2 else "127.0.0.1"
                    output = side.run(f"dig +tries=1 +time=2 @{address} {name}", check=True).stdout
                    truth[re.search(r"status: (\w+)", output)[1]] += 1
                    took_s = int(re.search(r"Query time: (\d+) msec", output)[1]) / 1000
                    slowest_s = max(slowest_s, took_s)
        finally:
            dnsmasq.kill()
            dnsmasq.wait()
    rows = measured.of(process="dig")
    equal(codes_of(rows), dict(truth), "dnsmasq's answers to dig by code")
    equal({row["name"] for row in rows}, {"127.0.0.1:53", "[::1]:53"}, "servers")
    check(all(row["max_s"] < slowest_s + 0.05 for row in rows),
          f"no answer takes longer than dig's {slowest_s} s")


CASES = {name.removeprefix("test_"): function for name, function in list(globals().items())
         if name.startswith("test_")}


def main():
    scratch = pathlib.Path(sys.argv[1])
    for name in sys.argv[2:] or CASES:
        if name not in CASES:
            raise SystemExit(f"no case {name}; there are: {' '.join(CASES)}")
        print(f"{name}: {CASES[name].__doc__}", flush=True)
        before = len(failures)
        CASES[name](scratch)
        if len(failures) > before:
            # What is wrong is wrong again; what disturbed the host is over.
            print(f"{name}, once more", flush=True)
            del failures[before:]
            CASES[name](scratch / "again")
    if failures:
        raise SystemExit(f"{len(failures)} checks failed")


main()
