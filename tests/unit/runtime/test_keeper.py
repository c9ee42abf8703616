"""Gateways that hand over to the keeper of `raw`, over its real socket into a real log."""

import asyncio
import contextlib
import threading

import pytest

from datafly.ingest.signature import UsedSignatures
from datafly.log.base import RAW, Entry
from datafly.log.group import GroupCommit
from datafly.log.sqlite import SqliteLog
from datafly.model.errors import Unavailable
from datafly.runtime.clock import SystemClock
from datafly.runtime.frames import Frames, address, framed
from datafly.runtime.hand_over import HandOver
from datafly.runtime.keeper import Keeper

PATIENCE_SECONDS = 60.0


class Blocked:
    """An appender whose disk takes as long as the test wants."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.called = threading.Event()

    def append(self, entries, *, consumed=None):
        self.called.set()
        self.go_on.wait(PATIENCE_SECONDS)
        return 0


class House:
    def __init__(self, folder):
        # longer than an address of a socket may be
        self.path = folder / ("f" * 100) / "raw.sock"
        self.path.parent.mkdir()
        self.log = SqliteLog(folder / "log", {RAW: 1})

    @contextlib.asynccontextmanager
    async def keeper(self, appender=None, **bounds):
        """Runs inside; it is stopped at the end, as a role is."""
        own = appender or self.log.appender(RAW, 0)
        group = GroupCommit(own, **bounds)
        stop = asyncio.Event()
        running = asyncio.create_task(Keeper(group, UsedSignatures(SystemClock())).run(self.path, stop))
        try:
            yield
        finally:
            stop.set()
            await asyncio.wait_for(running, PATIENCE_SECONDS)
            await group.close()
            if appender is None:
                own.close()

    @contextlib.asynccontextmanager
    async def gateway(self, *, wait=True, **how):
        made = HandOver(self.path, **how)
        following = asyncio.create_task(made.follow())
        if wait:
            await asyncio.wait_for(made.connected.wait(), PATIENCE_SECONDS)
        try:
            yield made
        finally:
            following.cancel()
            await asyncio.wait([following])

    def values(self):
        reader = self.log.reader(RAW, 0)
        try:
            return [record.value for record in reader.read(0, max_records=10_000)]
        finally:
            reader.close()


@pytest.fixture
def house(tmp_path):
    return House(tmp_path)


def entries(*values):
    return [Entry("key", value) for value in values]


async def test_what_is_acknowledged_is_in_the_log_at_the_offset_that_was_told(house):
    async with house.keeper(), house.gateway() as one, house.gateway() as other:
        calls = [(gateway, f"{name}{number}") for number in range(50) for name, gateway in (("a", one), ("b", other))]
        offsets = await asyncio.gather(*(gateway.append(entries(word.encode())) for gateway, word in calls))
        values = house.values()
    assert sorted(offsets) == list(range(100))
    assert [values[offset] for offset in offsets] == [word.encode() for _, word in calls]
    assert [value for value in values if value.startswith(b"a")] == [f"a{number}".encode() for number in range(50)]


async def test_all_of_a_call_stand_together(house):
    async with house.keeper(), house.gateway() as gateway:
        first = await gateway.append(entries(b"x", b"y", b"z"))
        assert house.values()[first:] == [b"x", b"y", b"z"]


async def test_without_a_keeper_it_is_told_at_once_and_when_one_comes_it_goes_on(house):
    async with house.gateway(wait=False) as gateway:
        with pytest.raises(Unavailable, match="being started again"):
            await gateway.append(entries(b"lost"))
        assert gateway.trouble()
        for value in (b"first", b"second"):
            async with house.keeper():
                await asyncio.wait_for(gateway.connected.wait(), PATIENCE_SECONDS)
                assert gateway.trouble() is None
                await gateway.append(entries(value))
                gateway._connection.transport.abort()  # the keeper waits for no gateway that has gone
    assert house.values() == [b"first", b"second"]


async def test_what_waits_when_the_connection_breaks_is_told_to_come_again(house):
    disk = Blocked()
    async with house.keeper(disk), house.gateway() as gateway:
        waiting = asyncio.create_task(gateway.append(entries(b"x")))
        await asyncio.to_thread(disk.called.wait, PATIENCE_SECONDS)
        gateway._connection.transport.abort()
        with pytest.raises(Unavailable, match="being started again"):
            await waiting
        disk.go_on.set()


async def test_the_keeper_bounds_what_waits_of_all_gateways_together(house):
    disk = Blocked()
    async with house.keeper(disk, max_waiting=3), house.gateway() as one, house.gateway() as other:
        waiting = asyncio.create_task(one.append(entries(b"1", b"2")))
        await asyncio.to_thread(disk.called.wait, PATIENCE_SECONDS)
        with pytest.raises(Unavailable, match="Too much is waiting"):
            await other.append(entries(b"3", b"4"))
        disk.go_on.set()
        assert await waiting == 0


@pytest.mark.parametrize("bound", [{"share": 20_000}, {"share": 2, "max_waiting_bytes": 3}], ids=["events", "bytes"])
async def test_a_gateway_bounds_what_it_has_handed_over(house, bound):
    disk = Blocked()
    async with house.keeper(disk), house.gateway(**bound) as gateway:
        waiting = asyncio.create_task(gateway.append(entries(b"1")))
        await asyncio.to_thread(disk.called.wait, PATIENCE_SECONDS)
        with pytest.raises(Unavailable, match="Too much is waiting"):
            await gateway.append(entries(b"2"))
        disk.go_on.set()
        await waiting


async def test_what_can_never_be_written_fails_alone(house):
    async with house.keeper(), house.gateway() as gateway:
        good, bad, fine = await asyncio.gather(
            gateway.append(entries(b"good")),
            gateway.append([Entry("\ud800", b"no text")]),
            gateway.append(entries(b"fine")),
            return_exceptions=True,
        )
        assert isinstance(bad, UnicodeEncodeError)
        assert (good, fine) == (0, 1)


async def test_a_signature_that_came_to_one_gateway_is_refused_by_all(house):
    async with house.keeper(), house.gateway() as one, house.gateway() as other:
        assert await one.add("signed")
        assert not await other.add("signed")
        one.keep("signed")
        assert not await one.add("signed")


async def test_a_signature_whose_request_failed_may_come_again_anywhere(house):
    async with house.keeper(), house.gateway() as one, house.gateway() as other:
        assert await one.add("signed")
        one.forget("signed")
        assert await one.add("another")  # so it has heard what was said before
        assert await other.add("signed")


async def test_what_a_gateway_that_fell_had_under_way_may_come_again_and_what_it_answered_may_not(house):
    async with house.keeper(), house.gateway() as other:
        async with house.gateway() as one:
            assert await one.add("answered")
            one.keep("answered")
            assert await one.add("under way")
        while not await other.add("under way"):  # noqa: ASYNC110  its end reaches the keeper at some moment
            await asyncio.sleep(0)
        assert not await other.add("answered")


async def test_who_says_what_no_gateway_says_is_cut_off_and_nobody_else(house):
    async with house.keeper(), house.gateway() as gateway:
        with address(house.path) as name:
            reader, writer = await asyncio.open_unix_connection(name)
        writer.write(framed({"what": "is this"}))
        assert await asyncio.wait_for(reader.read(), PATIENCE_SECONDS) == b""
        writer.close()
        assert await gateway.append(entries(b"x")) == 0


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_frames_come_out_as_they_went_in_however_they_are_cut(size):
    sent = [{"n": number, "text": "x" * number} for number in range(20)]
    stream = b"".join(framed(one) for one in sent)
    frames, got = Frames(), []
    for at in range(0, len(stream), size):
        got += frames.feed(stream[at : at + size])
    assert [b"".join((len(one).to_bytes(4, "big"), one)) for one in got] == [framed(one) for one in sent]


def test_a_frame_of_gigabytes_is_none():
    with pytest.raises(ValueError, match="a frame of"):
        list(Frames().feed(b"\xff\xff\xff\xff"))
