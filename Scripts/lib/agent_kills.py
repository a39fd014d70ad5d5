"""What `wick agent` keeps when it is killed, again and again, while its server comes and goes."""

import gzip
import itertools
import random
import struct
import time
import uuid

import rude_server
from agent_checks import end, expect, figure, figures
from agents import Agent
from loads import free_port, wait_until
from rude_server import RudeServer

KILLS = 300
# For so many of them there is no server at all, then it is there and away in turn.
AWAY, TURN = 100, 10
# How long an agent may live.
LONGEST_S = 1.5
# Before it is ready, on a host that does other things.
READY_S = 60
# How long a batch takes the server, so that agents are killed while they send what has waited.
PAUSE_S = 0.05
# How long after a batch was acknowledged a crash may forget that: the cursors' interval is 1 s, and
# a busy host may take a while to write them.
FORGOTTEN_S = 10
# Between two looks at the agent.
LOOK_S = 0.1

# --- the queue ----------------------------------------------------------------------------------

# Magic number, checksum, index, id, time, bytes of head and body, items, topic, flags, checksum.
RECORD = struct.Struct("<4sIQQQQIIIBB2xI4x")
SEGMENT_HEADER_BYTES = 64
COMPRESSED = 1


def queued_on_disk(agent):
    """id → content of each batch that is whole in the queue's segments, whoever is done with it.

    To be read when nobody writes. After SIGKILL a segment holds what was written, from its start on
    and in order, so that what is as long as its header says is whole; no checksum is needed.
    """
    found = {}
    for path in segments(agent):
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
            id = str(uuid.UUID(int=high << 64 | low))
            found[id] = (data[start:offset], bool(flags & COMPRESSED))
    return found


def segments(agent):
    return sorted((agent.folder / "spool").glob("segment-*"))


def unpacked(content):
    data, is_compressed = content
    return gzip.decompress(data) if is_compressed else data


class Looks:
    """What an agent says about its queue for `away`, each time that it can be told exactly.

    That is what it has sent since its start, and what waits.
    """

    def __init__(self, agent):
        self.agent, self.first, self.last = agent, None, None
        self.queued = None

    def look(self):
        """False if the agent does not answer, or is about to write."""
        try:
            found = figures(self.agent)
        except OSError:
            return False
        dropped = [value for labels, value in
                   found.get("wick_destination_dropped_batches_total", {}).items() if value]
        expect(not dropped, f"batches were dropped: {dropped}")
        # The count was taken before the bytes in memory, so that if there are none, all is on disk.
        if figure(found, "wick_queue_memory_bytes"):
            return False
        self.queued = int(figure(found, "wick_destination_queued_batches", destination="away"))
        sent = figure(found, "wick_destination_sent_batches_total", destination="away")
        self.last = self.queued + int(sent)
        if self.first is None:
            self.first = self.last
        return True


# --- kills --------------------------------------------------------------------------------------


def at_once(agent, looks):
    """While it starts."""
    time.sleep(random.uniform(0, 0.05))


def after_start(agent, looks):
    look_for(looks, random.uniform(0.05, LONGEST_S))


def when_ready(agent, looks):
    agent.wait_until_ready(READY_S)
    look_for(looks, random.uniform(0, LONGEST_S))


def at_a_write(agent, looks):
    """As soon as its queue's files grow, so that what it writes is likely to be cut."""
    agent.wait_until_ready(READY_S)
    size = lambda: sum(path.stat().st_size for path in segments(agent))
    before, late = size(), time.monotonic() + 2 * LONGEST_S
    while time.monotonic() < late:
        try:
            if size() > before:
                return
        except FileNotFoundError:
            pass  # it was removed in between


def look_for(looks, seconds):
    late = time.monotonic() + seconds
    while (left := late - time.monotonic()) > 0:
        looks.look()
        time.sleep(min(LOOK_S, max(0, left)))


# Of ten kills.
MOMENTS = [at_once] * 2 + [after_start] * 3 + [when_ready] * 4 + [at_a_write]


class Kills:
    """Kills agents that have one queue, and compares what they say with what is on disk.

    Exact is: what is whole on disk after a kill is there at the next start, unless the server has
    it. So is that all that the agent said it had sent or had in its queue is with the server or on
    disk after a kill, if it had nothing in memory. What was made after that look is not exact: it
    may have been written, cut, or not begun.
    """

    def __init__(self, folder, server):
        self.folder, self.server = folder, server
        # What was ever on disk after a kill, and what was there after the last one.
        self.kept, self.found = {}, {}
        self.ends = []
        self.were_ready = 0
        self.slowest_s = 0

    def settings(self, profiles="true"):
        return f"""\
profiling:
  enabled: {profiles}
  window: 1s
metrics:
  interval: 1s
destinations:
- name: away
  type: otlp
  url: {self.server.address}
"""

    def kill(self, moment):
        began = time.time()
        waiting = self.found.keys() - self.server.taken.keys()
        # Every other one is cheaper to start.
        profiles = ("true", "false")[len(self.ends) % 2]
        with Agent(self.folder, self.settings(profiles)) as agent:
            looks = Looks(agent)
            moment(agent, looks)
            died = agent.running.process.poll()
            expect(died is None, f"it ended with {died}: {agent.log.read_text()[-500:]}")
        self.ends.append(time.time())
        if moment in (when_ready, at_a_write):
            self.were_ready += 1
        self.compare(looks, waiting, began, queued_on_disk(agent))

    def compare(self, looks, waiting, began, found):
        taken = self.server.taken.keys()
        expect(looks.first is None or looks.first >= len(waiting),
               f"{len(waiting)} batches waited on disk, of {looks.first} the agent knows")
        lost = self.kept.keys() - found.keys() - taken
        expect(not lost, f"{len(lost)} batches have left the disk, and nobody has got them")
        lately = {id for id, batches in list(self.server.batches.items())
                  if any(batch.unix_time >= began for batch in batches)}
        expect(len(found.keys() | lately) >= (looks.last or 0),
               f"{looks.last} batches were said to be sent or queued, there are "
               f"{len(found)} on disk and {len(lately)} with the server")
        changed = [id for id in found.keys() & self.kept.keys() if found[id] != self.kept[id]]
        expect(not changed, f"the batches {changed} have changed on disk")
        self.kept |= found
        self.found = found


def check_nothing_is_lost(folder):
    """All that was ever on disk after a kill has come in the end."""
    port = free_port()
    began = time.monotonic()
    absent = RudeServer(port=port)
    absent.server.server_close()  # nobody listens
    kills = Kills(folder, absent)
    moments = list(itertools.islice(itertools.cycle(MOMENTS), KILLS))
    random.shuffle(moments)
    for moment in moments[:AWAY]:
        kills.kill(moment)
    waited = len(kills.kept)
    is_there = True
    manners = iter(lambda: rude_server.accept if is_there else rude_server.reset, None)
    with RudeServer(manners, port=port, pause=PAUSE_S) as server:
        kills.server = server
        for number, moment in enumerate(moments[AWAY:]):
            is_there = number // TURN % 2 == 0
            kills.kill(moment)
        is_there = True
        left = len(kills.found.keys() - server.taken.keys())
        passed = time.monotonic() - began
        with Agent(folder, kills.settings()) as agent:
            looks = Looks(agent)
            wait_until(lambda: looks.look() and looks.queued == 0, "the queue's end", 120)
            damaged = figure(figures(agent), "wick_queue_quarantined_records_total")
            end(agent)
    again = check_arrivals(kills.kept, server, kills.ends)
    # Each kill may have cut the batch that was being written.
    expect(damaged <= KILLS, f"{damaged:.0f} records are damaged")
    return f"{len(kills.ends)} kills in {passed:.0f} s, {kills.were_ready} of agents that were " \
        f"ready; {waited} batches waited through {AWAY}, {left} to the last; " \
        f"{len(kills.kept)} were on disk after a kill, {len(server.taken)} arrived, " \
        f"{again} times one more than once; {damaged:.0f} cut, none lost"


def check_arrivals(kept, server, ends):
    """All that was on disk after some kill has come, and again only after a kill.

    What came again was acknowledged shortly before: the cursors are written once a second.
    """
    taken = server.taken
    for id, content in kept.items():
        expect(id in taken, f"the batch {id} was queued and has not arrived")
        expect(taken[id].body == unpacked(content), f"the batch {id} has changed")
    for id, found in server.batches.items():
        expect(all(batch.body == found[0].body for batch in found),
               f"two batches have the id {id}")
        for before, after in itertools.pairwise(found):
            late = min(after.unix_time, before.unix_time + FORGOTTEN_S)
            expect(any(before.unix_time <= kill <= late for kill in ends),
                   f"the batch {id} came again without a kill")
    return sum(len(found) - 1 for found in server.batches.values() if found)


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
