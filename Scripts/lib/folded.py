"""Reads the folded stacks that wick writes."""

import re

INCOMPLETE = re.compile(r"\[incomplete: ([^]]*)\]")


class Stack:
    """One line: who, why the stack is not whole (or None), frames from the root on, and how often."""

    def __init__(self, line):
        frames, count = line.rsplit(" ", 1)
        self.count = int(count)
        self.process, *rest = frames.split(";")
        reason = INCOMPLETE.fullmatch(rest[0]) if rest else None
        self.incomplete = reason and reason[1]
        named = rest[1:] if reason else rest
        self.user = [name for name in named if not name.endswith("_[k]")]
        self.kernel = [name for name in named if name.endswith("_[k]")]
