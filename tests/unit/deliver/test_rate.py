"""The rate of requests follows what a vendor takes; simulated against vendors that count in two ways."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datafly.deliver.pace import Pace
from datafly.deliver.rate import Rate
from datafly.spec.pacing import Pacing
from datafly.testing.clock import FakeClock

DOCUMENTED = 600


class ByTheMinute:
    """Counts anew at each full minute, as many vendors do."""

    def __init__(self, clock, limit):
        self.clock, self.limit = clock, limit
        self.minute, self.count = -1, 0

    def takes(self):
        minute = int(self.clock.monotonic() // 60)
        self.minute, self.count = minute, self.count + 1 if minute == self.minute else 1
        return self.count <= self.limit


class ByTokens:
    """A bucket of ten seconds' worth that refills all the time."""

    def __init__(self, clock, limit):
        self.clock, self.limit = clock, limit
        self.tokens, self.at = limit / 6, 0.0

    def takes(self):
        now = self.clock.monotonic()
        self.tokens = min(self.tokens + (now - self.at) * self.limit / 60, self.limit / 6)
        self.at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


class Sender:
    """Always has something to send, and backs off as a lane does."""

    def __init__(self, clock, vendor, seed):
        self.clock, self.vendor = clock, vendor
        self.pace, self.rng = Pace(Pacing(DOCUMENTED), clock), random.Random(seed)

    def send_for(self, minutes):
        """(taken, refused)"""
        taken = refused = fails = 0
        ends = self.clock.monotonic() + minutes * 60
        while self.clock.monotonic() < ends:
            self.clock.pass_by(max(self.pace.due_in(self.pace.book()), 0))
            sent_at = self.clock.monotonic()
            self.pace.rate.leaves()
            if self.vendor.takes():
                self.pace.rate.taken()
                taken, fails = taken + 1, 0
            else:
                self.pace.rate.refused(sent_at)
                self.clock.pass_by(self.rng.uniform(0, min(0.5 * 2**fails, 60)))
                refused, fails = refused + 1, fails + 1
        return taken, refused


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from([ByTheMinute, ByTokens]),
    limit=st.integers(30, 540),
    seed=st.integers(0, 1_000),
)
def test_it_finds_a_limit_below_the_documented_one_and_comes_back_when_it_is_lifted(kind, limit, seed):
    clock = FakeClock()
    vendor = kind(clock, limit)
    sender = Sender(clock, vendor, seed)
    sender.send_for(minutes=10)
    taken, refused = sender.send_for(minutes=20)
    assert taken >= 0.7 * 20 * limit
    assert refused <= 0.15 * (taken + refused)
    assert sender.pace.rate.allowed < 1.6 * limit
    vendor.limit = 10 * DOCUMENTED
    sender.send_for(minutes=25)
    assert sender.pace.rate.allowed == DOCUMENTED
    assert sender.pace.rate.since_ms is None


def sent(rate, requests):
    for _ in range(requests):
        rate.leaves()
    return rate


def test_the_refusals_of_one_excess_cut_once():
    clock = FakeClock()
    rate = sent(Rate(600, clock), 100)
    assert rate.refused(clock.monotonic())
    assert rate.allowed == 300
    clock.pass_by(29)
    assert not rate.refused(clock.monotonic())
    clock.pass_by(1)
    assert rate.refused(clock.monotonic())
    assert rate.allowed == 150


def test_an_answer_to_what_was_sent_before_the_cut_says_nothing_of_the_new_rate():
    clock = FakeClock()
    rate = sent(Rate(600, clock), 100)
    before = clock.monotonic()
    assert rate.refused(before)
    clock.pass_by(600)
    assert not rate.refused(before)


def test_who_sent_little_is_cut_to_half_of_what_was_sent():
    """Others fill the account: half of the documented rate would change nothing."""
    clock = FakeClock()
    rate = sent(Rate(25_000, clock), 100)
    assert rate.refused(clock.monotonic())
    assert rate.allowed == pytest.approx(300)


@pytest.mark.parametrize(("documented", "floor"), [(25_000, 250), (100, 6), (4, 4)])
def test_it_never_falls_below_its_floor_nor_rises_above_the_ceiling(documented, floor):
    clock = FakeClock()
    rate = sent(Rate(documented, clock), 1)
    for _ in range(20):
        rate.refused(clock.monotonic())
        clock.pass_by(60)
    assert not rate.refused(clock.monotonic()), "there is nothing new to tell"
    assert (rate.since_ms is None) is (floor == documented)
    assert rate.allowed == pytest.approx(floor)
    assert rate.shown == floor
    for _ in range(300_000):
        rate.taken()
    assert rate.allowed == rate.shown == documented


def test_another_ceiling_keeps_the_share():
    clock = FakeClock()
    rate = sent(Rate(600, clock), 100)
    rate.refused(clock.monotonic())
    rate.retune(1_200)
    assert (rate.allowed, rate.shown) == (600, 600)


def test_a_cut_spreads_the_requests_of_the_pace_at_once():
    clock = FakeClock()
    pace = Pace(Pacing(600), clock)
    sent(pace.rate, 100)
    pace.rate.refused(clock.monotonic())
    delays = [pace.due_in(pace.book()) for _ in range(8)]
    assert sum(delay <= 0 for delay in delays) == 5
    assert [round(delay, 3) for delay in delays[5:]] == [0.2, 0.4, 0.6]
