"""Our clock is set, an hour or a day, back or ahead: what visitors decide keeps its order, and events count once."""

import itertools
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datafly.log.base import EVENTS, RAW, Entry
from datafly.log.sqlite import SqliteLog
from datafly.model.event import Event, Received
from datafly.process import StateReader
from datafly.process.memory import CONCURRENT_MS, Memory
from datafly.process.steps import Context, process_one
from datafly.process.worker import PartitionWorker
from datafly.testing.clock import FakeClock

HOUR = 3_600_000
DAY = 24 * HOUR
JUMPS = [-DAY, -HOUR, HOUR, DAY]


class House:
    """Raw and events on disk, a worker that may be started again, and a gateway whose clock a test sets."""

    def __init__(self, folder):
        self.clock = FakeClock()
        self.state = folder / "state"
        self.log = SqliteLog(folder / "log", {RAW: 1, EVENTS: 1}, now_ms=self.clock.now_ms)
        self.raw = self.log.appender(RAW, 0)
        self.numbers = itertools.count()
        self.worker = None
        self.restart()

    def restart(self):
        if self.worker:
            self.worker.close()
        self.worker = PartitionWorker(self.log, self.state, 0, dict)

    def receive(self, kind="track", *, message_id=None, minutes_ago=0, timed=True, skew=0, **consent):
        """One event of the visitor; she happened on it so long before it is sent, by a clock of her own that is right
        whatever ours says. `skew`: so far is the gateway's clock ahead of the log's.
        """
        now_ms = self.clock.now_ms() + skew
        message_id = message_id or f"m-{next(self.numbers)}"
        body = {"type": kind, "anonymousId": "ann", "messageId": message_id, "event": "Seen"}
        if timed:
            body["timestamp"] = _iso(now_ms - minutes_ago * 60_000)
        if consent:
            body["context"] = {"consent": consent}
        one = Received("pip", message_id, now_ms, msgspec.Raw(msgspec.json.encode(body)), "ann", sent_ms=now_ms)
        self.raw.append([Entry("ann", msgspec.json.encode(one))])
        self.clock.pass_by(2)
        while self.worker.turn():
            pass

    def events(self):
        reader = self.log.reader(EVENTS, 0)
        found, offset = [], 0
        while records := reader.read(offset, max_records=1_000):
            found += [msgspec.json.decode(one.value, type=Event) for one in records]
            offset = records[-1].offset + 1
        reader.close()
        return found

    def consent(self):
        reader = StateReader(self.state, 1)
        known = reader.consents_of(["ann"]).get("ann")
        reader.close()
        return known

    def close(self):
        self.worker.close()
        self.raw.close()


def _iso(ms):
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat()


@pytest.fixture
def house(tmp_path):
    house = House(tmp_path)
    yield house
    house.close()


@pytest.mark.parametrize("restarted", [False, True], ids=["", "and process starts again"])
@pytest.mark.parametrize("jump", JUMPS)
def test_a_withdrawal_after_our_clock_was_set_is_newer_than_the_grant_before(house, jump, restarted):
    house.receive(marketing=True)
    house.receive()
    house.clock.jump(jump)
    if restarted:
        house.restart()
    house.receive("consent", marketing=False)
    house.receive()
    granted, queued, _, after = house.events()
    assert (granted.consent.categories, after.consent.categories) == ({"marketing": True}, {"marketing": False})
    categories, since = house.consent()
    assert categories == {"marketing": False}
    assert since >= queued.steady_ms, "delivery takes it for newer than what is queued"


@pytest.mark.parametrize("jump", JUMPS)
def test_a_grant_after_the_clock_was_set_counts_again_and_so_on_both_ways(house, jump):
    for number in range(6):
        house.receive("consent", marketing=number % 2 == 0)
        assert house.consent()[0] == {"marketing": number % 2 == 0}
        house.clock.jump(jump if number % 2 else -jump)


@pytest.mark.parametrize("jump", [-DAY, -HOUR])
def test_what_an_offline_queue_brings_late_is_still_older_than_a_withdrawal_since(house, jump):
    house.clock.pass_by(DAY / 1000)
    house.receive("consent", marketing=False)
    house.clock.jump(jump)
    house.receive("consent", minutes_ago=30, marketing=True)
    assert house.consent()[0] == {"marketing": False}


@pytest.mark.parametrize("jump", [-DAY, -HOUR, HOUR, DAY - 60_000])
def test_an_event_that_comes_again_after_our_clock_was_set_is_a_duplicate(house, jump):
    house.receive(message_id="once")
    house.clock.jump(jump)
    house.receive(message_id="once")
    house.restart()
    house.receive(message_id="once")
    assert [event.message_id for event in house.events()] == ["once"]


@pytest.mark.parametrize("jump", JUMPS)
def test_an_event_is_told_with_the_time_that_our_clock_showed(house, jump):
    house.clock.jump(jump)
    now_ms = house.clock.now_ms()
    house.receive()
    (event,) = house.events()
    assert (event.received_ms, event.timestamp_ms) == (now_ms, now_ms)


def test_a_state_that_was_lost_learns_the_same_of_the_clock_again(house):
    house.receive(marketing=True)
    house.clock.jump(-HOUR)
    house.receive("consent", marketing=False)
    known = house.consent()
    house.state = house.state.with_name("anew")
    house.restart()
    house.worker.turn()
    assert house.consent() == known


CLOCK = st.integers(0, 10 * DAY)


@given(st.lists(st.tuples(CLOCK, CLOCK), min_size=1, max_size=30))
def test_the_steady_time_never_goes_back_by_more_than_requests_that_come_together(moments):
    """Whatever the clocks of gateways and of the log show."""
    memory = Memory()
    steady = [received_ms + memory.behind(received_ms, appended_ms) for received_ms, appended_ms in moments]
    assert all(steady[at] >= max(steady[: at + 1]) - CONCURRENT_MS for at in range(len(steady)))


@given(st.lists(st.integers(-3 * DAY, 3 * DAY), min_size=2, max_size=4), st.data())
def test_gateways_whose_clocks_are_apart_do_not_drive_the_time_of_all(skews, data):
    """Nor does one that brings what waited on its disk: all stay at the time of the log."""
    memory, now_ms = Memory(), 20 * DAY
    for _ in range(40):
        now_ms += data.draw(st.integers(0, 60_000))
        waited_ms = data.draw(st.sampled_from([0, 0, 5, HOUR]))
        received_ms = now_ms - waited_ms + data.draw(st.sampled_from(skews))
        steady_ms = received_ms + memory.behind(received_ms, now_ms)
        assert memory.newest_ms - CONCURRENT_MS <= steady_ms <= now_ms + CONCURRENT_MS


@pytest.mark.parametrize("skew", JUMPS)
def test_a_withdrawal_at_a_gateway_counts_after_a_grant_at_one_whose_clock_is_off(house, skew):
    """On brokers, where each gateway has a clock of its own, and a visitor comes to any of them."""
    house.receive()
    for marketing in (True, False, True, False):
        house.receive("consent", skew=skew if marketing else 0, marketing=marketing)
        assert house.consent()[0] == {"marketing": marketing}
    assert house.consent()[1] <= house.clock.now_ms()


@given(st.lists(st.tuples(st.integers(0, 10 * DAY), st.sampled_from([None, True, False])), max_size=20), st.data())
def test_learning_from_any_point_again_ends_where_the_first_time_ended(received, data):
    memory, events = Memory(), []
    for number, (received_ms, marketing) in enumerate(received):
        body = {"type": "track", "event": "Seen"}
        if marketing is not None:
            body["context"] = {"consent": {"marketing": marketing}}
        one = Received("pip", f"m-{number}", received_ms, msgspec.Raw(msgspec.json.encode(body)), "ann")
        events.append(process_one(one, Context(), memory))
    for event in events[data.draw(st.integers(0, len(events))) :]:
        told = (memory.behind_ms, memory.newest_ms)
        memory.learn(event)
        assert (memory.behind_ms, memory.newest_ms) == told
