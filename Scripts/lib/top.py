#!/usr/bin/env python3
"""Uses `wick top` on a pseudo-terminal: top.py WORKLOADS, with the program in $WICK."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

ENTER, LEAVE = b"\x1b[?1049h", b"\x1b[?1049l"
SHOW_CURSOR, HIDE_CURSOR = b"\x1b[?25h", b"\x1b[?25l"
WRAP = b"\x1b[?7h"
HOME = b"\x1b[H"
failures = 0


def check(holds, what):
    global failures
    print(f"{'ok' if holds else 'FAILED'}: {what}", flush=True)
    failures += not holds


class Top:
    """`wick top` as the foreground program of a terminal of its own."""

    def __init__(self, *arguments, size=(24, 80)):
        self.master, self.slave = pty.openpty()
        self.resize(*size)
        # Settings that are not the default: they must come back, not those that are usual.
        settings = termios.tcgetattr(self.slave)
        settings[3] &= ~termios.ECHOE
        settings[6][termios.VERASE] = b"\x08"
        termios.tcsetattr(self.slave, termios.TCSANOW, settings)
        self.settings = termios.tcgetattr(self.slave)
        self.output = b""
        self.program = subprocess.Popen(
            [os.environ["WICK"], "top", *arguments], stdin=self.slave, stdout=self.slave,
            stderr=self.slave, env={**os.environ, "TERM": "xterm-256color"},
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))

    def resize(self, lines, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def read(self, seconds=0.0):
        end = time.monotonic() + seconds
        while True:
            ready, _, _ = select.select([self.master], [], [], max(0, end - time.monotonic()))
            if not ready:
                return
            try:
                piece = os.read(self.master, 65536)
            except OSError:
                return
            if not piece:
                return
            self.output += piece

    def type(self, keys):
        os.write(self.master, keys)

    def picture(self):
        """The lines of the last picture that is whole."""
        pictures = self.output.split(HOME)
        for picture in reversed(pictures[1:]):
            if b"\x1b[J" in picture:
                text = picture.split(b"\x1b[J")[0].decode()
                # The terminal adds a carriage return of its own.
                text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)
                return [line.rstrip("\r") for line in text.split("\n")]
        return []

    def wait(self, holds, seconds=30.0):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.read(0.05)
            if holds(self.picture()):
                return True
        return False

    def shows(self, text, seconds=30.0):
        return self.wait(lambda lines: any(text in line for line in lines), seconds)

    def ended(self, seconds=60.0):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.read(0.02)
            if self.program.poll() is not None:
                self.read(0.1)
                return True
        return False

    def is_restored(self):
        return (termios.tcgetattr(self.slave) == self.settings
                and self.output.rfind(LEAVE) > self.output.rfind(ENTER)
                and self.output.rfind(SHOW_CURSOR) > self.output.rfind(HIDE_CURSOR)
                and self.output.rfind(WRAP) > self.output.rfind(HOME))

    def close(self):
        if self.program.poll() is None:
            self.program.kill()
            self.program.wait()
        for file in (self.master, self.slave):
            try:
                os.close(file)
            except OSError:
                pass


def state(pid):
    """A letter of proc_pid_stat(5)."""
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
        return file.read().rsplit(")", 1)[1].split()[0]


def until(holds, seconds=30.0):
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.02)
    return holds()


def check_keys(split, waits):
    top = Top("--interval", "400ms", "-F", "199", "-p", str(split), "-p", str(waits),
              size=(40, 120))
    check(top.shows("heavy"), "the hottest function of a busy program is shown")
    check(top.shows("sleep_timer"), "and a thread that waits")
    lines = top.picture()
    check(any("heavy" in line and f"split {split}" in line and "%" in line for line in lines),
          "with its share and its process")
    check(any("timer" in line and "sleep_timer" in line for line in lines),
          "and the wait with its reason")
    check(not termios.tcgetattr(top.slave)[3] & (termios.ECHO | termios.ICANON),
          "keys come unseen and one at a time")
    for key, shown in [(b"t", "[t total]"), (b"w", "[w waits]"), (b"p", "[p process]"),
                       (b"c", "[c own]")]:
        top.type(key)
        check(top.shows(shown), f"key {key.decode()}: {shown}")
    top.type(b"w")
    check(top.wait(lambda lines: len(lines) > 3 and "REASON" in lines[3]), "w: waits come first")
    top.type(b"\x1b[C\x1bOQ\x00zz")
    top.type(b"c")
    check(top.wait(lambda lines: len(lines) > 3 and "TOTAL" in lines[3]),
          "other keys do nothing, and c shows functions first again")

    for size in [(12, 60), (50, 200), (3, 10), (1, 1), (40, 120)]:
        top.resize(*size)
        fits = top.wait(lambda lines: 0 < len(lines) <= size[0]
                        and all(len(line) <= size[1] for line in lines)
                        and (size[0] < 20 or len(lines) > size[0] / 3))
        check(fits, f"resized to {size[1]}×{size[0]}: {len(top.picture())} lines")

    top.type(b" ")
    check(top.shows("[space paused]"), "space stops the picture")
    top.read(0.5)
    before = top.picture()
    top.read(1.0)
    check(before == top.picture(), "and it stands still")
    top.type(b" ")
    check(top.wait(lambda lines: lines != before), "until the next")

    top.type(b"\x1a")
    check(until(lambda: state(top.program.pid) == "T"), "Ctrl-Z stops it")
    top.read(0.1)
    check(top.is_restored(), "with the terminal as before")
    top.program.send_signal(signal.SIGCONT)
    before = len(top.output)
    check(top.wait(lambda _: ENTER in top.output[before:] and b"wick top" in top.output[before:]),
          "and it draws again when it goes on")

    began = time.monotonic()
    top.type(b"q")
    check(top.ended() and top.program.returncode == 0,
          f"q quits with 0 in {time.monotonic() - began:.2f} s")
    check(top.is_restored(), "and the terminal is as before")
    top.close()


def check_ends():
    def run(name, end, status=0, **options):
        top = Top("--interval", "300ms", **options)
        if not top.shows("TOTAL"):
            check(False, f"{name}: it shows nothing: {top.output!r}")
        end(top)
        check(top.ended() and top.program.returncode == status,
              f"{name} ends it with {top.program.returncode}")
        check(top.is_restored(), f"{name}: the terminal is as before")
        top.close()

    run("Ctrl-C", lambda top: top.type(b"\x03"))
    run("Ctrl-\\", lambda top: top.type(b"\x1c"))
    run("SIGTERM", lambda top: top.program.send_signal(signal.SIGTERM))
    run("SIGHUP", lambda top: top.program.send_signal(signal.SIGHUP))
    # A fault of its own cannot be had for the asking; the signal that it would get can.
    for fault in (signal.SIGSEGV, signal.SIGILL, signal.SIGABRT, signal.SIGBUS):
        run(fault.name, lambda top, fault=fault: top.program.send_signal(fault), status=-fault)

    top = Top("--interval", "300ms", "-d", "2s")
    check(top.ended() and top.program.returncode == 0, "it ends when the time is up")
    check(top.is_restored(), "and the terminal is as before")
    top.close()

    sleeper = subprocess.Popen(["sleep", "60"])
    top = Top("--interval", "300ms", "-p", str(sleeper.pid))
    check(top.shows("wick top"), "it watches a process")
    top.read(1.5)
    sleeper.kill()
    sleeper.wait()
    check(top.ended() and top.program.returncode == 0 and top.is_restored(),
          "it ends when its process does")
    top.close()

    top = Top("--interval", "300ms")
    top.shows("TOTAL")
    os.close(top.slave)
    os.close(top.master)
    began = time.monotonic()
    while top.program.poll() is None and time.monotonic() - began < 60:
        time.sleep(0.02)
    check(top.program.poll() == 0,
          f"it ends when the terminal is closed: {top.program.poll()} "
          f"after {time.monotonic() - began:.2f} s")
    top.close()

    # Nobody reads what it draws: the terminal fills up.
    top = Top("--interval", "200ms", size=(200, 300))
    top.shows("TOTAL")
    for _ in range(40):
        top.type(b"t")
        time.sleep(0.1)
    top.program.send_signal(signal.SIGTERM)
    began = time.monotonic()
    while top.program.poll() is None and time.monotonic() - began < 60:
        time.sleep(0.02)
    check(top.program.poll() == 0, "it ends on SIGTERM though the terminal takes nothing: "
          f"{top.program.poll()} after {time.monotonic() - began:.2f} s")
    check(termios.tcgetattr(top.slave) == top.settings, "and the settings are as before")
    top.close()

    # What fails before it draws leaves the terminal alone.
    top = Top("-p", "4194305")
    check(top.ended() and top.program.returncode == 1 and ENTER not in top.output
          and b"4194305" in top.output, "a mistake is told, and nothing is drawn")
    top.close()


def check_pipes():
    wick = os.environ["WICK"]
    program = subprocess.Popen([wick, "top", "--json", "--interval", "1s"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    line = program.stdout.readline()
    check("cpu" in json.loads(line)["events"], "the first line is an object")
    program.stdout.close()
    try:
        status = program.wait(30)
    except subprocess.TimeoutExpired:
        program.kill()
        status = "never"
    check(status == 0 and program.stderr.read() == b"",
          f"it ends with 0 when nobody reads any more: {status}")

    program = subprocess.Popen([wick, "top", "--interval", "200ms", "-n", "1000"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(6)
    program.terminate()
    try:
        status = program.wait(30)
    except subprocess.TimeoutExpired:
        program.kill()
        status = "never"
    check(status == 0, f"a reader that does not read does not keep it: {status}")

    plain = subprocess.run([wick, "top", "-d", "1s", "--interval", "500ms"], capture_output=True,
                           timeout=120)
    check(plain.returncode == 0 and b"\x1b" not in plain.stdout and b"OWN" in plain.stdout,
          "without a terminal there are tables, and no codes")


def main():
    folder = sys.argv[1]
    loads = [subprocess.Popen([f"{folder}/{name}", "120"], stdout=subprocess.DEVNULL, cwd=folder)
             for name in ("split", "waits")]
    try:
        check_keys(*(load.pid for load in loads))
        check_ends()
        check_pipes()
    finally:
        for load in loads:
            load.kill()
            load.wait()
    sys.exit(1 if failures else 0)


main()
