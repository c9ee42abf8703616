"""What people decide while events are under way: pause, disable, revise, remove, replay, stop."""

import asyncio

import msgspec
import pytest

from datafly.deliver.retention import keep_from
from datafly.log.base import EVENTS, Retention
from datafly.log.sqlite import SqliteLog
from datafly.model.pii import PiiRules
from datafly.model.verdict import Verdict
from datafly.shape import by_rules

DELIVERED = (Verdict.DELIVERED, "")
DISABLED = (Verdict.SKIPPED, "disabled")
REMOVED = (Verdict.SKIPPED, "installation_removed")


def covered_once(house, first, last, *, name="ins", run=""):
    """Every offset of first..last (all of our pipeline) has exactly one final verdict, and no other has any."""
    offsets = [offset for low, high, _ in house.ledger.coverage(name, 0, run_id=run) for offset in range(low, high + 1)]
    return sorted(offsets) == list(range(first, last + 1))


async def test_a_pause_holds_the_cursor_and_a_resume_sends_everything(house):
    house.install()
    house.change(paused=True)
    house.start()
    offsets = house.append("ann", "bob")
    await house.wait(30)
    assert house.vendor.requests == []
    assert house.mark() == offsets[0]
    assert house.state().name == "paused"
    house.change(paused=False)
    await house.until(house.is_done)
    assert [house.verdict(offset) for offset in offsets] == [DELIVERED] * 2
    assert house.state().name == "running"


async def test_a_pause_stops_what_is_retried_too(house):
    house.vendor.answer = lambda *_: 503
    house.install()
    house.start(lanes=1)
    house.append("ann")
    await house.until(lambda: len(house.vendor.requests) >= 2)
    house.change(paused=True)
    await house.wait(1)
    before = len(house.vendor.requests)
    await house.wait(120)
    assert len(house.vendor.requests) == before


async def test_disabling_skips_what_is_queued_and_what_comes_and_enabling_goes_on(house):
    house.vendor.answer = lambda *_: 503
    house.install()
    house.start()
    before = house.append(*(f"user{number}" for number in range(40)))
    await house.until(lambda: len(house.vendor.requests) >= 4)
    house.change(enabled=False)
    await house.until(house.is_done)
    during = house.append("ann", "bob")
    await house.until(house.is_done)
    assert house.state().name == "disabled"
    house.vendor.answer = lambda *_: None
    house.change(enabled=True)
    await house.until(lambda: house.state().name != "disabled")
    after = house.append("ann")
    await house.until(house.is_done)
    assert [house.verdict(offset) for offset in (*before, *during)] == [DISABLED] * 42
    assert house.verdict(after[0]) == DELIVERED
    assert covered_once(house, before[0], after[0])


async def test_disabling_counts_in_ranges_not_in_rows(house):
    house.install()
    house.change(enabled=False)
    house.start()
    house.append(*(f"user{number}" for number in range(400)))
    await house.until(house.is_done)
    assert house.ledger.counts("ins") == {"SKIPPED": 400}
    assert len(house.ledger.outcomes(installation_id="ins", limit=500)) == 1


async def test_a_new_revision_shapes_anew_what_is_queued(house):
    house.vendor.answer = lambda _, headers: 503 if headers["X-KEY"] == "s3cret-key" else None
    house.install(max_items=2)
    house.start(lanes=1)
    offsets = house.append(*["ann"] * 5)
    await house.until(lambda: len(house.vendor.requests) >= 2)
    house.vendor.key = "second"
    house.revise(key="second", max_items=5)
    await house.until(house.is_done)
    attempts = {house.delivered(offset).attempt.id for offset in offsets}
    assert len(attempts) == 1
    attempt = house.delivered(offsets[0]).attempt
    assert (attempt.revision_number, attempt.revision_id) == (2, "rev_ins_2")
    assert attempt.tries > 1
    assert house.vendor.ids == [f"e{number}" for number in range(5)]


@pytest.mark.parametrize(
    "change", [{"pii_rules": PiiRules(redact_fields=("properties.size",))}, {"parameters": {"SIZE": "0"}}], ids=str
)
async def test_what_is_changed_at_the_pipeline_counts_for_what_is_queued_and_comes_though_no_revision_is_new(
    house, change
):
    compile_ = house.compile

    def compiled(installation):
        rules = PiiRules(redact_fields=("properties.size",)) if installation.parameters else installation.pii_rules
        return by_rules(compile_(installation), rules)

    house.compile = compiled
    house.vendor.answer = lambda *_: 503
    house.install(max_items=1)
    house.start(lanes=1)
    house.append("ann", size=3)
    await house.until(lambda: len(house.vendor.requests) >= 1)
    house.control.update_pipeline("pip", change)
    await house.wait(1)
    house.vendor.answer = lambda *_: None
    house.append("ann", size=3)
    await house.until(house.is_done)
    assert [(item["id"], item["pad"]) for item in house.vendor.taken] == [("e0", ""), ("e1", "")]


async def test_a_request_in_flight_finishes_under_the_revision_that_made_it(house):
    original = house.transport.send

    async def send(outgoing):
        reply = await original(outgoing)
        await house.clock.sleep(5)
        return reply

    house.transport.send = send
    house.install()
    house.start(lanes=1)
    (offset,) = house.append("ann")
    await house.until(lambda: len(house.vendor.requests) == 1)
    house.revise(max_items=3)
    await house.until(house.is_done)
    assert len(house.vendor.requests) == 1
    assert house.delivered(offset).attempt.revision_number == 1


@pytest.mark.parametrize(
    ("decide", "next_ends"),
    [
        pytest.param(lambda house: house.remove(), REMOVED, id="removed"),
        pytest.param(lambda house: house.change(enabled=False), DISABLED, id="disabled"),
        pytest.param(lambda house: house.change(paused=True), None, id="paused"),
    ],
)
async def test_a_request_in_flight_finishes_and_is_recorded_whatever_is_decided_meanwhile(house, decide, next_ends):
    original = house.transport.send

    async def send(outgoing):
        reply = await original(outgoing)
        await house.clock.sleep(5)
        return reply

    house.transport.send = send
    house.install(max_items=1)
    house.start(lanes=1)
    under_way, queued = house.append("ann", "ann")
    await house.until(lambda: len(house.vendor.requests) == 1)
    decide(house)
    await house.until(lambda: house.verdict(under_way) is not None)
    await house.wait(5)
    assert house.verdict(under_way) == DELIVERED
    assert house.verdict(queued) == next_ends
    assert house.vendor.ids == ["e0"]


async def test_a_late_refusal_of_the_old_key_does_not_suspend_the_new_one(house):
    original = house.transport.send

    async def send(outgoing):
        reply = await original(outgoing)
        await house.clock.sleep(5)
        return reply

    house.transport.send = send
    house.install(key="wrong")
    house.start(lanes=1)
    house.append("ann")
    await house.until(lambda: len(house.vendor.requests) == 1)
    house.revise(key="s3cret-key")
    await house.until(house.is_done)
    assert house.state() is None or house.state().name == "running"
    assert house.vendor.ids == ["e0"]


@pytest.mark.parametrize("changes", [{"enabled": False}, {"paused": True}], ids=str)
async def test_what_is_decided_just_when_an_installation_begins_counts(house, monkeypatch, changes):
    """It is heard after it was read what is to be served, and before any of that has begun."""
    known, heard = house.ledger.states, []

    def states():
        if not heard:
            house.change(**changes)
            heard.append(asyncio.create_task(house.deliveries[0]._hear()))
        return known()

    monkeypatch.setattr(house.ledger, "states", states)
    house.install()
    house.start()
    house.append("ann")
    await house.until(lambda: heard and heard[0].done())
    await house.wait(10)
    assert house.vendor.requests == []
    assert house.state().name == ("paused" if "paused" in changes else "disabled")


async def test_an_installation_that_is_heard_of_once_it_is_told_to_stop_sends_nothing(house, vendor_beside):
    beside, port = vendor_beside
    original = house.transport.send

    async def send(outgoing):
        reply = await original(outgoing)
        await house.clock.sleep(2)
        return reply

    house.transport.send = send
    house.install(flush=0)
    house.start(lanes=1)
    (under_way,) = house.append("ann")
    await house.until(lambda: house.vendor.requests)
    house.install("later", url=f"http://127.0.0.1:{port}/", flush=0)
    house.append("bob")
    await house.stop()
    assert house.verdict(under_way) == DELIVERED
    assert beside.requests == []


async def test_removing_closes_what_is_left_up_to_that_moment_and_nothing_twice(house):
    house.vendor.answer = lambda items, _: 503 if any(item["key"] == "stuck" for item in items) else None
    house.install(max_items=1, flush=0)
    house.start()
    offsets = house.append("stuck", *(f"user{number % 9}" for number in range(60)), "stuck")
    await house.until(lambda: len(house.vendor.taken) > 20)
    house.remove()
    await house.until(lambda: house.state() is not None and house.state().name == "removed")
    await house.until(lambda: house.lowest_mark() is None)
    (later,) = house.append("ann")
    await house.wait(10)
    verdicts = [house.verdict(offset) for offset in offsets]
    assert verdicts[0] == verdicts[-1] == REMOVED
    assert set(verdicts) == {DELIVERED, REMOVED}
    assert house.verdict(later) is None
    assert house.mark() == offsets[-1] + 1
    assert covered_once(house, offsets[0], offsets[-1])


async def test_removing_while_stopped_is_caught_up_with_at_the_next_start(house):
    house.install()
    offsets = house.append(*(f"user{number}" for number in range(30)))
    house.remove()
    house.append("ann")
    house.start()
    await house.until(lambda: house.mark() == offsets[-1] + 1)
    assert [house.verdict(offset) for offset in offsets] == [REMOVED] * 30
    assert house.vendor.requests == []
    await house.wait(2)
    assert house.lowest_mark() is None


async def test_a_replay_sends_the_given_events_again_and_the_live_cursor_does_not_move(house):
    house.vendor.answer = lambda *_: 400
    house.install(max_items=1)
    house.start()
    offsets = house.append("ann", "bob", "ann", "cid")
    await house.until(house.is_done)
    assert {house.verdict(offset) for offset in offsets} == {(Verdict.REJECTED, "status_400")}
    house.vendor.answer = lambda *_: None
    mark = house.mark()
    house.replay(offsets[0], offsets[2])
    await house.until(lambda: house.control.replays(state="done"))
    assert house.vendor.ids == ["e0", "e2"]
    assert [house.verdict(offset, run="run_1") for offset in offsets] == [DELIVERED, None, DELIVERED, None]
    assert [house.verdict(offset) for offset in offsets] == [(Verdict.REJECTED, "status_400")] * 4
    assert house.mark() == mark


async def test_a_replay_interrupted_by_a_crash_goes_on_and_repeats_nothing_it_had_done(house):
    house.vendor.answer = lambda *_: 400
    house.install(max_items=1)
    house.start(lanes=1)
    offsets = house.append(*["ann"] * 20)
    await house.until(house.is_done)
    house.vendor.answer = lambda *_: None if len(house.vendor.taken) < 8 else 503
    house.replay(*offsets)
    await house.until(lambda: len(house.vendor.taken) == 8 and house.verdict(offsets[7], run="run_1"))
    await house.kill()
    house.vendor.answer = lambda *_: None
    house.start()
    await house.until(lambda: house.control.replays(state="done"))
    assert house.vendor.ids == [f"e{number}" for number in range(20)]
    assert covered_once(house, offsets[0], offsets[-1], run="run_1")


async def test_a_replay_of_a_removed_installation_ends_too(house):
    house.vendor.answer = lambda *_: 400
    house.install()
    house.start()
    offsets = house.append("ann")
    await house.until(house.is_done)
    house.remove()
    await house.until(lambda: house.state() is not None and house.state().name == "removed")
    house.replay(*offsets)
    await house.until(lambda: house.control.replays(state="done"))
    assert house.verdict(offsets[0], run="run_1") == REMOVED


async def test_a_restart_goes_on_at_the_mark_and_skips_what_was_final_above_it(house):
    house.vendor.answer = lambda items, _: 503 if items[0]["id"] == "e0" else None
    house.install(max_items=1, flush=0)
    house.start()
    offsets = house.append("stuck", *(f"user{number}" for number in range(30)))
    await house.until(lambda: sum(house.verdict(offset) == DELIVERED for offset in offsets) >= 20)
    await house.kill()
    done = sum(house.verdict(offset) == DELIVERED for offset in offsets)
    assert house.mark() == offsets[0]
    house.vendor.answer = lambda *_: None
    house.start()
    await house.until(house.is_done)
    assert covered_once(house, offsets[0], offsets[-1])
    assert len(house.vendor.ids) - len(set(house.vendor.ids)) <= 4
    assert len(house.vendor.ids) <= 31 + 4
    assert done < 31


async def test_a_stop_lets_what_is_in_flight_finish_and_writes_it_down(house):
    original = house.transport.send

    async def send(outgoing):
        reply = await original(outgoing)
        await house.clock.sleep(1)
        return reply

    house.transport.send = send
    house.install(flush=0)
    house.start(lanes=1)
    (offset,) = house.append("ann")
    await house.until(lambda: len(house.vendor.requests) == 1)
    await house.stop()
    assert house.verdict(offset) == DELIVERED


async def test_a_stop_does_not_wait_for_a_vendor_that_never_answers(house):
    async def send(_outgoing):
        await house.clock.sleep(10_000)

    house.transport.send = send
    house.install()
    house.start()
    (offset,) = house.append("ann")
    await house.wait(2)
    began = house.clock.monotonic()
    await house.stop()
    assert house.clock.monotonic() - began < 5
    assert house.verdict(offset) is None


async def test_the_log_is_kept_for_the_slowest_cursor_and_for_replays(house):
    house.install()
    house.install("paused")
    house.change("paused", paused=True)
    house.start()
    offsets = house.append(*(f"user{number}" for number in range(10)))
    await house.until(house.is_done)
    assert house.lowest_mark() == offsets[0] == keep_from(house.control, house.ledger, 0)
    house.remove("paused")
    await house.until(lambda: house.lowest_mark() == offsets[-1] + 1)
    assert keep_from(house.control, house.ledger, 0) == offsets[-1] + 1
    house.change(paused=True)
    house.replay(offsets[3])
    await house.until(lambda: house.lowest_mark() == offsets[3])
    assert keep_from(house.control, house.ledger, 0) == offsets[3]


async def test_what_the_log_had_to_drop_is_exhausted_not_forgotten(house):
    house.appender.close()
    house.log = SqliteLog(house.folder / "log", {EVENTS: 1}, segment_bytes=4_000, now_ms=house.clock.now_ms)
    house.appender = house.log.appender(EVENTS, 0)
    house.install()
    for _ in range(20):
        offsets = house.append(*["ann"] * 5)
    dropped = house.appender.retain(Retention(max_bytes=1), keep_from=offsets[0])
    earliest = dropped[-1][1] + 1
    first = house.control.installation("ins").start[0]
    assert earliest > first
    house.start()
    await house.until(house.is_done)
    assert covered_once(house, first, offsets[-1])
    assert house.verdict(first) == house.verdict(earliest - 1) == (Verdict.EXHAUSTED, "retention")
    assert house.verdict(earliest) == DELIVERED


async def test_what_somebody_removed_from_the_middle_of_the_log_is_exhausted_not_forgotten(house):
    house.appender.close()
    house.log = SqliteLog(house.folder / "log", {EVENTS: 1}, segment_bytes=4_000, now_ms=house.clock.now_ms)
    house.appender = house.log.appender(EVENTS, 0)
    house.install()
    for _ in range(20):
        offsets = house.append(*["ann"] * 5)
    first = house.control.installation("ins").start[0]
    segments = sorted(int(file.stem) for file in (house.folder / "log" / EVENTS / "0").glob("*.db"))
    gone, after = segments[1], segments[2]
    for file in (house.folder / "log" / EVENTS / "0").glob(f"{gone:020d}.db*"):
        file.unlink()
    house.start()
    await house.until(house.is_done)
    assert covered_once(house, first, offsets[-1])
    assert house.verdict(gone) == house.verdict(after - 1) == (Verdict.EXHAUSTED, "retention")
    assert house.verdict(gone - 1) == house.verdict(after) == DELIVERED


@pytest.mark.parametrize("moment", ["paused", "enabled"])
async def test_an_installation_made_while_delivery_runs_is_served(house, moment):
    house.start()
    await house.wait(1)
    house.install()
    house.change(**{moment: moment == "enabled"})
    (offset,) = house.append("ann")
    await house.until(house.is_done)
    assert house.verdict(offset) == DELIVERED
    assert msgspec.json.decode(house.vendor.requests[0][2])["items"][0]["id"] == "e0"


async def test_an_event_of_several_items_that_was_tried_out_of_turn_is_still_one_event(house):
    """While the vendor is down its first item is sent before those of others, the next one waits behind them."""
    house.vendor.answer = lambda *_: 503
    house.install()
    house.start(lanes=1)
    (first,) = house.append("ann")
    (second,) = house.append("bob", routes=["a", "b"])
    await house.until(lambda: any(path == "/a" for path, _, _ in house.vendor.requests))
    house.change(enabled=False)
    await house.until(house.is_done)
    assert covered_once(house, first, second)
