"""What `wick agent` does when servers behave badly: no answer costs memory, or a batch."""

import collections
import functools
import itertools
import os
import pathlib
import re
import statistics
import threading
import time

import rude_server
from agent_checks import end, expect
from agents import Agent
from loads import wait_until
from receivers import Metrics, points_of
from rude_server import RudeServer

# The first of each comes over a connection that was kept, the second over a new one.
ROUNDS = [
    [rude_server.fail, rude_server.send_away],
    [rude_server.talk_nonsense, rude_server.reset],
    [rude_server.go_on, rude_server.send_bomb],
    [rude_server.drip, rude_server.say_nothing],
    [rude_server.stop_short, rude_server.accept_and_go_on],
    [rude_server.send_huge_bomb, rude_server.accept_with_bomb],
]
# Of a server that speaks TLS: each bad answer over a new connection, a bad greeting, a good answer.
GREETINGS = [
    rude_server.greet_with_noise, rude_server.greet_with_text, rude_server.greet_with_records,
    rude_server.greet_with_warnings, rude_server.greet_with_silence,
]
TLS_MANNERS = [
    rude_server.talk_nonsense, rude_server.go_on, rude_server.send_huge_bomb, rude_server.reset,
    rude_server.accept_and_go_on,
]
TIMEOUT_S = 8
# Less than what a server that says nothing takes.
LATE_S = 7
GROWTH_LIMIT = 24 << 20
# Of gigabytes that were offered, what lies in the buffers of two sockets; over TLS, also what comes in
# the 0.2 s that an agent waits for the other side to say that it has understood the end.
READ, READ_OVER_TLS = 64 << 20, 4 << 30


def forget_peak(agent):
    pathlib.Path(f"/proc/{agent.pid}/clear_refs").write_text("5")  # proc(5)


def resident(agent):
    pages = pathlib.Path(f"/proc/{agent.pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def peak(agent):
    """The most memory that was resident since `forget_peak`."""
    status = pathlib.Path(f"/proc/{agent.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) << 10


class Growth:
    """How much more memory an agent has at most in one time than in the one before.

    It goes up and down with every window, and up with every program that begins on this host, so
    that it is compared with that of another agent.
    """

    def __init__(self, *agents):
        self.agents = agents
        for agent in agents:
            forget_peak(agent)

    def begin(self):
        self.before = [peak(agent) for agent in self.agents]
        for agent in self.agents:
            forget_peak(agent)

    def end(self):
        return [peak(agent) - before for agent, before in zip(self.agents, self.before)]


class UsualGrowth:
    """The same for what is resident half of the time.

    The first time that an agent meets a large program takes tens of MiB for a moment, and chance
    decides which agent meets it when.
    """

    def __init__(self, *agents):
        self.agents, self.has_ended = agents, threading.Event()
        self.found = [[] for _ in agents]
        threading.Thread(target=self.look, daemon=True).start()

    def look(self):
        while not self.has_ended.wait(0.05):
            for agent, found in zip(self.agents, self.found):
                found.append(resident(agent))

    def take(self):
        found, self.found = self.found, [[] for _ in self.agents]
        return [statistics.median(sizes) for sizes in found]

    def begin(self):
        self.before = self.take()

    def end(self):
        self.has_ended.set()
        return [after - before for after, before in zip(self.take(), self.before)]


def check_manners(folder, profiles):
    """Two bad answers, then a good one, again and again, with a server beside that is all right.

    A third speaks TLS, but for a while something else. With profiles and names, as by default, or
    without: then the most memory of any moment is compared.
    """
    start = functools.partial(start_agent, folder, profiles)
    tls, certificate = rude_server.context(folder)
    rude_server.huge_bomb()
    with RudeServer() as live, RudeServer() as rude, RudeServer(tls=tls) as secure, \
            RudeServer() as other, RudeServer(tls=tls) as another:
        servers = {"live": live, "rude": rude, "secure": secure}
        with start("control", certificate, other=other, another=another) as control, \
                start("agent", certificate, **servers) as agent:
            wait_until(lambda: all(len(server.taken) >= 8 for server in servers.values()),
                       "the servers that are all right", 40)
            growth = (UsualGrowth if profiles else Growth)(agent, control)
            count = len(live.taken)
            wait_until(lambda: len(live.taken) >= count + 12, "the server that is all right", 40)
            growth.begin()
            manners = [manner for round in ROUNDS for manner in (*round, rude_server.accept)]
            began, count = time.time(), len(rude.met)
            rude.manners = iter(manners)
            secure.greetings = itertools.chain.from_iterable(
                (greeting, None, None) for greeting in GREETINGS)
            secure.manners = itertools.chain.from_iterable(
                (manner, rude_server.accept_and_close) for manner in TLS_MANNERS)
            wait_until(lambda: len(rude.met) > count + len(manners), "the end of bad manners", 120)
            wait_until(lambda: TLS_MANNERS[-1].__name__ in {name for name, *_ in secure.met}
                       and GREETINGS[-1].__name__ in secure.greeted, "the end of bad TLS", 100)
            # What waits then is sent at once.
            wait_until(lambda: live.taken.keys() <= rude.taken.keys() & secure.taken.keys(),
                       "what has waited", 40)
            grown, calm = growth.end()
            passed = time.time() - began
            seconds = end(agent)
    check_answers(rude, manners)
    check_answers(secure, TLS_MANNERS, READ_OVER_TLS)
    expect(secure.greeted.keys() == {greeting.__name__ for greeting in GREETINGS},
           f"it was greeted with {dict(secure.greeted)}")
    for server in (rude, secure):
        expect(live.taken.keys() == server.taken.keys(),
               f"{len(live.taken.keys() ^ server.taken.keys())} batches are with one server alone")
    expect(grown - max(0, calm) <= GROWTH_LIMIT,
           f"memory grew by {show(grown)}, without bad answers by {show(calm)}")
    late = check_times([taken for taken in live.taken.values()
                        if taken.path == "/v1/metrics" and taken.unix_time >= began])
    # The first failure in a row is told.
    for reason in ("answered 500: no memory", "not HTTP", "answered 503", "no answer from"):
        expect(reason in agent.log.read_text(), f"the log does not say: {reason}")
    return f"{passed:.0f} s of {2 * len(ROUNDS)} bad answers, {len(GREETINGS)} bad greetings and " \
        f"{len(TLS_MANNERS)} bad answers over TLS, memory {show(grown)}, without {show(calm)}; " \
        f"{len(live.taken)} batches with all, {late:.2f} s late at most, end after {seconds:.1f} s"


def start_agent(folder, profiles, name, certificate, **servers):
    place = folder / name
    place.mkdir()
    destinations = "".join(f"""\
- name: {name}
  type: otlp
  url: {server.address}
  timeout: {TIMEOUT_S}s
""" + (f"  tls:\n    ca_file: {certificate}\n" if server.tls else "")
        for name, server in servers.items())
    return Agent(place, f"""\
profiling:
  window: 1s
  enabled: {"true" if profiles else "false"}
metrics:
  interval: 1s
destinations:
{destinations}""")


def show(byte_count):
    return f"{byte_count / (1 << 20):+.1f} MiB"


def check_answers(rude, manners, limit=READ):
    met = collections.Counter(name for name, *_ in rude.met)
    expect(all(met[manner.__name__] for manner in manners), f"it met {dict(met)}")
    waits = rude.wait(rude_server.send_away.__name__)
    # The server notes its answer after it was sent.
    expect(all(wait >= 1.9 for wait in waits), f"asked for 2 s, it came again after {waits}")
    expect(rude.poured < limit, f"it has read {rude.poured >> 20} MiB of answers")


def check_times(metrics):
    """How late metrics came at most; they are collected every second."""
    late = max(map(lateness, metrics))
    expect(late <= LATE_S, f"metrics came {late:.1f} s late to the server that is all right")
    gap = max(after.unix_time - before.unix_time for before, after in itertools.pairwise(metrics))
    expect(gap <= 1 + LATE_S, f"the server that is all right got no metrics for {gap:.1f} s")
    return late


def lateness(taken):
    """Between the collection of metrics and their arrival, in seconds."""
    points = points_of(Metrics.FromString(taken.body))
    return taken.unix_time - max(point.time_unix_nano for *_, point in points) / 1e9
