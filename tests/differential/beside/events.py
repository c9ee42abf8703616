"""The corpus, as canonical events for Signal and as Segment's libraries would have sent them."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from datafly import catalog
from datafly.model.event import Event
from datafly.spec.faces import event_of
from datafly.spec.integration import Integration, Sample

ROOT = Path(__file__).parents[3]
CORPUS = ROOT / "contract/insider"


def insider() -> Integration:
    return next(one for one in catalog.all() if one.slug == "insider")


def corpus() -> list[Sample]:
    """Every case of `contract/insider`; where there is none, the samples of the integration."""
    found = [case for file in sorted(CORPUS.glob("*.json")) for case in cases_of(file)]
    return found or list(insider().samples)


def cases_of(file: Path) -> list[Sample]:
    read = json.loads(file.read_text(encoding="utf-8"))
    cases = read["cases"] if isinstance(read, dict) else read
    return [
        Sample(f"{file.stem}: {case['title']}", event=case["event"], config=case.get("config", {})) for case in cases
    ]


def as_segment(event: Event) -> dict[str, Any]:
    """The same event as a Segment source sends it; what is known of the user stands under `context.traits`."""
    at = datetime.fromtimestamp(event.timestamp_ms / 1000, UTC).isoformat(timespec="milliseconds")
    context = {**event.context, **({"traits": event.known_traits} if event.known_traits else {})}
    told = {
        "type": event.type,
        "messageId": event.message_id,
        "timestamp": at.replace("+00:00", "Z"),
        "userId": event.user_id,
        "anonymousId": event.anonymous_id,
        "groupId": event.group_id,
        "event": event.event,
        "name": event.name,
        "properties": event.properties or None,
        "traits": event.traits or None,
        "context": context or None,
    }
    return {name: value for name, value in told.items() if value is not None}


def pairs() -> list[tuple[Sample, Event]]:
    return [(sample, event_of(sample)) for sample in corpus()]
