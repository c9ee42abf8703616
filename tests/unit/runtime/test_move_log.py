"""The embedded log moves to brokers, and the store says of its events what it said, wherever they are."""

import uuid

import msgspec
import pytest

from datafly.log.base import EVENTS, RAW, STATE, Entry, Retention, partition_of
from datafly.log.places import GONE, Places
from datafly.model.delivery import LIVE, Outcome, Plan, Replay
from datafly.model.errors import OperatorError
from datafly.model.secret import Secret
from datafly.model.verdict import Ruling, Verdict
from datafly.process.consent import Choices
from datafly.process.identity import User, Visitor
from datafly.process.memory import Memory
from datafly.process.state_file import StateFile
from datafly.runtime import move_log as moving
from datafly.runtime.compose import embedded_log, open_log
from datafly.runtime.move_log import move_log
from datafly.runtime.prepare import log_id, open_the_store
from datafly.settings import Settings
from datafly.store import Writing
from datafly.testing.store_suite import integration
from datafly.testing.store_writer import attempt

pytestmark = pytest.mark.xdist_group("kafka")

COUNT = 60
WIDE = Ruling(Verdict.SKIPPED, "disabled")
REJECTED = Ruling(Verdict.REJECTED, "bad_record")


def key(number):
    return f"person-{number % 11}"


@pytest.fixture
def embedded(tmp_path, postgres_store):
    """60 events of which 12 are gone; all of `raw` but 7 is processed; delivery stands at 40 and knows 45 and 50."""
    settings = Settings(data_dir=tmp_path / "data", store_url=Secret(postgres_store), segment_bytes=1)
    for numbers in (range(12), range(12, COUNT)):  # each a segment
        log = embedded_log(settings)
        raw, events = log.appender(RAW, 0), log.appender(EVENTS, 0)
        raw.append([Entry(key(number), b"raw %d" % number) for number in numbers])
        events.append([Entry(key(number), b"event %d" % number) for number in numbers], consumed=numbers.stop)
        if numbers.stop == COUNT:
            raw.append([Entry(key(number), b"raw %d" % number) for number in range(COUNT, COUNT + 7)])
        raw.close()
        events.retain(Retention(max_bytes=1), keep_from=12)
        events.close()
    with open_the_store(settings, alone=True) as store:
        pipeline = store.control.ensure_default_pipeline()
        store.control.install(*integration(pipeline.id))
        members = ((0, 5), (0, 20), (0, 45))
        plan = Plan(spans=((0, 10, 30),))
        store.control.create_replay(Replay("run_1", "pi_1_0", members, 1, plan=plan))
        made = msgspec.structs.replace(
            attempt("at_1", "pi_1_0", tuple(range(40)), tuple(range(39))), warnings={20: ("odd",), 5: ("old",)}
        )
        above = attempt("at_2", "pi_1_0", (45, 50), (45, 50))
        old = attempt("at_0", "pi_1_0", (1, 2), (1, 2))
        outcomes = (
            Outcome("pi_1_0", 0, 39, 39, REJECTED, decided_ms=1, attempt_id="at_1"),
            Outcome("pi_2", 0, 0, 59, WIDE, decided_ms=1),
            Outcome("pi_2", 0, 3, 4, WIDE, decided_ms=1),
        )
        marks = (("pi_1_0", LIVE, 0, 40), ("pi_2", LIVE, 0, 60), ("pi_1_0", "run_1", 0, 21))
        store.ledger.write([Writing(attempts=(old, made, above), outcomes=outcomes, marks=marks)])
    state = StateFile(settings.data_dir / "state" / "0.db")
    memory = Memory()
    memory.visitors["browser-1"] = Visitor(user_id="jane")
    memory.users["jane"] = User(group_id="g")
    memory.choices["person-1"] = Choices({}, 5)
    memory.changed_visitors, memory.changed_users, memory.changed_choices = {"browser-1"}, {"jane"}, {"person-1"}
    state.write(memory, [], applied=55)
    state.close()
    return settings


@pytest.fixture
def there(embedded, kafka):
    return msgspec.structs.replace(
        embedded,
        log_url=f"kafka://{kafka}",
        kafka_prefix=f"m-{uuid.uuid4().hex[:8]}.",
        kafka_partitions=3,
        kafka_replication=1,
        kafka_min_insync=1,
    )


def read(log, stream):
    """Partition → its records."""
    found = {}
    for partition in range(log.partitions(stream)):
        reader, records = log.reader(stream, partition), []
        while more := reader.read(records[-1].offset + 1 if records else 0, max_records=1_000):
            records += more
        found[partition] = records
        reader.close()
    return found


def number_of(record):
    return int(record.value.split()[1])


def assert_all_is_there(settings):
    log = open_log(settings)
    events, raw = read(log, EVENTS), read(log, RAW)
    for records, numbers in ((events, range(12, COUNT)), (raw, range(COUNT, COUNT + 7))):
        for partition, own in records.items():
            expected = [number for number in numbers if partition_of(key(number), 3) == partition]
            assert [number_of(record) for record in own] == expected
    where = {number_of(record): (partition, record.offset) for partition, own in events.items() for record in own}
    known = {(partition, record.key) for partition, own in read(log, STATE).items() for record in own}
    jane = {(partition_of(one, 3), "u:jane") for one in ("jane", "browser-1")}
    assert known == jane | {
        (partition_of("browser-1", 3), "v:browser-1"),
        (partition_of("person-1", 3), "c:person-1"),
    } | {(partition, "mark") for partition in range(3)}
    for partition in range(3):
        appender = log.appender(EVENTS, partition)
        assert appender.consumed() == 0
        appender.close()
    with open_the_store(settings) as store:
        assert_the_store_knows_them(store, where)
        store.belong_to(log_id(settings))
        with pytest.raises(OperatorError, match="another Signal"):
            store.belong_to(log_id(msgspec.structs.replace(settings, log_url="")))


def assert_the_store_knows_them(store, where):
    """Of each event what was known of it, and of those that are gone that they were."""
    final = {*range(12, 40), 45, 50}
    for number, (partition, offset) in where.items():
        found = {one.installation_id: one for one in store.ledger.deliveries(partition, offset)}
        assert found["pi_2"].verdict == Verdict.SKIPPED
        assert ("pi_1_0" in found) is (number in final)
        if number in final - {39}:
            assert found["pi_1_0"].verdict == Verdict.DELIVERED
            assert ((offset, ("odd",)) in found["pi_1_0"].attempt.warnings.items()) is (number == 20)
        for installation_id, mark in (("pi_1_0", 40), ("pi_2", 60)):
            progress = store.ledger.progress(installation_id, partition)
            assert (offset < progress.mark) is (number < mark)
            if number >= mark:
                assert (offset in progress.finals) is (number in final)
    assert [store.ledger.progress("pi_1_0", partition, run_id="run_1") is None for partition in range(3)] == [False] * 3
    assert {one.partition for one in store.ledger.attempts() if one.id == "at_0"} == {GONE}
    (replay,) = store.control.replays()
    assert set(replay.members) == {where[20], where[45]}
    assert sum(last - first + 1 for _, first, last in replay.plan.spans) >= 30 - 12 + 1
    assert store.ledger.counts("pi_1_0")["DELIVERED"] == 39 + 2 + 2


def test_the_log_moves_and_all_that_is_said_of_its_events_with_it(there):
    told = []
    move_log(there, moved=lambda *stand: told.append(stand))
    assert told[-1] == (COUNT - 12 + 7, COUNT - 12 + 7)
    assert_all_is_there(there)
    with pytest.raises(OperatorError, match="moved already"):
        move_log(there, moved=told.append)


def test_whatever_interrupts_it_the_next_call_goes_on_and_nothing_comes_twice(there, monkeypatch):
    def end(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(moving, "_AT_ONCE", 9)
    for steps in (2, 4, 7):
        left = iter(range(steps))
        with pytest.raises(StopIteration):
            move_log(there, moved=lambda *_, left=left: next(left))
    for part in ("_places", "_hand_on_state", "_placed"):
        with monkeypatch.context() as patched:
            patched.setattr(moving, part, end)
            with pytest.raises(KeyboardInterrupt):
                move_log(there, moved=lambda *_: None)
        with open_the_store(there) as store, pytest.raises(OperatorError, match="another Signal"):
            store.belong_to(log_id(there))
    move_log(there, moved=lambda *_: None)
    assert_all_is_there(there)


def test_topics_in_which_something_is_and_a_store_in_a_file_are_refused(there, embedded):
    appender = open_log(there).appender(RAW, 1)
    appender.append([Entry("k", b"x")])
    appender.close()
    with pytest.raises(OperatorError, match="hold events already"):
        move_log(there, moved=lambda *_: None)
    with pytest.raises(OperatorError, match="wants the store in PostgreSQL"):
        move_log(msgspec.structs.replace(there, store_url=None), moved=lambda *_: None)
    with open_the_store(embedded, alone=True):
        pass


def test_where_something_is_and_where_a_reader_goes_on():
    places = Places(2)
    for old, partition, new in ((5, 0, 0), (6, 1, 0), (7, 0, 2), (9, 0, 3), (11, 1, 4)):
        places.add(old, partition, new)
    places.heads = [5, 6]
    assert places.each([4, 5, 6, 7, 8, 11]) == {GONE: {4: 4, 8: 8}, 0: {5: 0, 7: 2}, 1: {6: 0, 11: 4}}
    assert [*places.spans(0, 8)] == [(0, 0, 2), (1, 0, 0)]
    assert [*places.spans(8, 8)] == []
    assert [*places.spans(6, 99)] == [(0, 2, 3), (1, 0, 4)]
    for offset, positions in ((0, [0, 0]), (6, [2, 0]), (8, [3, 4]), (10, [5, 4]), (12, [5, 6])):
        assert places.positions(offset) == positions
