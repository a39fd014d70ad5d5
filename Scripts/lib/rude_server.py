"""A server that may behave badly, and remembers what it has taken; for tests."""

import collections
import dataclasses
import functools
import gzip
import itertools
import os
import socket
import ssl
import struct
import subprocess
import time
import zlib

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

    A manner is a function that answers a request whose body was read. With `tls`, a context, each
    connection is met with the next of its greetings, a function of a socket, and is a good one when
    there are no more.
    """

    def __init__(self, manners=(), port=0, pause=0, tls=None):
        super().__init__(port=port)
        self.server.handle_error = lambda *_: None  # that clients go away is what is tested
        self.tls, self.greetings = tls, iter(())
        if tls:
            self.server.finish_request = self.greet
        # Names of greetings.
        self.greeted = collections.Counter()
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
        if manner.__name__.startswith("accept"):
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

    def greet(self, connection, client):
        with self.lock:
            greeting = next(self.greetings, None)
        try:
            if not greeting:
                with self.tls.wrap_socket(connection, server_side=True) as secured:
                    self.server.RequestHandlerClass(secured, client, self.server)
                return
            self.greeted[greeting.__name__] += 1
            connection.settimeout(60)
            connection.recv(PIECE)
            for _ in range(HUGE // PIECE):
                greeting(connection)
                self.poured += PIECE
        except OSError:
            pass

    @property
    def address(self):
        return super().address.replace("http:", "https:" if self.tls else "http:")

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


def accept_and_close(request):
    answer(request, 200, fields={"Connection": "close"})
    request.close_connection = True


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


@functools.cache
def huge_bomb():
    """A gigabyte of zeros, in a megabyte."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    pieces = [packer.compress(bytes(1 << 20)) for _ in range(HUGE >> 20)]
    return b"".join(pieces) + packer.flush()


def send_huge_bomb(request):
    answer(request, 503, huge_bomb(), fields={"Content-Encoding": "gzip"})


def accept_with_bomb(request):
    answer(request, 200, huge_bomb(), fields={"Content-Encoding": "gzip"})


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


# --- greetings, again and again until the other side has had enough -------------------------------


def greet_with_noise(connection):
    """That is not TLS."""
    connection.sendall(os.urandom(PIECE))


def greet_with_text(connection):
    connection.sendall(b"220 mail.example.com ESMTP\r\n" * (PIECE // 28))


def greet_with_records(connection):
    """Of the right form, with a handshake message of 16 MB that says nothing."""
    body = b"\x02\xff\xff\xff" + bytes(16_380)
    connection.sendall((b"\x16\x03\x03" + struct.pack(">H", len(body)) + body) * 4)


def greet_with_warnings(connection):
    """Alerts that are none."""
    connection.sendall(b"\x15\x03\x03\x00\x02\x01\x5a" * (PIECE // 7))


def greet_with_silence(connection):
    connection.recv(1)
    raise ConnectionResetError


def context(folder):
    """For a server with a certificate of its own."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate, key)
    return made, certificate
