"""A house for stories of delivery: real log, store and HTTP, a vendor on loopback, time in the test's hands."""

import asyncio
import random
from collections import defaultdict
from contextlib import asynccontextmanager
from zlib import crc32

import msgspec
import pytest
from aiohttp import web

from datafly.deliver.offload import Inline
from datafly.deliver.service import Delivery
from datafly.deliver.settings import DeliverySettings
from datafly.deliver.site import Parts
from datafly.log.base import EVENTS, Entry
from datafly.log.sqlite import SqliteLog
from datafly.model.consent import Consent
from datafly.model.delivery import WHOLE, Item, Outgoing, Replay, Share
from datafly.model.event import Event
from datafly.model.installation import Installation, Pipeline, Revision, Template
from datafly.model.secret import Secret
from datafly.model.verdict import DELIVERED, Judgement, Ruling, Verdict
from datafly.spec.compiled import Compiled, CompiledLater, Limits
from datafly.store.open import open_store
from datafly.testing.clock import FakeClock
from datafly.transport.http import HttpTransport

KEY = "s3cret-key"
MOST_STEPS = 20_000


class Vendor:
    """Takes batches of items and remembers them. `answer(items, headers)` says what becomes of a request.

    It returns None to take all, {index: message} to refuse some, {index: None} to put some off, a status, a
    (status, headers) pair, "reset" (nothing taken) or "reset after" (taken, but no answer comes).
    """

    def __init__(self):
        self.key = KEY
        self.requests = []
        self.taken = []
        self.answer = lambda _items, _headers: None
        self.asked = []
        self.tells = lambda _job: None
        """What became of a job, by its name: {index: message} of what it refused, None while it runs, or a status."""

    @property
    def ids(self):
        return [item["id"] for item in self.taken]

    async def serve(self, request):
        return self._told(request.path.rpartition("/")[2]) if request.method == "GET" else await self.handle(request)

    async def handle(self, request):
        body = await request.read()
        items = msgspec.json.decode(body)["items"]
        self.requests.append((request.path, dict(request.headers), body))
        if request.headers["X-KEY"] != self.key:
            return web.Response(status=401, text=f"the key {request.headers['X-KEY']} is unknown")
        answer = self.answer(items, request.headers)
        if answer == "reset":
            return self._reset(request)
        if isinstance(answer, int):
            return web.Response(status=answer, text=f"status {answer}")
        if isinstance(answer, tuple):
            return web.Response(status=answer[0], headers=answer[1])
        problems = answer if isinstance(answer, dict) else {}
        self.taken += [item | {"path": request.path} for index, item in enumerate(items) if index not in problems]
        if answer == "reset after":
            return self._reset(request)
        said = {str(index): words for index, words in problems.items()}
        return web.json_response({"problems": said, "job": f"j{len(self.requests)}"})

    def _told(self, job):
        self.asked.append(job)
        told = self.tells(job)
        return web.Response(status=told) if isinstance(told, int) else web.json_response(told)

    def _reset(self, request):
        request.transport.abort()
        return web.Response()

    @asynccontextmanager
    async def serving(self):
        runner = web.ServerRunner(web.Server(self.serve))
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            yield runner.addresses[0][1]
        finally:
            await runner.cleanup()


def judge(reply, items):
    if reply.status is None or reply.status in {429, 500, 503, 504}:
        after = reply.headers.get("retry-after")
        return Judgement(
            Ruling(Verdict.RETRY, f"status_{reply.status}", retry_after_seconds=float(after) if after else None)
        )
    if reply.status == 401:
        return Judgement(
            Ruling(Verdict.SUSPENDED, reply.body.decode(), "Wrong key", "Give the right key.", "401 Unauthorized")
        )
    if reply.status == 409:
        return Judgement(Ruling(Verdict.DELIVERED, reply.body.decode(), "It was there before", "Nothing.", "Known"))
    if reply.status != 200:
        return Judgement(Ruling(Verdict.REJECTED, f"status_{reply.status}", reply.body.decode()))
    problems = msgspec.json.decode(reply.body)["problems"]
    return Judgement(items=tuple(_item_ruling(problems, str(index)) for index in range(len(items))))


def _item_ruling(problems, index):
    if index not in problems:
        return DELIVERED
    words = problems[index]
    return Ruling(Verdict.REJECTED, words) if words else Ruling(Verdict.RETRY, "busy")


def judge_later(replies, count):
    problems = msgspec.json.decode(replies[0].body)
    if problems is None:
        return None
    return Judgement(items=tuple(_item_ruling(problems, str(index)) for index in range(count)))


def shape(event, _now_ms):
    """Properties say what becomes of an event: `skip`, `broken`, `routes` (one item each), `tells` (its consent)."""
    wanted = event.properties
    if wanted.get("broken"):
        raise ZeroDivisionError("a fault in the definition")
    if wanted.get("skip"):
        return Ruling(Verdict.SKIPPED, "not_wanted")
    routes = wanted.get("routes", [""])
    return tuple(
        Item(
            msgspec.json.encode(
                {"id": event.message_id, "key": event.key, "pad": "x" * wanted.get("size", 0)}
                | ({"consent": event.consent.choices()} if wanted.get("tells") else {})
                | ({"historical": event.historical} if wanted.get("tells_history") else {})
            ),
            route=route,
            key=event.message_id,
            warnings=("odd",) if wanted.get("odd") else (),
        )
        for route in routes
    )


def withheld(compiled, event, newer):
    known = {**event.consent.categories, **(newer or {})}
    if compiled.consent is None or known.get(compiled.consent) is True:
        return None
    return Ruling(Verdict.SKIPPED, f"consent_{compiled.consent}")


class House:
    def __init__(self, folder, port, vendor, clock, *, partitions=1):
        self.folder = folder
        self.partitions = partitions
        self.port = port
        self.vendor = vendor
        self.clock = clock
        self.log = SqliteLog(folder / "log", {EVENTS: partitions}, now_ms=clock.now_ms)
        self.appender = self.log.appender(EVENTS, 0)
        self.looker = self.log.reader(EVENTS, 0)
        self.transport = HttpTransport(allow_private=True)
        self.withdrawn = {}
        self.settings = DeliverySettings(first_poll_seconds=0.05, max_poll_seconds=0.5, mark_interval_seconds=2.0)
        self.rng = random.Random(7)
        self.count = 0
        self.broken_off_ms = 0
        self.decoded = []
        self.open()
        self.store.control.create_pipeline(Pipeline(id="pip", name="Shop", slug="shop", pipeline_key="dk_shop"))
        self.store.control.create_pipeline(Pipeline(id="other", name="Other", slug="other", pipeline_key="dk_other"))

    def open(self):
        self.store = open_store(self.folder, encryption_key=Secret("ab" * 32), now_ms=self.clock.now_ms)
        self.tasks = []

    @property
    def ledger(self):
        return self.store.ledger

    @property
    def control(self):
        return self.store.control

    def withdrawn_since(self, keys, since_ms):
        found = {key: self.withdrawn.get(key) for key in keys}
        return {key: known for key, known in found.items() if known is not None and known[1] >= since_ms}

    def decode(self, value):
        event = msgspec.json.decode(value, type=Event)
        self.decoded.append(event.message_id)
        return event

    def compile(self, installation):
        config = installation.revision.config
        key = config["key"].reveal()
        if key == "unusable":
            raise ValueError("the key cannot be used")

        def assemble(items):
            body = b'{"items":[' + b",".join(item.body for item in items) + b"]}"
            headers = {"Content-Type": "application/json", "X-KEY": Secret(key)}
            url = config.get("url") or f"http://127.0.0.1:{self.port}/{items[0].route}"
            return Outgoing("POST", url, headers, body)

        return Compiled(
            vendor="acme",
            consent=config.get("consent"),
            limits=Limits(
                max_items=config.get("max_items", 10),
                max_bytes=config.get("max_bytes", 100_000),
                requests_per_minute=config.get("rpm", 1_000_000),
                flush_interval_ms=config.get("flush", 100),
            ),
            shape=shape,
            assemble=assemble,
            judge=judge,
            pick=lambda body, _index: body,
            secrets=frozenset({key}),
            credential=config.get("credential", ""),
            later={route: self._later(key) for route in config.get("jobs", ())},
        )

    def _later(self, key):
        def ask(path):
            return Outgoing("GET", f"http://127.0.0.1:{self.port}{path}", {"X-KEY": Secret(key)}, b"")

        return CompiledLater(
            ticket=lambda reply: msgspec.json.decode(reply.body).get("job"),
            path=lambda ticket: f"/jobs/{ticket}",
            ask=ask,
            judge=judge_later,
            rate_key="later:",
            first_seconds=10,
            give_up_seconds=60,
        )

    def install(self, name="ins", *, pipeline="pip", **config):
        template = Template(id=f"tpl_{name}", name=name, vendor="acme")
        revision = self.revision(name, 1, config)
        installation = Installation(
            id=name, pipeline_id=pipeline, template=template, revision=revision, start=self.heads()
        )
        self.control.install(template, revision, [installation])
        return name

    def revise(self, name="ins", **config):
        number = self.control.latest_revision(f"tpl_{name}").number + 1
        self.control.revise(name, self.revision(name, number, config))

    def tries(self, percent, name="ins", **config):
        """A canary of another revision."""
        number = self.control.latest_revision(f"tpl_{name}").number + 1
        draft = self.control.add_revision(f"tpl_{name}", self.revision(name, number, config))
        self.control.try_out(name, draft.id, percent)
        return draft

    def revision(self, name, number, config):
        config = {"key": KEY, **config}
        config["key"] = Secret(config["key"])
        return Revision(id=f"rev_{name}_{number}", template_id=f"tpl_{name}", number=number, config=config)

    def change(self, name="ins", **changes):
        self.control.change_installation(name, changes)

    def remove(self, name="ins"):
        self.change(name, removed_ms=self.clock.now_ms(), end=self.heads())

    def heads(self):
        return {number: self.log.reader(EVENTS, number).bounds().head for number in range(self.partitions)}

    def append(self, *keys, pipeline="pip", marketing=True, behind=0, **properties):
        """One event for each key; their ids are e0, e1, … and the offsets are returned."""
        events = [self._event(key, pipeline, marketing, properties, behind) for key in keys]
        first = self.appender.append([Entry(event.key, msgspec.json.encode(event)) for event in events])
        return list(range(first, first + len(events)))

    def _event(self, key, pipeline, marketing, properties, behind):
        number, self.count = self.count, self.count + 1
        return Event(
            message_id=f"e{number}",
            type="track",
            event="Bought",
            pipeline_id=pipeline,
            key=key,
            timestamp_ms=self.clock.now_ms(),
            received_ms=self.clock.now_ms(),
            properties=properties,
            consent=Consent({"marketing": marketing}, "event"),
            behind_ms=behind,
        )

    def replay(self, *offsets, name="ins", run="run_1"):
        members = tuple((0, offset) for offset in offsets)
        self.control.create_replay(Replay(id=run, installation_id=name, members=members, created_ms=1))

    def start(self, *, workers=1, **settings):
        """So many deliver, each its share of the keys, as processes of their own would."""
        self.settings = msgspec.structs.replace(self.settings, **settings)
        self.ledger.share_out({found.id for found in self.control.installations(removed=True)}, workers)
        self.stopping = asyncio.Event()
        self.deliveries = [None] * workers
        self.tasks = [self._started(Share(number, workers)) for number in range(workers)]

    def _started(self, share):
        self.deliveries[share.number] = Delivery(self.parts(share), threads=Inline())
        return asyncio.create_task(self.deliveries[share.number].run(self.stopping))

    def lowest_mark(self):
        """What any of those that deliver still needs of the log begins here."""
        lows = [delivery.lowest_mark(0) for delivery in self.deliveries]
        return min((low for low in lows if low is not None), default=None)

    def parts(self, share=WHOLE, *, partitioned=False):
        return Parts(
            log=self.log,
            ledger=self.ledger,
            control=self.control,
            transport=self.transport,
            clock=self.clock,
            compile=self.compile,
            withheld=withheld,
            decode=self.decode,
            withdrawn=self.withdrawn_since,
            settings=self.settings,
            rng=self.rng,
            share=share,
            broken_off_ms=self.broken_off_ms,
            partitioned=partitioned,
        )

    async def stop(self):
        self.stopping.set()
        for task in self.tasks:
            await self.until(task.done)
            await task
        self.tasks = []

    async def kill(self):
        """Whatever was under way is gone; what was durable is not."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.store.close()
        self.open()

    async def kill_one(self, number):
        """Of those that deliver; the others do not hear of it."""
        self.tasks[number].cancel()
        await asyncio.gather(self.tasks[number], return_exceptions=True)

    def start_again(self, number):
        self.tasks[number] = self._started(Share(number, len(self.tasks)))

    async def until(self, condition, *, step=0.25, steps=MOST_STEPS):
        """Lets time pass until it holds."""
        for _ in range(steps):
            if condition():
                return
            await self.clock.advance(step)
        pytest.fail(f"it did not come to pass: {condition}")

    async def wait(self, seconds, *, step=0.25):
        """Lets time pass in which something should not happen."""
        for _ in range(round(seconds / step)):
            await self.clock.advance(step)

    def verdict(self, offset, *, name="ins", run=""):
        """(verdict, reason) of one event, None while undecided."""
        found = self.delivered(offset, name=name, run=run)
        if found is None or found.verdict is None:
            return None
        return found.verdict, found.outcome.ruling.reason if found.outcome else ""

    def delivered(self, offset, *, name="ins", run=""):
        every = self.ledger.deliveries(0, offset)
        mine = [one for one in every if one.installation_id == name and one.run_id == run]
        return mine[0] if mine else None

    def mark(self, name="ins"):
        return self.ledger.marks().get((name, 0), -1)

    def is_done(self, name="ins"):
        return self.mark(name) == self.looker.bounds().head

    def state(self, name="ins"):
        return self.ledger.states().get(name)

    async def close(self):
        await self.kill()
        self.store.close()
        await self.transport.close()
        self.looker.close()
        self.appender.close()


class Spread(House):
    """Several processes deliver (`members`), each in a task of its own, and share the partitions of one log."""

    def __init__(self, *arguments):
        super().__init__(*arguments, partitions=3)
        self.appenders = [self.appender, *(self.log.appender(EVENTS, number) for number in range(1, self.partitions))]
        self.members = {}
        self.fenced = []

    def partition_of(self, key):
        return crc32(key.encode()) % self.partitions

    def spread(self, *keys, pipeline="pip", marketing=True, **properties):
        """Appends an event for each key where it belongs; (partition, offset) of each."""
        places = []
        for key in keys:
            event = self._event(key, pipeline, marketing, properties, 0)
            entry = Entry(key, msgspec.json.encode(event))
            places.append((self.partition_of(key), self.appenders[self.partition_of(key)].append([entry])))
        return places

    async def join(self, name, *partitions, **settings):
        delivery = Delivery(
            self._parts_of_many(settings),
            threads=Inline(),
            on_taken_over=lambda partition: self.fenced.append((name, partition)),
        )
        stop = asyncio.Event()
        task = asyncio.create_task(delivery.run(stop))
        self.members[name] = (delivery, stop, task)
        self.tasks.append(task)
        for partition in partitions:
            delivery.take(partition)
        await self.wait(1)
        return delivery

    def _parts_of_many(self, settings):
        self.settings = msgspec.structs.replace(self.settings, **settings)
        return self.parts(partitioned=True)

    async def leave(self, name):
        _, stop, task = self.members.pop(name)
        stop.set()
        await self.until(task.done)
        await task

    async def kill_member(self, name):
        _, _, task = self.members.pop(name)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    def found(self, run=""):
        """(partition, offset) → its final verdicts."""
        found = defaultdict(list)
        for partition in range(self.partitions):
            for first, last, verdict in self.ledger.coverage("ins", partition, run_id=run):
                for offset in range(first, last + 1):
                    found[partition, offset].append(verdict)
        return dict(found)

    def is_through(self, name="ins"):
        marks = self.ledger.marks()
        return all(marks.get((name, number)) == head for number, head in self.heads().items())

    async def close(self):
        await super().close()
        for appender in self.appenders[1:]:
            appender.close()


@pytest.fixture
async def house(tmp_path):
    vendor = Vendor()
    async with vendor.serving() as port:
        made = House(tmp_path, port, vendor, FakeClock())
        try:
            yield made
        finally:
            await made.close()


@pytest.fixture
async def vendor_beside():
    """One more, and its port, for installations that are configured with its address."""
    vendor = Vendor()
    async with vendor.serving() as port:
        yield vendor, port


@pytest.fixture
async def spread(tmp_path):
    vendor = Vendor()
    async with vendor.serving() as port:
        made = Spread(tmp_path, port, vendor, FakeClock())
        try:
            yield made
        finally:
            await made.close()
