#!/usr/bin/env python3
"""Plants secrets where a profiler may come across them, and looks for them in all that it gives away.

Fails when one is found, and when what should hold data holds none. $WICK is the binary; the argument
is a folder for files.
"""

import base64
import os
import pathlib
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
import zlib

from agents import Agent
from loads import ROOT, Loads, free_port, wait_until
from measure import run
from receiver import Receiver

# What programs are given on their command lines; %s is the secret.
ARGUMENTS = [
    ["--password=%s"], ["--password", "%s"], ["--db-password=%s"], ["--passwd=%s"], ["--pwd=%s"],
    ["--token=%s"], ["--token", "%s"], ["--auth-token", "%s"], ["--access-token=%s"],
    ["--api-key=%s"], ["--api-key", "%s"], ["--apikey=%s"], ["--api_key=%s"], ["--secret=%s"],
    ["--client-secret", "%s"], ["--secret-key=%s"], ["--private-key=%s"], ["--credentials=%s"],
    ["password=%s"], ["PASSWORD=%s"], ["PGPASSWORD=%s"], ["token=%s"],
    ["postgres://shop:%s@db.example.com/shop"], ["https://%s@example.com/path"],
    ["amqp://user:%s@mq:5672/"], ["redis://:%s@cache:6379/0"],
    ["--url=https://user:%s@example.com"], ["https://example.com/?access_token=%s"],
    ["https://example.com/?q=1&password=%s&r=2"],
    ["-H", "Authorization: Bearer %s"], ["--header=X-Api-Key: %s"],
    ["-Djavax.net.ssl.keyStorePassword=%s"], ["--dsn", "user:%s@tcp(127.0.0.1:3306)/shop"],
    ["--set", "auth.password=%s"], ["SECRET_KEY=%s"], ["--db_passwd", "%s"],
    ["mongodb+srv://user:%s@cluster.example.com/db"],
]
ENVIRONMENT = [
    "DB_PASSWORD", "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "PLAIN_NAME", "OTEL_EXPORTER_OTLP_HEADERS",
    "DATABASE_URL", "SESSION", "WICK_SOMETHING",
]


class Canaries:
    """Makes secrets, and remembers where each was planted."""

    def __init__(self):
        self.places = {}

    def plant(self, place):
        # Letters alone, so that it stays one word however it is cut up or escaped.
        text = "canary" + "".join(secrets.choice("bcdfghjklmnpqrstvwxz") for _ in range(20))
        self.places[text] = place
        return text

    def found(self, data):
        for text, place in self.places.items():
            plain = text.encode()
            # Part of it is a leak too: a name may have been cut.
            for form in (plain[:18], plain[::-1][:18], base64.b64encode(plain)[:24]):
                if form in data:
                    yield text, place


def unpacked(data):
    """The data, and what is in the gzip streams inside of it."""
    parts = [data]
    for match in re.finditer(b"\x1f\x8b\x08", data):
        try:
            parts.append(zlib.decompressobj(31).decompress(data[match.start():], 64 << 20))
        except zlib.error:
            pass
    return b"\0".join(parts)


def start_programs(loads, canaries):
    """Programs with secrets on their command lines, in their environment and in their memory."""
    split = str(loads.folder / "split")
    for number in range(0, len(ARGUMENTS), 6):
        arguments = []
        for form in ARGUMENTS[number:number + 6]:
            secret = canaries.plant(f"command line: {' '.join(form)}")
            arguments += [part.replace("%s", secret) for part in form]
        loads.start(split, "300", *arguments)
    environment = {name: canaries.plant(f"environment: {name}") for name in ENVIRONMENT}
    loads.start(split, "300", env={**os.environ, **environment, "OTEL_SERVICE_NAME": "shop"})
    text = loads.write("memory", canaries.plant("stack and heap") + "\n")
    program = subprocess.Popen(
        [str(loads.folder / "secret"), "300"], stdin=open(text, "rb"), stdout=subprocess.DEVNULL,
        start_new_session=True)
    loads.started.append(program)


def secret_file(loads, canaries, name):
    path = loads.folder / name
    path.write_text(canaries.plant(f"configuration: {name}") + "\n")
    path.chmod(0o600)
    return str(path)


def settings(loads, canaries, receiver):
    """Destinations with every kind of secret; one of them is away, so that the queue fills."""
    away = f"http://127.0.0.1:{free_port()}"
    return f"""\
profiling:
  frequency: 199
  window: 2s
log:
  level: trace
metrics:
  interval: 2s
destinations:
- name: with-token
  type: otlp
  url: {receiver.address}
  bearer_token_file: {secret_file(loads, canaries, "bearer")}
- name: with-password
  type: pyroscope
  url: {receiver.address}
  basic_auth:
    username: wick
    password_file: {secret_file(loads, canaries, "password")}
- name: with-header
  type: pyroscope-ingest
  url: {receiver.address}
  headers:
    X-Secret: {canaries.plant("configuration: header")}
- name: away
  type: otlp
  url: {away}
  bearer_token_file: {secret_file(loads, canaries, "token-of-what-is-away")}
- name: kept
  type: directory
  path: {loads.folder}/agent/profiles
"""


def refused(loads, canaries):
    """A configuration with mistakes beside secrets, which messages about it must not repeat."""
    key = loads.folder / "key.pem"
    key.write_text("-----BEGIN PRIVATE KEY-----\n"
                   f"{canaries.plant('configuration: TLS key')}\n-----END PRIVATE KEY-----\n")
    key.chmod(0o600)
    return f"""\
destinations:
- name: with-url
  type: otlp
  url: https://user:{canaries.plant("configuration: user of a URL")}@example.com
- name: with-key
  type: otlp
  url: https://example.com
  tls:
    cert_file: {key}
    key_file: {key}
  headers:
    X-Secret: {canaries.plant("configuration: header beside a mistake")}
    "X Bad": {canaries.plant("configuration: header with a bad name")}
- name: with-mistake
  type: otlp
  url: https://example.com
  bearer_token: {canaries.plant("configuration: token under an unknown key")}
"""


def refusals(agent, text):
    """(where, bytes) of what is said of a configuration that is not used."""
    good = agent.configuration.read_text()
    for number, part in enumerate([text, text.replace("  bearer_token:", "  #")]):
        agent.configuration.write_text(good.split("destinations:")[0] + part)
        agent.running.process.send_signal(signal.SIGHUP)
        for option in ("--check-config", "--print-config"):
            done = subprocess.run(
                [os.environ["WICK"], "agent", "--config", str(agent.configuration), option],
                capture_output=True)
            expect_words(done.stderr + done.stdout, b"destinations[")
            yield f"refusal {number} of wick agent {option}", done.stdout + done.stderr
    wait_until(lambda: "is not used" in agent.log.read_text(), "the log's word on the reload", 60)
    yield "health after a reload", agent.get("/health")[1]
    agent.configuration.write_text(good)


def expect_words(text, words):
    if words not in text:
        raise SystemExit(f"there is no {words} in {text[:1000]}")


def told(agent, receiver, loads):
    """(where, bytes) of all that the daemon gives away."""
    for path in ("/metrics", "/health", "/ready", "/debug/pprof/"):
        yield path, agent.get(path)[1]
    processes = [process.pid for process in loads.started]
    yield "/debug/pprof/profile", agent.get(
        f"/debug/pprof/profile?seconds=1&pid={processes[-1]}")[1]
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(agent.socket)
        yield "status socket", client.makefile("rb").read()
    for command in (["doctor"], ["doctor", "--json"],
                    ["agent", "--config", str(agent.configuration), "--print-config"]):
        done = subprocess.run([os.environ["WICK"], *command], capture_output=True)
        yield "wick " + " ".join(command), done.stdout + done.stderr
    for path, head, body in receiver.bodies:
        # The header that carries a secret to the server it belongs to is where it should be.
        head = re.sub(rb"(?im)^(authorization|x-secret):.*$", b"", head)
        yield f"sent to {path}", head + body


def kept(agent):
    for path in sorted(agent.folder.rglob("*")):
        if path.is_file() and path != agent.configuration:
            yield f"file {path.relative_to(agent.folder)}", path.read_bytes()


def main():
    folder = pathlib.Path(sys.argv[1])
    run(str(ROOT / "Tests/Workloads/build"), str(folder))
    canaries, problems, seen = Canaries(), [], {}
    with Loads(folder) as loads, Receiver(keep=True) as receiver:
        start_programs(loads, canaries)
        with Agent(folder, settings(loads, canaries, receiver),
                   token_file=secret_file(loads, canaries, "http-token")) as agent:
            agent.wait_until_ready()
            paths = ("/v1/metrics", "/v1development/profiles", "/push.v1.PusherService/Push", "/ingest")
            wait_until(lambda: all(receiver.requests[path] > 1 for path in paths), f"{paths}", 60)
            time.sleep(4)
            data = list(told(agent, receiver, loads))
            data += refusals(agent, refused(loads, canaries))
        # It was killed, so the queue is as it was.
        data += kept(agent)
    for where, content in data:
        content = unpacked(content)
        seen[where.split("/")[0]] = seen.get(where.split("/")[0], 0) + len(content)
        for text, place in canaries.found(content):
            problems.append(f"{where} holds the secret of {place}")
    print(f"{len(canaries.places)} secrets, {sum(seen.values()) / 1e6:.1f} MB searched")
    everything = b"".join(unpacked(content) for _, content in data)
    for name in (b"heavy", b"hide", b"shop", b"node_memory_MemTotal_bytes"):
        if name not in everything:
            problems.append(f"{name.decode()} is nowhere: the search proves nothing")
    if len(canaries.places) < 55:
        problems.append(f"only {len(canaries.places)} secrets were planted")
    if not any(where.startswith("file spool/") for where, _ in data):
        problems.append("the queue has no files")
    for problem in sorted(set(problems)):
        print(f"secrets: {problem}", file=sys.stderr)
    sys.exit(1 if problems else 0)


main()
