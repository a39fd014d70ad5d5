"""Memory with 100 processes that map 400 files, some of them very large, and work in them."""

import pathlib
import shutil
import statistics
import time

from loads import wait_until
from measure import table
from recorders import Wick
from watch import holdings

PROCESSES = 100
FILES = 400
LIMIT = 60e6


def large_files():
    """libLLVM and the Swift compiler, which have millions of rows."""
    compiler = pathlib.Path(shutil.which("swiftc")).resolve().parent / "swift-frontend"
    llvm = sorted(pathlib.Path("/usr/lib/x86_64-linux-gnu").glob("libLLVM-*.so*"))
    if not llvm or not compiler.exists():
        raise SystemExit("libLLVM (apt: libllvm14) and swift-frontend are needed")
    return [str(llvm[0].resolve()), str(compiler)]


def libraries():
    """The shared libraries of the host's main folder, without the large ones, by name."""
    folder = pathlib.Path("/usr/lib/x86_64-linux-gnu")
    found = sorted(
        str(path) for path in folder.iterdir()
        if ".so" in path.name and path.is_file() and not path.is_symlink()
        and "LLVM" not in path.name and path.read_bytes()[:4] == b"\x7fELF"
    )
    if len(found) < FILES - 2:
        found += sorted(
            str(path) for path in pathlib.Path("/usr/lib").rglob("*.so")
            if path.is_file() and not path.is_symlink() and str(path) not in found
            and path.read_bytes()[:4] == b"\x7fELF"
        )
    return found[: FILES - 2]


def start_crowd(loads, seconds=900):
    """Every process maps 24 of the files, every file is mapped by six of them."""
    small, large, started = libraries(), large_files(), []
    for number in range(PROCESSES):
        own = [small[(number * 4 + step * 17) % len(small)] for step in range(24)]
        if number % 10 == 0:
            own += large
        log = open(loads.folder / "crowd.out", "ab")
        started.append(
            loads.start(str(loads.folder / "crowd"), str(seconds), "2000", *own, stdout=log)
        )
        log.close()
    ready = loads.folder / "crowd.out"
    wait_until(lambda: ready.read_text().count("mapped") == PROCESSES, "the crowd", 60)
    mapped = set()
    for process in started:
        for line in pathlib.Path(f"/proc/{process.pid}/maps").read_text().splitlines():
            fields = line.split(maxsplit=5)
            if len(fields) == 6 and "x" in fields[1] and fields[5].startswith("/"):
                mapped.add(fields[5])
    print(f"crowd: {len(started)} processes, {len(mapped)} executable files mapped, "
          f"{sum(pathlib.Path(name).stat().st_size for name in mapped) / 1e6:.0f} MB")


def measure(loads, seconds):
    start_crowd(loads)
    wick = Wick(loads.folder, 99, settle=0)
    # From the first moment on: building the tables is what needs the most.
    seen, meter, began = [], str(loads.folder / "meter"), time.monotonic()
    while time.monotonic() - began < seconds:
        time.sleep(0.1 if time.monotonic() - began < 10 else 1)
        held = holdings(wick.pid, meter)
        seen.append((time.monotonic() - began, held))
    _, summary = wick.stop()
    last = [held for at, held in seen if at > seconds * 2 / 3]
    steady = {
        name: statistics.median(getattr(held, name) for held in last)
        for name in ("rss_bytes", "map_bytes", "shared_bytes", "total_bytes")
    }
    peak = max(held.total_bytes for _, held in seen)
    high = max(held.peak_bytes for _, held in seen)
    print(f"crowd: wick's ledger: {summary}")
    print(table(
        ["memory of wick", "MB"],
        [
            ["resident, steady", f"{steady['rss_bytes'] / 1e6:.1f}"],
            ["BPF maps, steady", f"{steady['map_bytes'] / 1e6:.1f}"],
            ["counted in both (maps in wick's address space)",
             f"{steady['shared_bytes'] / 1e6:.1f}"],
            ["**resident + BPF maps, shared pages once, steady**",
             f"**{steady['total_bytes'] / 1e6:.1f}**"],
            ["greatest sum seen", f"{peak / 1e6:.1f}"],
            ["greatest resident (VmHWM)", f"{high / 1e6:.1f}"],
        ],
    ))
    if steady["total_bytes"] > LIMIT:
        yield f"{steady['total_bytes'] / 1e6:.1f} MB in steady state, more than 60"
    if peak > 1.5 * LIMIT:
        yield f"{peak / 1e6:.1f} MB at its peak, more than 90"
