"""What a follower learns beside process is what process knows."""

import time

import msgspec
import pytest

from datafly.log.base import EVENTS, RAW, STATE, Entry, Retention
from datafly.log.sqlite import SqliteLog
from datafly.model.event import Received
from datafly.process import StateReader, follower
from datafly.process.follower import Choices, Ids
from datafly.process.worker import PartitionWorker

NOW = time.time_ns() // 1_000_000
VISITORS = [f"a-{number}" for number in range(7)]


class House:
    """Process on one machine, a follower on another; they have the log in common."""

    def __init__(self, folder):
        self.folder = folder
        self.now_ms = NOW
        self.log = SqliteLog(
            folder / "log", dict.fromkeys((RAW, EVENTS, STATE), 1), segment_bytes=5_000, now_ms=lambda: self.now_ms
        )
        self.gateway = self.log.appender(RAW, 0)
        self.worker = PartitionWorker(self.log, folder / "process", 0, dict, monotonic=lambda: 0.0)

    def receive(self, *numbers):
        for number in numbers:
            self.now_ms += 1_000
            self.gateway.append([entry(number, self.now_ms)])
        while self.worker.turn():
            pass

    def follow(self, kind=Choices):
        """As far as the log goes, by a follower that ends then; how many records it read."""
        one = kind(self.log, self.folder / kind.__name__, 0)
        count = 0
        try:
            while records := one.turn():
                assert not one.caught_up or count
                count += records
            assert one.caught_up
        finally:
            one.close()
        return count

    def known(self, folder):
        reader = StateReader(self.folder / folder, 1)
        try:
            return reader.consents_of(VISITORS), [reader.find_offset(f"m-{number}") for number in range(100)]
        finally:
            reader.close()


def entry(number, at_ms):
    visitor = VISITORS[number % 7]
    body = [
        {"type": "page", "context": {"consent": {"marketing": number % 3 == 0, "analytics": True}}},
        {"type": "track", "event": "add_to_cart"},
        {"type": "consent", "properties": {"marketing": number % 2 == 0}},
        {"type": "page", "context": {"consentManagement": {"allowedConsentIds": ["ads"]}}},
        {"type": "page", "timestamp": "2020-01-01T00:00:00Z", "context": {"consent": {"marketing": True}}},
    ][number % 5]
    told = msgspec.json.encode({**body, "anonymousId": visitor, "messageId": f"m-{number}"})
    return Entry(visitor, msgspec.json.encode(Received("pip_1", f"m-{number}", at_ms, msgspec.Raw(told), visitor)))


@pytest.fixture
def house(tmp_path):
    house = House(tmp_path)
    yield house
    house.worker.close()
    house.gateway.close()


def test_it_knows_what_visitors_chose_and_goes_on_where_it_was(house):
    house.receive(*range(40))
    assert house.follow() == 40
    assert house.known("Choices")[0] == house.known("process")[0] != {}
    house.receive(*range(40, 100))
    assert house.follow() == 60
    assert house.known("Choices")[0] == house.known("process")[0]


def test_it_knows_where_message_ids_are(house):
    house.receive(*range(60))
    assert house.follow(Ids) == 60
    house.receive(*range(60, 100))
    house.worker.flush()
    assert house.follow(Ids) == 40
    assert house.known("Ids")[1] == house.known("process")[1]
    assert all(house.known("Ids")[1])


def test_what_events_do_not_tell_any_more_process_has_handed_on(house):
    house.receive(*range(90))
    house.worker.leave()
    head = house.log.reader(EVENTS, 0).bounds().head
    house.worker._appender.retain(Retention(max_bytes=1), keep_from=head)
    assert house.log.reader(EVENTS, 0).bounds().earliest > 0
    house.receive(*range(90, 100))
    assert house.follow() == 10
    assert house.known("Choices")[0] == house.known("process")[0]


@pytest.mark.parametrize("why", ["far behind", "too old to go on from"])
def test_a_file_that_is_of_no_use_any_more_begins_anew_with_what_was_handed_on(house, why, monkeypatch):
    house.receive(*range(20))
    house.follow()
    house.receive(*range(20, 90))
    house.worker.leave()
    if why == "far behind":
        monkeypatch.setattr(follower, "FAR", 30)
    else:
        head = house.log.reader(EVENTS, 0).bounds().head
        house.worker._appender.retain(Retention(max_bytes=1), keep_from=head)
    house.receive(*range(90, 100))
    assert house.follow() == 10
    assert house.known("Choices")[0] == house.known("process")[0]


def test_what_is_no_event_teaches_nothing(house):
    house.worker.close()
    with_faults = house.log.appender(EVENTS, 0)
    with_faults.append([Entry("a-1", b"{"), Entry("a-1", b"[]"), Entry("a-1", b'{"key": "\xff"}')])
    with_faults.close()
    house.worker = PartitionWorker(house.log, house.folder / "process", 0, dict, monotonic=lambda: 0.0)
    house.receive(*range(10))
    assert house.follow() == 13
    assert house.follow(Ids) == 13
    assert house.known("Choices")[0] == house.known("process")[0] != {}
