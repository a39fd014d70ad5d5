"""Starts a `wick agent` with everything on, for tests and benchmarks."""

import json
import operator
import os
import pathlib
import signal
import subprocess
import time
import urllib.error
import urllib.request

from loads import free_port, stolen_s, wait_until
from measure import Running


class Agent:
    """A daemon with folders and a configuration of its own in `folder`.

    `settings` are lines of YAML that stand beside those that keep it apart from other agents.
    """

    def __init__(self, folder, settings="", environment=None, arguments=(), token_file=None):
        self.token = pathlib.Path(token_file).read_text().strip() if token_file else None
        self.folder = folder / "agent"
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.socket = str(self.folder / "agent.sock")
        self.log = self.folder / "log"
        self.configuration = self.folder / "agent.yaml"
        self.configuration.write_text(f"""\
http:
  listen: 127.0.0.1:{self.port}
  socket: {self.socket}
{f"  token_file: {token_file}" if token_file else ""}
spool:
  directory: {self.folder}/spool
{settings}
""")
        self.configuration.chmod(0o600)
        log = open(self.log, "ab")
        self.running = Running(
            [os.environ["WICK"], "agent", "--config", str(self.configuration), *arguments],
            stdout=subprocess.DEVNULL, stderr=log, env={**os.environ, **(environment or {})},
            # As nohup starts it: that must not keep it from reading its file again.
            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
        )
        log.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    @property
    def pid(self):
        return self.running.process.pid

    def wait_until_ready(self, seconds=30):
        wait_until(self.is_ready, "the agent", seconds)

    def is_ready(self):
        if self.running.process.poll() is not None:
            raise SystemExit(
                f"wick agent: status {self.running.process.returncode}\n{self.log.read_text()}")
        try:
            with urllib.request.urlopen(f"{self.address}/ready", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def get(self, path):
        try:
            request = urllib.request.Request(f"{self.address}{path}")
            if self.token:
                request.add_header("Authorization", f"Bearer {self.token}")
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.read()

    @property
    def health(self):
        return json.loads(self.get("/health")[1])

    def kill(self):
        """Ends it at once, if it still runs."""
        if self.running.process.poll() is None:
            self.running.process.kill()
            self.running.process.wait()

    def stop(self):
        """Ends it as systemd would; returns its cost and how long that took, without stolen time."""
        before = stolen_s()
        self.running.process.terminate()
        began = time.monotonic()
        cost = self.running.finish(60)
        return cost, time.monotonic() - began - max(map(operator.sub, stolen_s(), before))
