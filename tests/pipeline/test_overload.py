"""More comes in than the disk takes: what is too much is refused at once, what is taken is answered, nothing grows."""

import asyncio
import threading
from collections import Counter
from contextlib import asynccontextmanager

import aiohttp
import pytest
import uvicorn

from datafly.ingest import GatewaySettings, create_gateway, server_config
from datafly.log.base import RAW
from datafly.log.group import GroupCommit
from datafly.log.sqlite import SqliteLog
from datafly.model.installation import Pipeline
from datafly.runtime.clock import SystemClock
from datafly.testing.disk import Disk

KEY = "dk_test_1"
MOST_WAITING = 500
BATCH = 20
CALLERS = 100


class SlowDisk(Disk):
    """Syncs wait while it is `stalled`; `commits` counts those of the write-ahead log that came through."""

    def __init__(self):
        super().__init__()
        self._flows = threading.Event()
        self._flows.set()
        self.waits = threading.Event()
        self.commits = 0

    def stall(self):
        self._flows.clear()

    def flow(self):
        self._flows.set()

    def check(self, action, name):
        if action == "xSync" and name.endswith("-wal"):
            if not self._flows.is_set():
                self.waits.set()
                self._flows.wait()
            self.commits += 1
        super().check(action, name)


class Busy:
    """A gateway on loopback with a real log, on a disk that a test slows down."""

    def __init__(self, folder, disk):
        self.disk = disk
        self.log = SqliteLog(folder / "log", {RAW: 1}, vfs=disk.name)
        self.appender = self.log.appender(RAW, 0)
        self.group = GroupCommit(self.appender, max_waiting=MOST_WAITING)
        self.most_waiting = 0
        self.answers = Counter()

    async def append(self, entries, /):
        waited = asyncio.ensure_future(self.group.append(entries))
        await asyncio.sleep(0)
        self.most_waiting = max(self.most_waiting, self.group.waiting)
        return await waited

    @asynccontextmanager
    async def serving(self):
        app = create_gateway(
            GatewaySettings(),
            append=self.append,
            pipelines=lambda: {KEY: Pipeline("pip_1", "Default", "default", KEY)},
            clock=SystemClock(),
            ready=lambda: None,
        )
        server = uvicorn.Server(server_config(app, port=0))
        server.capture_signals = _none
        task = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - uvicorn tells by this flag alone
            await asyncio.sleep(0)
        self.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as self.session:
            yield self
        server.should_exit = True
        await task
        await self.group.close()
        self.appender.close()

    async def post(self, number, count=BATCH):
        events = [{"type": "track", "event": "E", "messageId": f"{number}-{at}", "userId": "u"} for at in range(count)]
        headers = {"Authorization": f"Bearer {KEY}"}
        async with self.session.post(f"{self.url}/v1/batch", json={"batch": events}, headers=headers) as reply:
            told = await reply.json()
            self.answers[reply.status, reply.headers.get("Retry-After")] += 1
        return reply.status, told

    def in_the_log(self):
        reader = self.log.reader(RAW, 0)
        head = reader.bounds().head
        reader.close()
        return head


class _none:  # noqa: N801 - stands in for a method
    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None


@pytest.fixture
async def busy(tmp_path):
    disk = SlowDisk()
    async with Busy(tmp_path, disk).serving() as made:
        try:
            yield made
        finally:
            disk.flow()
    disk.unregister()


async def test_a_disk_that_stalls_is_answered_503_at_once_beyond_the_queue_and_what_waits_is_answered_when_it_goes_on(
    busy,
):
    assert (await busy.post("before"))[0] == 200
    busy.disk.stall()
    posts = [asyncio.create_task(busy.post(number)) for number in range(CALLERS)]
    taken = MOST_WAITING // BATCH
    while sum(busy.answers.values()) < 1 + CALLERS - taken:  # noqa: ASYNC110 - answers come by HTTP
        await asyncio.sleep(0)
    assert busy.disk.waits.is_set()
    assert busy.answers == {(200, None): 1, (503, "1"): CALLERS - taken}
    assert busy.group.waiting == busy.most_waiting == MOST_WAITING
    async with busy.session.get(f"{busy.url}/healthz") as reply:
        assert reply.status == 200, "it lives, and says so"

    commits = busy.disk.commits
    busy.disk.flow()
    told = await asyncio.gather(*posts)
    assert [status for status, _ in told].count(200) == taken
    assert {body["error"]["code"] for status, body in told if status == 503} == {"UNAVAILABLE"}
    # Who was taken waited for the commit under way and for one of all the others: the bound of what one can wait.
    assert busy.disk.commits - commits <= 2
    assert busy.in_the_log() == BATCH + taken * BATCH
    assert busy.group.waiting == 0
    assert (await busy.post("after"))[0] == 200


async def test_a_disk_that_is_slower_than_what_comes_keeps_the_queue_at_its_bound_and_every_answer_is_true(busy):
    async def keep_on(caller):
        acknowledged = 0
        for number in range(20):
            status, _ = await busy.post(f"{caller}-{number}")
            acknowledged += BATCH if status == 200 else 0
        return acknowledged

    async def breathe():
        while True:
            busy.disk.stall()
            while not busy.disk.waits.is_set():  # noqa: ASYNC110 - told by a thread
                await asyncio.sleep(0)
            for _ in range(50):
                await asyncio.sleep(0)
            busy.disk.waits.clear()
            busy.disk.flow()
            await asyncio.sleep(0)

    breathing = asyncio.create_task(breathe())
    acknowledged = sum(await asyncio.gather(*(keep_on(caller) for caller in range(CALLERS))))
    breathing.cancel()
    busy.disk.flow()
    assert busy.answers[503, "1"] > 0
    assert busy.answers[200, None] > 0
    assert busy.answers.keys() == {(200, None), (503, "1")}
    assert busy.most_waiting <= MOST_WAITING
    assert busy.in_the_log() == acknowledged
