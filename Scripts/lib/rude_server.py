"""A server that may behave badly, and remembers what it has taken; for tests."""

import collections
import dataclasses
import gzip
import itertools
import os
import socket
import struct
import time

from receiver import Receiver

HUGE, PIECE = 1 << 30, 1 << 16
# Much more than an agent may need for an answer, in less than it reads of one.
BOMB = gzip.compress(bytes(40 << 20), 9)
TYPE = "application/x-protobuf"


@dataclasses.dataclass
class Taken:
    """A batch that was answered with success."""

    path: str
    body: bytes
    unix_time: float


class RudeServer(Receiver):
    """Takes each request in the next of its manners, and in good ones when there are no more.

    A manner is a function that answers a request whose body was read.
    """

    def __init__(self, manners=(), port=0, pause=0):
        super().__init__(port=port)
        self.server.handle_error = lambda *_: None  # that clients go away is what is tested
        self.manners = iter(manners)
        # How long each request takes.
        self.pause = pause
        # By id; more than one is a batch that was sent again after it was taken.
        self.batches = collections.defaultdict(list)
        # (manner, when the request was there, when it was answered), of the monotonic clock.
        self.met = []
        # Bytes of endless answers that were sent.
        self.poured = 0

    def take(self, request):
        came = time.time()
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        if request.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        with self.lock:
            manner = next(self.manners, accept)
            place = len(self.met)
            self.met.append((manner.__name__, time.monotonic(), None))
        time.sleep(self.pause)
        # Before the answer: who has it may go on at once.
        taken = Taken(request.path, body, came)
        batch = self.batches[request.headers["Idempotency-Key"]]
        if manner in (accept, accept_and_go_on):
            batch.append(taken)
            self.requests[request.path] += 1
        try:
            manner(request)
            for _ in range(HUGE // PIECE if manner in (go_on, accept_and_go_on) else 0):
                request.wfile.write(bytes(PIECE))
                self.poured += PIECE
        except OSError:
            request.close_connection = True
        self.met[place] = (*self.met[place][:2], time.monotonic())

    @property
    def taken(self):
        """id → the first of each batch."""
        return {id: found[0] for id, found in list(self.batches.items()) if found}

    def wait(self, manner):
        """Between its answers and the next requests, in seconds."""
        return [after[1] - before[2] for before, after in itertools.pairwise(self.met)
                if before[0] == manner and before[2]]


def answer(request, code, body=b"", length=None, fields={}):
    request.send_response(code)
    request.send_header("Content-Type", TYPE)
    request.send_header("Content-Length", str(len(body) if length is None else length))
    for name, value in fields.items():
        request.send_header(name, value)
    request.end_headers()
    request.wfile.write(body)


def accept(request):
    answer(request, 200)


def fail(request):
    answer(request, 500, b"\x12\x09no memory")


def refuse(request):
    answer(request, 400)


def send_away(request):
    answer(request, 429, fields={"Retry-After": "2"})


def reset(request):
    """Without a word, and not even an end: what was sent is thrown away."""
    request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(request.connection.detach())
    raise ConnectionResetError


def talk_nonsense(request):
    request.wfile.write(b"\x15\x03\x01\x00\x02\x02\x46" * 1_000)
    request.close_connection = True


def go_on(request):
    """A gigabyte follows, unless the other side has had enough."""
    answer(request, 503, length=HUGE)


def accept_and_go_on(request):
    answer(request, 200, length=HUGE)


def send_bomb(request):
    answer(request, 503, BOMB, fields={"Content-Encoding": "gzip"})


def stop_short(request):
    answer(request, 200, b"\x0a", length=1000)
    request.close_connection = True


def drip(request):
    """A line that never ends, until the other side has waited long enough."""
    request.wfile.write(b"HTTP/1.1 200 O")
    while True:
        request.wfile.write(b"K")
        time.sleep(0.1)


def say_nothing(request):
    """Until the other side has waited long enough."""
    request.connection.settimeout(60)
    request.connection.recv(1)
    request.close_connection = True
