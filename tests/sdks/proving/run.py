"""Runs an SDK against a gateway, as a process of its own that ends as soon as its documentation lets it."""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import cache

from datafly.model.event import Event, Received
from proving.gateway import Gateway, gateway
from proving.sdks import DRIVERS, HERE, Sdk
from proving.several import Several

PATIENCE_SECONDS = 60.0
LOOK_SECONDS = 0.2
"""So often it is looked whether the process lives."""
MODES = ("all", "short", "lost")
"""Every call once; one call of a process or page that ends at once; every call, the first answer being lost."""
INSTALL = HERE.parent / "differential/segment/install.py"


class NoNode(Exception):
    """Node or the packages cannot be had here."""


@dataclass(frozen=True)
class Seen:
    """`received`: what the gateway took, repetitions too. `events`: what process made of it. `said`: by the SDK."""

    received: list[Received]
    events: list[Event]
    said: str


@cache
def node() -> str:
    """The path of Node; the packages are there. Raises `NoNode`."""
    ended = subprocess.run([sys.executable, INSTALL, DRIVERS], capture_output=True, text=True, check=False)
    if ended.returncode:
        raise NoNode(ended.stderr.strip())
    return ended.stdout.strip()


def calls_of(sdk: Sdk, mode: str) -> list[dict]:
    return [call for call in sdk.calls if mode != "short" or call["type"] == "track"]


@cache
def run(sdk: Sdk, mode: str) -> Seen:
    with gateway(lost=mode == "lost") as it:
        return _seen(sdk, mode, it)


def run_at(sdk: Sdk, mode: str, several: Several) -> Seen:
    """As `run`, at several gateways, where no answer is lost."""
    return _seen(sdk, mode, several.begin())


def _seen(sdk: Sdk, mode: str, it: Gateway | Several) -> Seen:
    calls = calls_of(sdk, mode)
    awaited = len(calls) + (mode == "lost" and sdk.repeats)
    process = _start(_words(sdk), it.url, it.key, json.dumps(calls), mode)
    try:
        until = time.monotonic() + PATIENCE_SECONDS
        with it.news:
            while len(it.received) < awaited and process.poll() is None and time.monotonic() < until:
                it.news.wait(LOOK_SECONDS)
        said = process.communicate("", PATIENCE_SECONDS)[0]
    finally:
        process.kill()
    return Seen(it.received, it.events, said + f"\nended with {process.returncode}")


def _words(sdk: Sdk) -> list[str]:
    driver, *told = sdk.driver.split()
    if sdk.where == "Python":
        return [sys.executable, str(DRIVERS / driver), *told]
    if sdk.where == "Node":
        return [node(), str(DRIVERS / driver)]
    node()
    return [sys.executable, str(DRIVERS / "browser.py"), driver]


def _start(words: list[str], *more: str) -> subprocess.Popen[str]:
    env = os.environ | {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.Popen([*words, *more], text=True, env=env, **pipes)
