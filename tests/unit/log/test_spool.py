"""While brokers are away events wait on the disk, and come to them in the order of their keys."""

import random
import threading
import time

import pytest

from datafly.log.base import Entry, partition_of
from datafly.log.spool import Disk, Spooled
from datafly.log.spool import replay as replaying
from datafly.model.errors import Invalid, OperatorError, Unavailable
from datafly.observe import counts

PATIENCE_SECONDS = 60.0
PARTITIONS = 3
PLENTY = 50_000_000


class Brokers:
    """What each partition holds, and which of them take nothing now. `there`: whether anybody answers at all."""

    def __init__(self, *, there=True):
        self.there = there
        self.away = set()
        self.refused = set()
        self.records = {partition: [] for partition in range(PARTITIONS)}
        self.lock = threading.Lock()

    def open(self):
        if not self.there:
            raise Unavailable("No broker answers.")
        return _Way(self)

    def values(self, key):
        """Of the key, each at its first arrival."""
        records = self.records[partition_of(key, PARTITIONS)]
        return list(dict.fromkeys(value for one, value in records if one == key))


class _Way:
    partitions = PARTITIONS

    def __init__(self, brokers):
        self._brokers = brokers

    def send(self, placed):
        with self._brokers.lock:
            return [self._one(partition, entry) for partition, entry in placed]

    def _one(self, partition, entry):
        if entry.value in self._brokers.refused:
            return Invalid("Too large.")
        if not self._brokers.there or partition in self._brokers.away:
            return Unavailable("No broker leads this partition.")
        self._brokers.records[partition].append((entry.key, entry.value))
        return None

    def close(self): ...


@pytest.fixture
def spooled(tmp_path, monkeypatch):
    """Opens one on the story's disk; what is still open at the end is closed."""
    monkeypatch.setattr(replaying, "_PAUSE_SECONDS", 0.002)
    monkeypatch.setattr("datafly.log.spool.behind._PAUSE_SECONDS", 0.004)
    opened = []

    def open_one(brokers, *, most_bytes=PLENTY):
        opened.append(
            Spooled(brokers.open, Disk(tmp_path / "spool", most_bytes), first_answer_seconds=PATIENCE_SECONDS)
        )
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


def until(look):
    ends = time.monotonic() + PATIENCE_SECONDS
    while not look():
        assert time.monotonic() < ends
        time.sleep(0.002)


def key_in(partition):
    return next(key for key in map(str, range(100)) if partition_of(key, PARTITIONS) == partition)


def entries(key, *values):
    return [Entry(key, value) for value in values]


def test_a_key_has_the_same_partition_in_every_version():
    assert [partition_of(key, 12) for key in ("", "a", "user-1", "größe", "💚")] == [7, 10, 8, 5, 9]


def test_with_brokers_there_nothing_waits(spooled):
    brokers = Brokers()
    one = spooled(brokers)
    assert one.take([entries("k", b"1", b"2"), entries("k", b"3")]) == [0, 0]
    assert brokers.values("k") == [b"1", b"2", b"3"]
    assert (one.waiting_bytes, one.disk.head, one.trouble()) == (0, 0, None)


def test_what_comes_while_brokers_are_away_arrives_before_what_comes_when_they_are_back(spooled):
    brokers = Brokers()
    one = spooled(brokers)
    one.take([entries("k", b"1")])
    brokers.there = False
    assert one.take([entries("k", b"2"), entries("other", b"x")]) == [0, 0]
    assert one.take([entries("k", b"3")]) == [0]
    assert one.waiting_bytes > 0
    brokers.there = True
    assert one.take([entries("k", b"4")]) == [0]
    until(lambda: not one.waiting_bytes)
    assert one.take([entries("k", b"5")]) == [0]
    assert brokers.values("k") == [b"1", b"2", b"3", b"4", b"5"]
    assert brokers.values("other") == [b"x"]


def test_partitions_that_have_a_broker_do_not_wait_for_one_that_has_none(spooled):
    brokers = Brokers()
    one = spooled(brokers)
    brokers.away = {1}
    sick, well = key_in(1), key_in(0)
    one.take([entries(sick, b"1"), entries(well, b"1")])
    assert brokers.values(well) == [b"1"]
    brokers.away = {0, 1}
    one.take([entries(well, b"2"), entries(sick, b"2")])
    brokers.away = {1}
    until(lambda: brokers.values(well) == [b"1", b"2"])
    assert one.waiting_bytes
    brokers.away = set()
    until(lambda: not one.waiting_bytes)
    assert brokers.values(sick) == [b"1", b"2"]


def test_it_begins_without_brokers_and_goes_on_where_another_start_left_off(spooled):
    brokers = Brokers(there=False)
    one = spooled(brokers)
    one.take([entries("k", b"1", b"2")])
    one.close()
    again = spooled(brokers)
    assert again.take([entries("k", b"3")]) == [0]
    brokers.there = True
    until(lambda: not again.waiting_bytes)
    again.take([entries("k", b"4")])
    assert brokers.values("k") == [b"1", b"2", b"3", b"4"]


def test_what_was_replayed_is_given_back_to_the_disk_and_not_sent_at_the_next_start(spooled, monkeypatch):
    monkeypatch.setattr(replaying, "_CHUNK", 10)
    monkeypatch.setattr(replaying, "_LET_GO_AFTER", 50)
    brokers = Brokers(there=False)
    one = spooled(brokers)
    one.take([entries("k", *(b"%d" % number * 1_000 for number in range(500)))])
    full = one.disk.size
    brokers.there = True
    until(lambda: not one.waiting_bytes)
    until(lambda: one.disk.size < full / 5)
    one.close()
    again = spooled(brokers)
    until(lambda: not again.waiting_bytes)
    assert len(brokers.records[partition_of("k", PARTITIONS)]) == 500


def test_before_it_is_full_senders_are_told_to_come_again_and_calls_that_need_no_room_are_taken(spooled):
    brokers = Brokers()
    one = spooled(brokers, most_bytes=200_000)
    brokers.away = {1}
    sick, well = key_in(1), key_in(0)
    answers = []
    while not answers or answers[-1] == 0:
        answers += one.take([entries(sick, b"x" * 10_000)])
        assert len(answers) < 100
    assert isinstance(answers[-1], Unavailable)
    until(lambda: one.trouble().startswith("No broker leads this partition. What waits for the brokers"))
    mixed, fine = one.take([[*entries(well, b"mixed"), *entries(sick, b"x")], entries(well, b"fine")])
    assert (type(mixed), fine) == (Unavailable, 0)
    assert brokers.values(well) == [b"fine"]
    brokers.away = set()
    until(lambda: one.trouble() is None and not one.waiting_bytes)
    assert len(brokers.records[1]) == len(answers) - 1


def test_what_brokers_refuse_for_what_it_is_fails_its_own_call_alone(spooled):
    brokers = Brokers()
    brokers.refused = {b"huge"}
    one = spooled(brokers)
    refused, unwritable, fine = one.take([entries("k", b"huge"), entries("\ud800", b"x"), entries("k", b"1")])
    assert (type(refused), type(unwritable), fine) == (Invalid, UnicodeEncodeError, 0)
    assert not one.waiting_bytes


def test_brokers_that_refuse_this_signal_stop_its_start(tmp_path):
    def refuse():
        raise OperatorError("The password is wrong.")

    for _ in range(2):  # the disk is let go
        with pytest.raises(OperatorError, match="password"):
            Spooled(refuse, Disk(tmp_path / "spool", PLENTY), first_answer_seconds=PATIENCE_SECONDS)


def test_an_outage_is_told_at_its_beginning_and_at_its_end(spooled):
    before = counts()
    brokers = Brokers()
    one = spooled(brokers)
    brokers.there = False
    for number in range(3):
        one.take([entries("k", b"%d" % number)])
    brokers.there = True
    until(lambda: not one.waiting_bytes)
    told = {name: count - before.get(name, 0) for name, count in counts().items()}
    assert (told["LogSpoolBegan"], told["LogSpoolEnded"]) == (1, 1)


def test_whatever_comes_and_goes_all_that_was_taken_arrives_in_the_order_of_its_key(spooled, monkeypatch):
    monkeypatch.setattr(replaying, "_CHUNK", 7)
    rng = random.Random(7)
    brokers = Brokers()
    one = spooled(brokers)
    taken = {str(key): [] for key in range(10)}
    for number in range(600):
        if rng.random() < 0.1:
            brokers.away = {partition for partition in range(PARTITIONS) if rng.random() < 0.4}
        if rng.random() < 0.02:
            one.close()
            one = spooled(brokers)
        keys = rng.sample(sorted(taken), 3)
        calls = [entries(key, b"%d" % number) for key in keys]
        assert one.take(calls) == [0, 0, 0]
        for key in keys:
            taken[key].append(b"%d" % number)
    brokers.away = set()
    until(lambda: not one.waiting_bytes)
    assert {key: brokers.values(key) for key in taken} == taken
