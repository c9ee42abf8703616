"""The corpus: the events that were sent, and what Signal makes of them before it shapes them for Insider."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from datafly.model.event import Event
from datafly.testing.corpus import NOW_MS, governed, read_corpus

ROOT = Path(__file__).parents[3]
CORPUS = ROOT / "contract/insider"
OWN = Path(__file__).parents[1] / "cases"
"""What Segment's mapping reads and Signal's corpus has no need of; in the shape of the corpus."""
AT = datetime.fromtimestamp(NOW_MS / 1000, UTC)
"""When everything happens that does not say."""


class Case(msgspec.Struct, frozen=True):
    """`given`: as it stands in the corpus. `event`: what comes out of `process`, after those that came before it."""

    title: str
    given: dict[str, Any]
    event: Event

    @property
    def as_sent(self) -> dict[str, Any]:
        """As Segment gets it: the event that was sent, with what Signal has learnt of the user as `context.traits`."""
        sent = {"messageId": self.event.message_id, "timestamp": moment(AT), **self.given["event"]}
        return with_traits(sent, self.event)


def corpus() -> list[Case]:
    return [Case(title, given, governed(given)) for folder in (OWN, CORPUS) for title, given in read_corpus(folder)]


def as_segment(event: Event) -> dict[str, Any]:
    """A governed event as a Segment source would have sent it."""
    told = {
        "type": event.type,
        "messageId": event.message_id,
        "timestamp": moment(datetime.fromtimestamp(event.timestamp_ms / 1000, UTC)),
        "userId": event.user_id,
        "anonymousId": event.anonymous_id,
        "event": event.event,
        "properties": event.properties or None,
        "traits": event.traits or None,
        "context": event.context or None,
    }
    return with_traits({name: value for name, value in told.items() if value is not None}, event)


def with_traits(sent: dict[str, Any], event: Event) -> dict[str, Any]:
    """Segment's mobile libraries send what they know of the user so; its mapping reads it there."""
    if not event.known_traits:
        return sent
    context = sent.get("context", {})
    return {**sent, "context": {**context, "traits": {**event.known_traits, **context.get("traits", {})}}}


def moment(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
