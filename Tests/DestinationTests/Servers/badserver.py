#!/usr/bin/env python3
"""A server with bad manners, for tests of what sends.

Usage: badserver.py FOLDER

Makes certificates in FOLDER, listens on ports of its own choice, and prints them as one line of
JSON. The first part of a request's path says how it behaves (see BEHAVIOURS). Each request that was
read as a whole becomes a line of JSON in FOLDER/requests. It ends with its standard input.
"""

import collections
import gzip
import hashlib
import json
import os
import random
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time

FOLDER = sys.argv[1]
PROTOBUF = "application/x-protobuf"
# 16 MiB of zeros in 16 KiB; 640 of them behind each other are 10 GiB.
BOMB = gzip.compress(bytes(16 << 20))
log = open(os.path.join(FOLDER, "requests"), "a", buffering=1)
lock = threading.Lock()
ports = {}
attempts = collections.Counter()


class Request:
    def __init__(self, connection):
        self.file = connection.makefile("rb")

    def read_head(self):
        line = self.file.readline(65536).split()
        if len(line) < 3:
            return False
        self.method, self.target = line[0].decode(), line[1].decode()
        self.headers = {}
        while (line := self.file.readline(65536)) not in (b"\r\n", b""):
            name, _, value = line.decode("latin-1").partition(":")
            self.headers[name.lower()] = value.strip()
        self.body = b""
        return True

    def read_body(self):
        self.body = self.file.read(int(self.headers.get("content-length", 0)))


def note(request, **more):
    record = dict(
        method=request.method, target=request.target, headers=request.headers,
        length=len(request.body), sha=hashlib.sha256(request.body).hexdigest(), **more)
    with lock:
        log.write(json.dumps(record) + "\n")


def answer(connection, status, headers=(), body=b""):
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers]
    connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def reset(connection):
    """Closes with RST instead of FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    close(connection)


def close(connection):
    """Closes at once, although a file object still has the connection."""
    os.close(connection.detach())


def field(number, data):
    """A field of protobuf, for lengths and values below 128."""
    return bytes([number << 3 | 2, len(data)]) + data


def huge(connection, request):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")
    for _ in range(1024):
        connection.sendall(bytes(1 << 20))


def endless(connection, request):
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"10000\r\n" + bytes(1 << 16) + b"\r\n")


def bomb(connection, request):
    connection.sendall(
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Type: application/x-protobuf\r\n"
        + b"Content-Length: %d\r\n\r\n" % (640 * len(BOMB)))
    for _ in range(640):
        connection.sendall(BOMB)


def drip(connection, request):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        connection.sendall(b"x")
        time.sleep(0.05)


def drip_head(connection, request):
    for byte in b"HTTP/1.1 200 OK\r\n" + b"X-Slow: yes\r\n" * 100000:
        connection.sendall(bytes([byte]))
        time.sleep(0.05)


def endless_head(connection, request):
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"X-Header: " + b"x" * 1000 + b"\r\n")


def one_header(connection, request):
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Header: ")
    while True:
        connection.sendall(b"x" * 65536)


def informational(connection, request):
    while True:
        connection.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")


def reset_after_head(connection, request):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + bytes(100))
    time.sleep(0.05)
    reset(connection)


def fickle(connection, request):
    """Fails twice for each batch, each time in another way, and then takes it."""
    key = request.headers.get("idempotency-key", "")
    with lock:
        attempts[key] += 1
        count = attempts[key]
    if count > 2:
        note(request, accepted=True)
        return answer(connection, 200)
    failures = [
        lambda: reset(connection),
        lambda: answer(connection, 500),
        lambda: answer(connection, 429, [("Retry-After", "0")]),
        lambda: answer(connection, 503),
        lambda: reset_after_head(connection, request),
        lambda: (connection.sendall(random.randbytes(1000)), close(connection)),
        lambda: close(connection),
    ]
    failures[hash((key, count)) % len(failures)]()


def echo(connection, request):
    said = [request.headers.get(name, "") for name in ("authorization", "x-api-key")]
    answer(connection, 400, body=json.dumps(said).encode())


def early(connection, request):
    """Answers before it has read the body, and never reads all of it."""
    answer(connection, 413)
    time.sleep(1)
    close(connection)


def retry_date(connection, request):
    """Asks for 90 seconds, as a date."""
    date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 90))
    answer(connection, 503, [("Retry-After", date)])


BEHAVIOURS = {
    "ok": lambda c, r: answer(c, 200, [("Content-Type", PROTOBUF)]),
    "closing": lambda c, r: answer(c, 200, [("Connection", "close")]),
    "stale": lambda c, r: (answer(c, 200), close(c)),
    "partial": lambda c, r: answer(
        c, 200, [("Content-Type", PROTOBUF)],
        field(1, b"\x08\x03" + field(2, b"too\x1b[31m old\n")),
    ),
    "refused": lambda c, r: answer(
        c, 400, [("Content-Type", PROTOBUF)], field(2, b"what is this")),
    "double": lambda c, r: (answer(c, 200), answer(c, 200)),
    "early": early,
    "429": lambda c, r: answer(c, 429, [("Retry-After", "7")]),
    "date": retry_date,
    "500": lambda c, r: answer(c, 500, body=b"oops"),
    "503": lambda c, r: answer(c, 503),
    "404": lambda c, r: answer(c, 404),
    "401": lambda c, r: answer(c, 401),
    "redirect": lambda c, r: answer(
        c, 307, [("Location", f"http://127.0.0.1:{ports['http']}/ok/v1/metrics")]),
    "echo": echo,
    "reset": lambda c, r: reset(c),
    "reset-after-head": reset_after_head,
    "close": lambda c, r: close(c),
    "garbage": lambda c, r: (c.sendall(random.randbytes(1 << 20)), close(c)),
    "huge": huge,
    "endless": endless,
    "bomb": bomb,
    "drip": drip,
    "drip-head": drip_head,
    "endless-head": endless_head,
    "one-header": one_header,
    "informational": informational,
    "silent": lambda c, r: time.sleep(60),
    "fickle": fickle,
}


def serve_http(connection):
    request = Request(connection)
    while request.read_head():
        mode = request.target.split("/")[1]
        if mode != "early":
            request.read_body()
        if mode != "fickle":
            certificate = connection.getpeercert() if hasattr(connection, "getpeercert") else None
            note(request, certificate=bool(certificate))
        BEHAVIOURS[mode](connection, request)


def serve_deaf(connection):
    """Takes connections and reads nothing."""
    time.sleep(60)


def serve_noise(connection):
    """Answers the first bytes, those of a TLS handshake for instance, with noise."""
    connection.recv(1 << 16)
    connection.sendall(b"\x16\x03\x03" + random.randbytes(1 << 20))


def serve_halfway(connection):
    """Hangs up in the middle of a TLS handshake."""
    connection.recv(100)
    connection.sendall(b"\x16\x03\x03\x40\x00\x02")
    reset(connection)


def pump(source, sink):
    try:
        while data := source.recv(1 << 16):
            sink.sendall(data)
    except OSError:
        pass
    finally:
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def serve_proxy(connection):
    """A forward proxy: CONNECT, and whole addresses for plain HTTP."""
    request = Request(connection)
    if not request.read_head():
        return
    if request.method == "CONNECT":
        note(request, proxied=True)
        host, _, port = request.target.rpartition(":")
        if int(port) == ports["noise"]:
            return answer(connection, 403)
        upstream = socket.create_connection((host.strip("[]"), int(port)))
        connection.sendall(b"HTTP/1.1 200 Connection established\r\nX-Proxy: test\r\n\r\n")
        threading.Thread(target=pump, args=(upstream, connection), daemon=True).start()
        return pump(connection, upstream)
    request.read_body()
    note(request, proxied=True)
    answer(connection, 200 if request.target.startswith("http://") else 400)


def listen(name, serve, context=None):
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
    listener.bind(("127.0.0.1", 0))
    listener.listen(64)
    ports[name] = listener.getsockname()[1]

    def handle(connection):
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with context.wrap_socket(connection, server_side=True) if context else connection as c:
                serve(c)
        except (OSError, ValueError):
            pass

    def accept():
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=handle, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def openssl(*arguments):
    subprocess.run(
        ["openssl", *arguments], cwd=FOLDER, check=True, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)


def make_authority(name):
    openssl(
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
        "-keyout", f"{name}.key", "-out", f"{name}.pem", "-days", "2", "-subj", f"/CN={name}")


def make_certificate(name, subject, extension, authority="authority"):
    openssl(
        "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
        "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", subject, "-addext", extension)
    openssl(
        "x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.pem", "-CAkey",
        f"{authority}.key", "-CAcreateserial", "-out", f"{name}.pem", "-days", "2",
        "-copy_extensions", "copy")


def server_context(wants_certificate=False):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{FOLDER}/server.pem", f"{FOLDER}/server.key")
    if wants_certificate:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(f"{FOLDER}/authority.pem")
    return context


make_authority("authority")
make_authority("stranger")
make_certificate("server", "/CN=server", "subjectAltName=DNS:localhost,DNS:otel.example.org")
make_certificate("client", "/CN=wick", "extendedKeyUsage=clientAuth")
listen("http", serve_http)
listen("https", serve_http, server_context())
listen("mutual", serve_http, server_context(wants_certificate=True))
listen("deaf", serve_deaf)
listen("noise", serve_noise)
listen("halfway", serve_halfway)
listen("proxy", serve_proxy)
print(json.dumps(ports), flush=True)
sys.stdin.read()
