#!/usr/bin/env python3
"""Compares the unwind tables of files with readelf's, at every row boundary, and their speed.

usage: bench_tables.py [FILE…], with $WICK beside wick-bench

Each row of `readelf --debug-dump=frames-interp` says what holds from its address on, up to the next
row of its function. Here the table must say the same at that address and right before the next.
"""

import bisect
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

from measure import table

NONE, STACK, FRAME, PLT, DEREF_STACK, DEREF_FRAME, SIGNAL, STOP, COMPLEX = range(9)


def readelf_rows(path):
    """(start, end, CFA, RBP, return address, is signal frame) of each row, as readelf prints it."""
    command = ["readelf", "-W", "--debug-dump=frames-interp", path]
    columns, signal_cies, function, where = [], set(), [], None
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as output:
        for line in output.stdout:
            # A register that holds another one is printed as two words.
            fields = re.sub(r" \(\w+\)", "", line).split()
            if len(fields) > 3 and fields[3] in ("CIE", "FDE"):
                yield from finished(function, where)
                function, where = [], None
                if fields[3] == "CIE" and "S" in line.split('"')[1]:
                    signal_cies.add(int(fields[0], 16))
                match = re.search(r"cie=([0-9a-f]+) pc=([0-9a-f]+)\.\.([0-9a-f]+)", line)
                if match:
                    where = int(match[3], 16), int(match[1], 16) in signal_cies
            elif fields and fields[0] == "LOC":
                columns = fields[1:]
            elif where and len(fields) == len(columns) + 1 and fields[1] != "ZERO":
                rules = dict(zip(columns, fields[1:]))
                function.append(
                    (int(fields[0], 16), rules["CFA"], rules.get("rbp", "u"), rules.get("ra"))
                )
        yield from finished(function, where)


def finished(function, where):
    """The rows of one function with the end of each; where = (its end, is it a signal frame)."""
    for (address, *rules), following in zip(function, [row[0] for row in function[1:]] + [None]):
        end = where[0] if following is None else min(following, where[0])
        if address < end:
            yield address, end, *rules, where[1]


def agrees(rule, row):
    """Whether a rule of ours says what readelf's row says."""
    cfa, offset, saved, saved_offset = rule
    _, _, their_cfa, their_rbp, their_ra, signal = row
    if signal:
        return cfa in (SIGNAL, COMPLEX)
    if their_ra == "u":
        return cfa == STOP
    simple = re.fullmatch(r"(rsp|rbp)([+-]\d+)", their_cfa)
    saved_at_cfa = re.fullmatch(r"c([+-]\d+)", their_rbp)
    if cfa == COMPLEX:
        return not simple or their_ra != "c-8" or not (saved_at_cfa or their_rbp in "us")
    if their_ra != "c-8":
        return False
    if simple:
        if (cfa, offset) != (STACK if simple[1] == "rsp" else FRAME, int(simple[2])):
            return False
    elif their_cfa != "exp" or cfa not in (PLT, DEREF_STACK, DEREF_FRAME):
        return False
    if saved_at_cfa:
        return (saved, saved_offset) == (1, int(saved_at_cfa[1]))
    # `u` is printed for a register without a rule, too.
    return saved in {"u": (0, 2), "s": (0,), "exp": (3,)}.get(their_rbp, ())


def our_rows(bench, path):
    addresses, rules = [], []
    output = subprocess.run([bench, "rows", path], check=True, capture_output=True, text=True).stdout
    for line in output.splitlines():
        address, *rule = line.split()
        addresses.append(int(address, 16))
        rules.append(tuple(map(int, rule)))
    return addresses, rules


def compare(bench, path):
    addresses, rules = our_rows(bench, path)
    count = different = 0
    for row in readelf_rows(path):
        count += 1
        for address in (row[0], row[1] - 1):
            index = bisect.bisect_right(addresses, address) - 1
            if index < 0 or not agrees(rules[index], row):
                different += 1
                if different <= 10:
                    print(f"  {path} {address:x}: {rules[index] if index >= 0 else None}, readelf {row}")
    return count, different


def readelf_seconds(path):
    begun = time.monotonic()
    subprocess.run(["readelf", "-W", "--debug-dump=frames-interp", path], stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, check=False)
    return time.monotonic() - begun


def files():
    """The files that a host's stacks lead through most, and the largest there is."""
    compiler = pathlib.Path(shutil.which("swiftc")).resolve().parent
    python = sorted(pathlib.Path("/usr/lib/x86_64-linux-gnu").glob("libpython3*.so.1.0"))
    system = [f"/usr/lib/x86_64-linux-gnu/{name}" for name in
              ("libc.so.6", "ld-linux-x86-64.so.2", "libcrypto.so.3", "libstdc++.so.6")]
    swift = [compiler.parent / "lib/swift/linux/libswiftCore.so", compiler / "swift-frontend"]
    return [str(path) for path in [*system, *python, *swift] if pathlib.Path(path).exists()]


def measure(paths):
    """Compares each file's rows and speed with readelf's; yields what misses its mark."""
    bench = str(pathlib.Path(os.environ["WICK"]).with_name("wick-bench"))
    rows = []
    for path in paths:
        count, different = compare(bench, path)
        output = subprocess.run([bench, "tables", path], check=True, capture_output=True, text=True)
        ours, source, _, _, size, seconds, _ = output.stdout.splitlines()[0].split(" ", 6)
        speed, theirs = float(source) / float(seconds), count / readelf_seconds(path)
        each = float(size) / float(ours)
        rows.append([pathlib.Path(path).name, str(count), str(different), f"{speed / 1e6:.1f} M",
                     f"{theirs / 1e6:.2f} M", f"**{speed / theirs:.0f}×**", f"{each:.1f}"])
        if different or not count:
            yield f"{path}: {different} of {count} rows are not readelf's"
        if speed < 3 * theirs:
            yield f"{path}: {speed / theirs:.1f} times readelf's speed, less than 3"
        if speed < 5e6:
            yield f"{path}: {speed / 1e6:.1f} M rows/s, less than 5"
        if each > 8:
            yield f"{path}: {each:.1f} bytes a row, more than 8"
    print(table(["file", "rows", "different", "rows/s", "readelf's", "ratio", "bytes/row"], rows))


def main():
    missed = list(measure(sys.argv[1:] or files()))
    for problem in missed:
        print(f"MISSED: {problem}", file=sys.stderr)
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
