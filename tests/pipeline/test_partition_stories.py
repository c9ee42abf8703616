"""Processes that share partitions out: these come and go, and what is promised of one process is promised of all."""

import asyncio
import contextlib
from collections import Counter

import msgspec
import pytest

from datafly.deliver.retention import keep_from
from datafly.log.holding import Tenure
from datafly.model.delivery import Plan, Replay
from datafly.model.errors import Unavailable
from datafly.model.verdict import Verdict
from datafly.observe import counts
from datafly.runtime.tenancy import Tenancy

USERS = [f"user{number}" for number in range(24)]


def one_in(house, partition):
    return next(user for user in USERS if house.partition_of(user) == partition)


@pytest.fixture
def house(spread):
    return spread


def assert_in_order(house):
    newest = {}
    for item in house.vendor.taken:
        number = int(item["id"][1:])
        assert newest.get(item["key"], -1) <= number
        newest[item["key"]] = number


def refused_in(house):
    return {place for place, given in house.found().items() if given == [Verdict.REJECTED]}


async def test_two_deliver_each_event_once_and_one_goes_on_with_what_the_other_gives_up(house):
    house.install(flush=0, max_items=1)
    first, second = await house.join("a", 0, 1), await house.join("b", 2)
    places = house.spread(*USERS * 4)
    await house.until(lambda: len(house.vendor.taken) > 20)
    leaving = asyncio.create_task(first.give_up(1))
    await house.until(leaving.done)
    second.take(1)
    places += house.spread(*USERS)
    await house.until(house.is_through)
    assert Counter(house.vendor.ids) == {f"e{number}": 1 for number in range(120)}
    assert house.found() == {place: [Verdict.DELIVERED] for place in places}
    assert_in_order(house)
    assert first.lowest_mark(1) is None
    assert second.lowest_mark(1) == house.heads()[1]


async def test_what_nobody_has_waits_and_is_kept(house):
    house.install(flush=0)
    await house.join("a", 0, 2)
    places = house.spread(*USERS)
    await house.wait(5)
    assert {partition for partition, _ in house.found()} == {0, 2}
    assert keep_from(house.control, house.ledger, 1) == 0
    await house.join("b", 1)
    await house.until(house.is_through)
    assert house.found() == {place: [Verdict.DELIVERED] for place in places}


async def test_one_that_was_killed_repeats_no_more_than_was_in_flight(house):
    house.install(flush=0, max_items=1)
    await house.join("a", 0, 1, lanes=2)
    survivor = await house.join("b", 2)
    house.spread(*USERS * 8)
    await house.until(lambda: len(house.vendor.taken) > 60)
    await house.kill_member("a")
    survivor.take(0)
    survivor.take(1)
    await house.until(house.is_through)
    twice = [name for name, times in Counter(house.vendor.ids).items() if times > 1]
    assert len(twice) <= 2 * 2
    assert set(house.vendor.ids) == {f"e{number}" for number in range(192)}
    assert {len(given) for given in house.found().values()} == {1}
    assert_in_order(house)


async def test_what_a_killed_one_may_have_sent_is_possibly_doubled_and_nothing_else(house):
    """The vendor knows no event again. Who gave a partition up in time has told all that it sent of it."""
    compiled = house.compile
    house.compile = lambda installation: msgspec.structs.replace(compiled(installation), idempotent=False)
    house.install(flush=0, max_items=1)
    house.vendor.answer = lambda *_: 503
    first, second = await house.join("a", 0, 1, lanes=1), await house.join("b")
    house.spread(one_in(house, 0), one_in(house, 1), one_in(house, 1))
    await house.until(lambda: len(house.vendor.requests) > 2)
    leaving = asyncio.create_task(first.give_up(0))
    await house.until(leaving.done)
    await house.kill_member("a")
    house.vendor.answer = lambda *_: None
    second.take(0)
    second.take(1)
    await house.until(lambda: len(house.found()) == 3)
    assert {one.partition for one in house.ledger.attempts() if one.told} == {1}
    assert house.ledger.counts("ins")["doubled"] == 1


async def test_what_one_that_was_thought_dead_writes_is_refused_and_it_sends_no_more(house):
    """It goes on sending what it has read until it is told so by the store."""
    taken_over = counts().get("DeliverPartitionTakenOver", 0)
    house.install(flush=0, max_items=1)
    zombie = await house.join("a", 0, lanes=1)
    house.spread(one_in(house, 0))
    await house.until(lambda: len(house.vendor.taken) == 1)
    heir = await house.join("b", 0)
    await house.until(lambda: heir.lowest_mark(0) == house.heads()[0])
    places = house.spread(*[one_in(house, 0)] * 20)
    await house.until(lambda: house.fenced)
    await house.until(lambda: len(house.found()) == 21)
    assert house.fenced == [("a", 0)]
    assert counts().get("DeliverPartitionTakenOver", 0) == taken_over + 1
    assert zombie.lowest_mark(0) is None
    assert set(house.found()) == {(0, 0), *places}
    assert {len(given) for given in house.found().values()} == {1}
    assert len(house.vendor.taken) <= 21 + 1
    asked = len(house.vendor.requests)
    await house.wait(5)
    assert len(house.vendor.requests) == asked


async def test_a_partition_that_is_dropped_writes_nothing_of_what_was_in_flight(house):
    house.install(flush=0, max_items=1)
    lost = await house.join("a", 0, 1)
    house.vendor.answer = lambda *_: 503
    house.spread(*USERS)
    await house.until(lambda: len(house.vendor.requests) > 4)
    await lost.drop(1)
    house.vendor.answer = lambda *_: None
    await house.wait(60)
    assert {partition for partition, _ in house.found()} == {0}
    heir = await house.join("b", 1, 2)
    await house.until(house.is_through)
    assert heir.lowest_mark(1) == house.heads()[1]
    assert {len(given) for given in house.found().values()} == {1}


async def test_the_documented_rate_is_that_of_all_partitions_together(house):
    house.install(rpm=60, max_items=1, flush=0)
    await house.join("a", 0, 1)
    await house.join("b", 2)
    house.spread(*USERS * 10)
    already = len(house.vendor.requests)
    await house.wait(60)
    assert 50 <= len(house.vendor.requests) - already <= 66
    alone = Counter(house.partition_of(item["key"]) == 2 for item in house.vendor.taken)
    assert alone[True] < alone[False]


async def test_it_stands_as_the_worst_of_its_partitions_and_an_episode_is_told_once(house):
    alerts, ends = counts().get("DeliverInstallationSuspended", 0), counts().get("DeliverInstallationResumed", 0)
    house.install(key="wrong", flush=0)
    first, second = await house.join("a", 0, 1), await house.join("b", 2)
    house.spread(*USERS)
    await house.until(lambda: house.state() is not None and house.state().name == "suspended")
    leaving = asyncio.create_task(first.give_up(1))
    await house.until(leaving.done)
    second.take(1)
    await house.wait(30)
    assert counts()["DeliverInstallationSuspended"] == alerts + 1
    house.revise()
    await house.until(house.is_through)
    await house.wait(3)
    assert house.state().name == "running"
    assert counts()["DeliverInstallationResumed"] == ends + 1


async def test_removed_closes_all_also_where_it_is_taken_later(house):
    house.install(flush=0)
    house.change(paused=True)
    first = await house.join("a", 0, 1)
    places = house.spread(*USERS)
    house.remove()
    await house.until(lambda: {partition for partition, _ in house.found()} == {0, 1})
    await house.wait(3)
    assert first.lowest_mark(0) is None
    await house.join("b", 2)
    await house.until(lambda: len(house.found()) == len(places))
    assert house.found() == {place: [Verdict.SKIPPED] for place in places}
    assert house.vendor.requests == []
    assert [keep_from(house.control, house.ledger, number) for number in range(3)] == [None] * 3


async def test_a_replay_over_all_partitions_is_done_when_the_last_of_them_is(house):
    house.vendor.answer = lambda *_: 400
    house.install(max_items=1, flush=0)
    first, second = await house.join("a", 0), await house.join("b", 1)
    places = house.spread(*USERS)
    await house.wait(10)
    heads = house.heads()
    house.vendor.answer = lambda *_: None
    plan = Plan(spans=tuple((partition, 0, heads[partition] - 1) for partition in range(3)))
    house.control.create_replay(Replay("run_1", "ins", (), 1, plan=plan))
    house.control.create_replay(Replay("run_2", "ins", tuple(sorted(places)[::2]), 1))
    there = len([place for place in places if place[0] != 2])
    await house.until(lambda: len(house.found("run_1")) == there)
    await house.wait(5)
    assert {one.state for one in house.control.replays()} == {"running"}
    assert keep_from(house.control, house.ledger, 2) == 0
    leaving = asyncio.create_task(first.give_up(0))
    await house.until(leaving.done)
    for partition in (0, 2):
        second.take(partition)
    await house.until(lambda: len(house.control.replays(state="done")) == 2)
    assert house.found("run_1") == {place: [Verdict.DELIVERED] for place in places}
    assert house.found("run_2") == {place: [Verdict.DELIVERED] for place in sorted(places)[::2]}


async def test_a_replay_goes_on_where_it_was_when_its_partition_moves(house):
    house.vendor.answer = lambda *_: 400
    house.install(max_items=1, flush=0)
    first, second = await house.join("a", 0, 1, 2, lanes=1), await house.join("b")
    places = house.spread(*USERS)
    await house.until(house.is_through)
    house.vendor.answer = lambda *_: None if len(house.vendor.taken) < 8 else 503
    house.control.create_replay(Replay("run_1", "ins", tuple(sorted(places)), 1))
    await house.until(lambda: len(house.found("run_1")) == 8)
    for partition in range(3):
        leaving = asyncio.create_task(first.give_up(partition))
        await house.until(leaving.done)
        second.take(partition)
    house.vendor.answer = lambda *_: None
    await house.until(lambda: house.control.replays(state="done"))
    assert Counter(house.vendor.ids) == {f"e{number}": 1 for number in range(len(USERS))}


async def test_jobs_are_asked_for_by_whoever_has_their_partition(house):
    house.install(flush=0, jobs=[""])
    await house.join("a", 0, 1)
    second = await house.join("b", 2)
    house.spread(*USERS)
    await house.until(house.is_through)
    await house.kill_member("a")
    house.vendor.tells = lambda _job: {"0": "no such profile"}
    await house.wait(40)
    assert {partition for partition, _ in refused_in(house)} == {2}
    second.take(0)
    second.take(1)
    await house.until(lambda: {partition for partition, _ in refused_in(house)} == {0, 1, 2})


def refuses(house, monkeypatch, *, partition):
    """Until it is undone the store takes nothing that is to begin in that partition, of what was installed last."""
    write = house.ledger.write

    def refused(writings, **known):
        if any(place[:3] == ("later", "", partition) for writing in writings for place in writing.begun):
            raise Unavailable("The store cannot be used now.")
        return write(writings, **known)

    monkeypatch.setattr(house.ledger, "write", refused)


async def test_a_partition_that_goes_while_an_installation_begins_is_begun_anew_when_it_comes_back(house, monkeypatch):
    house.install(flush=0)
    first = await house.join("a", 0, 1)
    failed = counts().get("DeliverRecordingFailed", 0)
    with monkeypatch.context() as store:
        refuses(house, store, partition=1)
        house.install("later", flush=0, max_items=1)
        await house.until(lambda: counts().get("DeliverRecordingFailed", 0) > failed)
        leaving = asyncio.create_task(first.drop(0))
        await house.until(leaving.done)
        house.spread(*[one_in(house, 0)] * 3)
        await house.wait(5)
        assert house.vendor.requests == []
    first.take(0)
    second = await house.join("b", 2)
    await house.until(lambda: house.is_through("later"))
    assert house.ledger.coverage("later", 0) == [(0, 2, Verdict.DELIVERED)]
    assert second.lowest_mark(0) is None


async def test_a_removal_counts_within_a_second_though_another_installation_waits_to_begin(house, monkeypatch):
    house.install(flush=0)
    await house.join("a", 0, 1, 2)
    failed = counts().get("DeliverRecordingFailed", 0)
    with monkeypatch.context() as store:
        refuses(house, store, partition=0)
        house.install("later", flush=0)
        await house.until(lambda: counts().get("DeliverRecordingFailed", 0) > failed)
        house.remove()
        await house.wait(1)
        house.spread(*USERS)
        await house.wait(5)
        assert house.vendor.requests == []
    await house.until(lambda: house.is_through("later"))


async def test_an_installation_that_could_not_begin_is_begun_once(house, monkeypatch):
    """What it had begun by then does not deliver beside what begins later."""
    first = await house.join("a", 0, 1)
    with monkeypatch.context() as store:
        failed = counts().get("DeliverLoopFailed", 0)
        progress = house.ledger.progress

        def refused(installation_id, partition, **known):
            if partition == 1:
                raise Unavailable("The store cannot be used now.")
            return progress(installation_id, partition, **known)

        store.setattr(house.ledger, "progress", refused)
        house.install(flush=0, max_items=1)
        await house.until(lambda: counts().get("DeliverLoopFailed", 0) > failed + 2)
    first.take(2)
    await house.until(lambda: first.lowest_mark(1) is not None)
    house.spread(*USERS * 4)
    await house.until(house.is_through)
    assert Counter(house.vendor.ids) == {f"e{number}": 1 for number in range(96)}


async def test_a_partition_that_was_claimed_is_served_though_the_next_could_not_be(house, monkeypatch):
    house.install(flush=0)
    first = await house.join("a")
    with monkeypatch.context() as store:
        failed = counts().get("DeliverLoopFailed", 0)
        take_over = house.ledger.take_over

        def refused(partition):
            if partition == 1:
                raise Unavailable("The store cannot be used now.")
            return take_over(partition)

        store.setattr(house.ledger, "take_over", refused)
        first.take(0)
        first.take(1)
        await house.until(lambda: counts().get("DeliverLoopFailed", 0) > failed)
        leaving = asyncio.create_task(first.give_up(1))
        await house.until(leaving.done)
    house.spread(*[one_in(house, 0)] * 3)
    await house.until(lambda: len(house.found()) == 3)


async def test_who_delivers_a_partition_after_all_takes_back_what_was_wrong(house):
    class Standby:
        @contextlib.asynccontextmanager
        async def following(self, _partition):
            yield asyncio.Event()

    tenure = Tenure(0)
    tenure.wrong = "The disk is full."
    working = asyncio.create_task(Tenancy(house.parts(partitioned=True), Standby()).work(tenure))
    for _ in range(100):
        await asyncio.sleep(0)
    tenure.stop.set()
    await working
    assert tenure.wrong is None
