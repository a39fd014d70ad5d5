#!/usr/bin/env python3
"""Writes inputs for a fuzz target that real files would give it.

usage: fuzz_seeds.py frames|go|cache|records|configuration DIRECTORY
"""

import pathlib
import re
import struct
import subprocess
import sys
import tempfile

FILES = ["/bin/true", "/bin/bash", "/lib64/ld-linux-x86-64.so.2", "/lib/x86_64-linux-gnu/libc.so.6"]
GO = "package main\nfunc main() { println(len(make([]int, 10))) }\n"


def section(path, name):
    """The bytes of a section; none if there is no such section."""
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run(
            ["objcopy", "-O", "binary", f"--only-section={name}", "--set-section-flags",
             f"{name}=alloc", path, out.name],
            check=False, stderr=subprocess.DEVNULL)
        return pathlib.Path(out.name).read_bytes()


def frames():
    for path in FILES:
        data = section(path, ".eh_frame")
        for size in (200, 1_000, 3_000):
            yield b"\0" + data[:size]
    # A CIE with a program, as .debug_frame has it, and one function.
    cie = struct.pack("<IB", 0xFFFFFFFF, 4) + b"\0\x08\0\x01\x78\x10\x0c\x07\x08\x90\x01"
    fde = struct.pack("<IQQ", 0, 0x2000, 64) + b"\x41\x0e\x10\x0a\x44\x0b\x86\x02\x0f\x03\x77\x10\x06"
    yield b"\1" + b"".join(struct.pack("<I", len(record)) + record for record in (cie, fde))
    yield b"\0" + struct.pack("<IQ", 0xFFFFFFFF, 20) + bytes(20)


def go():
    """A small table of each version, from the first functions of a real one."""
    for magic, pointers in ((0xFFFFFFF0, 4), (0xFFFFFFF1, 4), (0xFFFFFFFA, 8), (0xFFFFFFFB, 8)):
        yield small_go_table(magic, pointers)
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder, "main.go")
        source.write_text(GO)
        built = subprocess.run(["go", "build", "-o", f"{folder}/program", str(source)], check=False)
        if built.returncode == 0:
            yield section(f"{folder}/program", ".gopclntab")[:4_000]


def small_go_table(magic, pointer):
    """Two functions whose stack grows by 24 bytes, with the names in front."""
    names = b"runtime.systemstack\0main.main\0"
    depths = b"\x02\x04\x30\x20\x2f\x02\0"
    wide = magic == 0xFFFFFFFB
    header = struct.pack("<IHBB", magic, 0, 1, 8)
    size = 16 if wide else 72 if pointer == 4 else 64
    where_names, where_values = size, size + len(names)
    functions = where_values + len(depths)
    header += struct.pack("<Q", 2)
    base = 0 if wide else functions
    if wide:
        functions = size
    else:
        header += struct.pack("<Q", 1)
        if pointer == 4:
            header += struct.pack("<Q", 0x401000)
        header += struct.pack("<QQQQQ", where_names, 0, 0, where_values, functions)
    text = 0 if pointer == 4 else 0x401000
    kind = "<II" if pointer == 4 else "<QQ"
    pairs_size = 3 * 2 * pointer
    body_size = pointer + 40
    pairs = bodies = b""
    for index in range(2):
        place = functions - base + pairs_size + index * body_size
        pairs += struct.pack(kind, text + index * 64, place)
        name = 0 if index == 0 else 20
        body = struct.pack("<I" if pointer == 4 else "<Q", text + index * 64)
        values = 1 if not wide else functions + pairs_size + 2 * body_size
        bodies += body + struct.pack("<IIII", name, 0, 0, values) + bytes(24)
    pairs += struct.pack(kind, text + 128, 0)
    if wide:
        return header + pairs + bodies + depths
    return header + names + depths + pairs + bodies


def cache():
    for pages, rows in ((1, 1), (1, 40), (3, 9)):
        starts = [page * rows for page in range(pages + 1)]
        table = [(row * 16) | (row % 4) << 16 for _ in range(pages) for row in range(rows)]
        rules = [0, 1 | 8 << 32, 1 | 1 << 8 | 0xFFF0 << 16 | 16 << 32, 8]
        data = struct.pack("<IIQQIIII", 0x6B636977, 1, 5, 6, 16, len(starts), len(table), 4)
        data += struct.pack(f"<{len(starts)}I", *starts) + struct.pack(f"<{len(table)}I", *table)
        yield data + struct.pack("<4Q", *rules)


def records():
    """Samples of a program with one mapping, whose functions have frames of 16 and 32 bytes."""
    for flags, kernel, frames in ((1, 0, 3), (1, 2, 3), (5, 1, 1), (64, 0, 0)):
        # Rows at offsets 0, 0x100 and 0x200 of the page: the rules 1, 2 and 3.
        rows = struct.pack("<16I", *[offset | rule << 16
                                     for offset, rule in ((0, 1), (0x100, 2), (0x200, 3))] + [0] * 13)
        directory = struct.pack("<4Q", 3 << 20, 0, 0, 0)
        files = bytes(48) + struct.pack("<IIII", 0, 0x40, 1, 0) + bytes(64)
        rules = struct.pack("<8Q", 0, 1 | 16 << 32, 1 | 32 << 32, 7, 0, 0, 0, 0)
        mappings = struct.pack("<QQII", 1, 0, 1, 0) + struct.pack("<QQII", 0x400000, 0, 16, 3)
        stack = struct.pack("<12Q", *[0x400110, 0, 0, 0x400210, 0, 0x400050] + [0] * 6)
        header = struct.pack("<QIIIIII", 1, 7, 7, flags, 3, kernel, frames) + b"program".ljust(32, b"\0")
        header += struct.pack("<5Q", 5, 1, 1, 99, 0)
        sizes = struct.pack("<IIIIQQQ", len(stack), len(stack), 0, 0, 0x7FFF0000, 0, 0x7FFF1000)
        registers = [0] * 17
        registers[6], registers[7], registers[16] = 0x7FFF0020, 0x7FFF0000, 0x400010
        record = header + sizes + struct.pack("<17Q", *registers) + bytes(127 * 8) + stack
        yield rows + directory + files + rules + mappings.ljust(96, b"\0") + record


def configuration():
    """The default file in pieces, as it is and with its keys turned on."""
    lines = pathlib.Path(__file__).parents[2].joinpath("packaging/agent.yaml").read_text().splitlines()
    active = [line if re.match(r" *# ", line) else line.replace("#", "", 1) for line in lines]
    keys = [line for line in active if not re.match(r" *(#|$)", line) and "none" not in line]
    for text in (lines, keys, keys[: len(keys) // 2], keys[len(keys) // 2 :]):
        yield "\n".join(text).encode()[:4_000]
    yield b"a: &a [*a, !!str x]\n"
    yield b"profiling: {frequency: 0, window: 1h30m}\nhttp:\n  listen: '[::1]:80'\n"
    yield b"log: {level: debug}\0" + b"1h30m"
    yield b"\0" + b"[::1]:9345"


def main():
    target, folder = sys.argv[1:]
    makers = {"frames": frames, "go": go, "cache": cache, "records": records, "configuration": configuration}
    for index, seed in enumerate(makers[target]() if target in makers else ()):
        pathlib.Path(folder, f"seed-{index}").write_bytes(seed)


main()
