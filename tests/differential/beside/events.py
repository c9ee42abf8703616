"""The corpus, as canonical events for Signal and as Segment's libraries would have sent them."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from datafly import catalog
from datafly.model.event import Event, Original
from datafly.spec.faces import event_of
from datafly.spec.faces.cases import SAMPLE_MS
from datafly.spec.integration import Integration, Sample

ROOT = Path(__file__).parents[3]
CORPUS = ROOT / "contract/insider"
AT = datetime.fromtimestamp(SAMPLE_MS / 1000, UTC)
"""When the cases happen that do not say."""
OWN = Path(__file__).parents[1] / "cases.json"
"""What Segment's mapping reads and Signal's corpus has no need of."""


def insider() -> Integration:
    return next(one for one in catalog.all() if one.slug == "insider")


def corpus() -> list[Sample]:
    """Every case of `contract/insider`, or else the samples of the integration; and the cases beside this folder."""
    found = [case for file in sorted(CORPUS.glob("*.json")) for case in cases_of(file)]
    return [*(found or insider().samples), *cases_of(OWN)]


def cases_of(file: Path) -> list[Sample]:
    read = json.loads(file.read_text(encoding="utf-8"))
    cases = read["cases"] if isinstance(read, dict) else read
    return [
        Sample(f"{file.stem}: {case['title']}", event=case["event"], config=case.get("config", {})) for case in cases
    ]


def as_segment(event: Event) -> dict[str, Any]:
    """The same event as a Segment source sends it: under the name and with the properties that were sent.

    What is known of the user stands under `context.traits`, as Segment's mobile libraries send it.
    """
    sent = event.original or Original()
    at = datetime.fromtimestamp(event.timestamp_ms / 1000, UTC).isoformat(timespec="milliseconds")
    context = {**event.context, **({"traits": event.known_traits} if event.known_traits else {})}
    told = {
        "type": event.type,
        "messageId": event.message_id,
        "timestamp": at.replace("+00:00", "Z"),
        "userId": event.user_id,
        "anonymousId": event.anonymous_id,
        "groupId": event.group_id,
        "event": sent.event or event.event,
        "name": event.name,
        "properties": sent.properties or event.properties or None,
        "traits": event.traits or None,
        "context": context or None,
    }
    return {name: value for name, value in told.items() if value is not None}


def pairs() -> list[tuple[Sample, Event]]:
    return [(sample, event_of(sample)) for sample in corpus()]
