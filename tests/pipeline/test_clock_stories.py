"""Our clock is set, an hour or a day, back or ahead, while events are under way: delivery goes by time that passes."""

import pytest

from datafly.model.verdict import Verdict

HOUR = 3_600_000
DAY = 24 * HOUR
DELIVERED = (Verdict.DELIVERED, "")
JUMPS = pytest.mark.parametrize("jump", [-DAY, -HOUR, HOUR, DAY])


@JUMPS
async def test_what_is_queued_retried_and_under_way_is_delivered_once_and_in_order(house, jump):
    house.install(max_items=2)
    house.start(lanes=1)
    offsets = []
    for number in range(6):
        house.vendor.answer = lambda *_, busy=number % 2 == 0: 503 if busy else None
        offsets += house.append("ann", "bob")
        await house.wait(1)
        house.clock.jump(jump if number % 3 else -jump)
    house.vendor.answer = lambda *_: None
    await house.until(house.is_done)
    assert house.vendor.ids == [f"e{number}" for number in range(12)]
    assert [house.verdict(offset) for offset in offsets] == [DELIVERED] * 12
    assert house.ledger.coverage("ins", 0) == [(0, 11, Verdict.DELIVERED)]
    assert house.ledger.counts("ins")["DELIVERED"] == 12


@JUMPS
async def test_a_poison_record_is_given_up_after_the_time_that_passed_and_not_after_that_of_the_clock(house, jump):
    house.vendor.answer = lambda items, _: 500 if any(item["key"] == "bad" for item in items) else None
    house.install()
    house.start(lanes=2, give_up_seconds=100.0)
    (bad,) = house.append("bad")
    for second in range(200):
        if second == 10:
            house.clock.jump(jump)
        if second < 100:
            assert house.verdict(bad) is None
        house.append("ann")
        await house.wait(1)
    assert house.verdict(bad)[0] is Verdict.EXHAUSTED


@JUMPS
async def test_after_a_restart_with_the_clock_set_nothing_is_sent_again(house, jump):
    house.install(max_items=1)
    house.start(lanes=1)
    house.append("ann", "ann")
    await house.until(house.is_done)
    await house.stop()
    house.clock.jump(jump)
    house.append("ann")
    house.start(lanes=1)
    await house.until(house.is_done)
    assert house.vendor.ids == ["e0", "e1", "e2"]


async def test_requests_that_a_clock_ahead_makes_look_old_are_forgotten_and_what_is_still_needed_is_not(house):
    house.vendor.answer = lambda items, _: 503 if items[0]["id"] == "e0" else None
    house.install(max_items=1)
    house.start(lanes=2)
    waiting, decided = house.append("ann", "bob")
    await house.until(lambda: house.verdict(decided) == DELIVERED)
    house.clock.jump(30 * DAY)
    house.ledger.trim(before_ms=house.clock.now_ms() - 7 * DAY)
    await house.kill()
    house.vendor.answer = lambda *_: None
    house.start(lanes=2)
    await house.until(house.is_done)
    assert house.vendor.ids == ["e1", "e0"]
    assert house.verdict(waiting) == DELIVERED
