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
# How long after a batch was acknowledged a crash may forget that: the cursors' interval is 1 s.
FORGOTTEN_S = 3
ROUNDS = [
    [rude_server.fail, rude_server.send_away],
    [rude_server.reset, rude_server.talk_nonsense],
    [rude_server.go_on, rude_server.send_bomb],
    [rude_server.drip, rude_server.say_nothing],
    [rude_server.stop_short, rude_server.accept_and_go_on],
]
TIMEOUT_S = 3
# Less than what a server that says nothing takes.
LATE_S = 2.5
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
    all that the agent said was queued is on disk after a kill, if it had nothing in memory. Not exact
    is what was made after that look: who is killed while he writes cannot say whether he was done.
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
    # The last one lives long enough to have something to send.
    spans = [random.uniform(0.05, 4) for _ in range(KILLS - 1)] + [6]
    for span in spans:
        with Agent(folder, settings) as agent:
            looks = Looks(agent)
            looks.keep_looking(span)
        found = queued_on_disk(agent)
        expect(looks.first is None or looks.first >= len(kept),
               f"{len(kept)} batches were on disk, {looks.first} are queued after the start")
        expect(kept.keys() <= found.keys(), "a batch has left the disk, and nobody has got it")
        expect(len(found) >= (looks.last or 0),
               f"{looks.last} batches were said to be queued, {len(found)} are on disk")
        kept = found
    expect(len(kept) >= 8, f"only {len(kept)} batches in {sum(spans):.0f} s")
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
            wait_until(lambda: looks.look() and looks.last == 0, "the end of the queue", 60)
            damaged = figure(figures(agent), "wick_queue_quarantined_records_total")
            end(agent)
    check_arrivals(kept, server, ends)
    # Each kill may have cut the batch that was being written.
    expect(damaged <= KILLS + len(ends), f"{damaged:.0f} records are damaged")
    again = sum(len(found) - 1 for found in server.batches.values() if found)
    return f"{waited} batches waited through {KILLS} kills, {len(server.taken)} arrived, " \
        f"{again} of them twice after {len(ends)} more kills, {damaged:.0f} cut, none lost"


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


def peak(agent, seconds=None, condition=None):
    """The most memory that is resident until the time is over or the condition holds."""
    folder = pathlib.Path(f"/proc/{agent.pid}")
    (folder / "clear_refs").write_text("5")  # proc(5): forgets the greatest so far
    if condition:
        wait_until(condition, "the end of bad manners", seconds)
    else:
        time.sleep(seconds)
    return int(re.search(r"VmHWM:\s+(\d+)", (folder / "status").read_text())[1]) << 10


def lateness(taken):
    """Between the collection of metrics and their arrival, in seconds."""
    points = points_of(Metrics.FromString(taken.body))
    return taken.unix_time - max(point.time_unix_nano for *_, point in points) / 1e9


def check_manners(folder):
    """Two bad answers, then a good one, again and again, with a server beside that is all right.

    Before and meanwhile, the greatest memory counts: it goes up and down with every window.
    """
    with RudeServer() as live, RudeServer() as rude:
        settings = f"""\
profiling:
  window: 1s
  # The memory that names take depends on what else runs on this host.
  symbolize: false
metrics:
  interval: 1s
destinations:
- name: live
  type: otlp
  url: {live.address}
- name: rude
  type: otlp
  url: {rude.address}
  timeout: {TIMEOUT_S}s
"""
        with Agent(folder, settings) as agent:
            agent.wait_until_ready()
            wait_until(lambda: len(live.taken) >= 12, "the server that is all right")
            before = peak(agent, 5)
            manners = [manner for round in ROUNDS for manner in (*round, rude_server.accept)]
            began, count = time.time(), len(rude.met)
            rude.manners = iter(manners)
            after = peak(agent, 100, lambda: len(rude.met) > count + len(manners))
            # What waits then is sent at once.
            wait_until(lambda: live.taken.keys() <= rude.taken.keys(), "what has waited")
            passed, poured = time.time() - began, rude.poured
            seconds = end(agent)
    met = collections.Counter(name for name, *_ in rude.met)
    expect(all(met[manner.__name__] for manner in manners), f"it met {dict(met)}")
    expect(live.taken.keys() == rude.taken.keys(),
           f"{len(live.taken.keys() ^ rude.taken.keys())} batches are with one server alone")
    growth = after - before
    expect(growth <= GROWTH_LIMIT, f"memory grew by {growth / (1 << 20):.1f} MiB, more than 8")
    asked = rude.wait(rude_server.send_away.__name__)
    expect(all(wait >= 2 for wait in asked), f"asked for 2 s, it came again after {asked}")
    # Of each gigabyte, what lies in the buffers of two sockets.
    expect(poured < 64 << 20, f"it has read {poured >> 20} MiB of answers")
    metrics = [taken for taken in live.taken.values()
               if taken.path == "/v1/metrics" and taken.unix_time >= began]
    late = max(map(lateness, metrics))
    expect(late <= LATE_S, f"metrics came {late:.1f} s late to the server that is all right")
    gap = max(after.unix_time - before.unix_time for before, after in itertools.pairwise(metrics))
    expect(gap <= 1 + LATE_S, f"the server that is all right got no metrics for {gap:.1f} s")
    return f"{passed:.0f} s of {2 * len(ROUNDS)} bad answers, {growth / (1 << 20):+.1f} MiB, " \
        f"{len(live.taken)} batches with both, {late:.2f} s late at most, end after {seconds:.1f} s"
