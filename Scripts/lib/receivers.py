#!/usr/bin/env python3
"""Checks what receivers of OTLP and Pyroscope make of what wick sends; see Scripts/test-receivers.

  receivers.py messages FOLDER            our .proto files against the package opentelemetry-proto
  receivers.py random FOLDER              OTLP of a random profile against its folded stacks
  receivers.py sink PORT FOLDER           keeps each body that is posted
  receivers.py same SENT GOT              what a Collector sent on against what it got
  receivers.py profiles SENT --service S --function F…
  receivers.py metrics SENT               OTLP against Prometheus' text of the same metrics
  receivers.py victoria URL SENT          what VictoriaMetrics has stored
  receivers.py pyroscope SENT PUSH.proto  both kinds of requests
"""

import argparse
import collections
import gzip
import http.server
import json
import math
import pathlib
import re
import sys
import time
import urllib.parse
import urllib.request

from google.protobuf import descriptor
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.profiles.v1development import profiles_service_pb2

Profiles = profiles_service_pb2.ExportProfilesServiceRequest
Metrics = metrics_service_pb2.ExportMetricsServiceRequest


def require(condition, message):
    if not condition:
        sys.exit(f"receivers: {message}")


def body(path):
    data = path.read_bytes()
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


def messages_of(kind, folder, pattern):
    found = [kind.FromString(body(path)) for path in sorted(folder.glob(pattern))]
    require(found, f"{folder} has no {pattern}")
    return found


# --- messages -----------------------------------------------------------------------------------

FIELD = re.compile(r"^\s*(repeated |optional )?([\w.]+)\s+(\w+)\s*=\s*(\d+)\s*;")


def own_messages(path):
    """{full name: {field: (number, type, whether it is repeated)}} of one of our .proto files."""
    package, nesting, found = "", [], {}
    for line in path.read_text().splitlines():
        line = line.split("//")[0]
        if start := re.match(r"\s*package ([\w.]+);", line):
            package = start[1]
        if start := re.match(r"\s*(message|enum|oneof) (\w+)", line):
            nesting.append((start[1], start[2]))
            if start[1] == "message":
                found[name_of(package, nesting)] = {}
        elif line.strip() == "}":
            nesting.pop()
        elif (field := FIELD.match(line)) and all(kind != "enum" for kind, _ in nesting):
            label, kind, name, number = field.groups()
            repeated = label == "repeated "
            found[name_of(package, nesting)][name] = (int(number), kind.split(".")[-1], repeated)
        if re.match(r"\s*(message|enum|oneof) \w+ *\{ *\}", line):
            nesting.pop()
    return found


def name_of(package, nesting):
    return ".".join([package] + [name for kind, name in nesting if kind == "message"])


SCALARS = {
    getattr(descriptor.FieldDescriptor, name): name[5:].lower()
    for name in dir(descriptor.FieldDescriptor)
    if name.startswith("TYPE_")
}


def standard_field(field):
    kind = field.message_type or field.enum_type
    repeated = getattr(field, "is_repeated", None)
    if repeated is None:
        repeated = field.label == field.LABEL_REPEATED
    return (field.number, kind.name if kind else SCALARS[field.type], bool(repeated))


def check_messages(folder):
    from google.protobuf import descriptor_pool

    pool, count = descriptor_pool.Default(), 0
    for path in sorted(folder.glob("*.proto")):
        for name, fields in own_messages(path).items():
            standard = pool.FindMessageTypeByName(name)
            expected = {field.name: standard_field(field) for field in standard.fields}
            require(fields == expected, f"{name} differs:\n  ours {fields}\n  standard {expected}")
            count += len(fields)
    require(count > 100, f"only {count} fields were found in {folder}")
    print(f"{count} fields are as in opentelemetry-proto")


# --- profiles -----------------------------------------------------------------------------------


class Decoded:
    """The samples of a request, with everything looked up that they refer to."""

    def __init__(self, request):
        self.dictionary = request.dictionary
        self.strings = list(request.dictionary.string_table)
        self.request = request
        self.check_tables()

    def check_tables(self):
        tables = self.dictionary
        require(self.strings[0] == "", "the first string is not empty")
        for field, table in tables.ListFields():
            if field.name == "string_table":
                require(len(set(table)) == len(table), "a string is there twice")
                continue
            require(table[0].ByteSize() == 0, f"the first of {field.name} is not the zero value")
            encoded = [entry.SerializeToString() for entry in table]
            require(len(set(encoded)) == len(encoded), f"an entry of {field.name} is there twice")

    def attributes(self, indices):
        found = {}
        for index in indices:
            entry = self.dictionary.attribute_table[index]
            value = entry.value
            found[self.strings[entry.key_strindex]] = getattr(value, value.WhichOneof("value"))
        return found

    def frame(self, index):
        """A frame as folded stacks name it."""
        location = self.dictionary.location_table[index]
        kind = self.attributes(location.attribute_indices).get("profile.frame.type")
        suffix = {"kernel": "_[k]", "jit": "_[j]", "interpreted": "_[i]"}.get(kind, "")
        if location.lines:
            function = self.dictionary.function_table[location.lines[0].function_index]
            return self.strings[function.name_strindex] + suffix
        mapping = self.dictionary.mapping_table[location.mapping_index]
        require(
            mapping.memory_start <= location.address < mapping.memory_limit,
            f"{location.address:#x} is not in its mapping",
        )
        path = self.strings[mapping.filename_strindex]
        offset = location.address
        if kind not in ("kernel", "jit") and not path.startswith(("[kernel", "[jit")):
            offset += mapping.file_offset - mapping.memory_start
        return f"[{path.split('/')[-1].strip('[]')}+{offset:#x}]{suffix}"

    def event(self, profile):
        """What it is a profile of, such as `cpu`."""
        return self.strings[profile.sample_type.type_strindex]

    def samples(self):
        """(resource, profile, attributes, frames from the root, value) of each sample."""
        for group in self.request.resource_profiles:
            resource = {entry.key: entry.value.string_value for entry in group.resource.attributes}
            for scope in group.scope_profiles:
                require(scope.scope.name == "wick", "the scope is not wick")
                for profile in scope.profiles:
                    require(len(profile.profile_id) == 16, "a profile's id has not 16 bytes")
                    for sample in profile.samples:
                        stack = self.dictionary.stack_table[sample.stack_index].location_indices
                        frames = [self.frame(index) for index in reversed(stack)]
                        attributes = self.attributes(sample.attribute_indices)
                        yield resource, profile, attributes, frames, sum(sample.values)


def folded(requests):
    lines = collections.Counter()
    for request in requests:
        for _, _, attributes, frames, value in Decoded(request).samples():
            reason = attributes.get("wick.stack.incomplete")
            require(
                not reason or frames[0] == f"[incomplete: {reason}]",
                "an incomplete stack does not begin with its mark",
            )
            lines[";".join([attributes["process.executable.name"]] + frames)] += value
    return lines


def check_random(folder):
    expected = collections.Counter()
    for line in (folder / "random.folded").read_text().split("\n"):
        if line:
            stack, count = line.rsplit(" ", 1)
            expected[stack] += int(count)
    paths = sorted(folder.glob("random-*.pb"))
    got = folded(Profiles.FromString(path.read_bytes()) for path in paths)
    for stack in expected.keys() | got.keys():
        require(
            expected[stack] == got[stack],
            f"{stack!r} was seen {expected[stack]} times and arrives {got[stack]} times",
        )


def check_profiles(folder, service, functions):
    total, of_function = 0, collections.Counter()
    for request in messages_of(Profiles, folder, "otlp-profiles-*.body"):
        decoded = Decoded(request)
        builds = {}
        for mapping in decoded.dictionary.mapping_table:
            name = decoded.strings[mapping.filename_strindex]
            builds[name] = decoded.attributes(mapping.attribute_indices)
        planted = [
            attributes.get("process.executable.build_id.gnu")
            for name, attributes in builds.items()
            if name.endswith("/planted")
        ]
        require(planted and all(planted), f"the program has no build-id: {builds}")
        for resource, profile, attributes, frames, value in decoded.samples():
            require(resource["service.name"] == service, f"the service is {resource}")
            require(abs(profile.time_unix_nano / 1e9 - time.time()) < 600, "the time is not now")
            require(attributes["thread.id"] > 0, "there is no thread")
            total += value
            for frame in set(frames):
                of_function[frame] += value
    for function in functions:
        share = of_function[function] / total
        print(f"{function}: {share:.1%} of {total} samples")
        require(share > 0.1, f"{function} is not in the profile")


# --- a Collector --------------------------------------------------------------------------------


def check_arrived(folder, service, functions):
    """What a Collector has sent on has the functions of the service, and metrics of its agent."""
    found = set()
    for path in folder.glob("profiles*.pb"):
        request = Profiles.FromString(path.read_bytes())
        canonical(request)
        for resource, _, _, frames, _ in Decoded(request).samples():
            if resource.get("service.name") == service:
                found |= set(frames)
    require(set(functions) <= found, f"of {service} have arrived: {sorted(found)}")
    names = {metric.name for path in folder.glob("metrics*.pb")
             for _, metric, *_ in points_of(Metrics.FromString(path.read_bytes()))}
    require({"wick_up", "system.cpu.time"} <= names, f"metrics that have arrived: {sorted(names)}")
    print(f"{', '.join(functions)} of {service}, {len(names)} metrics")


class Sink(http.server.BaseHTTPRequestHandler):
    folder = None
    count = 0

    def do_POST(self):
        data = self.rfile.read(int(self.headers["Content-Length"]))
        kind = {"/v1/metrics": "metrics", "/v1development/profiles": "profiles"}[self.path]
        (Sink.folder / f".{kind}-{Sink.count}").write_bytes(data)
        # Whole or not at all, for who looks into the folder.
        (Sink.folder / f".{kind}-{Sink.count}").rename(Sink.folder / f"{kind}-{Sink.count}.pb")
        Sink.count += 1
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self):
        self.send_error(404)

    def log_message(self, *_):
        pass


def run_sink(port, folder):
    Sink.folder = folder
    http.server.HTTPServer(("127.0.0.1", port), Sink).serve_forever()


def canonical(message):
    """A message's bytes, without the empty messages that the Collector writes and we do not."""
    if isinstance(message, Profiles):
        for entry in message.dictionary.attribute_table:
            if entry.value.WhichOneof("value") is None:
                entry.ClearField("value")
    else:
        for *_, point in points_of(message):
            for side in ("positive", "negative"):
                if hasattr(point, side) and getattr(point, side).ByteSize() == 0:
                    point.ClearField(side)
    return message.SerializeToString(deterministic=True)


def check_same(sent, got):
    for kind, name in ((Profiles, "profiles"), (Metrics, "metrics")):
        expected = sorted(
            canonical(message) for message in messages_of(kind, sent, f"otlp-{name}-*.body")
        )
        for _ in range(600):
            paths = list(got.glob(f"{name}-*.pb"))
            if len(paths) >= len(expected):
                break
            time.sleep(0.1)
        arrived = sorted(canonical(kind.FromString(path.read_bytes())) for path in paths)
        require(arrived == expected, f"the Collector has changed the {name}")
        print(f"{len(arrived)} requests of {name}, {sum(map(len, arrived))} bytes, unchanged")


# --- metrics ------------------------------------------------------------------------------------

SERIES = re.compile(r'^(\w+)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def prometheus(text):
    """{name: {labels: value}} of Prometheus' text."""
    found = collections.defaultdict(dict)
    for line in text.split("\n"):
        if line and not line.startswith("#"):
            name, labels, value = SERIES.match(line).groups()
            pairs = frozenset((key, unescaped(text)) for key, text in LABEL.findall(labels or ""))
            found[name][pairs] = float(value)
    return found


def unescaped(text):
    return re.sub(r"\\(.)", lambda match: {"n": "\n"}.get(match[1], match[1]), text)


def otlp_points(folder):
    """The points of all requests in a folder."""
    for request in messages_of(Metrics, folder, "otlp-metrics-*.body"):
        yield from points_of(request)


def points_of(request):
    """(resource, metric, attributes, point) of each point."""
    for group in request.resource_metrics:
        resource = {entry.key: entry.value.string_value for entry in group.resource.attributes}
        for scope in group.scope_metrics:
            for metric in scope.metrics:
                data = getattr(metric, metric.WhichOneof("data"))
                for point in data.data_points:
                    yield resource, metric, attributes_of(point), point


def attributes_of(point):
    return {
        entry.key: str(getattr(entry.value, entry.value.WhichOneof("value")))
        for entry in point.attributes
    }


# Of each convention: its metric, attributes that a point has besides its labels, and our metric.
CONVENTIONS = [
    ("system.cpu.time", {}, "node_cpu_seconds_total"),
    ("system.memory.usage", {"system.memory.state": "free"}, "node_memory_MemFree_bytes"),
    ("system.memory.limit", {}, "node_memory_MemTotal_bytes"),
    ("system.paging.faults", {"system.paging.fault.type": "major"}, "node_vmstat_pgmajfault"),
    ("system.disk.io", {"disk.io.direction": "write"}, "node_disk_written_bytes_total"),
    ("system.filesystem.limit", {}, "node_filesystem_size_bytes"),
    ("system.network.io", {"network.io.direction": "receive"}, "node_network_receive_bytes_total"),
    (
        "system.network.packet.count",
        {"network.io.direction": "transmit"},
        "node_network_transmit_packets_total",
    ),
    ("system.process.created", {}, "node_forks_total"),
]


def check_metrics(folder):
    text = prometheus((folder / "metrics.prom").read_text())
    by_name = collections.defaultdict(list)
    for resource, metric, attributes, point in otlp_points(folder):
        by_name[metric.name].append((resource, metric, attributes, point))
    for name, fixed, ours in CONVENTIONS:
        points = [
            point.as_double
            for _, _, attributes, point in by_name[name]
            if fixed.items() <= attributes.items()
        ]
        require(
            sorted(points) == sorted(text[ours].values()) and points or not text[ours],
            f"{name} {fixed} has {sorted(points)}, {ours} {sorted(text[ours].values())}",
        )
        require(ours not in by_name, f"{ours} is there under both names")
    same = 0
    for name, series in text.items():
        for _, metric, attributes, point in by_name.get(name, []):
            if metric.WhichOneof("data") in ("gauge", "sum"):
                labels = frozenset(attributes.items())
                if labels in series:
                    require(series[labels] == point.as_double, f"{name} {attributes} differs")
                    same += 1
    require(same > 100, f"only {same} series are the same under the same name")
    check_planted(by_name)
    print(f"{sum(map(len, by_name.values()))} points of {len(by_name)} metrics")


def check_planted(by_name):
    (resource, metric, attributes, point), = by_name["planted_wait_nanoseconds"]
    require(metric.unit == "ns" and attributes == {"kind": "known"}, f"{metric.unit} {attributes}")
    require(list(point.positive.bucket_counts) == [3, 0, 5, 7], "the buckets differ")
    require((point.positive.offset, point.scale, point.zero_count) == (9, 0, 2), "the bounds differ")
    require((point.count, point.sum) == (17, 65536), "count or sum differ")
    (resource, metric, attributes, point), = by_name["planted_size_bytes"]
    require(list(point.explicit_bounds) == [10, 100, 1000], "the bounds differ")
    require(list(point.bucket_counts) == [4, 3, 2, 1], "the buckets differ")
    (resource, metric, attributes, point), = by_name["planted_requests_total"]
    require(resource["service.name"] == "planted-service", f"it is of {resource}")
    require(metric.sum.is_monotonic and attributes == {"code": "200"}, f"{attributes}")
    require(point.time_unix_nano - point.start_time_unix_nano == 60_000_000_000, "the start differs")


# --- VictoriaMetrics ----------------------------------------------------------------------------


def flush(url):
    """Has VictoriaMetrics show what it was sent last."""
    urllib.request.urlopen(f"{url}/internal/force_flush", timeout=20).read()


def exported(url, name):
    """(labels, values) of each series of a metric, the oldest value first."""
    match = urllib.parse.quote(f'{{__name__="{name}"}}')
    with urllib.request.urlopen(f"{url}/api/v1/export?match[]={match}", timeout=20) as answer:
        lines = answer.read().decode().splitlines()
    for line in lines:
        series = json.loads(line)
        yield series["metric"], series["values"]


def stored(url, name):
    """(labels, value) of each series of a metric that was sent once."""
    for labels, values in exported(url, name):
        require(len(values) == 1, f"{labels} has more than one value")
        yield labels, values[0]


def check_victoria(url, folder):
    flush(url)
    expected = collections.defaultdict(list)
    for _, metric, _, point in otlp_points(folder):
        if metric.WhichOneof("data") in ("gauge", "sum"):
            expected[metric.name].append(point.as_double)
    count = 0
    for name, values in expected.items():
        got = sorted(value for _, value in stored(url, name))
        values.sort()
        require(
            len(got) == len(values)
            and all(math.isclose(one, two, rel_tol=1e-9) for one, two in zip(got, values)),
            f"{name}: {got} is stored, {values} was sent",
        )
        count += len(got)
    (labels, value), = stored(url, "planted_requests_total")
    require(labels.get("service.name") == "planted-service" and value == 1234, f"{labels} {value}")
    for name, total, sum_ in (
        ("planted_wait_nanoseconds", 17, 65536),
        ("planted_size_bytes", 10, 4321),
    ):
        (_, value), = stored(url, f"{name}_count")
        require(value == total, f"{name}_count is {value}")
        (_, value), = stored(url, f"{name}_sum")
        require(value == sum_, f"{name}_sum is {value}")
    buckets = {labels["le"]: value for labels, value in stored(url, "planted_size_bytes_bucket")}
    require(
        buckets == {"10": 4, "100": 7, "1000": 9, "+Inf": 10}, f"the buckets are {buckets}"
    )
    # An exponential histogram becomes ranges: from bound to bound, in the unit of what was sent.
    ranges = {
        tuple(float(bound) for bound in labels["vmrange"].split("...")): value
        for labels, value in stored(url, "planted_wait_nanoseconds_bucket")
    }
    require(sum(ranges.values()) == 17, f"the ranges are {ranges}")
    for bounds, value in (((512, 1024), 3), ((2048, 4096), 5), ((4096, 8192), 7)):
        found = [
            got
            for (low, high), got in ranges.items()
            if math.isclose(low, bounds[0], rel_tol=1e-3)
            and math.isclose(high, bounds[1], rel_tol=1e-3)
        ]
        require(found == [value], f"{bounds} is not among {ranges}")
    print(f"{count} series and 2 histograms are stored with their values")


# --- Pyroscope ----------------------------------------------------------------------------------


def wire(data):
    """(field, bytes) of a message whose fields all have a length."""
    place = 0

    def number():
        nonlocal place
        value, shift = 0, 0
        while True:
            byte = data[place]
            place += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while place < len(data):
        key = number()
        require(key & 7 == 2, f"field {key >> 3} is of kind {key & 7}")
        length = number()
        yield key >> 3, data[place : place + length]
        place += length
    require(place == len(data), "a field is longer than its message")


def check_pyroscope(folder, proto):
    require(
        own_messages(proto)
        == {
            "push.v1.LabelPair": {"name": (1, "string", False), "value": (2, "string", False)},
            "push.v1.PushRequest": {"series": (1, "RawProfileSeries", True)},
            "push.v1.RawProfileSeries": {
                "labels": (1, "LabelPair", True),
                "samples": (2, "RawSample", True),
            },
            "push.v1.RawSample": {"raw_profile": (1, "bytes", False), "ID": (2, "string", False)},
        },
        "push.proto is not Pyroscope's",
    )
    (_, series), = wire((folder / "pyroscope-push-0.body").read_bytes())
    labels, samples = {}, []
    for field, value in wire(series):
        if field == 1:
            pair = dict(wire(value))
            labels[pair[1].decode()] = pair[2].decode()
        else:
            samples.append(dict(wire(value)))
    require(labels["__name__"] == "process_cpu", f"{labels}")
    require(labels["service_name"] == "planted-service", f"{labels}")
    profile = gzip.decompress(samples[0][1])
    require(b"heavy" in profile and b"nanoseconds" in profile, "it is not the profile")
    require(re.fullmatch(rb"[0-9a-f-]{36}", samples[0][2]), "the id is no UUID")
    query = urllib.parse.parse_qs((folder / "pyroscope-ingest-0.head").read_text())
    require(query["name"][0].startswith("planted-service{"), f"{query}")
    require(query["format"] == ["pprof"], f"{query}")
    require(3 <= int(query["until"][0]) - int(query["from"][0]) <= 30, f"{query}")
    require(body(folder / "pyroscope-ingest-0.body") == profile, "the profiles differ")
    print(f"{len(labels)} labels, {query['name'][0]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name, action, *operands):
        sub = commands.add_parser(name)
        for operand in operands:
            kind = {"port": int, "url": str}.get(operand, pathlib.Path)
            sub.add_argument(operand, type=kind)
        sub.set_defaults(action=lambda given: action(*(getattr(given, name) for name in operands)))
        return sub

    command("messages", check_messages, "folder")
    command("random", check_random, "folder")
    command("sink", run_sink, "port", "folder")
    command("same", check_same, "sent", "got")
    command("metrics", check_metrics, "folder")
    command("victoria", check_victoria, "url", "folder")
    command("pyroscope", check_pyroscope, "folder", "proto")
    for name, check in [("profiles", check_profiles), ("arrived", check_arrived)]:
        sub = command(name, None, "folder")
        sub.add_argument("--service", required=True)
        sub.add_argument("--function", action="append", required=True)
        sub.set_defaults(
            action=lambda given, check=check: check(given.folder, given.service, given.function))
    given = parser.parse_args()
    given.action(given)


if __name__ == "__main__":
    main()
