"""Processes that come, go and die share the partitions of a log on Kafka: each record becomes an event once."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import zlib
from uuid import uuid4

import msgspec
import pytest
from confluent_kafka import KafkaError

from datafly.log.base import EVENTS, RAW, STATE, Entry, Retention
from datafly.log.holding import hold
from datafly.log.kafka import KafkaLog, Place, appender
from datafly.log.sqlite import SqliteLog
from datafly.model.errors import OperatorError, Unavailable
from datafly.model.event import Event, Received
from datafly.observe import add_sink
from datafly.observe.process import ProcessRecordsLost
from datafly.process import Processor
from datafly.process.worker import PartitionWorker
from datafly.runtime.clock import SystemClock
from datafly.runtime.lookup import folder_of_the_log
from datafly.settings import Settings

pytestmark = pytest.mark.xdist_group("kafka")
SHORTEST_MS = 6_000 if os.environ.get("DATAFLY_TEST_KAFKA") else 2_000
"""Of a session: brokers as they come allow none that is shorter than six seconds."""
CLIENT = {"session.timeout.ms": str(SHORTEST_MS), "heartbeat.interval.ms": "500"}
PARTITIONS = 4
VISITORS = 24


class House:
    """A log on the brokers, and whoever writes to `raw`."""

    def __init__(self, servers, folder):
        self.place = Place(
            servers=servers,
            prefix=f"t{uuid4().hex}.",
            partitions=PARTITIONS,
            replication=1,
            min_insync=1,
            client=CLIENT,
        )
        self.folder = folder
        self.log = KafkaLog(self.place)
        self.received = []
        self._gateways = [self.log.appender(RAW, partition) for partition in range(PARTITIONS)]
        self._readers = [self.log.reader(EVENTS, partition) for partition in range(PARTITIONS)]
        self._next, self._events = {}, []
        self._now_ms = SystemClock().now_ms() - 60_000  # nothing is received after it came into the log

    def receive(self, numbers):
        """Each visitor always in one partition."""
        parts = {}
        for number in numbers:
            self._now_ms += 10
            one = entry(number, self._now_ms)
            self.received.append(one)
            parts.setdefault(zlib.crc32(one.key.encode()) % PARTITIONS, []).append(one)
        for partition, entries in parts.items():
            self._gateways[partition].append(entries)

    def drop_raw(self, partition):
        """All there is of a partition, processed or not."""
        return self._gateways[partition].retain(Retention(max_age_seconds=0, max_bytes=0), keep_from=2**40)

    def events(self):
        """All there are; those that were read before are not read again."""
        for reader in self._readers:
            self._events += events(reader, self._next)
        return self._events

    def processor(self, name):
        return Processor(self.log, self.folder / name, pipelines=dict, clock=SystemClock(), partitions=())

    def process(self, name):
        """In a process of its own, which tells each partition that it is given."""
        arguments = [str(self.folder / name), self.place.servers, self.place.prefix, json.dumps(CLIENT)]
        command = [sys.executable, "-c", PROGRAM, *arguments]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    @contextlib.asynccontextmanager
    async def processing(self, name):
        processor, stop = self.processor(name), asyncio.Event()
        running = asyncio.create_task(hold(self.log, "processor", processor.serve, stop))
        try:
            yield processor
        finally:
            stop.set()
            await running


def events(reader, begins):
    """`begins`: reader → where it goes on."""
    found = []
    while records := reader.read(begins.get(reader, 0), max_records=1_000):
        found += [msgspec.json.decode(record.value, type=Event) for record in records]
        begins[reader] = records[-1].offset + 1
    return found


def entry(number, at_ms):
    """What visitors do: what comes later depends on what came first."""
    visitor = f"a-{number % VISITORS}"
    body = [
        {"type": "page", "context": {"consent": {"marketing": number % 3 == 0}}},
        {"type": "identify", "userId": f"u-{visitor}", "traits": {"step": number, f"t{number % 11}": number}},
        {"type": "track", "event": "add_to_cart"},
        {"type": "group", "groupId": f"g-{number % 4}"},
    ][number // VISITORS % 4]
    told = msgspec.json.encode({**body, "anonymousId": visitor, "messageId": f"m-{number}"})
    received = Received("pip_1", f"m-{number}", at_ms, msgspec.Raw(told), visitor)
    return Entry(visitor, msgspec.json.encode(received))


def alone(folder, received):
    """The events that one process alone makes of the same."""
    log = SqliteLog(folder, {RAW: 1, EVENTS: 1})
    gateway = log.appender(RAW, 0)
    gateway.append(received)
    worker = PartitionWorker(log, folder / "state", 0, dict)
    while worker.turn():
        pass
    worker.close()
    gateway.close()
    return events(log.reader(EVENTS, 0), {})


async def until(look):
    while not await asyncio.to_thread(look):  # noqa: ASYNC110 - what is waited for happens elsewhere
        await asyncio.sleep(0.05)


PROGRAM = """
import asyncio, json, sys
from pathlib import Path
from datafly.log.holding import hold
from datafly.log.kafka import KafkaLog, Place, appender
from datafly.observe import add_sink
from datafly.observe.process import ProcessRecordsLost
from datafly.process import Processor
from datafly.runtime.clock import SystemClock

folder, servers, prefix, client = sys.argv[1:]
log = KafkaLog(Place(servers=servers, prefix=prefix, client=json.loads(client)))
processor = Processor(log, Path(folder), pipelines=dict, clock=SystemClock(), partitions=())

async def serve(tenure):
    print(tenure.partition, flush=True)
    await processor.serve(tenure)

asyncio.run(hold(log, "processor", serve, asyncio.Event()))
"""


@pytest.fixture
def house(kafka, tmp_path):
    return House(kafka, tmp_path)


async def test_partitions_move_to_who_comes_and_from_who_dies_and_nothing_is_lost_doubled_or_forgotten(house):
    async with house.processing("first") as first:
        house.receive(range(400))
        await until(lambda: len(first.positions()) == PARTITIONS and len(house.events()) == 400)
        other = house.process("other")
        with contextlib.closing(other.stdout) as lines:
            await asyncio.to_thread(lines.readline)
            house.receive([*range(400, 1_500), *range(0, 1_500, 9)])
            await until(lambda: len(first.positions()) == PARTITIONS // 2)
            other.kill()
            other.wait()
        async with house.processing("third") as third:
            house.receive([*range(1_500, 1_800), *range(0, 1_800, 7)])
            await until(lambda: len(third.positions()) == len(first.positions()) == PARTITIONS // 2)
            await until(lambda: len(house.events()) >= 1_800)
    expected = {event.message_id: event for event in alone(house.folder / "alone", house.received)}
    found = house.events()
    assert len(found) == len(expected) == 1_800
    assert {event.message_id: event for event in found} == expected


def test_who_is_taken_over_from_writes_nothing_more(house):
    house.receive(range(200))
    zombie = PartitionWorker(house.log, house.folder / "zombie", 0, dict)
    assert zombie.turn() > 0
    heir = PartitionWorker(house.log, house.folder / "heir", 0, dict)
    house.receive(range(200))
    assert heir.turn() > 0
    before = len([*house.events()]), house.log.reader(STATE, 0).bounds().head
    for late in (zombie.leave, zombie.turn):
        with pytest.raises(OperatorError, match="taken this partition over") as told:
            late()
        assert told.value.code == "FENCED"
    heir.turn()
    assert (len(house.events()), house.log.reader(STATE, 0).bounds().head) == before
    heir.leave()
    zombie.close()
    heir.close()


def test_what_is_learnt_of_one_log_lies_apart_from_what_is_learnt_of_another(kafka, tmp_path):
    def folder(prefix):
        url = f"kafka://{kafka}"
        few = {"kafka_partitions": 1, "kafka_replication": 1}
        return folder_of_the_log(Settings(data_dir=tmp_path, log_url=url, kafka_prefix=prefix, **few))

    assert folder("one.") == folder("one.") != folder("other.")


def unheard(_producer, _topic, _partition, entries):
    """The network is cut: the library says nothing of what it was given."""
    sending = appender.Sending(len(entries))
    sending.error = KafkaError(KafkaError._TIMED_OUT)
    return sending


def test_what_somebody_removed_of_raw_is_told_once_whoever_has_the_partition_by_then(house, tmp_path):
    told = []
    forget = add_sink(lambda one: told.append(one) if isinstance(one, ProcessRecordsLost) else None)
    house.receive(range(100))
    first = PartitionWorker(house.log, tmp_path / "first", 0, dict)
    assert first.turn()
    gone = first.position
    first.leave()
    first.close()
    house.receive(range(100, 200))
    (dropped,) = house.drop_raw(0)
    house.receive(range(200, 300))
    heir = PartitionWorker(house.log, tmp_path / "heir", 0, dict)
    while heir.turn():
        pass
    heir.close()
    forget()
    assert told == [ProcessRecordsLost(0, gone, dropped[1])]


def test_who_was_cut_off_goes_on_by_itself_and_does_not_shut_out_who_took_over(house, tmp_path, monkeypatch):
    """It may not have heard yet that it has lost the partition."""
    house.receive(range(100))
    cut_off = PartitionWorker(house.log, tmp_path / "cut off", 0, dict)
    with monkeypatch.context() as network:
        network.setattr(appender, "send", unheard)
        with pytest.raises(Unavailable):
            cut_off.turn()
    assert cut_off.turn()
    house.receive(range(100, 200))
    heir = PartitionWorker(house.log, tmp_path / "heir", 0, dict)
    with monkeypatch.context() as network:
        network.setattr(appender, "send", unheard)
        with pytest.raises(Unavailable):
            cut_off.turn()
    assert heir.turn()
    cut_off.close()
    heir.close()
    mine = {entry.key for entry in house.received if zlib.crc32(entry.key.encode()) % PARTITIONS == 0}
    wanted = [msgspec.json.decode(entry.value)["message_id"] for entry in house.received if entry.key in mine]
    assert [event.message_id for event in house.events()] == wanted
