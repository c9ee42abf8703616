"""Whoever takes a partition over knows what the ones before knew, also of people whose events are long gone."""

import tempfile
import time
from pathlib import Path

import apsw
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datafly.log.base import EVENTS, RAW, STATE, Entry, Retention
from datafly.log.sqlite import SqliteLog
from datafly.log.sqlite.writer import SqliteAppender
from datafly.model.errors import Unavailable
from datafly.model.event import Event, Received
from datafly.process import inheritance
from datafly.process import worker as worker_module
from datafly.process.state_file import StateFile
from datafly.process.worker import PartitionWorker

MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Many files, and no loss of power."""
NOW = time.time_ns() // 1_000_000
EVERYTHING = Retention(max_age_seconds=0)


class House:
    """A log that processes share: each has a folder of its own, and works on the partition while it is its turn."""

    def __init__(self, folder, *, shared=True):
        streams = (RAW, EVENTS, STATE) if shared else (RAW, EVENTS)
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.now_ms = NOW
        self.log = SqliteLog(
            folder / "log", dict.fromkeys(streams, 1), segment_bytes=20_000, now_ms=lambda: self.now_ms
        )
        self.gateway = self.log.appender(RAW, 0)

    def receive(self, numbers):
        entries = []
        for number in numbers:
            self.now_ms += 1_000
            entries.append(entry(number, self.now_ms))
        self.gateway.append(entries)

    def worker(self, process="only"):
        return PartitionWorker(self.log, self.folder / process, 0, dict, monotonic=lambda: 0.0)

    def events(self):
        reader, start, found = self.log.reader(EVENTS, 0), 0, []
        while records := reader.read(start, max_records=1_000):
            found += [msgspec.json.decode(record.value, type=Event).message_id for record in records]
            start = records[-1].offset + 1
        reader.close()
        return found

    def known(self, process="only"):
        connection = apsw.Connection(str(self.folder / process / "0.db"), flags=apsw.SQLITE_OPEN_READONLY)
        tables = {
            table: {
                one: msgspec.msgpack.decode(value)
                for one, value in connection.execute(f"SELECT id, value FROM {table}")
            }
            for table in ("visitors", "users", "choices")
        }
        clock = connection.execute("SELECT behind_ms, newest_ms FROM clock").get
        connection.close()
        return tables, clock


def entry(number, at_ms):
    """What a few visitors do: it depends on the order in which it is told."""
    visitor, user = f"a-{number % 7}", f"u-{number % 5}"
    body = [
        {"type": "page", "context": {"consent": {"marketing": number % 3 == 0}}},
        {"type": "identify", "userId": user, "traits": {"step": number, f"t{number % 11}": number}},
        {"type": "track", "event": "add_to_cart"},
        {"type": "group", "groupId": f"g-{number % 4}"},
        {"type": "consent", "context": {"consent": {"marketing": number % 2 == 0}}},
    ][number % 5]
    told = msgspec.json.encode({**body, "anonymousId": visitor, "messageId": f"m-{number}"})
    received = Received("pip_1", f"m-{number}", at_ms, msgspec.Raw(told), visitor)
    return Entry(visitor, msgspec.json.encode(received))


def finish(worker):
    while worker.turn():
        pass


@pytest.fixture
def house(tmp_path):
    house = House(tmp_path)
    yield house
    house.gateway.close()


stays = st.tuples(
    st.sampled_from(["here", "there", "elsewhere"]),
    st.integers(1, 60),
    st.sampled_from(["left", "killed", "killed after it handed on"]),
)


@settings(max_examples=12)
@given(moves=st.lists(stays, min_size=2, max_size=6), repeated=st.integers(0, 40))
def test_however_often_a_partition_moves_it_is_as_if_one_process_had_done_all(moves, repeated):
    """Where nothing is repeated, all that the log may drop is gone, too."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as one, tempfile.TemporaryDirectory(dir=MEMORY) as other:
        shared, alone = House(Path(one)), House(Path(other), shared=False)
        number = 0
        for process, count, ending in moves:
            told = [*range(number, number + count), *range(max(0, number - repeated), number, 3)]
            number += count
            worker = shared.worker(process)
            for house in (shared, alone):
                house.receive(told[: len(told) // 2])
            worker.turn()
            if ending == "killed after it handed on":
                worker.flush()
                worker.leave()
            for house in (shared, alone):
                house.receive(told[len(told) // 2 :])
            worker.turn()
            if ending == "left":
                worker.leave()
            if not repeated:
                worker._appender.retain(EVERYTHING, keep_from=worker.applied)
            worker.close()
        worker, reference = shared.worker("anew"), alone.worker()
        for one_of_both in (worker, reference):
            finish(one_of_both)
            one_of_both.leave()
            one_of_both.close()
        expected = alone.events()
        assert shared.events() == expected[len(expected) - len(shared.events()) :]
        assert shared.known("anew") == alone.known()
        for house in (shared, alone):
            house.gateway.close()


def test_a_duplicate_is_known_to_the_next_process_for_a_day(house):
    house.receive(range(100))
    first = house.worker("first")
    finish(first)
    first.leave()
    first.close()
    house.receive(range(100))
    finish(second := house.worker("second"))
    second.close()
    assert house.events() == [f"m-{number}" for number in range(100)]


def test_message_ids_keep_events_for_a_day_and_people_do_not(house):
    house.receive(range(100))
    finish(first := house.worker("first"))
    first.leave()
    house.now_ms += 12 * 3_600_000
    assert first.retain(EVERYTHING, keep_from=first.applied) == []
    house.now_ms += 14 * 3_600_000
    assert first.retain(EVERYTHING, keep_from=first.applied)
    first.close()
    finish(second := house.worker("second"))
    assert second.applied == 100
    second.close()
    assert house.known("second") == house.known("first")


@pytest.mark.parametrize("process", ["first", "second"])
def test_brokers_that_forgot_a_position_make_nobody_process_all_anew(house, monkeypatch, process):
    house.receive(range(100))
    finish(first := house.worker("first"))
    first.leave()
    house.receive(range(100, 110))
    finish(first)
    first.close()
    monkeypatch.setattr(SqliteAppender, "consumed", lambda _appender: None)
    monkeypatch.setattr(worker_module, "BATCH", 1)
    after = house.worker(process)
    assert after.turn() == 1
    assert after.position == 101
    finish(after)
    after.close()
    assert house.events() == [f"m-{number}" for number in range(110)]


def test_what_changed_is_handed_on_once_it_is_much_or_after_a_while(house, monkeypatch):
    monkeypatch.setattr(inheritance, "HANDED_CHANGES", 15)
    worker, state = house.worker(), house.log.reader(STATE, 0)
    house.receive(range(10))
    finish(worker)
    assert (worker.applied, state.bounds().head) == (0, 0)
    house.receive(range(10, 100))
    finish(worker)
    assert worker.applied == 100
    records = state.read(0, max_records=1_000)
    assert {record.key[:2] for record in records} == {"v:", "u:", "c:", "ma"}
    assert len(records) < 50
    worker.close()


def test_what_cannot_be_handed_on_now_is_later_and_nothing_stands_still(house, monkeypatch):
    worker = house.worker()
    append = worker._will._appender.append

    def refuse(entries):
        raise Unavailable("The disk is full.")

    monkeypatch.setattr(worker._will._appender, "append", refuse)
    house.receive(range(10))
    finish(worker)
    worker.leave()
    assert (worker.applied, len(house.events())) == (0, 10)
    monkeypatch.setattr(worker._will._appender, "append", append)
    worker.leave()
    assert worker.applied == 10
    worker.close()


def test_who_is_to_leave_while_it_still_learns_leaves_and_goes_on_there_another_time(house, monkeypatch):
    house.receive(range(100))
    finish(first := house.worker("first"))
    first.leave()
    first.close()
    leaving = []
    take = StateFile.take

    def interrupted(self, rows):
        take(self, rows)
        leaving.append(True)

    monkeypatch.setattr(StateFile, "take", interrupted)
    second = PartitionWorker(house.log, house.folder / "second", 0, dict, leaving=lambda: bool(leaving))
    assert second.turn() == 0
    second.leave()
    second.close()
    assert house.log.reader(STATE, 0).bounds().head == len(house.log.reader(STATE, 0).read(0, max_records=1_000))
    monkeypatch.setattr(StateFile, "take", take)
    finish(third := house.worker("second"))
    third.leave()
    third.close()
    assert house.known("second") == house.known("first")


def test_a_file_of_a_log_that_is_gone_is_begun_anew(house, tmp_path):
    house.receive(range(100))
    finish(before := house.worker())
    before.leave()
    before.close()
    other = House(tmp_path / "other")
    (house.folder / "only").rename(other.folder / "only")
    other.receive(range(200, 207))
    for process in ("only", "fresh"):
        finish(worker := other.worker(process))
        worker.leave()
        worker.close()
    assert other.known("only") == other.known("fresh")
    other.gateway.close()
