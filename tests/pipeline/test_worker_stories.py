"""Several deliver, each its share of the keys: what is promised of one is promised of all of them together."""

from collections import Counter

import pytest

from datafly.deliver.retention import keep_from
from datafly.log.base import EVENTS, Retention
from datafly.log.sqlite import SqliteLog
from datafly.model.delivery import Share
from datafly.model.verdict import Verdict
from datafly.observe import counts

DELIVERED = (Verdict.DELIVERED, "")
USERS = [f"user{number}" for number in range(24)]


def happened(event):
    return counts().get(event, 0)


def verdicts(house, run=""):
    """Offset → its final verdicts, as the ledger has them."""
    found = {}
    for first, last, verdict in house.ledger.coverage("ins", 0, run_id=run):
        for offset in range(first, last + 1):
            found.setdefault(offset, []).append(verdict)
    return found


def assert_in_order(house):
    newest = {}
    for item in house.vendor.taken:
        number = int(item["id"][1:])
        assert newest.get(item["key"], -1) < number
        newest[item["key"]] = number


def share_of(key, workers):
    return next(number for number in range(workers) if Share(number, workers).takes(key))


def one_of(share, workers):
    return next(user for user in USERS if share_of(user, workers) == share)


async def until_final(house, count):
    await house.until(lambda: len(verdicts(house)) >= count)


async def test_three_deliver_each_event_once_in_the_order_of_its_key(house):
    house.install(flush=0)
    house.start(workers=3)
    offsets = house.append(*USERS * 10)
    await house.until(house.is_done)
    assert Counter(house.vendor.ids) == {f"e{number}": 1 for number in range(240)}
    assert_in_order(house)
    assert verdicts(house) == {offset: [Verdict.DELIVERED] for offset in offsets}
    assert len(house.decoded) == 240  # nobody unpacks what is of another
    assert house.ledger.counts("ins")["DELIVERED"] == 240


async def test_a_share_uses_all_its_lanes(house):
    """The keys of one share agree in a part of the number that lanes are dealt out by."""
    house.vendor.answer = lambda *_: 503
    house.install(max_items=1, flush=0)
    house.start(workers=2, lanes=4, breaker_failures=1_000)
    house.append(*USERS)
    await house.until(lambda: len({item for _, _, item in house.vendor.requests}) >= 8)


async def test_one_that_was_killed_holds_nobody_up_and_goes_on_where_it_was(house):
    house.install(flush=0, max_items=1)
    house.start(workers=3)
    house.append(*USERS)
    await house.until(house.is_done)
    await house.kill_one(1)
    offsets = house.append(*USERS * 3)
    others = [offset for offset, user in zip(offsets, USERS * 3, strict=True) if share_of(user, 3) != 1]
    await house.until(lambda: all(house.verdict(offset) == DELIVERED for offset in others))
    await house.wait(3)
    assert keep_from(house.control, house.ledger, 0) == house.mark() == offsets[0]
    assert len(verdicts(house)) == len(USERS) + len(others)
    house.start_again(1)
    await house.until(house.is_done)
    assert Counter(house.vendor.ids) == {f"e{number}": 1 for number in range(96)}
    assert_in_order(house)


async def test_one_that_was_killed_repeats_no_more_than_was_in_flight(house):
    house.install(flush=0, max_items=1)
    house.start(workers=3, lanes=2)
    house.append(*USERS * 8)
    await house.until(lambda: len(house.vendor.taken) > 60)
    await house.kill_one(0)
    house.start_again(0)
    await house.until(house.is_done)
    twice = [name for name, times in Counter(house.vendor.ids).items() if times > 1]
    assert len(twice) <= 2
    assert set(house.vendor.ids) == {f"e{number}" for number in range(192)}
    assert {len(given) for given in verdicts(house).values()} == {1}


async def test_their_number_changes_with_a_backlog_and_half_of_it_final(house):
    """1 → 3 → 2 → 1: what was final above the mark of the slowest is not sent again, and nothing is left out."""
    stuck = "user5"
    house.vendor.answer = lambda items, _: 503 if any(item["key"] == stuck for item in items) else None
    house.install(flush=0, max_items=3)
    offsets = []
    for workers in (1, 3, 2):
        house.start(workers=workers, give_up_seconds=1e6)
        offsets += house.append(*USERS * 5)
        await until_final(house, len(offsets) * 2 // 3)
        assert house.mark() == offsets[0 + 5]
        await house.stop()
    house.vendor.answer = lambda *_: None
    house.start(workers=1)
    await house.until(house.is_done)
    assert Counter(house.vendor.ids) == {f"e{number}": 1 for number in range(360)}
    assert verdicts(house) == {offset: [Verdict.DELIVERED] for offset in offsets}
    assert_in_order(house)


async def test_events_of_another_pipeline_and_of_other_shares_are_passed_by_all(house):
    house.install()
    house.start(workers=3)
    house.append(*USERS, pipeline="other")
    house.append(one_of(2, 3))
    house.append(*USERS, pipeline="other")
    await house.until(house.is_done)
    assert len(house.vendor.ids) == 1


async def test_the_documented_rate_is_that_of_all_together(house):
    house.install(rpm=60, max_items=1, flush=0)
    house.start(workers=3)
    house.append(*USERS * 4)
    await house.wait(60)
    assert 50 <= len(house.vendor.requests) <= 66


async def test_a_wrong_key_is_one_episode_however_many_meet_it(house):
    alerts, ends = happened("DeliverInstallationSuspended"), happened("DeliverInstallationResumed")
    house.install(key="wrong", flush=0)
    house.start(workers=3)
    house.append(*USERS)
    await house.until(lambda: all(share_is(house, number, "suspended") for number in range(3)))
    await house.kill_one(2)
    house.start_again(2)
    await house.wait(30)
    assert happened("DeliverInstallationSuspended") == alerts + 1
    house.revise(key="s3cret-key")
    await house.until(house.is_done)
    assert house.state().name == "running"
    assert happened("DeliverInstallationResumed") == ends + 1
    assert happened("DeliverInstallationSuspended") == alerts + 1


def share_is(house, number, name):
    return any(worker._state.name == name for worker in house.deliveries[number]._workers.values())


async def test_it_stands_as_the_worst_of_them_until_all_are_well(house):
    house.vendor.answer = lambda items, _: 503 if share_of(items[0]["key"], 2) == 1 else None
    opened = happened("DeliverBreakerOpened")
    house.install(flush=0, max_items=1)
    house.start(workers=2)
    house.append(*USERS)
    await house.until(lambda: house.state() is not None and house.state().name == "backing_off")
    await house.wait(5)
    assert house.state().name == "backing_off"
    assert {share_of(item["key"], 2) for item in house.vendor.taken} == {0}
    house.vendor.answer = lambda *_: None
    await house.until(house.is_done)
    assert house.state().name == "running"
    assert happened("DeliverBreakerOpened") == opened + 1


async def test_removal_pause_and_disabling_hold_for_all_shares(house):
    house.install(flush=0)
    house.start(workers=3)
    house.change(paused=True)
    await house.until(lambda: house.state() is not None and house.state().name == "paused")
    offsets = house.append(*USERS)
    await house.wait(5)
    assert house.vendor.requests == []
    house.remove()
    await house.until(lambda: house.lowest_mark() is None and house.state().name == "removed")
    assert verdicts(house) == {offset: [Verdict.SKIPPED] for offset in offsets}
    assert house.ledger.counts("ins") == {"SKIPPED": len(USERS)}
    assert keep_from(house.control, house.ledger, 0) is None


async def test_a_replay_is_carried_out_once_and_whole(house):
    house.vendor.answer = lambda *_: 400
    house.install(max_items=1)
    house.start(workers=3)
    offsets = house.append(*USERS)
    await house.until(house.is_done)
    house.vendor.answer = lambda *_: None
    house.replay(*offsets)
    await house.until(lambda: house.control.replays(state="done"))
    assert sorted(house.vendor.ids) == sorted(f"e{number}" for number in range(len(USERS)))
    assert verdicts(house, "run_1") == {offset: [Verdict.DELIVERED] for offset in offsets}


async def test_a_replay_cut_short_goes_on_with_another_number_of_workers(house):
    house.vendor.answer = lambda *_: 400
    house.install(max_items=1)
    house.start(workers=3, lanes=1)
    offsets = house.append(*USERS)
    await house.until(house.is_done)
    house.vendor.answer = lambda *_: None if len(house.vendor.taken) < 8 else 503
    house.replay(*offsets)
    await house.until(lambda: len(house.vendor.taken) == 8 and len(verdicts(house, "run_1")) == 8)
    await house.kill()
    house.vendor.answer = lambda *_: None
    house.start(workers=2)
    await house.until(lambda: house.control.replays(state="done"))
    assert Counter(house.vendor.ids) == {f"e{number}": 1 for number in range(len(USERS))}


async def test_what_the_log_lost_ends_once_though_one_share_had_read_a_part_of_it(house):
    """Of the first events share 0 has delivered some and holds one that waits; of the last nobody has read any."""
    house.appender.close()
    house.log = SqliteLog(house.folder / "log", {EVENTS: 1}, segment_bytes=4_000, now_ms=house.clock.now_ms)
    house.appender = house.log.appender(EVENTS, 0)
    stuck = [one for one in USERS[:10] if share_of(one, 2) == 0][-1]
    house.vendor.answer = lambda items, _: 503 if items[0]["key"] == stuck else None
    house.install(flush=0, max_items=1)
    house.start(workers=2, span_events=40, give_up_seconds=1e6)
    await house.until(lambda: house.mark() >= 0)
    await house.kill_one(1)
    offsets = [offset for _ in range(16) for offset in house.append(*USERS[:10])]
    await house.wait(60)
    read = set(verdicts(house))
    assert read
    (_, last), *_ = reversed(house.appender.retain(Retention(max_bytes=1), keep_from=10**9))
    held = [offset for offset, user in zip(offsets, USERS[:10] * 16, strict=True) if user == stuck]
    house.start_again(1)
    await house.wait(60)
    assert not {offset for offset, given in verdicts(house).items() if given == [Verdict.EXHAUSTED]}
    house.vendor.answer = lambda *_: None
    await house.until(house.is_done)
    found = verdicts(house)
    assert sorted(found) == offsets
    assert {len(given) for given in found.values()} == {1}
    exhausted = {offset for offset, given in found.items() if given == [Verdict.EXHAUSTED]}
    assert not exhausted & (read | {held[0]})
    assert exhausted == {offset for offset in offsets if offset <= last} - {
        offset for offset, given in found.items() if given == [Verdict.DELIVERED]
    }
    assert max(exhausted) > max(read)
    assert_in_order(house)


@pytest.mark.parametrize("workers", [1, 3])
async def test_an_event_that_cannot_be_read_is_told_by_one_of_them(house, workers):
    house.install(flush=0)
    house.start(workers=workers)
    house.decode = lambda _value: (_ for _ in ()).throw(ValueError("broken"))
    await house.until(lambda: house.mark() >= 0)
    await house.stop()
    house.start(workers=workers)
    (offset,) = house.append("ann")
    await house.until(house.is_done)
    assert verdicts(house) == {offset: [Verdict.REJECTED]}
