"""Counts samples and complete stacks in the text of `perf script --show-mmap-events`.

A stack is complete when its last frame is where threads start: a function known for that, or the
entry point of an executable whose symbols are stripped.
"""

import re
import struct

THREAD_STARTS = {
    "_start", "_dl_start_user", "clone3", "__clone3", "__GI___clone3", "clone", "__clone",
    "ret_from_fork_asm", "ret_from_fork", "secondary_startup_64_no_verify",
}
# The call in an entry point ends this many bytes behind it at most.
ENTRY_BYTES = 64

MAPPING = re.compile(
    r"PERF_RECORD_MMAP2? (-?\d+)/-?\d+: \[0x([0-9a-f]+)\(0x([0-9a-f]+)\) @ (?:0x)?([0-9a-f]+) .*?"
    r": (\S+) (.*)$"
)
FRAME = re.compile(r"\s+([0-9a-f]+) (.*?)(?:\+0x[0-9a-f]+)? \((.*)\)$")
HEADER = re.compile(r"\S.*?\s(\d+)(?:/\d+)?\s+(?:\[\d+\]\s+)?[\d.]+:\s")


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
        self.mappings, self.entries = {}, {}
        frames, process = [], None
        for line in lines:
            if mapping := MAPPING.search(line):
                self.learn(mapping)
            elif frame := FRAME.match(line):
                frames.append(frame)
            elif not line.strip():
                self.count(process, frames)
                frames, process = [], None
            elif header := HEADER.match(line):
                process = None if line.lstrip().startswith("swapper") else int(header[1])
        self.count(process, frames)

    def learn(self, mapping):
        start, length, offset = (int(mapping[group], 16) for group in (2, 3, 4))
        self.mappings.setdefault(int(mapping[1]), []).append((start, length, offset, mapping[6]))

    def count(self, process, frames):
        if process is None:
            return
        self.samples += 1
        if frames and self.is_start(process, frames[-1]):
            self.complete += 1

    def is_start(self, process, frame):
        # Inlined frames are marked behind the name.
        if frame[2].removesuffix(" (inlined)") in THREAD_STARTS:
            return True
        address = int(frame[1], 16)
        for start, length, offset, path in reversed(self.mappings.get(process, [])):
            if start <= address < start + length:
                if path not in self.entries:
                    self.entries[path] = entry_offset(path)
                entry = self.entries[path]
                return entry is not None and 0 < address - start + offset - entry <= ENTRY_BYTES
        return False
