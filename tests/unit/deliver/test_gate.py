import asyncio
import random

import msgspec
import pytest

from datafly.deliver.gate import BACKING_OFF, RUNNING, SUSPENDED, Gate
from datafly.deliver.settings import DeliverySettings
from datafly.model.verdict import Ruling, Verdict
from datafly.testing.clock import FakeClock

BUSY = Ruling(Verdict.RETRY, "busy")
WRONG = Ruling(Verdict.SUSPENDED, "unauthorized")


class Door:
    def __init__(self):
        self.clock = FakeClock()
        self.told = 0
        self.gate = Gate(self.clock, DeliverySettings(breaker_failures=3), random.Random(1), self._tell)

    def _tell(self):
        self.told += 1

    async def admitted(self):
        """A ticket if there is one at once."""
        task = asyncio.create_task(self.gate.admit())
        await self.clock.advance(0)
        if task.done():
            return task.result()
        task.cancel()
        return None


@pytest.fixture
def door():
    return Door()


async def test_failures_in_a_row_open_the_breaker_and_a_success_between_does_not(door):
    ticket = await door.gate.admit()
    for _ in range(2):
        door.gate.fails(ticket, BUSY)
    door.gate.works(ticket)
    for _ in range(2):
        door.gate.fails(ticket, BUSY)
    assert door.gate.name == RUNNING
    door.gate.fails(ticket, BUSY)
    assert (door.gate.name, door.gate.ruling) == (BACKING_OFF, BUSY)


async def test_while_it_is_shut_one_probes_and_who_waited_longest_is_next(door):
    door.gate.suspends(await door.gate.admit(), WRONG)
    order = []

    async def lane(name):
        ticket = await door.gate.admit()
        assert ticket.probe
        order.append(name)
        door.gate.suspends(ticket, WRONG)
        door.gate.leave(ticket)

    lanes = [asyncio.create_task(lane(name)) for name in "abc"]
    await door.clock.advance(0.1)
    assert order == []
    for _ in range(3):
        await door.clock.advance(door.gate._probe_at - door.clock.monotonic())
    assert order == ["a", "b", "c"]
    await asyncio.gather(*lanes)


async def test_probes_come_less_and_less_often_up_to_a_cap(door):
    door.gate.suspends(await door.gate.admit(), WRONG)
    delays = []
    for _ in range(12):
        delays.append(door.gate._probe_at - door.clock.monotonic())
        await door.clock.advance(delays[-1])
        door.gate.suspends(await door.gate.admit(), WRONG)
    assert 2.5 <= delays[0] <= 5
    assert all(150 <= delay <= 300 for delay in delays[-4:])


async def test_a_probe_that_works_opens_the_gate_for_all(door):
    door.gate.suspends(await door.gate.admit(), WRONG)
    await door.clock.advance(5)
    probe = await door.gate.admit()
    waiting = [asyncio.create_task(door.gate.admit()) for _ in range(3)]
    await door.clock.advance(1)
    assert not any(task.done() for task in waiting)
    door.gate.works(probe)
    await door.clock.advance(0)
    assert [task.result().probe for task in waiting] == [False] * 3
    assert door.gate.name == RUNNING


async def test_a_late_answer_from_before_neither_opens_nor_shuts_it_again(door):
    before = await door.gate.admit()
    other = await door.gate.admit()
    door.gate.suspends(other, WRONG)
    told = door.told
    door.gate.works(before)
    assert door.gate.name == SUSPENDED
    door.gate.suspends(before, WRONG)
    assert door.told == told


async def test_a_refusal_from_before_a_suspension_that_is_over_begins_no_second_one(door):
    before = await door.gate.admit()
    door.gate.suspends(await door.gate.admit(), WRONG)
    await door.clock.advance(5)
    door.gate.works(await door.gate.admit())
    assert door.gate.name == RUNNING
    door.gate.suspends(before, WRONG)
    assert door.gate.name == RUNNING


async def test_giving_back_a_probe_that_has_failed_does_not_let_a_third_lane_probe_beside_the_second(door):
    door.gate.suspends(await door.gate.admit(), WRONG)
    await door.clock.advance(5)
    first = await door.gate.admit()
    door.gate.suspends(first, WRONG)
    await door.clock.advance(20)
    assert await door.admitted()
    door.gate.leave(first)
    assert await door.admitted() is None


async def test_a_probe_that_hangs_does_not_hold_up_the_one_after_a_change(door):
    door.gate.suspends(await door.gate.admit(), WRONG)
    await door.clock.advance(5)
    hanging = await door.gate.admit()
    door.gate.nudge()
    probe = await door.admitted()
    assert probe
    door.gate.suspends(hanging, WRONG)
    door.gate.works(probe)
    assert door.gate.name == RUNNING


async def test_a_change_makes_the_next_probe_due_at_once(door):
    door.gate.suspends(await door.gate.admit(), WRONG)
    assert await door.admitted() is None
    door.gate.nudge()
    assert (await door.admitted()).probe


async def test_a_ticket_given_back_unused_lets_the_next_one_probe(door):
    door.gate.suspends(await door.gate.admit(), WRONG)
    door.gate.nudge()
    ticket = await door.gate.admit()
    assert await door.admitted() is None
    door.gate.leave(ticket)
    assert (await door.admitted()).probe


async def test_when_a_vendor_names_a_time_no_probe_comes_earlier(door):
    ticket = await door.gate.admit()
    for _ in range(3):
        door.gate.fails(ticket, msgspec.structs.replace(BUSY, retry_after_seconds=90.0))
    await door.clock.advance(89)
    assert await door.admitted() is None
    await door.clock.advance(1)
    assert (await door.admitted()).probe


@pytest.mark.parametrize("why", ["paused", "stopping", "blocked"])
async def test_a_shut_gate_lets_nobody_pass_and_nothing_ages_meanwhile(door, why):
    ticket = await door.gate.admit()
    door.gate.shut(why, shut=True)
    assert not door.gate.stands(ticket)
    await door.clock.advance(100)
    assert await door.admitted() is None
    door.gate.shut(why, shut=False)
    assert await door.admitted() is not None
    assert door.gate.idle_seconds() == 100


async def test_a_released_lane_gets_no_ticket_and_does_not_wait(door):
    door.gate.shut("paused", shut=True)
    task = asyncio.create_task(door.gate.admit())
    await door.clock.advance(0)
    door.gate.release(released=True)
    await door.clock.advance(0)
    assert task.result() is None


async def test_a_lane_that_is_cancelled_while_it_waits_does_not_take_the_probe_with_it(door):
    door.gate.suspends(await door.gate.admit(), WRONG)
    first, second = (asyncio.create_task(door.gate.admit()) for _ in range(2))
    await door.clock.advance(0.1)
    first.cancel()
    await door.clock.advance(6)
    assert second.result().probe
