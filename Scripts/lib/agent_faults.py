"""What `wick agent` does when it is killed and when servers are away or behave badly."""

import collections
import gzip
import itertools
import pathlib
import random
import re
import struct
import time
import uuid

import rude_server
from agent_checks import end, expect, figure, figures
from agents import Agent
from loads import free_port, wait_until
from receivers import Metrics, points_of
from rude_server import RudeServer

KILLS = 5
# Batches that wait at least when the server comes back.
WAITING = 16
# How long after a batch was acknowledged a crash may forget that: the cursors' interval is 1 s, and
# a busy host may take a while to write them.
FORGOTTEN_S = 10
# The first of each comes over a connection that was kept, the second over a new one.
ROUNDS = [
    [rude_server.fail, rude_server.send_away],
    [rude_server.talk_nonsense, rude_server.reset],
    [rude_server.go_on, rude_server.send_bomb],
    [rude_server.drip, rude_server.say_nothing],
    [rude_server.stop_short, rude_server.accept_and_go_on],
]
TIMEOUT_S = 8
# Less than what a server that says nothing takes.
LATE_S = 7
GROWTH_LIMIT = 8 << 20

# --- the queue ----------------------------------------------------------------------------------

# Magic number, checksum, index, id, time, bytes of head and body, items, topic, flags, checksum.
RECORD = struct.Struct("<4sIQQQQIIIBB2xI4x")
SEGMENT_HEADER_BYTES = 64
COMPRESSED = 1


def queued_on_disk(agent):
    """id → body of each batch that is whole in the queue's segments, whoever is done with it.

    To be read when nobody writes. After SIGKILL a segment holds what was written, from its start on
    and in order, so that what is as long as its header says is whole; no checksum is needed.
    """
    found = {}
    for path in sorted((agent.folder / "spool").glob("segment-*")):
        data, offset = path.read_bytes(), SEGMENT_HEADER_BYTES
        for index in itertools.count():
            if offset + RECORD.size > len(data):
                break
            fields = RECORD.unpack_from(data, offset)
            magic, _, at, high, low, _, head, body, _, _, flags, _ = fields
            expect((magic, at) == (b"WICK", index), f"{path.name} has no record at {offset}")
            start = offset + RECORD.size + head
            offset = start + body
            if offset > len(data):
                break
            content = data[start:offset]
            id = str(uuid.UUID(int=high << 64 | low))
            found[id] = gzip.decompress(content) if flags & COMPRESSED else content
    return found


class Looks:
    """What the agent says about its queue for `away`, each time that it can be told exactly."""

    def __init__(self, agent):
        self.agent, self.first, self.last = agent, None, None

    def look(self):
        """False if the agent does not answer, or is about to write."""
        try:
            found = figures(self.agent)
        except OSError:
            return False
        # The count was taken before the bytes in memory, so that if there are none, all is on disk.
        if figure(found, "wick_queue_memory_bytes"):
            return False
        self.last = int(figure(found, "wick_destination_queued_batches", destination="away"))
        if self.first is None:
            self.first = self.last
        return True

    def keep_looking(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.look()
            time.sleep(0.02)


def check_nothing_is_lost(folder):
    """Kills an agent while its destination is away, and while it sends what has waited.

    Exact is: what is whole on disk after a kill is there at the next start, and arrives. So is that
    all that the agent said was queued is on disk after a kill, if it had nothing in memory. What
    was made after that look is not exact: it may have been written, cut, or not begun.
    """
    port = free_port()
    settings = f"""\
profiling:
  window: 1s
metrics:
  interval: 1s
destinations:
- name: away
  type: otlp
  url: http://127.0.0.1:{port}
"""
    kept, ends = {}, []
    for kill in range(1, KILLS + 1):
        with Agent(folder, settings) as agent:
            looks = Looks(agent)
            # Every other one may be killed before it is up; the last one has something to send.
            if kill % 2 == 0:
                wait_until(looks.look, "the agent")
            if kill == KILLS:
                wait_until(lambda: looks.look() and looks.last >= WAITING, "the queue", 60)
            looks.keep_looking(random.uniform(0.05, 3))
        found = queued_on_disk(agent)
        expect(looks.first is None or looks.first >= len(kept),
               f"{len(kept)} batches were on disk, {looks.first} are queued after the start")
        expect(kept.keys() <= found.keys(), "a batch has left the disk, and nobody has got it")
        expect(len(found) >= (looks.last or 0),
               f"{looks.last} batches were said to be queued, {len(found)} are on disk")
        kept = found
    waited = len(kept)
    with RudeServer(port=port, pause=0.1) as server:
        for span in (0.7, 1.4):
            with Agent(folder, settings) as agent:
                count = len(server.met)
                wait_until(lambda: len(server.met) > count, "the first batch")
                time.sleep(random.uniform(0, span))
            ends.append(time.time())
            kept |= queued_on_disk(agent)
        with Agent(folder, settings) as agent:
            looks = Looks(agent)
            wait_until(lambda: looks.look() and looks.last == 0, "the queue's end", 60)
            damaged = figure(figures(agent), "wick_queue_quarantined_records_total")
            end(agent)
    check_arrivals(kept, server, ends)
    # Each kill may have cut the batch that was being written.
    expect(damaged <= KILLS + len(ends), f"{damaged:.0f} records are damaged")
    again = sum(len(found) - 1 for found in server.batches.values() if found)
    return f"{waited} batches waited through {KILLS} kills, {len(server.taken)} arrived, " \
        f"{again} of them twice after {len(ends)} more kills, {damaged:.0f} cut, none lost"


def check_queue_figures(folder):
    """Of a queue whose server is away: how much waits, and for how long."""
    with Agent(folder, f"""\
profiling:
  window: 1s
destinations:
- name: away
  type: otlp
  url: http://127.0.0.1:{free_port()}
""") as agent:
        agent.wait_until_ready()
        looks = Looks(agent)
        wait_until(lambda: looks.look() and looks.last >= 3, "three batches")
        found = figures(agent)
    batches, size = figure(found, "wick_queue_batches"), figure(found, "wick_queue_bytes")
    expect(batches >= 3 and size > 0, f"{batches:.0f} batches of {size:.0f} bytes wait")
    age = figure(found, "wick_queue_oldest_age_seconds")
    expect(1 <= age <= 60, f"the oldest of {batches:.0f} batches is {age:.1f} s old")
    return f"{batches:.0f} batches, the oldest {age:.1f} s old"


def check_arrivals(kept, server, ends):
    """All that was on disk after some kill has come, and again only after a kill.

    What came again was acknowledged shortly before: the cursors are written once a second.
    """
    for id, body in kept.items():
        expect(id in server.taken, f"the batch {id} was queued and has not arrived")
        expect(server.taken[id].body == body, f"the batch {id} has changed")
    for id, found in server.batches.items():
        expect(all(taken.body == found[0].body for taken in found),
               f"two batches have the id {id}")
        for before, _ in itertools.pairwise(found):
            expect(any(0 <= kill - before.unix_time <= FORGOTTEN_S for kill in ends),
                   f"the batch {id} came again without a kill")


# --- bad manners --------------------------------------------------------------------------------


def forget_peak(agent):
    pathlib.Path(f"/proc/{agent.pid}/clear_refs").write_text("5")  # proc(5)


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


def check_manners(folder):
    """Two bad answers, then a good one, again and again, with a server beside that is all right."""
    with RudeServer() as live, RudeServer() as rude, RudeServer() as other:
        with start_agent(folder, "control", other=other) as control, \
                start_agent(folder, "agent", live=live, rude=rude) as agent:
            wait_until(lambda: len(live.taken) >= 8, "the server that is all right")
            growth = Growth(agent, control)
            wait_until(lambda: len(live.taken) >= 20, "the server that is all right")
            growth.begin()
            manners = [manner for round in ROUNDS for manner in (*round, rude_server.accept)]
            began, count = time.time(), len(rude.met)
            rude.manners = iter(manners)
            wait_until(lambda: len(rude.met) > count + len(manners), "the end of bad manners", 100)
            # What waits then is sent at once.
            wait_until(lambda: live.taken.keys() <= rude.taken.keys(), "what has waited")
            grown, calm = growth.end()
            passed = time.time() - began
            seconds = end(agent)
    check_answers(rude, manners)
    expect(live.taken.keys() == rude.taken.keys(),
           f"{len(live.taken.keys() ^ rude.taken.keys())} batches are with one server alone")
    expect(grown - max(0, calm) <= GROWTH_LIMIT,
           f"memory grew by {show(grown)}, without bad answers by {show(calm)}")
    late = check_times([taken for taken in live.taken.values()
                        if taken.path == "/v1/metrics" and taken.unix_time >= began])
    # The first failure in a row is told.
    for reason in ("answered 500: no memory", "not HTTP", "answered 503", "no answer from"):
        expect(reason in agent.log.read_text(), f"the log does not say: {reason}")
    return f"{passed:.0f} s of {2 * len(ROUNDS)} bad answers, memory {show(grown)}, " \
        f"without {show(calm)}; {len(live.taken)} batches with both, {late:.2f} s late at most, " \
        f"end after {seconds:.1f} s"


def start_agent(folder, name, **servers):
    """Without names of functions: what memory they take depends on what else runs on this host."""
    place = folder / name
    place.mkdir()
    destinations = "".join(f"""\
- name: {name}
  type: otlp
  url: {server.address}
  timeout: {TIMEOUT_S}s
""" for name, server in servers.items())
    return Agent(place, f"""\
profiling:
  window: 1s
  symbolize: false
metrics:
  interval: 1s
destinations:
{destinations}""")


def show(byte_count):
    return f"{byte_count / (1 << 20):+.1f} MiB"


def check_answers(rude, manners):
    met = collections.Counter(name for name, *_ in rude.met)
    expect(all(met[manner.__name__] for manner in manners), f"it met {dict(met)}")
    waits = rude.wait(rude_server.send_away.__name__)
    expect(all(wait >= 2 for wait in waits), f"asked for 2 s, it came again after {waits}")
    # Of each gigabyte, what lies in the buffers of two sockets.
    expect(rude.poured < 64 << 20, f"it has read {rude.poured >> 20} MiB of answers")


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
