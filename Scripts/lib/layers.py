#!/usr/bin/env python3
"""Checks the layer rules of the package.

- A target depends only on targets of its own layer or of a lower one.
- The pure layers import neither Foundation nor Glibc.
- The word `unsafe` stands only in layer 2 and in files named ByteCursor.swift.
- What uses a structure that both Glibc and CLinux have imports both: which of the two modules owns
  it depends on the files that happen to be compiled together.

The layers are read from Package.swift, where each is a variable of its own, in order.
"""

import json
import pathlib
import re
import subprocess
import sys

ORDER = ["layer0", "layer1", "layer2", "layer3", "layer4", "programs"]
PURE = 2  # layers 0 and 1
UNSAFE_LAYER = 2
IMPURE_IMPORT = re.compile(
    r"^\s*(?:@\w+(?:\(.*?\))?\s+)*(?:(?:public|package|internal|private|fileprivate)\s+)?"
    r"import\s+(?:\w+\s+)?(Foundation\w*|Glibc|Musl|Darwin|Dispatch)\b"
)
SHARED_STRUCTURE = re.compile(
    r"(?<!\.)\b(stat|timespec|timeval|rusage|sigset_t|sigaction|siginfo_t|winsize|flock)"
    r"\((?:\)|tv_sec:|l_type:)"
)
COMMENT_OR_STRING = re.compile(r"//.*|\"(?:\\.|[^\"\\])*\"")


def layers():
    """The layer of each target, by its name."""
    layer, found = None, {}
    for line in pathlib.Path("Package.swift").read_text().splitlines():
        if start := re.match(r"var (\w+): \[Target\]", line):
            layer = ORDER.index(start[1]) if start[1] in ORDER else None
        for name in re.findall(r"(?:arget|Library)\(\s*name: \"(\w+)\"", line) or (
            re.findall(r"^\s+name: \"(\w+)\"", line)
        ):
            if layer is not None:
                found[name] = layer
    return found


def description():
    command = ["swift", "package", "describe", "--type", "json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["targets"]


def problems():
    layer_of = layers()
    for target in description():
        name, layer = target["name"], layer_of.get(target["name"])
        if layer is None:
            if target["type"] in ("library", "system-target"):
                yield f"Package.swift: {name} is in no layer"
            continue
        for dependency in target.get("target_dependencies", []):
            if layer_of.get(dependency, 0) > layer:
                yield f"Package.swift: {name} (layer {layer}) depends on {dependency}, above it"
        for source in target.get("sources", []):
            yield from source_problems(pathlib.Path(target["path"], source), layer)


def source_problems(path, layer):
    if path.suffix != ".swift" or path.name.endswith(".pb.swift"):
        return
    may_be_unsafe = layer == UNSAFE_LAYER or path.name == "ByteCursor.swift"
    text = path.read_text()
    if (found := SHARED_STRUCTURE.search(text)) and "import CLinux\n" not in text:
        yield f"{path}: uses {found[1]} and does not import CLinux"
    for number, line in enumerate(text.splitlines(), 1):
        if layer < PURE and (found := IMPURE_IMPORT.match(line)):
            yield f"{path}:{number}: a pure target imports {found[1]}"
        if may_be_unsafe:
            continue
        if re.search(r"\bunsafe\b", COMMENT_OR_STRING.sub("", line)):
            yield f"{path}:{number}: unsafe code outside layer {UNSAFE_LAYER}"


found = list(problems())
print("\n".join(found), end="\n" if found else "")
sys.exit(1 if found else 0)
