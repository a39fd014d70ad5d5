#!/usr/bin/env python3
"""Draws large inputs with wick convert and with flamegraph.pl, and compares time and memory.

flamegraph.pl gets the text of perf script already folded, which flatters it: folding is extra work
that wick does.
"""

import argparse
import os
import pathlib
import random
import statistics

from measure import run, table

FLAMEGRAPH = "/usr/share/perl5/Devel/NYTProf/flamegraph.pl"


def write_folded(path, lines):
    """Distinct stacks of some 60 frames, as a large C++ program shows them: 810 bytes a line."""
    chance = random.Random(1)
    names = [f"ns{n % 17}::Class{n % 211}::method_{n}" for n in range(4000)]
    with open(path, "w") as file:
        trunk = []
        for line in range(lines):
            keep = chance.randrange(8, 36)
            trunk = trunk[:keep] + chance.choices(names, k=37 - len(trunk[:keep]))
            file.write(f"server;{';'.join(trunk)};leaf_{line} {chance.randrange(1, 50)}\n")


def write_perf_text(path, folded, samples):
    """The text that perf script prints for stacks, one sample each."""
    with open(folded) as stacks, open(path, "w") as file:
        for number, line in zip(range(samples), stacks):
            process, *frames = line.rsplit(" ", 1)[0].split(";")
            file.write(f"{process}  1234 [000] {number / 99:.6f}: 10101010 cpu-clock: \n")
            for depth, frame in enumerate(reversed(frames)):
                file.write(f"\t{0x55d000000000 + depth * 64:16x} {frame}+0x1f (/usr/bin/server)\n")
            file.write("\n")


def best(repeat, *command, **options):
    """The median time and the greatest memory of some runs."""
    costs = [run(*command, **options) for _ in range(repeat)]
    return statistics.median(c.seconds for c in costs), max(c.peak_bytes for c in costs)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("folder", type=pathlib.Path)
    options.add_argument("--lines", type=int, default=100_000)
    options.add_argument("--repeat", type=int, default=3)
    chosen = options.parse_args()
    folded, text = (str(chosen.folder / name) for name in ("large.folded", "large.perf"))
    write_folded(folded, chosen.lines)
    write_perf_text(text, folded, chosen.lines)
    picture, rows = str(chosen.folder / "x.svg"), []
    theirs = best(1, "perl", FLAMEGRAPH, folded)
    for name, source in (("folded", folded), ("perf script", text)):
        ours = best(chosen.repeat, os.environ["WICK"], "convert", source, picture)
        rows.append([
            name, f"{os.path.getsize(source) / 1e6:.0f} MB",
            f"{theirs[0]:.1f} s", f"{ours[0]:.2f} s", f"{theirs[0] / ours[0]:.0f}×",
            f"{theirs[1] / 1e6:.0f} MB", f"{ours[1] / 1e6:.0f} MB", f"{ours[1] / theirs[1]:.2f}×",
        ])
    print(table(
        ["input", "size", "flamegraph.pl", "wick convert", "faster", "memory: flamegraph.pl",
         "wick", "ratio"],
        rows,
    ))


main()
