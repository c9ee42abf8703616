"""Finds the request that brought an event: its record in `raw`, which no index holds, by the time when it came."""

from typing import Final

import msgspec

from datafly.management.services import Composed
from datafly.model.event import Event, Received

_SLACK_MS: Final = 2_000
"""A record is appended a little after its event was received, and clocks are put right now and then."""
_LOOKED_AT: Final = 5_000
_RECEIVED: Final = msgspec.json.Decoder(Received)


def received_of(services: Composed, event: Event) -> Received | None:
    """None where it is not kept any more, or not found within bounds."""
    for partition in services.raw.partitions:
        first = services.raw.first_since(partition, event.received_ms - _SLACK_MS)
        if found := _among(services, partition, first, event):
            return found
    return None


def _among(services: Composed, partition: int, first: int, event: Event) -> Received | None:
    """Up to the event's time; the message id is looked for in the bytes before anything is decoded."""
    written = msgspec.json.encode(event.message_id)
    for place in services.raw.between(partition, first, first + _LOOKED_AT):
        if place.record.at_ms > event.received_ms + 5 * _SLACK_MS:
            return None
        found = _read(place.record.value) if written in place.record.value else None
        if found and (found.message_id, found.pipeline_id) == (event.message_id, event.pipeline_id):
            return found
    return None


def _read(value: bytes) -> Received | None:
    try:
        return _RECEIVED.decode(value)
    except (msgspec.DecodeError, UnicodeError):
        return None
