"""What is spent at a vendor that counts: nothing for what did not change, and no more in a day than its cap allows."""

from dataclasses import replace

import msgspec
import pytest

from datafly.deliver.sent_file import SentFile
from datafly.deliver.thrift import DAY_MS
from datafly.model.delivery import Item
from datafly.model.verdict import Verdict
from datafly.spec.spending import Cost, Spend, meter_of
from datafly.store.tallies import SPARED, SPENT

SPEND = Spend(
    unit="points",
    note="ours",
    costs={"people": Cost(per_field=1, who=("key",), only_changed=True), "events": Cost(each=1)},
    cap="cap",
    holds=("over", "hold"),
)


@pytest.fixture
def thrifty(house):
    """A house whose vendor counts. Events with `says` tell that of their user; others cost one point."""
    compile_ = house.compile
    parts = house.parts
    house.sent = SentFile(house.folder / "sent.sqlite3")

    def shape(event, _now_ms):
        said = event.properties.get("says")
        if said is None:
            return (Item(msgspec.json.encode({"id": event.message_id}), part="events"),)
        return (Item(msgspec.json.encode({"key": event.key, **said}), part="people"),)

    def compiled(installation):
        config = {name: value for name, value in installation.revision.config.items() if name in ("cap", "over")}
        return msgspec.structs.replace(compile_(installation), shape=shape, meter=meter_of(SPEND, config))

    house.compile = compiled
    house.parts = lambda *share: replace(parts(*share), sent=house.sent)
    yield house
    house.sent.close()


def bodies(house):
    return [msgspec.json.decode(request[2])["items"] for request in house.vendor.requests]


def taken(house):
    return [{name: value for name, value in item.items() if name != "path"} for item in house.vendor.taken]


def spent(house, name=SPENT):
    told = house.ledger.tallies(since_ms=0, until_ms=2**50, step_ms=60_000)
    return sum(one.count for one in told if one.name.startswith(name) and (name == SPARED or one.name != SPARED))


async def settled(house):
    await house.until(house.is_done)


async def test_what_the_vendor_took_before_is_not_sent_again_also_after_a_restart(thrifty):
    thrifty.install(flush=0)
    thrifty.start(lanes=1)
    thrifty.append("ann", says={"plan": "gold", "size": 1})
    await settled(thrifty)
    await thrifty.kill()
    thrifty.start(lanes=1)
    (same,) = thrifty.append("ann", says={"plan": "gold", "size": 1})
    await settled(thrifty)
    thrifty.append("ann", says={"plan": "silver", "size": 1})
    thrifty.append("bob", says={"plan": "silver"})
    await settled(thrifty)
    assert taken(thrifty) == [
        {"key": "ann", "plan": "gold", "size": 1},
        {"key": "ann", "plan": "silver"},
        {"key": "bob", "plan": "silver"},
    ]
    assert thrifty.verdict(same) == (Verdict.SKIPPED, "unchanged")
    await thrifty.stop()
    assert (spent(thrifty), spent(thrifty, SPARED)) == (4, 3)


async def test_what_is_under_way_or_was_refused_is_no_reason_to_leave_anything_out(thrifty):
    thrifty.vendor.answer = lambda items, _: {0: "bad"} if items[0].get("plan") == "bad" else None
    thrifty.install(flush=500)
    thrifty.start(lanes=1)
    thrifty.append("ann", says={"plan": "gold"})
    await settled(thrifty)
    for plan in ("silver", "gold"):
        thrifty.append("ann", says={"plan": plan})
    await settled(thrifty)
    assert taken(thrifty)[-1] == {"key": "ann", "plan": "gold"}
    (bad,) = thrifty.append("ann", says={"plan": "bad"})
    await settled(thrifty)
    assert thrifty.verdict(bad)[0] is Verdict.REJECTED
    thrifty.append("ann", says={"plan": "bad"})
    await settled(thrifty)
    assert [item.get("plan") for items in bodies(thrifty) for item in items] == ["gold", "silver", "gold", "bad", "bad"]


async def test_a_retry_sends_the_same_bytes(thrifty):
    thrifty.vendor.answer = lambda *_: 503 if len(thrifty.vendor.requests) < 3 else None
    thrifty.install(flush=0)
    thrifty.start(lanes=1)
    thrifty.append("ann", says={"plan": "gold"})
    await settled(thrifty)
    assert len({request[2] for request in thrifty.vendor.requests}) == 1


async def test_after_a_replay_nothing_is_thought_to_be_known(thrifty):
    thrifty.install(flush=0)
    thrifty.start(lanes=1)
    (first,) = thrifty.append("ann", says={"plan": "gold"})
    await settled(thrifty)
    thrifty.append("ann", says={"plan": "silver"})
    await settled(thrifty)
    thrifty.replay(first)
    await thrifty.until(lambda: thrifty.control.replay("run_1").state == "done")
    thrifty.append("ann", says={"plan": "silver"})
    await settled(thrifty)
    assert [item["plan"] for item in taken(thrifty)] == ["gold", "silver", "gold", "silver"]


async def test_another_key_is_another_account_that_knows_nothing(thrifty):
    thrifty.install(flush=0, credential="one")
    thrifty.start(lanes=1)
    thrifty.append("ann", says={"plan": "gold"})
    await settled(thrifty)
    thrifty.revise(flush=0, credential="two")
    await thrifty.wait(1)
    thrifty.append("ann", says={"plan": "gold"})
    await settled(thrifty)
    assert len(taken(thrifty)) == 2


async def test_beyond_the_cap_events_wait_until_midnight_and_it_is_told_as_suspended(thrifty):
    thrifty.install(flush=0, cap=3, over="hold", max_items=2)
    thrifty.start(lanes=1)
    thrifty.append(*["ann"] * 7)
    await thrifty.until(lambda: len(taken(thrifty)) == 3)
    await thrifty.wait(5)
    state = thrifty.ledger.states()["ins"]
    assert (len(taken(thrifty)), state.name, state.reason) == (3, "suspended", "daily_cap")
    assert "3 points" in state.cause
    assert state.next_probe_ms % DAY_MS == 0
    await thrifty.kill()
    thrifty.start(lanes=1)
    await thrifty.wait(5)
    assert (len(taken(thrifty)), thrifty.ledger.states()["ins"].reason) == (3, "daily_cap")
    thrifty.clock.jump(DAY_MS - thrifty.clock.now_ms() % DAY_MS)
    await thrifty.until(lambda: len(taken(thrifty)) == 6)
    thrifty.revise(flush=0, cap=100, over="hold")
    await settled(thrifty)
    assert len(taken(thrifty)) == 7
    await thrifty.wait(3)
    assert thrifty.ledger.states()["ins"].name == "running"


async def test_lanes_that_send_at_one_time_keep_the_cap_together(thrifty):
    """What one is about to send, or has under way, is known to the others."""
    thrifty.install(flush=0, cap=10, over="hold", max_items=8)
    thrifty.append(*[f"user-{number}" for number in range(40)])
    thrifty.start(lanes=4)
    await thrifty.until(lambda: len(taken(thrifty)) >= 10)
    await thrifty.wait(5)
    assert len(taken(thrifty)) == 10
    assert thrifty.ledger.states()["ins"].reason == "daily_cap"


@pytest.mark.parametrize(("cap", "least"), [(10, 10), (450, 444)])
async def test_several_that_deliver_keep_the_cap_together(thrifty, cap, least):
    """At the same moment, not only once they have heard of each other. A part of the last that one claimed is left."""
    thrifty.install(flush=0, cap=cap, over="hold", max_items=8)
    thrifty.append(*[f"user-{number}" for number in range(cap * 2)])
    thrifty.start(lanes=4, workers=3)
    await thrifty.until(lambda: len(taken(thrifty)) >= least)
    await thrifty.wait(5)
    assert least <= len(taken(thrifty)) <= cap
    await thrifty.kill()
    thrifty.start(lanes=4, workers=3)
    await thrifty.wait(5)
    assert len(taken(thrifty)) <= cap
    thrifty.revise(flush=0, cap=cap * 3, over="hold", max_items=8)
    await settled(thrifty)
    assert len(taken(thrifty)) == cap * 2


async def test_beyond_the_cap_events_may_be_skipped_but_what_costs_nothing_goes(thrifty):
    thrifty.install(flush=0, cap=2, over="skip")
    thrifty.start(lanes=1)
    offsets = thrifty.append(*["ann"] * 4)
    await settled(thrifty)
    free = thrifty.append("ann", says={})
    await settled(thrifty)
    assert [thrifty.verdict(offset) for offset in offsets[2:]] == [(Verdict.SKIPPED, "daily_cap")] * 2
    assert len(taken(thrifty)) == 3
    assert thrifty.verdict(free[0])[0] is Verdict.DELIVERED


async def test_an_event_that_costs_more_than_a_day_has_goes_as_the_first_of_a_day(thrifty):
    thrifty.install(flush=0, cap=2, over="hold")
    thrifty.start(lanes=1)
    thrifty.append("ann", says={"a": 1, "b": 2, "c": 3})
    await settled(thrifty)
    assert len(taken(thrifty)) == 1


async def test_a_crash_between_what_was_taken_and_its_outcome_loses_no_change(thrifty):
    """What was taken is durable first, so the event is found unchanged, and another value is known to be another."""
    thrifty.install(flush=0)
    thrifty.start(lanes=1)
    await thrifty.wait(1)
    write = thrifty.ledger.write

    def fails_for_attempts(writings, **more):
        if any(writing.attempts for writing in writings):
            raise OSError("the disk is gone")
        return write(writings, **more)

    thrifty.ledger.write = fails_for_attempts
    (offset,) = thrifty.append("ann", says={"plan": "gold"})
    await thrifty.until(lambda: thrifty.vendor.taken)
    await thrifty.wait(1)
    await thrifty.kill()
    thrifty.start(lanes=1)
    await settled(thrifty)
    assert thrifty.verdict(offset) == (Verdict.SKIPPED, "unchanged")
    thrifty.append("ann", says={"plan": "silver"})
    await settled(thrifty)
    assert [item["plan"] for item in taken(thrifty)] == ["gold", "silver"]
