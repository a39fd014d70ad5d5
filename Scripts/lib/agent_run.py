#!/usr/bin/env python3
"""Runs `wick agent` with real servers and bad ones, and checks what arrives: Scripts/test-agent.

$WICK is the binary. The arguments are a folder for files, the addresses of a Collector and of
VictoriaMetrics, and the folder in which the Collector's sink keeps what it was sent on.
"""

import argparse
import collections
import contextlib
import pathlib
import signal
import sys
import time
import traceback

import agent_faults
import agent_kills
import agent_servers
import rude_server
from agent_checks import PLANTED, Failure, end, expect, figure, figures, plant, programs
from agent_kills import queued_on_disk
from agents import Agent
from loads import ROOT, free_port, wait_until
from measure import run
from receivers import Decoded, Profiles
from rude_server import RudeServer
from watch import cpu_seconds

# --- one window ---------------------------------------------------------------------------------


def start_once(folder, name, settings):
    place = folder / name
    place.mkdir()
    return Agent(place, f"profiling:\n  window: 1s\n{settings}", arguments=["--once"])


def otlp(url):
    return f"destinations:\n- name: server\n  type: otlp\n  url: {url}\n"


def once(folder, name, settings, manners=(), wish=""):
    """Its status, the paths of what the server has taken, and what it says; `wish` is the server's."""
    with RudeServer(manners) as server:
        with start_once(folder, name, settings + otlp(server.address) + wish) as agent:
            cost = agent.running.finish(60)
        return cost.status, set(server.requests), agent.log.read_text()


def check_once(folder, away):
    """It ends with 0 only if all of a window was accepted; `away` was started a while ago."""
    with programs(folder) as loads:
        # An idle host has no samples.
        plant(loads, PLANTED)
        both = {"/v1/metrics", "/v1development/profiles"}
        status, paths, log = once(folder, "both", "")
        expect((status, paths) == (0, both), f"both: status {status}, {paths}: {log}")
        status, paths, log = once(folder, "profiles", "metrics:\n  enabled: false\n")
        expect((status, paths) == (0, both - {"/v1/metrics"}),
               f"without metrics: status {status}, {paths}: {log}")
        status, paths, log = once(folder, "metrics", "  enabled: false\n")
        expect((status, paths) == (0, {"/v1/metrics"}),
               f"without profiles: status {status}, {paths}: {log}")
        status, paths, log = once(folder, "unwanted", "", wish="  profiles: false\n")
        expect((status, paths) == (0, {"/v1/metrics"}),
               f"a server without profiles: status {status}, {paths}: {log}")
        for metrics in ("true", "false"):
            status, paths, log = once(
                folder, f"refused-{metrics}", f"metrics:\n  enabled: {metrics}\n",
                iter(lambda: rude_server.refuse, None))
            expect(status != 0 and "answered 400" in log, f"refused: status {status}: {log}")
        status = away.running.finish(90).status
        expect(status != 0, f"nobody there: status {status}")
        return f"accepted 0, refused 1, nobody there {status}"


def check_once_files(folder):
    kept = folder / "once-files"
    with programs(folder) as loads:
        plant(loads, PLANTED)
        with start_once(folder, "files", f"profile_directory:\n  path: {kept}\n") as agent:
            cost = agent.running.finish(60)
    names = sorted(path.name for path in kept.iterdir())
    expect(cost.status == 0 and len(names) > 1, f"status {cost.status}, {names}")
    expect(len({name.split("-")[0] for name in names}) == 1, f"a window has the files {names}")
    return f"{len(names)} files, all of {names[0].split('-')[0]}"


# --- signals ------------------------------------------------------------------------------------


def check_signals(folder):
    """A window that only the end closes, with servers that would hold up the end."""
    silent = iter(lambda: rude_server.say_nothing, None)
    with programs(folder) as loads, RudeServer() as live, RudeServer(silent) as hanging:
        settings = f"""\
profiling:
  window: 10m
destinations:
- name: live
  type: otlp
  url: {live.address}
- name: hanging
  type: otlp
  url: {hanging.address}
- name: away
  type: otlp
  url: http://127.0.0.1:{free_port()}
"""
        plant(loads, PLANTED)
        with Agent(folder, settings) as agent:
            agent.wait_until_ready()
            wait_until(lambda: "msg=profiling" in agent.log.read_text(), "profiling")
            check_reload(agent)
            last = plant(loads, "last-words")
            wait_until(lambda: cpu_seconds(last.pid) > 0.3, "some work")
            expect(not any("profiles" in taken.path for taken in live.taken.values()),
                   "the window has ended before its time")
            signalled = time.time()
            seconds = end(agent)
    check_last_window(live, signalled)
    # What two servers have not taken waits for another start.
    expect(live.taken.keys() <= queued_on_disk(agent).keys(), "the queue has not what is not sent")
    return f"after {seconds:.1f} s, with one server of three that answers"


def check_reload(agent):
    """Of a broken file nothing holds, and the log has file, line and key; a good one is used."""
    good = agent.configuration.read_text()
    broken = good.replace("  window: 10m\n", "  window: 10m\n  frequenzy: 7\n")
    broken += "log:\n  level: error\n"
    line = broken.splitlines().index("  frequenzy: 7") + 1
    agent.configuration.write_text(broken)
    agent.running.process.send_signal(signal.SIGHUP)
    sentence = f"{agent.configuration}:{line}: profiling.frequenzy:"
    wait_until(lambda: sentence in agent.log.read_text(), f"the log's line of {sentence}")
    expect(any("frequenzy" in error["message"] for error in agent.health["errors"]),
           "health does not have it")
    agent.configuration.write_text(good + "metrics:\n  interval: 1s\n")
    agent.running.process.send_signal(signal.SIGHUP)
    # Were the level that of the broken file, this would not be told.
    wait_until(lambda: "configuration changed" in agent.log.read_text(), "the new configuration")


def check_other_settings(folder):
    """Servers that go and come, and another frequency: profiles go on, to where they are wanted now."""
    def settings(frequency, server=""):
        return f"""profiling:
  window: 1s
  frequency: {frequency}
budget:
  governor: false
profile_directory:
  path: {folder}/agent/kept
{server}"""

    def reload(agent, text):
        head = agent.configuration.read_text().split("profiling:")[0]
        agent.configuration.write_text(head + text)
        agent.running.process.send_signal(signal.SIGHUP)

    def kept():
        return list((folder / "agent" / "kept").glob("*.pb.gz"))

    with programs(folder) as loads, RudeServer() as live:
        server = f"destinations:\n- name: live\n  type: otlp\n  url: {live.address}\n"
        sent = lambda: sum("profiles" in taken.path for taken in list(live.taken.values()))
        plant(loads, PLANTED)
        with Agent(folder, settings(49, server)) as agent:
            agent.wait_until_ready()
            wait_until(lambda: sent() > 1, "profiles at the server")
            expect(not kept(), "profiles are kept though there is a server")
            reload(agent, settings(199))
            wait_until(lambda: len(kept()) > 2, "profiles in the directory")
            hertz = lambda: figure(figures(agent), "wick_sampling_frequency_hertz", event="cpu")
            wait_until(lambda: hertz() == 199, "the new frequency")
            before = sent()
            reload(agent, settings(199, server))
            wait_until(lambda: sent() > before + 1, "profiles at the server again")
            files = len(kept())
            time.sleep(2.5)
            expect(len(kept()) == files, "profiles are still kept though there is a server")
            end(agent)
    return f"{files} files were kept while there was no server"


def check_last_window(live, signalled):
    """It reaches to the signal, and has the samples of the last second."""
    services, ends = collections.Counter(), []
    for taken in live.taken.values():
        if "profiles" in taken.path:
            decoded = Decoded(Profiles.FromString(taken.body))
            for resource, profile, _, _, value in decoded.samples():
                services[resource["service.name"]] += value
                ends.append((profile.time_unix_nano + profile.duration_nano) / 1e9)
    expect(ends, "the last window has not arrived")
    expect(max(ends) >= signalled - 1, f"it ended {signalled - max(ends):.1f} s before the signal")
    for service in (PLANTED, "last-words"):
        expect(services[service] > 0, f"{service} is missing in {dict(services)}")


# --- all ----------------------------------------------------------------------------------------


class Report:
    """Runs checks that do not stop each other."""

    def __init__(self):
        self.failures = 0

    def check(self, name, body, *arguments):
        began = time.monotonic()
        try:
            said = f"ok      {name}: {body(*arguments)}"
        except (Exception, SystemExit) as problem:
            if not isinstance(problem, (Failure, SystemExit)):
                traceback.print_exc()
            self.failures += 1
            said = f"FAILED  {name}: {problem}"
        print(f"{said} ({time.monotonic() - began:.0f} s)", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--collector", required=True)
    parser.add_argument("--victoria", required=True)
    parser.add_argument("--sink", type=pathlib.Path, required=True)
    parser.add_argument("checks", nargs="*", help="servers, once, signals, kills or manners")
    chosen = parser.parse_args()
    # So that what was started is ended too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    run("gcc", "-O2", "-fomit-frame-pointer", "-pthread", "-o", str(chosen.folder / "split"),
        str(ROOT / "Tests/Workloads/split.c"))
    report = Report()

    def folder_of(name):
        (chosen.folder / name).mkdir()
        return chosen.folder / name

    def wants(name):
        return not chosen.checks or name in chosen.checks

    with contextlib.ExitStack() as stack:
        if wants("once"):
            folder = folder_of("once")
            # It tries for a minute, meanwhile.
            away = stack.enter_context(
                start_once(folder, "away", otlp(f"http://127.0.0.1:{free_port()}")))
        if wants("servers"):
            agent_servers.check_all(report, folder_of("servers"), chosen)
        if wants("signals"):
            report.check("signals", check_signals, folder_of("signals"))
            report.check("other settings", check_other_settings, folder_of("settings"))
        if wants("kills"):
            report.check("kills", agent_kills.check_nothing_is_lost, folder_of("kills"))
            report.check(
                "the queue's figures", agent_kills.check_queue_figures, folder_of("queue"))
        if wants("manners"):
            report.check("bad manners", agent_faults.check_manners, folder_of("manners"), False)
            report.check("bad manners, with profiles", agent_faults.check_manners,
                         folder_of("manners-profiles"), True)
        if wants("once"):
            report.check("one window", check_once, folder, away)
            report.check("files of one window", check_once_files, folder)
    sys.exit(1 if report.failures else 0)


main()
