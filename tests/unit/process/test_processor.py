"""The loop: every record of raw becomes an event once, whatever happens in between."""

import asyncio
import contextlib
import os
import shutil
import signal
import struct
import subprocess
import sys

import apsw
import msgspec
import pytest

from datafly.log.base import EVENTS, RAW, Entry, Retention
from datafly.log.holding import Tenure
from datafly.log.sqlite import SqliteLog
from datafly.model.errors import OperatorError, Unavailable
from datafly.model.event import Event, Received
from datafly.observe import base as observe
from datafly.observe.process import ProcessRecordsLost
from datafly.process import Processor, StateReader, processor, state_file
from datafly.process.dedupe import WINDOW_MS
from datafly.process.seen_files import BUCKET, HEADER, WINDOW, boot_id
from datafly.process.state_file import StateFile
from datafly.process.worker import PartitionWorker
from datafly.runtime.clock import SystemClock
from datafly.testing.disk import Disk

NOW = 1_795_600_000_000


class House:
    """A log, a state folder, a gateway to write into raw, and workers that come and go."""

    def __init__(self, folder, vfs=None):
        self.folder = folder
        self.log = SqliteLog(folder / "log", {RAW: 1, EVENTS: 1}, segment_bytes=200_000, vfs=vfs)
        self.gateway = SqliteLog(folder / "log", {RAW: 1, EVENTS: 1}, segment_bytes=200_000).appender(RAW, 0)
        self.workers = []

    def receive(self, *bodies, at=NOW, ids=None):
        entries = []
        for number, body in enumerate(bodies):
            message_id = ids[number] if ids else str(body.get("messageId"))
            entry = Received("pip_1", message_id, at, msgspec.Raw(msgspec.json.encode(body)), body.get("anonymousId"))
            entries.append(Entry("k", msgspec.json.encode(entry)))
        self.gateway.append(entries)

    def worker(self):
        worker = PartitionWorker(self.log, self.folder / "state", 0, dict)
        self.workers.append(worker)
        return worker

    def events(self):
        reader, start, found = self.log.reader(EVENTS, 0), 0, []
        while records := reader.read(start, max_records=1_000):
            found += [msgspec.json.decode(record.value, type=Event) for record in records]
            start = records[-1].offset + 1
        reader.close()
        return found

    def known(self):
        """All that the state file has, without its position."""
        return dump(self.folder / "state" / "0.db")

    def relearnt(self):
        """What a state made anew from the whole log has. Workers that are there are closed."""
        for worker in self.workers:
            worker.close()
        anew = self.folder / "anew"
        worker = PartitionWorker(self.log, anew, 0, dict)
        worker._catch_up()
        worker.close()
        return dump(anew / "0.db")

    def close(self):
        for worker in self.workers:
            worker.close()
        self.gateway.close()


def dump(file):
    connection = apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READONLY)
    tables = {
        table: {
            one: msgspec.msgpack.decode(value) for one, value in connection.execute(f"SELECT id, value FROM {table}")
        }
        for table in ("visitors", "users", "choices")
    }
    seen = {slot for run in file.with_suffix(".seen").iterdir() for slot in slots(run.read_bytes())}
    connection.close()
    return tables, seen


def slots(run):
    for start in range(0, len(run), BUCKET):
        for number in range(run[start]):
            yield struct.unpack_from("<qqqq", run, start + HEADER + number * 32)


def story(number):
    """What a few visitors do, over and over: it depends on the order in which it is told."""
    visitor, user = f"a-{number % 7}", f"u-{number % 5}"
    body = [
        {"type": "page", "context": {"consent": {"marketing": number % 3 == 0}}},
        {"type": "identify", "userId": user, "traits": {"step": number, f"t{number % 11}": number}},
        {"type": "track", "event": "add_to_cart"},
        {"type": "group", "groupId": f"g-{number % 4}"},
        {"type": "consent", "context": {"consent": {"marketing": number % 2 == 0}}},
    ][number % 5]
    return {**body, "anonymousId": visitor, "messageId": f"m-{number}"}


@pytest.fixture
def house(tmp_path):
    house = House(tmp_path)
    yield house
    house.close()


async def until(condition):
    while not condition():  # noqa: ASYNC110 - what is waited for happens in a thread
        await asyncio.sleep(0)


def finish(worker):
    done = 0
    while count := worker.turn():
        done += count
    return done


def test_every_record_becomes_an_event_in_the_order_of_raw(house):
    house.receive(*(story(number) for number in range(2_500)))
    assert finish(house.worker()) == 2_500
    assert [event.message_id for event in house.events()] == [f"m-{number}" for number in range(2_500)]


def test_a_duplicate_is_left_out_within_a_batch_between_batches_and_after_a_restart(house):
    worker = house.worker()
    house.receive(story(1), story(1))
    finish(worker)
    house.receive(story(1), story(2))
    finish(worker)
    worker.close()
    house.receive(story(2), story(3))
    finish(house.worker())
    assert [event.message_id for event in house.events()] == ["m-1", "m-2", "m-3"]


def test_a_message_id_is_free_again_after_24_hours_and_its_table_goes(house):
    worker = house.worker()
    for at in (NOW, NOW + WINDOW_MS - 1, NOW + WINDOW_MS, NOW + 10 * WINDOW):
        house.receive(story(1), at=at)
        finish(worker)
    assert len(house.events()) == 3
    runs = [file.name for file in (house.folder / "state" / "0.seen").iterdir()]
    assert runs == [f"{(NOW + 10 * WINDOW) // WINDOW}-0"]


@pytest.mark.parametrize("lost", ["power", "files"])
def test_message_ids_that_were_not_synced_are_learnt_again(house, monkeypatch, lost):
    house.receive(*(story(number) for number in range(500)))
    worker = house.worker()
    finish(worker)
    worker.close()
    known = house.known()
    for run in (house.folder / "state" / "0.seen").iterdir():
        run.unlink() if lost == "files" else run.write_bytes(bytes(run.stat().st_size))
    monkeypatch.setattr(state_file, "boot_id", lambda: "another" if lost == "power" else boot_id())
    worker = house.worker()
    house.receive(*(story(number) for number in range(500)))
    finish(worker)
    assert len(house.events()) == 500
    assert house.known() == known


def test_what_is_no_event_is_told_and_stops_nobody(house):
    told = []
    forget = observe.add_sink(told.append)
    house.gateway.append([Entry("k", b"rubbish"), Entry("k", b'{"pipeline_id": 7}')])
    house.receive({"type": "nonsense", "messageId": "bad"}, story(1))
    worker = house.worker()
    assert finish(worker) == 4
    forget()
    assert [event.message_id for event in house.events()] == ["m-1"]
    refused = [(one.offset, one.message_id) for one in told if type(one).__name__ == "ProcessRecordRefused"]
    assert refused == [(0, ""), (1, ""), (2, "bad")]
    assert worker.position == 4


def test_what_somebody_removed_of_raw_before_it_was_processed_is_told_once_and_stops_nobody(house):
    told = []
    forget = observe.add_sink(told.append)
    worker = house.worker()
    for number in range(40):
        house.receive({"type": "page", "userId": "u", "name": "x" * 10_000}, ids=[f"m-{number}"])
    _, second, third = sorted((house.folder / "log" / RAW / "0").glob("*.db"))[:3]
    for file in second.parent.glob(f"{second.stem}.*"):
        file.unlink()
    finish(worker)
    forget()
    ids = [int(event.message_id.removeprefix("m-")) for event in house.events()]
    gone = range(int(second.stem), int(third.stem))
    assert ids == [number for number in range(40) if number not in gone]
    assert [one for one in told if isinstance(one, ProcessRecordsLost)] == [ProcessRecordsLost(0, gone[0], gone[-1])]


def test_an_event_at_which_a_step_fails_is_told_and_its_neighbours_go_on(house):
    class Pipelines(dict):
        def get(self, pipeline_id, default=None):
            if pipeline_id == "pip_bad":
                raise RuntimeError("a fault of ours")
            return default

    told = []
    forget = observe.add_sink(told.append)
    house.receive(story(0))
    bad = Received("pip_bad", "bad", NOW, msgspec.Raw(b'{"type": "page", "anonymousId": "a"}'), "a")
    house.gateway.append([Entry("k", msgspec.json.encode(bad))])
    house.receive(story(1), story(2))
    worker = PartitionWorker(house.log, house.folder / "state", 0, Pipelines)
    house.workers.append(worker)
    assert finish(worker) == 4
    forget()
    assert [event.message_id for event in house.events()] == ["m-0", "m-1", "m-2"]
    (refused,) = [one for one in told if type(one).__name__ == "ProcessRecordRefused"]
    assert (refused.offset, refused.message_id) == (1, "bad")
    assert house.known() == house.relearnt()


@pytest.mark.parametrize("place", [0, 2, 4])
def test_a_record_of_events_that_cannot_be_read_teaches_nothing_and_does_not_keep_process_from_starting(house, place):
    house.receive(*(story(number) for number in range(place)))
    worker = house.worker()
    finish(worker)
    worker._appender.append([Entry("k", b"{not an event")], consumed=worker.position)
    worker.close()
    house.workers.clear()
    (house.folder / "state" / "0.db").unlink()
    told = []
    forget = observe.add_sink(told.append)
    house.receive(*(story(number) for number in range(10)))
    worker = house.worker()
    assert finish(worker) == 10
    forget()
    assert [one.offset for one in told if type(one).__name__ == "ProcessEventUnreadable"] == [place]
    assert worker.position == place + 10
    assert [slot[3] for slot in sorted(house.known()[1], key=lambda slot: slot[3])] == [
        *range(place),
        *range(place + 1, 11),
    ]


def test_what_was_learnt_is_there_after_a_restart(house):
    house.receive({"type": "identify", "userId": "u", "anonymousId": "a", "messageId": "1", "traits": {"email": "e"}})
    worker = house.worker()
    finish(worker)
    worker.close()
    house.receive({"type": "page", "anonymousId": "a", "messageId": "2"})
    finish(house.worker())
    event = house.events()[-1]
    assert (event.user_id, event.known_traits) == ("u", {"email": "e"})


@pytest.mark.parametrize("written", [0, 1, 2])
def test_a_crash_between_append_and_learning_loses_nothing_that_was_learnt(house, written):
    worker = house.worker()
    for batch in range(3):
        house.receive(*(story(number) for number in range(batch * 300, batch * 300 + 300)))
        worker.turn()
        if batch < written:
            worker.flush()
    worker.close()  # as a crash would: nothing is written that was not
    worker = house.worker()
    assert worker.turn() == 0
    assert house.known() == house.relearnt()
    house.receive(*(story(number) for number in range(900)))
    finish(house.worker())
    assert len(house.events()) == 900


def test_a_lost_state_is_learnt_again_from_the_log(house):
    house.receive(*(story(number) for number in range(1_500)))
    worker = house.worker()
    finish(worker)
    known = house.known()
    worker.close()
    shutil.rmtree(house.folder / "state")
    house.worker().turn()
    assert house.known() == known


def test_an_append_that_fails_leaves_no_trace_and_is_done_again(tmp_path):
    disk = Disk()
    house = House(tmp_path, vfs=disk.name)
    house.receive({"type": "identify", "userId": "u", "anonymousId": "a", "messageId": "1"}, story(1))
    worker = house.worker()
    disk.refusal, disk.refuses = apsw.FullError, lambda action, _name: action == "xWrite"
    for _ in range(2):
        with pytest.raises(Unavailable):
            worker.turn()
    disk.refuses = disk.is_well
    assert finish(worker) == 2
    assert [event.message_id for event in house.events()] == ["1", "m-1"]
    assert house.events()[0].user_id_learnt is False
    house.close()
    disk.unregister()


def test_a_state_that_cannot_be_written_is_written_later(house, monkeypatch):
    worker = house.worker()
    house.receive(*(story(number) for number in range(10)))
    put = StateFile._put_runs

    def refuse(self):
        raise apsw.FullError("refused")

    monkeypatch.setattr(StateFile, "_put_runs", refuse)
    worker.turn()
    with pytest.raises(Unavailable):
        worker.turn()
    monkeypatch.setattr(StateFile, "_put_runs", put)
    assert worker.turn() == 0
    assert len(house.events()) == 10
    assert house.known() == house.relearnt()


def test_retention_keeps_what_the_state_has_not_learnt(house):
    owner = Processor(house.log, house.folder / "state", pipelines=dict, clock=SystemClock())
    worker = owner._workers[0]
    house.receive(*(story(number) for number in range(400)))
    worker.turn()
    everything = Retention(max_bytes=0)
    assert owner.retaining()[0](everything, keep_from=10**9) == []
    finish(worker)
    assert owner.retaining()[0](everything, keep_from=10**9)[-1] == (0, 399)
    assert owner.position() == 400
    owner.close()


def test_other_roles_find_offsets_and_consent(house):
    reader = StateReader(house.folder / "state", 1)
    assert reader.find_offset("m-3") == []
    assert reader.consents_of(["a-0"]) == {}
    house.receive(*(story(number) for number in range(5)))
    worker = house.worker()
    worker.turn()
    assert reader.consents_of(["a-4"]) == {"a-4": ({"marketing": True}, NOW)}, "choices are written at once"
    worker.turn()
    assert reader.find_offset("m-3") == reader.find_offset("m-3", "pip_1") == [(0, 3)]
    assert reader.find_offset("m-3", "pip_2") == reader.find_offset("m-99") == []
    reader.close()


@pytest.mark.parametrize("asked", [1, 7, 25, 26, 250, 251, 600])
def test_consent_is_found_for_any_number_of_visitors_at_once_and_only_what_is_new(house, asked):
    house.receive(*(story(number) for number in range(600)))
    finish(house.worker())
    reader = StateReader(house.folder / "state", 1)
    keys = [f"a-{number}" for number in range(asked)]
    found = reader.consents_of([*keys, "nobody"])
    assert sorted(found) == sorted(key for key in keys if reader.consents_of([key]))
    assert found, "of some of them something is known"
    newest = max(received_ms for _, received_ms in found.values())
    assert reader.consents_of(keys, newest) == {key: one for key, one in found.items() if one[1] == newest}
    assert reader.consents_of(keys, newest + 1) == {}
    reader.close()


def test_the_same_message_id_in_two_pipelines_is_found_twice(house):
    for pipeline in ("pip_1", "pip_2"):
        raw = Received(pipeline, "same", NOW, msgspec.Raw(b'{"type":"page","anonymousId":"a"}'), "a")
        house.gateway.append([Entry("k", msgspec.json.encode(raw))])
    finish(house.worker())
    reader = StateReader(house.folder / "state", 1)
    assert reader.find_offset("same") == [(0, 0), (0, 1)]
    assert reader.find_offset("same", "pip_2") == [(0, 1)]
    reader.close()


def test_a_second_processor_and_unequal_partitions_are_refused(house, tmp_path):
    owner = Processor(house.log, house.folder / "state", pipelines=dict, clock=SystemClock())
    with pytest.raises(OperatorError, match="Another process"):
        Processor(house.log, house.folder / "state", pipelines=dict, clock=SystemClock())
    owner.close()
    log = SqliteLog(tmp_path / "other", {RAW: 2, EVENTS: 1})
    with pytest.raises(OperatorError, match="same number"):
        Processor(log, house.folder / "state", pipelines=dict, clock=SystemClock())


def test_where_the_disk_is_full_when_a_state_is_opened_one_comes_again(house, monkeypatch):
    def refuse(_self, _file):
        raise apsw.FullError("database or disk is full")

    with monkeypatch.context() as full:
        full.setattr(StateFile, "_prepare", refuse)
        with pytest.raises(Unavailable, match="disk is full"):
            house.worker()
    house.receive(story(1))
    assert finish(house.worker()) == 1


async def test_who_works_on_a_partition_after_all_takes_back_what_was_wrong(house):
    owner = Processor(house.log, house.folder / "state", pipelines=dict, clock=SystemClock(), partitions=())
    tenure = Tenure(0)
    tenure.wrong = "The disk is full."
    serving = asyncio.create_task(owner.serve(tenure))
    await until(lambda: tenure.wrong is None)
    tenure.stop.set()
    await serving


def test_a_damaged_state_stops_the_start_with_a_cure(house):
    (house.folder / "state").mkdir()
    (house.folder / "state" / "0.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(OperatorError, match="Move it away"):
        house.worker()
    house.worker_free = house.log.appender(EVENTS, 0)  # and does not hold the partition
    house.worker_free.close()


async def test_it_runs_until_told_to_stop_and_drains_what_is_left(house):
    owner = Processor(house.log, house.folder / "state", pipelines=dict, clock=SystemClock())
    stop = asyncio.Event()
    running = asyncio.create_task(owner.run(stop))
    house.receive(*(story(number) for number in range(10)))
    await until(lambda: owner.position() == 10)
    house.receive(*(story(number) for number in range(10, 2_000)))
    stop.set()
    await running
    owner.close()
    assert len(house.events()) == 2_000
    assert house.known() == house.relearnt()


async def test_trouble_with_the_disk_is_told_and_outlived(tmp_path, monkeypatch):
    monkeypatch.setattr(processor, "LONGEST_RETRY", 0.002)
    disk = Disk()
    house = House(tmp_path, vfs=disk.name)
    owner = Processor(house.log, house.folder / "state", pipelines=dict, clock=SystemClock())
    before = observe.counts().get("ProcessAppendFailed", 0)
    disk.refusal, disk.refuses = apsw.FullError, lambda action, _name: action == "xWrite"
    stop = asyncio.Event()
    running = asyncio.create_task(owner.run(stop))
    house.receive(*(story(number) for number in range(10)))
    await until(lambda: observe.counts().get("ProcessAppendFailed", 0) >= before + 3)
    assert "cannot be written" in owner.trouble()
    disk.refuses = disk.is_well
    await until(lambda: owner.position() == 10 and owner.trouble() is None)
    stop.set()
    await running
    owner.close()
    assert len(house.events()) == 10
    house.close()
    disk.unregister()


PROGRAM = """
import sys
from pathlib import Path
from datafly.log.sqlite import SqliteLog
from datafly.process import worker as house
from datafly.process.worker import PartitionWorker
house.BATCH = 50
folder = Path(sys.argv[1])
log = SqliteLog(folder / "log", {"raw": 1, "events": 1}, segment_bytes=200_000)
worker = PartitionWorker(log, folder / "state", 0, dict)
while True:
    worker.turn()
    print(worker.position, flush=True)
"""


def test_killed_again_and_again_every_record_is_an_event_exactly_once(house):
    house.receive(*(story(number) for number in range(3_000)))
    house.receive(*(story(number) for number in range(0, 3_000, 7)))
    for reached in (150, 900, 2_000):
        program = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(house.folder)], stdout=subprocess.PIPE, text=True
        )
        with contextlib.closing(program.stdout) as lines:
            while int(lines.readline()) < reached:
                pass
            os.kill(program.pid, signal.SIGKILL)
            program.wait()
    finish(house.worker())
    assert [event.message_id for event in house.events()] == [f"m-{number}" for number in range(3_000)]
    assert house.known() == house.relearnt()
