"""What the tests of `wick agent` share."""

import contextlib
import os
import shutil

from loads import Loads
from receivers import prometheus

PLANTED = "planted-service"


class Failure(Exception):
    pass


def expect(condition, sentence):
    if not condition:
        raise Failure(sentence)


def figures(agent):
    """The agent's own metrics, by name and labels."""
    return prometheus(agent.get("/metrics")[1].decode())


def figure(found, name, **labels):
    return found[name][frozenset(labels.items())]


def end(agent):
    cost, seconds = agent.stop()
    expect(cost.status == 0, f"it ends with {cost.status}: {agent.log.read_text()[-500:]}")
    expect(seconds <= 5, f"the end took {seconds:.1f} s")
    return seconds


@contextlib.contextmanager
def programs(folder):
    """Loads in a folder with the known program."""
    if not (folder / "split").exists():
        shutil.copy(folder.parent / "split", folder)
    with Loads(folder) as loads:
        yield loads


def plant(loads, service, version=""):
    words = {"OTEL_SERVICE_NAME": service}
    if version:
        words["OTEL_RESOURCE_ATTRIBUTES"] = f"service.version={version}"
    return loads.start(str(loads.folder / "split"), "300", env={**os.environ, **words})
