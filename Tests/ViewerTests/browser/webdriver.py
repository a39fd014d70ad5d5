"""A client for chromedriver (W3C WebDriver over HTTP), as small as the viewer's test needs it."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
KEYS = {"Enter": "\ue007", "Escape": "\ue00c", "ArrowDown": "\ue015", "ArrowUp": "\ue013",
        "ArrowLeft": "\ue012", "ArrowRight": "\ue014", "Home": "\ue011", "End": "\ue010",
        "Backspace": "\ue003", "Shift": "\ue008"}


class Browser:
    """One headless Chromium; use it in a `with` statement."""

    def __enter__(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.profile = tempfile.mkdtemp(prefix="wick-browser-")
        self.driver = subprocess.Popen(
            ["chromedriver", f"--port={port}"], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env={**os.environ, "HOME": self.profile})
        self.base = f"http://127.0.0.1:{port}"
        try:
            self._wait_for_driver()
            options = {
                "binary": shutil.which("chromium"),
                "args": ["--headless=new", "--no-sandbox", "--disable-gpu",
                         "--window-size=1400,900", f"--user-data-dir={self.profile}/data"]}
            session = self._call("POST", "/session", {"capabilities": {"alwaysMatch": {
                "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"},
                "timeouts": {"script": 60000}}}})
        except BaseException:
            self._stop_driver()
            raise
        self.base += "/session/" + session["sessionId"]
        return self

    def __exit__(self, *_):
        try:
            self._call("DELETE", "")
        finally:
            self._stop_driver()

    def _stop_driver(self):
        self.driver.terminate()
        self.driver.wait(timeout=60)
        shutil.rmtree(self.profile, ignore_errors=True)

    def _wait_for_driver(self):
        for _ in range(1200):
            try:
                return self._call("GET", "/status")
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("chromedriver does not answer")

    def _call(self, method, path, body=None):
        request = urllib.request.Request(
            self.base + path, method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=120) as response:
                return json.load(response)["value"]
        except urllib.error.HTTPError as error:
            value = json.load(error)["value"]
            raise RuntimeError(f"{method} {path}: {value['message'].splitlines()[0]}") from None

    def open(self, address):
        """Opens a page anew, even if only the fragment differs from the page shown."""
        self._call("POST", "/url", {"url": "about:blank"})
        self._call("POST", "/url", {"url": address})
        self.wait("return document.body.dataset.ready === 'yes'", 60)

    def address(self):
        return self._call("GET", "/url")

    def run(self, script, *arguments):
        return self._call("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def wait(self, script, seconds=30):
        """Waits until a script returns something true, and returns that."""
        end = time.monotonic() + seconds
        while True:
            value = self.run(script)
            if value or time.monotonic() > end:
                assert value, f"not within {seconds} s: {script}"
                return value
            time.sleep(0.03)

    def settle(self):
        """Waits until what was asked for is drawn."""
        self._call("POST", "/execute/async", {"args": [], "script":
                   "const done = arguments[0];"
                   "requestAnimationFrame(() => requestAnimationFrame(() => done()))"})

    def text(self, selector):
        return self.run("return document.querySelector(arguments[0])?.textContent", selector)

    def texts(self, selector):
        return self.run("return [...document.querySelectorAll(arguments[0])]"
                        ".map((one) => one.textContent)", selector)

    def find(self, selector):
        return self._call("POST", "/element", {"using": "css selector", "value": selector})

    def click(self, selector):
        self._call("POST", f"/element/{self.find(selector)[ELEMENT]}/click", {})
        self.settle()

    def type(self, selector, text):
        """Replaces the text of a field, key by key."""
        element = self.find(selector)[ELEMENT]
        self._call("POST", f"/element/{element}/clear", {})
        self._call("POST", f"/element/{element}/value", {"text": text})

    def press(self, *keys):
        """Presses keys one after the other, wherever the focus is; `Shift+` may stand in front."""
        steps = []
        for key in keys:
            *held, last = key.split("+") if len(key) > 1 else [key]
            values = [KEYS.get(one, one) for one in [*held, last]]
            steps += [{"type": "keyDown", "value": value} for value in values]
            steps += [{"type": "keyUp", "value": value} for value in reversed(values)]
        self._call("POST", "/actions", {"actions": [
            {"type": "key", "id": "keyboard", "actions": steps}]})
        self.settle()

    def point(self, selector, x, y, click=False, button=0):
        """Moves the pointer to a place in an element, from its upper left corner, and clicks."""
        left, top = self.run("const box = document.querySelector(arguments[0])"
                             ".getBoundingClientRect(); return [box.left, box.top]", selector)
        steps = [{"type": "pointerMove", "x": round(left + x), "y": round(top + y)}]
        if click:
            steps += [{"type": "pointerDown", "button": button},
                      {"type": "pointerUp", "button": button}]
        self._call("POST", "/actions", {"actions": [
            {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"},
             "actions": steps}]})
        self.settle()

    def log(self):
        """The console's messages since the last call: also refused loads and policy violations."""
        return [f"{entry['level']} {entry['message']}"
                for entry in self._call("POST", "/se/log", {"type": "browser"})
                if entry["level"] in ("SEVERE", "WARNING")]
