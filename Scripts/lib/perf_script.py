"""Counts samples and complete stacks in the text of `perf script`.

A stack is complete when its last frame is where threads start: a function known for that, or the
entry point of an executable whose symbols are stripped.
"""

import re
import struct

# The C library's own first callers count too, where perf stops one step before the end.
THREAD_STARTS = re.compile(
    r"_start|_dl_start_user|(__|__GI___)?clone3?|start_thread|__libc_start_\w+"
    r"|ret_from_fork(_asm)?|secondary_startup_64_no_verify"
)
# The call in an entry point ends this many bytes behind it at most.
ENTRY_BYTES = 64

FRAME = re.compile(r"\s+([0-9a-f]+) (.*?)(?:\+0x[0-9a-f]+)? \((.*)\)$")
HEADER = re.compile(r"(\S.*?)\s+\d+(?:/\d+)?\s+(?:\[\d+\]\s+)?[\d.]+:\s")


def entry_offset(path):
    """The file offset of an ELF file's entry point, or None."""
    try:
        with open(path, "rb") as file:
            head = file.read(64)
            if head[:5] != b"\x7fELF\x02":
                return None
            entry, headers = struct.unpack_from("<QQ", head, 24)
            size, count = struct.unpack_from("<HH", head, 54)
            file.seek(headers)
            for _ in range(count):
                kind, _, offset, address, _, length, _, _ = struct.unpack_from(
                    "<IIQQQQQQ", file.read(size)
                )
                if kind == 1 and address <= entry < address + length:
                    return entry - address + offset
    except (OSError, struct.error):
        pass
    return None


class Stacks:
    """The samples of one recording; idle ones are left out, as wick takes none."""

    def __init__(self, lines):
        self.samples = self.complete = 0
        self.entries = {}
        last, process = None, None
        for line in lines:
            if frame := FRAME.match(line):
                last = frame
            elif header := HEADER.match(line):
                process = header[1]
            elif not line.strip():
                self.count(process, last)
                last, process = None, None
        self.count(process, last)

    def count(self, process, last):
        if process in (None, "swapper"):
            return
        self.samples += 1
        self.complete += last is not None and self.is_start(last)

    def is_start(self, frame):
        offset, name, path = int(frame[1], 16), frame[2].removesuffix(" (inlined)"), frame[3]
        if THREAD_STARTS.fullmatch(name):
            return True
        # perf shows addresses of files as offsets in them.
        if path not in self.entries:
            self.entries[path] = entry_offset(path)
        entry = self.entries[path]
        return entry is not None and 0 < offset - entry <= ENTRY_BYTES
