"""What only the SQLite backend has to fear: full disks, lost power, readers that stand in the way."""

import random
from concurrent.futures import ThreadPoolExecutor

import apsw
import pytest

from datafly.log.base import EVENTS, Entry, Retention
from datafly.log.sqlite import SqliteLog, checkpoint
from datafly.model.errors import OperatorError, Unavailable
from datafly.observe import base as observe
from datafly.testing.disk import Disk

FULL = apsw.FullError
READ_ONLY = apsw.ReadOnlyError
BROKEN = apsw.IOError


class Clock:
    ms = 1_795_600_000_000

    def __call__(self):
        return self.ms


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def disk():
    disk = Disk()
    yield disk
    disk.unregister()


@pytest.fixture
def open_log(tmp_path, clock, disk):
    def open_(root=None, **changes):
        settings = {"segment_bytes": 40_000, "vfs": disk.name, "now_ms": clock, **changes}
        return SqliteLog(root or tmp_path / "log", {"events": 1}, **settings)

    return open_


def entry(value):
    return Entry("k", str(value).encode())


def values(log, start=0):
    reader = log.reader(EVENTS, 0)
    found = []
    while records := reader.read(start, max_records=1_000):
        found += [record.value.decode() for record in records]
        start = records[-1].offset + 1
    reader.close()
    return found


@pytest.mark.parametrize(
    ("refusal", "refuses"),
    [(FULL, "xWrite"), (READ_ONLY, "xWrite"), (BROKEN, "xWrite"), (BROKEN, "xSync")],
    ids=["full", "read-only", "write fails", "sync fails"],
)
def test_a_disk_that_refuses_is_told_as_unavailable_and_recovered_from(disk, open_log, refusal, refuses):
    log = open_log()
    appender = log.appender(EVENTS, 0)
    appender.append([entry("before")], consumed=1)
    disk.refusal, disk.refuses = refusal, lambda action, _name: action == refuses
    for _ in range(3):
        with pytest.raises(Unavailable):
            appender.append([entry("lost")], consumed=2)
    assert appender.consumed() == 1
    assert values(open_log(vfs=None)) == ["before"]
    disk.refuses = disk.is_well
    assert appender.append([entry("after")]) == 1
    assert values(log) == ["before", "after"]
    assert appender.consumed() == 1


def test_a_disk_that_is_full_at_a_new_segment_is_recovered_from(disk, open_log):
    log = open_log(segment_bytes=1)
    appender = log.appender(EVENTS, 0)
    appender.append([entry(0)], consumed=10)
    disk.refusal, disk.refuses = FULL, lambda action, _name: action == "xWrite"
    with pytest.raises(Unavailable):
        appender.append([entry("lost")])
    disk.refuses = disk.is_well
    assert appender.append([entry(1)]) == 1
    assert values(log) == ["0", "1"]
    assert appender.consumed() == 10


def test_a_checkpoint_that_fails_does_not_fail_what_is_durable(disk, open_log, monkeypatch):
    monkeypatch.setattr(checkpoint, "PASSIVE_PAGES", 1)
    failed = observe.counts().get("LogCheckpointFailed", 0)
    log = open_log(segment_bytes=10**9)
    appender = log.appender(EVENTS, 0)
    appender.append([entry(0)])
    disk.refusal, disk.refuses = FULL, lambda _action, name: name.endswith(".db")
    told = [appender.append([entry(number)]) for number in range(1, 20)]
    assert observe.counts()["LogCheckpointFailed"] > failed
    disk.refuses = disk.is_well
    assert appender.append([entry(20)]) == told[-1] + 1
    assert values(log) == [str(number) for number in range(21)]


@pytest.mark.parametrize("seed", range(12))
def test_lost_power_takes_nothing_that_was_acknowledged(tmp_path, disk, open_log, seed):
    chance = random.Random(seed)
    appender = open_log().appender(EVENTS, 0)
    told = {}
    for number in range(chance.randrange(1, 120)):
        batch = [entry(f"{number}-{line}" * 20) for line in range(chance.randrange(1, 9))]
        told[appender.append(batch, consumed=number)] = (number, batch)
    disk.refusal, disk.refuses = BROKEN, lambda action, _name: action == "xSync"
    with pytest.raises(Unavailable):
        appender.append([entry("never")] * chance.randrange(1, 30), consumed=-1)
    disk.lose_power(tmp_path / "log", tmp_path / "after", chance)
    disk.refuses = disk.is_well

    log = open_log(tmp_path / "after", vfs=None)
    found = values(log)
    assert found[: max(told)] == [item.value.decode() for _, batch in told.values() for item in batch][: max(told)]
    last = max(number for number, _ in told.values())
    assert log.appender(EVENTS, 0).consumed() in (last, -1)


def test_the_write_ahead_log_stays_small_beside_a_reader_that_never_rests(tmp_path, open_log):
    log = open_log(segment_bytes=10**9, vfs=None)
    appender, reader = log.appender(EVENTS, 0), log.reader(EVENTS, 0)
    offset = 0
    for _ in range(6_000):
        appender.append([Entry("k", b"x" * 500)])
        offset = reader.read(offset, max_records=10)[-1].offset + 1
    wal = next((tmp_path / "log").rglob("*.db-wal"))
    assert wal.stat().st_size < 4 * checkpoint.PASSIVE_PAGES * 4_096


def test_a_reader_stopped_in_the_middle_of_a_read_cannot_make_it_grow_for_ever(tmp_path, open_log, monkeypatch):
    monkeypatch.setattr(checkpoint, "PASSIVE_PAGES", 4)
    monkeypatch.setattr(checkpoint, "RESTART_PAGES", 8)
    monkeypatch.setattr(checkpoint, "STUCK_PAGES", 40)
    monkeypatch.setattr(checkpoint, "RESTART_WAIT_MS", 0)
    log = open_log(segment_bytes=10**9, vfs=None)
    appender = log.appender(EVENTS, 0)
    appender.append([entry(number) for number in range(10)])
    stopped = apsw.Connection(str(next((tmp_path / "log").rglob("*.db"))), flags=apsw.SQLITE_OPEN_READONLY)
    in_the_middle = stopped.execute("SELECT * FROM records")
    next(in_the_middle)
    for number in range(10, 200):
        appender.append([entry(number)])
    assert len(list((tmp_path / "log").rglob("*.db"))) > 1
    assert values(log) == [str(number) for number in range(200)]
    stopped.close(force=True)
    appender.retain(Retention(), keep_from=0)
    assert [wal for wal in sorted((tmp_path / "log").rglob("*-wal"))[:-1] if wal.stat().st_size] == []


def test_a_segment_is_closed_by_age_and_dropped_by_age(open_log, clock):
    log = open_log(segment_bytes=10**9, segment_seconds=60)
    appender = log.appender(EVENTS, 0)
    appender.append([entry("old")])
    clock.ms += 61_000
    appender.append([entry("new")])
    clock.ms += 30_000
    assert appender.retain(Retention(max_age_seconds=60), keep_from=2) == [(0, 0)]
    assert values(log) == ["new"]


def test_what_a_crash_left_half_made_or_half_removed_is_taken_away(tmp_path, open_log):
    folder = tmp_path / "log" / "events" / "0"
    folder.mkdir(parents=True)
    left = [folder / name for name in (f"{7:020}.new", f"{7:020}.new-journal", f"{3:020}.db-wal", f"{3:020}.db-shm")]
    for file in left:
        file.write_bytes(b"rubbish")
    appender = open_log().appender(EVENTS, 0)
    assert appender.append([entry("a")]) == 0
    assert not any(file.exists() for file in left)


def test_the_number_of_partitions_is_fixed_at_first_start(tmp_path, open_log):
    open_log()
    with pytest.raises(OperatorError, match="1 partitions and cannot have 4"):
        SqliteLog(tmp_path / "log", {"events": 4})


def test_roles_that_start_at_once_never_find_half_a_log(tmp_path):
    rounds = [(tmp_path / str(number), {"raw": 3, "events": 2}) for number in range(50) for _ in range(4)]
    with ThreadPoolExecutor(4) as roles:
        logs = list(roles.map(lambda given: SqliteLog(*given), rounds))
    assert {log.partitions("raw") for log in logs} == {3}
    assert {path.name for path in (tmp_path / "0" / "raw").iterdir()} == {"partitions"}


def test_a_file_of_another_format_stops_the_start(tmp_path, open_log):
    open_log().appender(EVENTS, 0).close()
    other = apsw.Connection(str(next((tmp_path / "log").rglob("*.db"))))
    other.pragma("user_version", 99)
    other.close()
    with pytest.raises(OperatorError, match="format 99"):
        open_log().appender(EVENTS, 0)


def test_a_closed_appender_refuses_and_closes_twice(open_log):
    appender = open_log().appender(EVENTS, 0)
    appender.close()
    appender.close()
    with pytest.raises(Unavailable):
        appender.append([entry("late")])
