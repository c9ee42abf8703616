import asyncio

import pytest

from datafly.deliver.entries import EventReader
from datafly.deliver.feed import Cursor, Feed
from datafly.deliver.offload import Inline
from datafly.deliver.settings import DeliverySettings
from datafly.log.base import Bounds, Record
from datafly.model.event import Event
from datafly.testing.clock import FakeClock


def made_event(number):
    return Event(
        message_id=f"m-{number}",
        type="track",
        pipeline_id="pl_1",
        key="k",
        timestamp_ms=0,
        received_ms=number,
        properties={"number": number},
    )


class Shelf:
    """A partition in memory: `reads` counts what was asked of it."""

    def __init__(self):
        self.records = []
        self.awake = 100
        self.skips = False
        self.earliest = 0
        self.open = 0
        self.decoded = []

    def append(self, count):
        first = len(self.records)
        self.records += [Record(first + index, "k", b"%d" % (first + index), 0) for index in range(count)]

    def reader(self):
        self.open += 1
        return EventReader(self, self._decode, awake=self.awake)

    def _decode(self, value):
        if value == b"13":
            raise ValueError("unlucky")
        self.decoded.append(int(value))
        return made_event(int(value))

    def read(self, offset, *, max_records, max_bytes=0):
        start = max(offset, self.earliest)
        return self.records[start : start + max_records]

    def look(self, offset, *, max_records):
        records = self.read(offset, max_records=max_records)
        return records, records[-1].offset + 1 if records else offset

    def gone_below(self, first):
        return first

    def bounds(self):
        return Bounds(self.earliest, len(self.records))

    def close(self):
        self.open -= 1


class Room:
    def __init__(self, **settings):
        self.shelf, self.clock = Shelf(), FakeClock()
        chosen = DeliverySettings(**{"chunk_events": 10, "ring_events": 40} | settings)
        self.feed = Feed(self.shelf.reader, clock=self.clock, offload=Inline(), settings=chosen)
        self.task = asyncio.create_task(self.feed.run())

    async def take(self, cursor, until):
        taken = []
        while cursor.position < until:
            task = asyncio.create_task(cursor.take(7))
            while not task.done():
                await self.clock.advance(0.01)
            taken += task.result()
        return taken


@pytest.fixture
async def room():
    made = Room()
    yield made
    made.task.cancel()


async def test_at_the_head_each_event_is_decoded_once_for_all(room):
    cursors = [Cursor(room.feed, 0) for _ in range(3)]
    for _ in range(5):
        room.shelf.append(12)
        for cursor in cursors:
            await room.take(cursor, len(room.shelf.records))
    assert room.shelf.decoded == [offset for offset in range(60) if offset != 13]
    assert room.shelf.open == 1


async def test_who_falls_behind_the_ring_reads_alone_until_it_joins(room):
    room.shelf.append(200)
    fast, slow = Cursor(room.feed, 0), Cursor(room.feed, 0)
    await room.take(fast, 200)
    taken = await room.take(slow, 100)
    assert [entry.offset for entry in taken[:100]] == list(range(100))
    assert room.shelf.open == 2
    await room.take(slow, 200)
    assert room.shelf.open == 1


async def test_the_feed_follows_whoever_is_furthest(room):
    room.shelf.append(500)
    laggard, newest = Cursor(room.feed, 0), Cursor(room.feed, 490)
    await room.take(laggard, 7)
    await room.take(newest, 500)
    assert room.feed.covers(490)
    taken = await room.take(laggard, 500)
    assert [entry.offset for entry in taken] == list(range(7, 500))


async def test_nothing_is_read_far_ahead_of_those_who_ask(room):
    room.shelf.append(500)
    cursor = Cursor(room.feed, 0)
    await room.take(cursor, 7)
    await room.clock.advance(5)
    assert len(room.shelf.decoded) <= 50


async def test_what_everybody_has_taken_is_not_held_but_for_the_last_few():
    room = Room(ring_events=100, rejoin_events=5)
    room.shelf.append(60)
    first, second = Cursor(room.feed, 0), Cursor(room.feed, 0)
    await room.take(first, 60)
    assert room.feed.covers(0)
    taken = await room.take(second, 60)
    assert [entry.offset for entry in taken] == list(range(60))
    assert (room.feed.covers(54), room.feed.covers(55)) == (False, True)
    assert room.shelf.open == 1
    room.task.cancel()


async def test_a_cursor_that_is_gone_holds_nothing():
    room = Room(ring_events=100, rejoin_events=5)
    room.shelf.append(60)
    stays, leaves = Cursor(room.feed, 0), Cursor(room.feed, 0)
    await room.take(stays, 50)
    assert room.feed.covers(0)
    del leaves
    await room.take(stays, 60)
    assert not room.feed.covers(50)
    room.task.cancel()


async def test_what_cannot_be_decoded_is_an_entry_with_its_fault(room):
    room.shelf.append(20)
    taken = await room.take(Cursor(room.feed, 0), 20)
    assert [entry.fault for entry in taken if entry.offset == 13] == ["unlucky"]
    assert [entry.offset for entry in taken] == list(range(20))


@pytest.mark.parametrize("left", [150, 200])
async def test_what_retention_dropped_is_one_lost_entry(room, left):
    room.shelf.append(200)
    room.shelf.earliest = left
    taken = await room.take(Cursor(room.feed, 20), 200)
    assert (taken[0].is_lost, taken[0].offset, taken[0].last) == (True, 20, left - 1)
    assert [entry.offset for entry in taken[1:]] == list(range(left, 200))


async def test_who_stands_in_the_middle_of_what_was_dropped_loses_only_what_is_ahead():
    """Everything before has its verdict already."""
    room = Room(ring_events=500)
    room.shelf.append(200)
    room.shelf.earliest = 150
    await room.take(Cursor(room.feed, 20), 200)
    taken = await room.take(Cursor(room.feed, 60), 200)
    assert (taken[0].is_lost, taken[0].offset, taken[0].last) == (True, 60, 149)
    room.task.cancel()


def awake(entries):
    return [entry.offset for entry in entries if entry.decoded is not None]


async def test_of_what_waits_only_the_newest_is_held_decoded_and_the_rest_is_decoded_when_it_is_asked_for():
    room = Room(ring_events=100)
    room.shelf.awake = 15
    room.shelf.append(60)
    taken = await room.take(Cursor(room.feed, 0), 60)
    assert awake(taken) == list(range(45, 60))
    assert [one.event.properties["number"] for one in taken if one.is_readable] == [n for n in range(60) if n != 13]
    assert awake(taken) == list(range(45, 60))
    room.task.cancel()


async def test_once_nobody_takes_anything_nothing_is_held_decoded(room):
    """They wait for their vendor: with the log read to its end, and with more of it to come."""
    room.shelf.append(60)
    taken = await room.take(Cursor(room.feed, 0), 60)
    assert awake(taken)
    await room.clock.advance(30)
    assert not awake(taken)

    room.shelf.append(100)
    taken = await room.take(Cursor(room.feed, 60), 80)
    assert awake(taken)
    await room.clock.advance(30)
    assert not awake(taken)


async def test_who_reads_alone_and_waits_holds_nothing_decoded(room):
    room.shelf.append(200)
    await room.take(Cursor(room.feed, 0), 200)
    slow = Cursor(room.feed, 0)
    taken = await room.take(slow, 50)
    assert awake(taken)
    slow.rest()
    assert not awake(taken)
    assert taken[20].event == made_event(20)


async def test_what_is_told_as_history_is_so_also_when_it_is_decoded_again(room):
    room.shelf.append(5)
    entry = (await room.take(Cursor(room.feed, 0), 5))[0]
    entry.historical = True
    assert (entry.event.historical, entry.event.message_id) == (True, "m-0")
    entry.decoded = None
    assert (entry.event.historical, entry.event.message_id) == (True, "m-0")
