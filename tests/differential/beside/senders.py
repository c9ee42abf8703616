"""What each of the two sends for an event: the requests, or why there is none."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from beside.events import Case
from datafly.model.delivery import Outgoing
from datafly.model.secret import Secret
from datafly.model.verdict import Ruling
from datafly.shape import shape_event
from datafly.testing.corpus import NOW_MS, installed

SEGMENT = Path(__file__).parents[1] / "segment"
NOT_HERE = 3


class Sent(msgspec.Struct, frozen=True):
    """`requests`: dicts of method, url, headers and body. `nothing`: in a word or a sentence, why there is none.

    `actions`: those of Segment's mapping that sent them.
    """

    requests: tuple[dict[str, Any], ...] = ()
    nothing: str = ""
    actions: tuple[str, ...] = ()


class NoNode(Exception):
    """Segment's mapping cannot run on this machine; the text says why."""


def node() -> str:
    """The path of a Node beside which the published mapping is installed."""
    ran = subprocess.run([sys.executable, SEGMENT / "install.py"], capture_output=True, text=True, check=False)
    if ran.returncode == NOT_HERE:
        raise NoNode(ran.stderr.strip())
    if ran.returncode:
        raise RuntimeError(ran.stderr)
    return ran.stdout.strip()


def sent_by_segment(events: Sequence[dict[str, Any]]) -> list[Sent]:
    lines = "".join(json.dumps(event) + "\n" for event in events)
    ran = subprocess.run([node(), SEGMENT / "run.cjs"], input=lines, capture_output=True, text=True, check=True)
    answers = [json.loads(line) for line in ran.stdout.splitlines()]
    if len(answers) != len(events):
        raise RuntimeError(f"{len(events)} events, {len(answers)} answers:\n{ran.stderr}")
    return [as_sent(**answer) for answer in answers]


def as_sent(actions: list[str], requests: list[dict[str, Any]], error: str = "no action takes it") -> Sent:
    return Sent(tuple(requests), "" if requests else error, tuple(actions))


def sent_by_signal(case: Case) -> Sent:
    compiled = installed("insider", case.given)
    shaped = shape_event(compiled, case.event, NOW_MS)
    if isinstance(shaped, Ruling):
        return Sent(nothing=shaped.reason)
    return Sent(tuple(plain(compiled.assemble([item])) for item in shaped))


def plain(outgoing: Outgoing) -> dict[str, Any]:
    headers = {name: text.reveal() if isinstance(text, Secret) else text for name, text in outgoing.headers.items()}
    return {
        "method": outgoing.method,
        "url": outgoing.url,
        "headers": {name: text for name, text in headers.items() if name.lower() != "content-type"},
        "body": json.loads(outgoing.body),
    }
