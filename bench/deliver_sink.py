"""Delivery alone: events that wait in the log, through lanes and HTTP to a sink process, every attempt recorded.

    python bench/deliver_sink.py
    python bench/deliver_sink.py --events 100000 --batch 500 --profile deliver.prof

A real log and store on disk, a trivial shape, a sink that answers at once. `at rest`: from append to the sink's answer
being durable, one event at a time, with a flush interval of 0. Prints a table and one line of JSON; medians of rounds.
"""

import argparse
import asyncio
import cProfile
import json
import os
import statistics
import sys
import tempfile
import time
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from datafly.deliver.service import Delivery
from datafly.deliver.settings import DeliverySettings
from datafly.deliver.site import Parts
from datafly.log.base import EVENTS, Entry
from datafly.log.sqlite import SqliteLog
from datafly.model.consent import Consent
from datafly.model.delivery import Item, Outgoing
from datafly.model.event import Event
from datafly.model.installation import Installation, Pipeline, Revision, Template
from datafly.model.secret import Secret
from datafly.model.verdict import DELIVERED, Judgement, Ruling, Verdict
from datafly.runtime.child import collect_rarely
from datafly.spec.compiled import Compiled, Limits
from datafly.store.open import open_store
from datafly.transport.http import HttpTransport

SINK = """
import asyncio, sys
ANSWER = b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\n{}"
async def serve(reader, writer):
    try:
        while True:
            head = await reader.readuntil(b"\\r\\n\\r\\n")
            size = int(head.lower().partition(b"content-length: ")[2].split(b"\\r\\n")[0])
            await reader.readexactly(size)
            writer.write(ANSWER)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=8_000_000)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


class SystemClock:
    def now_ms(self):
        return time.time_ns() // 1_000_000

    def monotonic(self):
        return time.monotonic()

    async def sleep(self, seconds):
        await asyncio.sleep(seconds)


def an_event(number):
    return Event(
        message_id=f"message-{number:012}",
        type="track",
        event="Product Viewed",
        pipeline_id="pip",
        key=f"anonymous-{number % 1_000:06}",
        timestamp_ms=1_795_600_000_000 + number,
        received_ms=1_795_600_000_000 + number,
        user_id=f"user-{number % 1_000}",
        properties={"product_id": f"sku-{number % 500}", "name": "Blue shirt", "price": 19.9, "currency": "EUR"},
        context={"page": {"url": "https://shop.example/p/blue-shirt", "title": "Blue shirt"}, "locale": "en-GB"},
        consent=Consent({"marketing": True}, "event"),
    )


def shape(event, _now_ms):
    item = {"id": event.message_id, "uuid": event.user_id, "event": event.event, "params": event.properties}
    return (Item(msgspec.json.encode(item), key=event.message_id),)


def compiled_for(port, batch, flush_ms):
    headers = {"Content-Type": "application/json", "X-KEY": Secret("a-secret-of-some-length")}
    whole = Judgement(DELIVERED)

    def assemble(items):
        body = b'{"users":[' + b",".join([item.body for item in items]) + b"]}"
        return Outgoing("POST", f"http://127.0.0.1:{port}/upsert", headers, body)

    def judge(reply, _items):
        return whole if reply.status == 200 else Judgement(Ruling(Verdict.RETRY, f"status_{reply.status}"))

    return Compiled(
        vendor="sink",
        consent="marketing",
        limits=Limits(max_items=batch, max_bytes=4_500_000, requests_per_minute=6_000_000, flush_interval_ms=flush_ms),
        shape=shape,
        assemble=assemble,
        judge=judge,
        pick=lambda body, _index: body,
        secrets=frozenset({"a-secret-of-some-length"}),
    )


@asynccontextmanager
async def sink():
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", SINK, stdout=asyncio.subprocess.PIPE)
    try:
        yield int(await process.stdout.readline())
    finally:
        process.terminate()
        await process.wait()


class Bench:
    def __init__(self, folder, port, options):
        self.log = SqliteLog(folder / "log", {EVENTS: 1})
        self.appender = self.log.appender(EVENTS, 0)
        self.store = open_store(folder, encryption_key=Secret("ab" * 32))
        self.store.control.create_pipeline(Pipeline(id="pip", name="p", slug="p", pipeline_key="dk"))
        self.transport = HttpTransport(allow_private=True)
        self.port, self.options = port, options
        self.head = 0

    def fill(self, count):
        for first in range(0, count, 1_000):
            entries = [an_event(self.head + number) for number in range(min(1_000, count - first))]
            start = self.appender.append([Entry(event.key, msgspec.json.encode(event)) for event in entries])
            self.head = start + len(entries)

    def install(self, name):
        template = Template(id=f"tpl_{name}", name=name, vendor="sink")
        revision = Revision(id=f"rev_{name}", template_id=template.id, number=1, config={})
        installation = Installation(
            id=name, pipeline_id="pip", template=template, revision=revision, start={0: self.head}
        )
        self.store.control.install(template, revision, [installation])

    @asynccontextmanager
    async def delivering(self, batch, flush_ms):
        stop = asyncio.Event()
        compiled = compiled_for(self.port, batch, flush_ms)
        parts = Parts(
            log=self.log,
            ledger=self.store.ledger,
            control=self.store.control,
            transport=self.transport,
            clock=SystemClock(),
            compile=lambda _installation: compiled,
            withheld=lambda compiled, event, _newer: (
                None if event.consent.allows(compiled.consent) else Ruling(Verdict.SKIPPED, "consent")
            ),
            settings=DeliverySettings(lanes=self.options.lanes),
        )
        task = asyncio.create_task(Delivery(parts).run(stop))
        try:
            yield
        finally:
            stop.set()
            await task

    async def until_delivered(self, name, pause=0.02):
        while self.store.ledger.marks().get((name, 0), -1) < self.head:
            await asyncio.sleep(pause)

    async def throughput(self, name):
        self.install(name)
        self.fill(self.options.events)
        cpu, began = time.process_time(), time.monotonic()
        async with self.delivering(self.options.batch, 100):
            await self.until_delivered(name)
            seconds = time.monotonic() - began
            cpu = time.process_time() - cpu
        counted = self.store.ledger.counts(name)
        self.store.control.change_installation(name, {"removed_ms": 1, "end": {0: self.head}})
        assert counted["DELIVERED"] == self.options.events, counted
        return {
            "events_per_second": round(self.options.events / seconds),
            "cpu_us_per_event": round(cpu / self.options.events * 1e6, 1),
            "requests": counted["requests"],
        }

    async def at_rest(self, name, count=50):
        self.install(name)
        waits = []
        async with self.delivering(1, 0):
            await asyncio.sleep(0.5)
            cpu, began = time.process_time(), time.monotonic()
            await asyncio.sleep(2)
            idle = (time.process_time() - cpu) / (time.monotonic() - began)
            for _ in range(count):
                self.fill(1)
                began = time.monotonic()
                await self.until_delivered(name, 0.001)
                waits.append((time.monotonic() - began) * 1000)
        return {"latency_ms_p50": round(statistics.median(waits), 1), "idle_cpu_percent": round(idle * 100, 2)}


def options_of():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=40_000)
    parser.add_argument("--batch", type=int, default=1_000, help="most items in a request")
    parser.add_argument("--lanes", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--profile", help="write a profile of one more round to this file")
    return parser.parse_args()


async def main():
    options = options_of()
    collect_rarely()  # as the role does
    with tempfile.TemporaryDirectory(prefix="deliver-sink-") as folder:
        async with sink() as port:
            bench = Bench(Path(folder), port, options)
            rows = [await bench.throughput(f"round{number}") for number in range(options.rounds)]
            if options.profile:
                with cProfile.Profile() as profile:
                    await bench.throughput("profiled")
                profile.dump_stats(options.profile)
            rest = await bench.at_rest("rest")
            await bench.transport.close()
            bench.appender.close()
            bench.store.close()
    median = {name: statistics.median(row[name] for row in rows) for name in rows[0]}
    result = {"bench": "deliver_sink", "events": options.events, "batch": options.batch, **median, **rest}
    for name, value in result.items():
        print(f"{name:>20}  {value}")
    print(json.dumps({**result, "rounds": rows, "cpus": os.cpu_count()}))


if __name__ == "__main__":
    try:
        import uvloop
    except ImportError:
        asyncio.run(main())
    else:
        uvloop.run(main())
