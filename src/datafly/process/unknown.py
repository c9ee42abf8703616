"""What becomes of an event about whose consent nothing at all is known, where it is not simply kept."""

from typing import Final

import msgspec

from datafly.model.event import STRIPPED, Event, Original
from datafly.model.traits import tells_who

_KEPT: Final = frozenset({"app", "campaign", "consent", "library", "locale", "os", "page", "screen", "timezone"})
"""Of the context. What is not known is not kept: SDKs put addresses and ids of devices there."""


class Withheld(msgspec.Struct, frozen=True):
    """The event is not kept: nothing is known of its consent, and that is how it was decided."""


def is_unknown(event: Event) -> bool:
    """Neither the event nor the visitor nor a default says anything."""
    return not event.consent.source


def stripped(event: Event) -> Event:
    """Without traits, addresses and devices. Its ids stay: they are what keeps it one visitor's, and in order."""
    sent = event.original
    return msgspec.structs.replace(
        event,
        traits={},
        known_traits={},
        properties={name: value for name, value in event.properties.items() if not tells_who(name)},
        context={name: value for name, value in event.context.items() if name in _KEPT},
        original=sent and Original(event=sent.event, timestamp=sent.timestamp),
        steps=(*event.steps, STRIPPED),
    )
