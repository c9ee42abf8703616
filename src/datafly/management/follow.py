"""Live events as they come: each when it is first seen, and again when its last verdict is final.

When an installation is suspended, the first event that waits for it is told once more: it brings the cause and the cure
to who watches.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

import msgspec

from datafly.management.events_log import Place
from datafly.management.fates import PAGE, Fates
from datafly.management.paging import decode_cursor, encode_cursor
from datafly.management.search import Filters, Positions, event_at, fits
from datafly.management.services import Composed
from datafly.management.views.event import LiveEvent
from datafly.model.errors import Unavailable
from datafly.model.event import Event

_CHUNK: Final = 200
_HEARTBEAT: Final = b": still here\n\n"
_CURE: Final = "send the `id` of a message of this stream, or leave it out to begin with what comes now"


class Follower:
    """One reader of the stream.

    The id of each message is the place from which a client that comes back misses nothing: before every event that
    still waits for a verdict. So it may see events twice; `message_id` tells them.
    """

    def __init__(
        self, services: Composed, filters: Filters, positions: Positions, *, may_follow: Callable[[], bool]
    ) -> None:
        """`may_follow` is asked before every step: a token that is revoked, or expires, ends its streams too."""
        self._services = services
        self._filters = filters
        self._positions = positions
        self._may_follow = may_follow
        self._waiting: dict[tuple[int, int], Event] = {}
        self._suspended: frozenset[str] = frozenset()

    def step(self) -> list[bytes] | None:
        """Blocking: what is new since the last step, encoded; None where it may not follow any more.

        After a failure the follower is of no more use.
        """
        if not self._may_follow():
            return None
        places = self._services.log.after(self._positions, limit=_CHUNK)
        if not places and not self._waiting:
            return []
        fates = Fates(self._services, neighbours=PAGE)
        return self._decided(fates) + self._held_up(fates) + self._arrived(places, fates)

    def _arrived(self, places: list[Place], fates: Fates) -> list[bytes]:
        messages = []
        for place in places:
            self._positions[place.partition] = place.offset + 1
            event = event_at(place) if fits(place, self._filters) else None
            if event:
                live = fates.of(event, place.partition, place.offset)
                self._remember(place, event, live)
                messages.extend(self._message(live))
        return messages

    def _decided(self, fates: Fates) -> list[bytes]:
        messages = []
        for key, event in list(self._waiting.items()):
            if fates.is_final(event, *key):
                del self._waiting[key]
                messages.extend(self._message(fates.of(event, *key)))
        return messages

    def _held_up(self, fates: Fates) -> list[bytes]:
        """One event for each installation that was suspended since the last step."""
        now, messages = fates.suspended(), []
        newly, self._suspended = now - self._suspended, now
        for key, event in self._waiting.items() if newly else ():
            live = fates.of(event, *key)
            held_by = {one.pipeline_integration_id for one in live.pending if one.state == "suspended"}
            if newly & held_by:
                messages.extend(self._message(live))
                newly -= held_by
        return messages

    def _remember(self, place: Place, event: Event, live: LiveEvent) -> None:
        if live.pending:
            self._waiting[place.partition, place.offset] = event
        if len(self._waiting) > self._services.settings.follow_waiting:
            del self._waiting[next(iter(self._waiting))]

    def _message(self, live: LiveEvent) -> list[bytes]:
        if not self._filters.fits_fate(live):
            return []
        return [b"id: %b\ndata: %b\n\n" % (self._place().encode(), msgspec.json.encode(live))]

    def _place(self) -> str:
        resume = dict(self._positions)
        for partition, offset in self._waiting:
            resume[partition] = min(resume[partition], offset)
        return encode_cursor(resume)


def start(services: Composed, last_event_id: str | None) -> Positions:
    """Blocking. Where a follower begins: at the heads, or where it was."""
    heads = services.log.heads()
    if not last_event_id:
        return heads
    return heads | {
        partition: min(offset, heads[partition])
        for partition, offset in decode_cursor(last_event_id, Positions, field="Last-Event-ID", cure=_CURE).items()
        if partition in heads
    }


async def messages(follower: Follower, services: Composed) -> AsyncIterator[bytes]:
    """Ends when the role does, when the follower may not follow any more, or the store cannot be read.

    A client comes back with the id that it saw last.
    """
    clock, settings = services.clock, services.settings
    yield _HEARTBEAT
    spoken = clock.monotonic()
    while not services.stop.is_set():
        try:
            found = await asyncio.to_thread(follower.step)
        except Unavailable:
            return
        if found is None:
            return
        for message in found:
            yield message
        due = clock.monotonic() - spoken >= settings.heartbeat_seconds
        if due and not found:
            yield _HEARTBEAT
        if due or found:
            spoken = clock.monotonic()
        else:
            await clock.sleep(settings.follow_pause_seconds)
