"""What is sent to a vendor beside what other products document, as a chapter of one page."""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from datafly.spec.faces.tables import table
from datafly.spec.integration import Integration
from datafly.spec.peers import by_sample, differs, ours, shown
from datafly.spec.words import Peer

_HEAD: Final = (
    "# Beside Segment and RudderStack\n\n"
    "What Signal sends for an event, beside what the published documents and sources of Segment's and RudderStack's "
    "integrations say that those send. Signal's side is the request of a sample, which a test holds the mapping to; "
    "theirs are single fields as they are documented, with the source. What they do not document is not compared. "
    "Each deviation has its reason: a check fails on one without, and on a reason for none."
)


def beside_page(integrations: Iterable[Integration]) -> str:
    """Of those that bring such facts; by slug."""
    parts = [part for one in integrations if one.peers for part in _of(one)]
    return "\n\n".join([_HEAD, *parts]) + "\n"


def _of(one: Integration) -> Iterator[str]:
    yield f"## {one.name}"
    for title, peers in by_sample(one):
        sample = next(sample for sample in one.samples if sample.title == title)
        yield f"### {title[0].upper()}{title[1:]}"
        yield f"The event:\n\n```json\n{_json(sample.event)}\n```"
        yield f"What Signal sends:\n\n```json\n{_json(sample.sends)}\n```"
        yield table(("field", "Signal", "by whom", "theirs", "why Signal differs"), [_row(one, peer) for peer in peers])
    yield "Sources: " + "; ".join(dict.fromkeys(peer.source for peer in one.peers)) + "."


def _row(one: Integration, peer: Peer) -> tuple[str, ...]:
    theirs = peer.words or shown(peer.sends)
    why = peer.why if differs(one, peer) else "the same"
    return f"`{peer.field}`", shown(ours(one, peer)), peer.who, theirs, why


def _json(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
