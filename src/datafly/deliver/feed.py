"""One reader per partition decodes each event once, for all installations at the head."""

from bisect import bisect_left
from collections.abc import Callable
from functools import partial
from typing import Final
from weakref import WeakSet

from datafly.deliver.bell import Bell
from datafly.deliver.entries import Entry, EventReader
from datafly.deliver.offload import Offload
from datafly.deliver.settings import DeliverySettings
from datafly.model.clock import Clock
from datafly.model.delivery import WHOLE, Share

_LOOK_EVENTS: Final = 32
"""A look at the head is cheaper than the way to a thread and back; where more waits, a thread reads."""

_SLOWER: Final = 1.02
"""From look to look while nothing comes: the slowest pace is reached after about a second."""

_DROWSY_SECONDS: Final = 1.0
"""If nobody takes anything for so long, they wait for a vendor."""

OpenReader = Callable[[], EventReader]


class Feed:
    """The newest entries of a share of a partition, a bounded ring that is complete from `first` to `next`.

    It follows whoever is furthest: read ahead by about one chunk, polled while they wait at the head. Who falls
    behind the ring reads by itself (`Cursor`). What everybody in the ring has taken leaves it, but for the last few,
    by which those who come from behind join again.
    """

    def __init__(
        self,
        open_reader: OpenReader,
        *,
        clock: Clock,
        offload: Offload,
        settings: DeliverySettings,
        share: Share = WHOLE,
    ) -> None:
        self.open_reader = open_reader
        self.share = share
        self.broken_off_ms = 0
        """Until when whoever delivered from it before may have sent what it told nobody of; 0: it told all."""
        self.offload = offload
        self.clock = clock
        self._settings = settings
        self._reader: EventReader | None = None
        self._cursors: WeakSet[Cursor] = WeakSet()
        self._entries: list[Entry] = []
        self._lasts: list[int] = []
        self._bytes = 0
        self._first = 0
        self._next: int | None = None
        self._furthest = -1
        self._behind = False
        self._wanted = Bell(clock)
        self._grown = Bell(clock)

    def serve(self, cursor: "Cursor") -> None:
        """Until it is gone, what it has still to take stays in the ring, as far as that goes."""
        self._cursors.add(cursor)

    def covers(self, position: int) -> bool:
        return self._next is not None and self._first <= position <= self._next

    def follow(self, position: int) -> None:
        """Somebody is at `position`; if nobody is further, the feed goes there."""
        if self._next is None or position > self._next:
            self._entries.clear()
            self._lasts.clear()
            self._bytes = 0
            self._first = self._next = position
        if position > self._furthest:
            self._furthest = position
            self._wanted.ring()
        self._trim()

    def slice(self, position: int, limit: int) -> tuple[list[Entry], int]:
        """Entries from `position` on, which the ring must cover, and the position after; of a lost range what is ahead.

        At the end of the ring that is where the ring ends: what came last may be of other shares.
        """
        start = bisect_left(self._lasts, position)
        entries = self._entries[start : start + limit]
        if entries and entries[0].offset < position:
            entries[0] = Entry(offset=position, last=entries[0].last)
        if start + limit < len(self._entries):
            return entries, entries[-1].last + 1
        return entries, max(self._next or 0, position)

    async def grown(self, position: int) -> None:
        """Waits until there may be something at or after `position`."""
        if self._next == position:
            await self._grown.wait()

    def disturb(self) -> None:
        """Whoever waits looks up: something else changed."""
        self._grown.ring()

    async def run(self) -> None:
        """Reads on for ever. Raises what the log raises; it can be run again then."""
        pause = self._settings.first_poll_seconds
        while True:
            while not self._is_wanted():
                if not await self._wanted.wait(_DROWSY_SECONDS):
                    self._rest()
                    await self._wanted.wait()
            if await self._read_on():
                pause = self._settings.first_poll_seconds
                continue
            await self.clock.sleep(pause)
            if pause < self._settings.max_poll_seconds:
                pause = min(pause * _SLOWER, self._settings.max_poll_seconds)
            else:
                self._rest()

    def close(self) -> None:
        """Nothing may be under way."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _rest(self) -> None:
        if self._reader is not None:
            self._reader.rest()

    def _is_wanted(self) -> bool:
        return self._next is not None and self._next - self._furthest < self._settings.chunk_events

    async def _read_on(self) -> bool:
        if self._reader is None:
            self._reader = await self.offload(self.open_reader)
        position = self._next or 0
        found = None if self._behind else self._reader.look(position, _LOOK_EVENTS, self.share)
        if found is None:
            found = await self.offload(partial(self._reader.read, position, self._settings.chunk_events, self.share))
        entries, after = found
        self._behind = after - position >= _LOOK_EVENTS
        if after == position or self._next != position:
            return after > position
        self._entries += entries
        self._lasts += [entry.last for entry in entries]
        self._bytes += sum([entry.size for entry in entries])
        self._next = after
        self._trim()
        self._grown.ring()
        return True

    def _trim(self) -> None:
        count = max(len(self._entries) - self._settings.ring_events, self._taken_by_all(), 0)
        size = sum([entry.size for entry in self._entries[:count]])
        while self._bytes - size > self._settings.ring_bytes and count < len(self._entries) - 1:
            size += self._entries[count].size
            count += 1
        if count:
            self._bytes -= size
            self._first = self._lasts[count - 1] + 1
            del self._entries[:count], self._lasts[:count]

    def _taken_by_all(self) -> int:
        """How many entries nobody in the ring has still to take; of the last few none."""
        spare = len(self._entries) - self._settings.rejoin_events
        if spare <= 0:
            return 0
        inside = (cursor.position for cursor in self._cursors if cursor.position >= self._first)
        return min(spare, bisect_left(self._lasts, min(inside, default=self._first)))


class Cursor:
    """A position in a partition: served by the feed at the head, by a reader of its own behind it."""

    def __init__(self, feed: Feed, position: int) -> None:
        self._feed = feed
        self._own: EventReader | None = None
        self.position = position
        feed.serve(self)

    def rest(self) -> None:
        """Nothing may be under way: what it read by itself is put to rest."""
        if self._own is not None:
            self._own.rest()

    async def take(self, limit: int) -> list[Entry]:
        """The next entries, in order; waits at the head. May be empty: disturbed, or what came is of other shares."""
        self._feed.follow(self.position)
        if not self._feed.covers(self.position):
            return await self._catch_up(limit)
        self.close()
        entries, after = self._feed.slice(self.position, limit)
        if after > self.position:
            self.position = after
            self._feed.follow(self.position)
        else:
            await self._feed.grown(self.position)
        return entries

    def close(self) -> None:
        """Nothing may be under way."""
        if self._own is not None:
            self._own.close()
            self._own = None

    async def _catch_up(self, limit: int) -> list[Entry]:
        if self._own is None:
            self._own = await self._feed.offload(self._feed.open_reader)
        read = partial(self._own.read, self.position, limit, self._feed.share)
        entries, self.position = await self._feed.offload(read)
        return entries


class Members:
    """The given offsets of a partition, one after the other: what a replay reads."""

    def __init__(self, feed: Feed, offsets: list[int]) -> None:
        self._feed = feed
        self._left = offsets
        self._own: EventReader | None = None
        self.position = offsets[0] if offsets else 0

    def rest(self) -> None:
        """Nothing may be under way: what it read is put to rest."""
        if self._own is not None:
            self._own.rest()

    async def take(self, limit: int) -> list[Entry]:
        """Members that the log no longer has are lost entries."""
        if self._own is None:
            self._own = await self._feed.offload(self._feed.open_reader)
        offsets = self._left[:limit]
        entries = await self._feed.offload(partial(_pick, self._own, offsets))
        del self._left[: len(offsets)]
        self.position = offsets[-1] + 1 if offsets else self.position
        return entries

    def close(self) -> None:
        """Nothing may be under way."""
        if self._own is not None:
            self._own.close()
            self._own = None


class Stretch:
    """What is picked of `first`..`last` of a partition: what a replay over a stretch of the log reads.

    `pick` blocks; it gets what can be read, and what is gone or cannot be read is nobody's. `seconds_each`: how long an
    event takes at the rate that is left to it.
    """

    def __init__(
        self, feed: Feed, first: int, last: int, *, pick: Callable[[list[Entry]], list[Entry]], seconds_each: float
    ) -> None:
        self._feed = feed
        self._end = last + 1
        self._pick = pick
        self._seconds_each = seconds_each
        self._wait = 0.0
        self._own: EventReader | None = None
        self.position = first

    def rest(self) -> None:
        """Nothing may be under way: what it read is put to rest."""
        if self._own is not None:
            self._own.rest()

    async def take(self, limit: int) -> list[Entry]:
        if self._wait > 0:
            await self._feed.clock.sleep(self._wait)
        if self._own is None:
            self._own = await self._feed.offload(self._feed.open_reader)
        if self._seconds_each > 0:
            limit = min(limit, max(1, int(1 / self._seconds_each)))
        entries, self.position = await self._feed.offload(partial(self._read, self._own, limit))
        self._wait = len(entries) * self._seconds_each
        return entries

    def close(self) -> None:
        """Nothing may be under way."""
        if self._own is not None:
            self._own.close()
            self._own = None

    def _read(self, reader: EventReader, limit: int) -> tuple[list[Entry], int]:
        entries, after = reader.read(self.position, limit)
        readable = [one for one in entries if one.is_readable and one.offset < self._end]
        return self._pick(readable), self._end if after == self.position else min(after, self._end)


def _pick(reader: EventReader, offsets: list[int]) -> list[Entry]:
    entries: list[Entry] = []
    for offset in offsets:
        found, _ = reader.read(offset, 1)
        at = [entry for entry in found if entry.offset == offset and not entry.is_lost]
        entries.append(at[0] if at else Entry(offset=offset, last=offset))
    return entries
