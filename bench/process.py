"""How many events one core processes: raw → events in SQLite on disk; pages, orders, identifies and GA4 product views.

    python bench/process.py --events 200000
    python bench/process.py --events 200000 --kafka localhost:9092    # of one partition, on brokers
    python bench/process.py --events 200000 --kafka localhost:9092 --take-over    # and how fast another learns it

Prints a line for people and one of JSON. Beside it stands how fast this machine runs a plain loop at the moment, so
that figures of a busy machine can be read.
"""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path
from uuid import uuid4

import msgspec

from datafly.log.base import EVENTS, RAW, Entry
from datafly.log.sqlite import SqliteLog
from datafly.model.event import Received
from datafly.process.worker import PartitionWorker
from datafly.runtime.child import collect_rarely

NOW = 1_795_600_000_000
VISITORS = 5_000
CONTEXT = {"page": {"url": "https://shop.example/p/1", "title": "Mug"}, "locale": "en", "consent": {"marketing": True}}
LINE = {"product_id": "p-1", "name": "Mug", "price": 10, "quantity": 1}
MIX = (
    {"type": "page", "properties": {"url": "https://shop.example/p/1"}},
    {
        "type": "track",
        "event": "Order Completed",
        "properties": {"order_id": "1", "revenue": 30, "products": [LINE] * 3},
    },
    {"type": "identify", "traits": {"email": "jane@example.com", "phone": "+447700900123"}},
    {
        "type": "track",
        "event": "view_item",
        "properties": {"value": 3, "items": [{"item_id": "p-1", "item_name": "Mug"}]},
    },
)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--kafka", default="", help="addresses of brokers")
    parser.add_argument("--take-over", action="store_true")
    given = parser.parse_args()
    events = given.events
    collect_rarely()  # as the role does
    rates = [measure(events, given.kafka, take_over=given.take_over) for _ in range(3)]
    per_core, wall, loop_ms = (statistics.median(column) for column in zip(*rates, strict=True))
    print(f"{per_core:,.0f} events/s of one core, {wall:,.0f} by the clock; a million additions: {loop_ms:.0f} ms")
    result = {"bench": "process", "events": events, "events_per_core_second": per_core, "events_per_second": wall}
    print(json.dumps({**result, "loop_ms": loop_ms}))


def opened(folder, brokers):
    if not brokers:
        return SqliteLog(folder / "log", {RAW: 1, EVENTS: 1})
    from datafly.log.kafka import KafkaLog, Place  # noqa: PLC0415 - an extra that not everybody installs

    return KafkaLog(Place(servers=brokers, prefix=f"bench-{uuid4().hex}.", partitions=1, replication=1, min_insync=1))


def measure(events, brokers="", *, take_over=False):
    with tempfile.TemporaryDirectory(prefix="bench-process-") as name:
        folder = Path(name)
        log = opened(folder, brokers)
        gateway = log.appender(RAW, 0)
        for start in range(0, events, 1_000):
            gateway.append([entry(number) for number in range(start, min(start + 1_000, events))])
        worker = PartitionWorker(log, folder / "state", 0, dict)
        if take_over:
            while worker.turn():
                pass
            worker.leave()
            worker.close()
            worker = PartitionWorker(log, folder / "empty", 0, dict)
        before = loop_ms()
        cpu, clock = time.process_time(), time.perf_counter()
        while worker.turn():
            pass
        cpu, clock = time.process_time() - cpu, time.perf_counter() - clock
        worker.close()
        gateway.close()
        return events / cpu, events / clock, (before + loop_ms()) / 2


def entry(number):
    visitor = f"visitor-{number % VISITORS:08}"
    body = {**MIX[number % len(MIX)], "messageId": f"m-{number}", "anonymousId": visitor, "context": CONTEXT}
    body["timestamp"] = "2026-11-23T10:00:00.123Z"
    if body["type"] == "identify":
        body["userId"] = f"user-{number % VISITORS}"
    at = NOW + number
    received = Received("pip_1", f"m-{number}", at, msgspec.Raw(msgspec.json.encode(body)), visitor, at - 30)
    return Entry(visitor, msgspec.json.encode(received))


def loop_ms():
    began, total = time.process_time(), 0
    for number in range(1_000_000):
        total += number
    return (time.process_time() - began) * 1_000


if __name__ == "__main__":
    main()
