"""What real servers and tools make of `wick agent`."""

import collections
import json
import os
import re
import subprocess
import urllib.parse
import urllib.request

from agent_checks import PLANTED, end, expect, figure, figures, plant, programs
from agent_latency import check_latencies
from agents import Agent
from loads import free_port, wait_until
from receivers import Decoded, Metrics, Profiles, canonical, exported, flush, points_of

HEAVY = 0.7
# A share of so many samples is off by 1.2 points (one standard deviation).
SAMPLES = 1_500
SHARE_ERROR = 0.06
VERSION = "4.5.6"
CPU_EVENTS = ("cpu", "samples")


class Arrived:
    """What the Collector has sent on, read once."""

    def __init__(self, folder):
        self.folder, self.read = folder, set()
        # Samples of the planted service by function; points of metrics by name.
        self.samples, self.total = collections.Counter(), 0
        # Who the planted service is, by the profiles' resource; and its processes, by their samples.
        self.identity, self.processes = {}, []
        self.points = collections.defaultdict(list)

    def update(self):
        for path in sorted(set(self.folder.glob("*.pb")) - self.read):
            self.read.add(path)
            if path.name.startswith("profiles"):
                request = Profiles.FromString(path.read_bytes())
                canonical(request)  # as it was before the Collector wrote it
                self.add_profiles(request)
            else:
                for resource, metric, attributes, point in points_of(
                        Metrics.FromString(path.read_bytes())):
                    self.points[metric.name].append((resource, metric, attributes, point))
        return self

    def add_profiles(self, request):
        decoded = Decoded(request)
        for resource, profile, attributes, frames, value in decoded.samples():
            # Of waits they are nanoseconds.
            if resource["service.name"] == PLANTED and decoded.event(profile) in CPU_EVENTS:
                self.identity = resource
                self.processes.append(attributes)
                self.total += value
                for frame in set(frames):
                    self.samples[frame] += value


def check_collector(arrived):
    wait_until(lambda: arrived.update().total >= SAMPLES, f"{SAMPLES} samples of {PLANTED}", 90)
    heavy, light = arrived.samples["heavy"], arrived.samples["light"]
    expect(heavy and light, f"of {arrived.total} samples, heavy has {heavy} and light {light}")
    share = heavy / (heavy + light)
    expect(abs(share - HEAVY) <= SHARE_ERROR, f"heavy has {share:.1%}, not {HEAVY:.0%}")
    expect((heavy + light) / arrived.total > 0.9, "other functions have more than a tenth")
    check_identity(arrived)
    cpu = check_processors(arrived.points["system.cpu.time"])
    for name in ("system.memory.usage", "system.network.io", "wick_up", "process.cpu.time"):
        expect(arrived.points[name], f"there is no {name}")
    services = {resource.get("service.name") for resource, *_ in arrived.points["process.cpu.time"]}
    expect(PLANTED in services, f"process.cpu.time is of {services}")
    return f"heavy {share:.1%} of {heavy + light} samples, {len(arrived.points)} metrics, " \
        f"the processors' time is {cpu:.1%} of what passed"


def check_identity(arrived):
    """Whose the profiles are, as far as a host without containers can tell."""
    uname = os.uname()
    wanted = {
        "host.name": uname.nodename, "host.arch": "amd64", "os.type": "linux",
        "service.version": VERSION, "team": "tests",
    }
    for key, value in wanted.items():
        found = arrived.identity.get(key)
        expect(found == value, f"{key} is {found}, not {value}: {arrived.identity}")
    expect("host.id" in arrived.identity, f"there is no host.id: {arrived.identity}")
    expect("dropped" not in str(arrived.identity), "a dropped attribute is there")
    for process in arrived.processes:
        expect(process["process.executable.name"] == "split", f"the program is {process}")
    services = {resource.get("service.name") for points in arrived.points.values()
                for resource, *_ in points}
    expect("renamed-service" in services, f"no rule has renamed a service: {services}")
    expect("unwanted" not in services, "a service that a rule drops has metrics")


def check_processors(points):
    """All modes of all processors together take as long as it takes."""
    sums = collections.Counter()
    for _, metric, _, point in points:
        expect(metric.sum.is_monotonic, "system.cpu.time is no counter")
        sums[point.time_unix_nano] += point.as_double
    first, last = min(sums), max(sums)
    expect(last > first, "there is system.cpu.time of one moment alone")
    share = (sums[last] - sums[first]) / ((last - first) / 1e9 * os.cpu_count())
    expect(0.9 <= share <= 1.1, f"of the processors' time {share:.0%} are in system.cpu.time")
    return share


def check_victoria(url):
    """What was stored, by /api/v1/export: queries leave out the last half minute."""
    def has_moved():
        flush(url)
        beats = [values for _, values in exported(url, "wick_last_tick_time_seconds")]
        return beats and beats[0][-1] > beats[0][0]

    wait_until(has_moved, "the heartbeat")
    (_, ups), = exported(url, "wick_up")
    expect(set(ups) == {1}, f"wick_up is {ups}")
    counts = {}
    names = ["system.cpu.time", "system.memory.usage", "wick_windows_total", "process.cpu.time"]
    for name in names:
        counts[name] = len(list(exported(url, name)))
        expect(counts[name], f"there is no {name}")
    buckets = {labels["le"]: values[-1] for labels, values in exported(url, "shop_seconds_bucket")}
    expect(buckets == {"0.1": 1, "1": 2, "+Inf": 3}, f"the histogram's buckets are {buckets}")
    return f"wick_up {len(ups)} times, " + ", ".join(f"{n} {name}" for name, n in counts.items())


def check_prometheus(agent, loads):
    port = free_port()
    configuration = loads.write("prometheus.yml", f"""\
global: {{scrape_interval: 5s, scrape_timeout: 5s}}
scrape_configs:
- job_name: wick
  static_configs: [{{targets: ["127.0.0.1:{agent.port}"]}}]
""")
    loads.start(
        "prometheus", f"--config.file={configuration}", f"--web.listen-address=127.0.0.1:{port}",
        f"--storage.tsdb.path={loads.folder}/prometheus")

    def ask(path):
        try:
            address = f"http://127.0.0.1:{port}/api/v1/{path}"
            with urllib.request.urlopen(address, timeout=10) as told:
                return json.load(told)["data"]
        except OSError:
            return {}

    def query(text):
        result = ask(f"query?query={urllib.parse.quote(text)}").get("result")
        return float(result[0]["value"][1]) if result else 0

    def is_up():
        targets = ask("targets").get("activeTargets", [])
        return [target["health"] for target in targets] == ["up"] \
            and query("changes(wick_last_tick_time_seconds[1m])") > 0

    wait_until(is_up, "Prometheus' target", 90)
    expect(query("avg_over_time(up[1m])") > 0.7, "scrapes fail")
    node, own = query('count({__name__=~"node_.+"})'), query('count({__name__=~"wick_.+"})')
    expect(node > 200, f"there are {node:.0f} series node_*")
    expect(own > 50, f"there are {own:.0f} series wick_*")
    expect(query("sum(node_cpu_seconds_total)") > 0, "there is no node_cpu_seconds_total")
    return f"{node:.0f} series node_*, {own:.0f} wick_*; {check_promtool(agent)}"


def promtool(text):
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=60)
    return done.returncode, (done.stdout + done.stderr).splitlines()


def check_promtool(agent):
    """The names of node_exporter, which we keep, are not all to promtool's taste.

    That it says of them what it says of the exporter's own page, `Scripts/bench metrics` checks.
    """
    page = agent.get("/metrics")[1].decode()
    own = [line for line in page.splitlines(keepends=True)
           if not re.match(r"(# (HELP|TYPE) )?node_", line)]
    status, said = promtool("".join(own))
    expect((status, said) == (0, []), f"promtool exits with {status}: {said}")
    _, said = promtool(page)
    style = re.compile(r"node_\w+ (metric names should be written in 'snake_case'|use base unit)")
    wrong = [line for line in said if not style.match(line)]
    expect(not wrong, f"promtool says {wrong}")
    return f"promtool has nothing to say of {len(own)} lines"


def check_pprof(agent, loads, planted):
    """`go tool pprof` reads profiles of live processes in three languages."""
    loads.python()
    python = loads.started[-1].pid
    loads.go()
    go = loads.started[-1].pid
    wanted = {planted: ("heavy", "C"), python: ("_PyEval_EvalFrameDefault", "Python"),
              go: ("main.fill", "Go")}
    environment = {**os.environ, "PPROF_TMPDIR": str(loads.folder / "pprof")}

    def pprof(form, query, page="profile"):
        done = subprocess.run(
            ["go", "tool", "pprof", "-timeout=120", "-symbolize=none", "-nodecount=100000", form,
             f"{agent.address}/debug/pprof/{page}?seconds=2{query}"],
            capture_output=True, text=True, env=environment, timeout=180)
        expect(done.returncode == 0, f"pprof of {query}: {done.stderr}")
        return done.stdout

    for pid, (function, language) in wanted.items():
        table = pprof("-top", f"&pid={pid}")
        expect(function in table.split(),
               f"the {language} program has no {function}:\n{table[:2000]}")
        others = {name for name, _ in wanted.values()} - {function}
        expect(not others & set(table.split()), f"the {language} program has one of {others}")
    # Without any options, as people write it; pprof asks for seconds itself then.
    done = subprocess.run(
        ["go", "tool", "pprof", "-timeout=120", "-top", "-seconds", "2",
         f"{agent.address}/debug/pprof/profile?pid={planted}"],
        capture_output=True, text=True, env=environment, timeout=180)
    expect(done.returncode == 0 and "heavy" in done.stdout, f"the bare URL: {done.stderr}")
    raw = pprof("-raw", f"&pid={planted}")
    expect("PeriodType: cpu nanoseconds" in raw and "heavy" in raw, f"raw:\n{raw[:1000]}")
    everything = pprof("-top", "").split()
    missing = [function for function, _ in wanted.values() if function not in everything]
    expect(not missing, f"the profile of all processes has no {missing}")
    # An interpreter asks the C library for what does not fit its own arenas.
    allocated = pprof("-raw", f"&pid={python}", "allocs")
    expect("PeriodType: alloc_space bytes" in allocated and "_PyEval_EvalFrameDefault" in allocated,
           f"allocs of the Python program:\n{allocated[:2000]}")
    return ", ".join(f"{function} in {language}" for function, language in wanted.values())


def check_status(agent):
    """`wick status` says that all is well with the servers."""
    done = subprocess.run(
        [os.environ["WICK"], "status", "--socket", agent.socket, "--json"],
        capture_output=True, text=True, timeout=60)
    expect(done.returncode == 0, f"it exits with {done.returncode}: {done.stderr}")
    told = json.loads(done.stdout)
    states = {server["name"]: server["state"] for server in told["destinations"]}
    expect(states == {"collector": "ok", "victoria": "ok"}, f"the servers are {states}")
    lost = [server["dropped_batches"] for server in told["destinations"]]
    expect(not any(lost), f"batches were dropped: {lost}")
    return f"{told['state']}, " + ", ".join(f"{name} {state}" for name, state in states.items())


def check_kept(agent, folder):
    """Files of one window have one time in their names, so there are no more times than windows."""
    windows = int(figure(figures(agent), "wick_windows_total")) + 1
    times = {path.name.split("-")[0] for path in folder.glob("*.pb.gz")}
    expect(1 < len(times) <= windows, f"{len(times)} times, {windows} windows")
    return f"{len(times)} times of {windows} windows"


HISTOGRAM = """\
# HELP shop_seconds How long the shop takes.
# TYPE shop_seconds histogram
shop_seconds_bucket{le="0.1"} 1
shop_seconds_bucket{le="1"} 2
shop_seconds_bucket{le="+Inf"} 3
shop_seconds_sum 4.5
shop_seconds_count 3
"""


def check_all(report, folder, chosen):
    texts = folder / "texts"
    texts.mkdir()
    (texts / "shop.prom").write_text(HISTOGRAM)
    settings = f"""\
profiling:
  frequency: 199
  window: 2s
metrics:
  interval: 2s
  textfile_directory: {texts}
latency:
  exemplars_per_minute: 60
resource_attributes:
  team: tests
identity:
  rules:
  - match: {{attribute: service.name, value: to-be-renamed}}
    set: {{service.name: renamed-service}}
  - match: {{attribute: service.name, value: unwanted}}
    drop: true
budget:
  # Windows this short cost more than what they tell is worth.
  governor: false
  # Nothing has to rest.
  cpu_percent: 100
destinations:
- name: collector
  type: otlp
  url: {chosen.collector}
- name: victoria
  type: otlp
  url: {chosen.victoria}/opentelemetry
  profiles: false
- name: kept
  type: directory
  path: {folder}/profiles
"""
    with programs(folder) as loads:
        planted = plant(loads, PLANTED, VERSION)
        plant(loads, "to-be-renamed")
        plant(loads, "unwanted")
        with Agent(folder, settings) as agent:
            agent.wait_until_ready()
            arrived = Arrived(chosen.sink)
            report.check("OpenTelemetry Collector", check_collector, arrived)
            report.check("latencies", check_latencies, agent, arrived)
            report.check("VictoriaMetrics", check_victoria, chosen.victoria)
            report.check("Prometheus", check_prometheus, agent, loads)
            report.check("go tool pprof", check_pprof, agent, loads, planted.pid)
            report.check("wick status", check_status, agent)
            report.check("files of a window", check_kept, agent, folder / "profiles")
            report.check("the end", lambda: f"after {end(agent):.1f} s")
