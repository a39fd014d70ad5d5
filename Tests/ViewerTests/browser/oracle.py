"""Reads the data of a viewer page without the viewer, and computes what it has to show."""

import base64
import collections
import gzip
import json
import re
import struct
from decimal import ROUND_HALF_UP, Decimal

HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def printable(name):
    return HIDDEN.sub(lambda match: "\\u{%x}" % ord(match.group()), name)


def fixed(value, digits):
    """As toFixed of JavaScript: a tie of exact binary fractions is rounded up, not to even."""
    return str(Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP))


def percent(share):
    value = share * 100
    if 0 < value < 0.01:
        return "<0.01%"
    return fixed(value, 0 if value >= 99.95 else 1 if value >= 10 else 2) + "%"


class Oracle:
    def __init__(self, path):
        page = open(path, encoding="utf-8").read()
        self.page = page
        text = re.search(r'id="payload">([A-Za-z0-9+/=]*)</script>', page).group(1)
        self.bytes = gzip.decompress(base64.b64decode(text, validate=True))
        (length,) = struct.unpack_from("<I", self.bytes)
        self.header = json.loads(self.bytes[4:4 + length])
        self.at = 4 + length
        self.is_diff = self.header["mode"] == "diff"
        self.latency = self.header.get("latency")
        self.read_tables()
        assert self.at == len(self.bytes), "bytes after the last column"
        self.select(0)

    def number(self):
        value = shift = 0
        while True:
            byte = self.bytes[self.at]
            self.at += 1
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7

    def column(self, count):
        return [self.number() for _ in range(count)]

    def read_tables(self):
        header = self.header
        strings = [printable(one) for one in header["strings"]]
        functions = header["functions"]
        self.names = [strings[index] or "[unnamed]" for index in self.column(functions)]
        self.full_names = [strings[index] or "[unnamed]" for index in self.column(functions)]
        self.modules = [strings[index] for index in self.column(functions)]
        self.kinds = self.column(functions)
        nodes = header["nodes"]
        self.parent = [0] + [node - self.number() for node in range(1, nodes)]
        self.fn = [None] + self.column(nodes - 1)
        threads = header["threads"]
        self.pids, self.tids = self.column(threads), self.column(threads)
        self.processes = [strings[index] or "[unknown process]" for index in self.column(threads)]
        self.threads = [strings[index] for index in self.column(threads)]
        samples = header["samples"]
        self.columns = [self.column(samples) for _ in range(5)]

    def select(self, index):
        """Looks at the samples of one profile of several, or at all of a comparison."""
        profiles = self.header["profiles"]
        counts = [len(self.columns[0]) if self.is_diff else profile.get("samples", len(self.columns[0]))
                  for profile in profiles]
        start = 0 if self.is_diff else sum(counts[:index])
        self.use(range(start, start + counts[index]))
        self.unit = profiles[index]["unit"]

    def use(self, rows):
        """Looks at some samples only."""
        self.node, self.thread, self.reason, self.first, self.second = (
            [column[row] for row in rows] for column in self.columns)
        self.total = [sum(self.first), sum(self.second)]

    @property
    def labels(self):
        """The labels of the profiles between which the page switches."""
        labels = []
        for profile in self.header["profiles"]:
            kind, event = profile["type"], profile["facts"]["event"]
            names = ["cpu" if kind == "cpu" else event, kind, f"{kind} {len(labels) + 1}"]
            labels.append(next(printable(name) for name in names
                               if name and printable(name) not in labels))
        return labels

    def formatted(self, value, unit=None):
        """A value as the page shows it."""
        unit = printable(self.unit if unit is None else unit)
        if unit == "nanoseconds":
            units = [(3600e9, "h"), (60e9, "min"), (1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1, "ns")]
        elif unit == "bytes":
            units = [(2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"), (1, "B")]
        else:
            return f"{round(value):,}" + ("" if unit in ("count", "") else " " + unit)
        size, name = next((one for one in units if value >= one[0]), units[-1])
        value /= size
        digits = 1 if unit == "bytes" else 0 if value >= 100 else 1 if value >= 10 else 2
        return f"{fixed(value, 0 if size == 1 else digits)} {name}"

    def share(self, value, side=0):
        return value / self.total[side] if self.total[side] else 0

    def path(self, row):
        """Function numbers of a sample's stack, leaf first."""
        path, node = [], self.node[row]
        while node:
            path.append(self.fn[node])
            node = self.parent[node]
        return path

    def prefix(self, row, group="process"):
        prefix = [] if group == "none" else [self.processes[self.thread[row]]]
        if group == "thread":
            thread = self.thread[row]
            name = self.threads[thread] or self.processes[thread]
            prefix.append(f"{name} {self.tids[thread]}" if self.tids[thread] else name)
        if self.reason[row]:
            prefix.append(f"[incomplete: {self.header['reasons'][self.reason[row] - 1]}]")
        return prefix

    def totals(self, column):
        """Self and total of each function; a recursive function counts once in a stack.

        The marks of incomplete stacks count as functions, numbered after the root's.
        """
        own, total = collections.Counter(), collections.Counter()
        for row, value in enumerate(column):
            path = self.path(row)
            if self.reason[row]:
                path.append(len(self.names) + self.reason[row])
            if path:
                own[path[0]] += value
            for fn in set(path):
                total[fn] += value
        return own, total

    def matched(self, expression):
        """Share of the samples with a frame, process or mark that matches."""
        found = re.compile(expression, re.IGNORECASE)
        matches = [bool(found.search(self.names[fn]) or found.search(self.full_names[fn])
                        or found.search(self.modules[fn])) for fn in range(len(self.names))]
        through = [False] * len(self.parent)
        for node in range(1, len(self.parent)):
            through[node] = through[self.parent[node]] or matches[self.fn[node]]
        weight = 0
        for row in range(len(self.node)):
            if through[self.node[row]] or any(found.search(one) for one in self.prefix(row)):
                weight += self.weight(row)
        return self.width(weight)

    def weight(self, row):
        """What a sample adds to the width of its frames; sums of whole numbers tie as the page's do."""
        if self.is_diff:
            return (self.share(self.first[row]) + self.share(self.second[row], 1)) / 2
        return self.first[row]

    def width(self, weight):
        """A sum of weights as a share."""
        return weight if self.is_diff else self.share(weight)

    def heaviest_child(self, group, path=()):
        """Name, width and share of the widest frame below a path of names of the prefix.

        Functions of one name in different modules are different functions.
        """
        weights, first = collections.Counter(), collections.Counter()
        for row in range(len(self.node)):
            frames = self.prefix(row, group) + self.path(row)[::-1]
            if tuple(frames[:len(path)]) == tuple(path) and len(frames) > len(path):
                weights[frames[len(path)]] += self.weight(row)
                first[frames[len(path)]] += self.first[row]
        frame, weight = max(weights.items(), key=lambda item: item[1])
        name = self.names[frame] if isinstance(frame, int) else frame
        return name, self.width(weight), self.share(first[frame])

    def heaviest_caller(self, fn):
        """Name and share of the function that calls `fn` most, by its outermost calls."""
        callers = collections.Counter()
        for row in range(len(self.node)):
            path = self.path(row)
            if fn not in path:
                continue
            outermost = len(path) - 1 - path[::-1].index(fn)
            above = path[outermost + 1:]
            callers[above[0] if above else self.prefix(row)[-1]] += self.first[row]
        caller, value = callers.most_common(1)[0]
        return (self.names[caller] if isinstance(caller, int) else caller), self.share(value)
