"""Replays over a stretch of the log: what of it is sent again, how fast, and what people decide meanwhile."""

from datafly.model.delivery import Plan, Replay
from datafly.model.replay import Selection
from datafly.model.verdict import DELIVERED as TAKEN
from datafly.model.verdict import Verdict

DELIVERED = (TAKEN.verdict, TAKEN.reason)


def again(house, first, last, *, run="run_1", **plan):
    """A replay of `first`..`last`."""
    planned = Plan(spans=((0, first, last),), **plan)
    house.control.create_replay(Replay(id=run, installation_id="ins", members=(), created_ms=1, plan=planned))


def state(house, run="run_1"):
    return house.control.replay(run).state


async def delivered(house, *keys, **properties):
    """They were delivered live, and the vendor forgets it."""
    offsets = house.append(*keys, **properties)
    await house.until(house.is_done)
    house.vendor.taken.clear()
    return offsets


async def test_a_stretch_is_sent_again_in_order_without_what_lies_around_it(house):
    house.install()
    house.start()
    offsets = await delivered(house, *["ann", "bob"] * 10)
    house.append("someone", pipeline="other")
    again(house, offsets[5], offsets[14])
    await house.until(lambda: state(house) == "done")
    assert sorted(house.vendor.ids) == sorted(f"e{number}" for number in range(5, 15))
    assert [found for found in house.vendor.ids if int(found[1:]) % 2] == [f"e{number}" for number in range(5, 15, 2)]
    assert [house.verdict(offset, run="run_1") for offset in (offsets[4], offsets[5], offsets[15])] == [
        None,
        DELIVERED,
        None,
    ]


async def test_of_a_stretch_only_what_became_so_is_sent_again(house):
    house.vendor.answer = lambda items, _: {
        index: "bad" for index, item in enumerate(items) if int(item["id"][1:]) % 3 == 0
    }
    house.install()
    house.start()
    offsets = await delivered(house, *["ann"] * 30)
    house.vendor.answer = lambda *_: None
    again(house, offsets[0], offsets[-1], selection=Selection(verdict=Verdict.REJECTED, reason="bad"))
    await house.until(lambda: state(house) == "done")
    assert house.vendor.ids == [f"e{number}" for number in range(0, 30, 3)]
    again(house, offsets[0], offsets[-1], run="run_2", selection=Selection(verdict=Verdict.DELIVERED))
    await house.until(lambda: state(house, "run_2") == "done")
    assert len(house.vendor.ids) == 30


async def test_a_stretch_never_sends_what_consent_forbids_now(house):
    house.install(consent="marketing")
    house.start()
    offsets = await delivered(house, "ann", "bob")
    house.withdrawn["ann"] = ({"marketing": False}, house.clock.now_ms())
    again(house, offsets[0], offsets[-1])
    await house.until(lambda: state(house) == "done")
    assert house.vendor.ids == ["e1"]
    assert house.verdict(offsets[0], run="run_1") == (Verdict.SKIPPED, "consent_marketing")


async def test_a_replay_that_is_paused_stands_still_goes_on_and_sends_nothing_twice(house):
    house.install(max_items=1)
    house.start(lanes=1)
    offsets = await delivered(house, *["ann"] * 40)
    house.vendor.answer = lambda *_: None if len(house.vendor.taken) < 10 else 503
    again(house, offsets[0], offsets[-1])
    await house.until(lambda: len(house.vendor.taken) == 10)
    house.control.set_replay_state("run_1", "paused")
    house.vendor.answer = lambda *_: None
    await house.wait(30)
    so_far = len(house.vendor.taken)
    assert so_far < 40
    await house.wait(60)
    assert len(house.vendor.taken) == so_far
    house.control.set_replay_state("run_1", "queued")
    await house.until(lambda: state(house) == "done")
    assert house.vendor.ids == [f"e{number}" for number in range(40)]


async def test_a_replay_that_is_cancelled_sends_no_more_and_live_events_go_on(house):
    house.install(max_items=1)
    house.start(lanes=1)
    offsets = await delivered(house, *["ann"] * 40)
    house.vendor.answer = lambda *_: None if len(house.vendor.taken) < 10 else 503
    again(house, offsets[0], offsets[-1])
    await house.until(lambda: len(house.vendor.taken) == 10)
    house.control.set_replay_state("run_1", "cancelled")
    house.vendor.answer = lambda *_: None
    await house.wait(30)
    before = len(house.vendor.taken)
    house.append("bob")
    await house.until(house.is_done)
    assert house.vendor.ids[-1] == "e40"
    assert len(house.vendor.taken) == before + 1 < 41
    assert state(house) == "cancelled"


async def test_a_stretch_interrupted_by_a_crash_goes_on_and_repeats_nothing_it_had_done(house):
    house.install(max_items=1)
    house.start(lanes=1)
    offsets = await delivered(house, *["ann"] * 20)
    house.vendor.answer = lambda *_: None if len(house.vendor.taken) < 8 else 503
    again(house, offsets[0], offsets[-1])
    await house.until(lambda: len(house.vendor.taken) == 8 and house.verdict(offsets[7], run="run_1"))
    await house.kill()
    house.vendor.answer = lambda *_: None
    house.start()
    await house.until(lambda: state(house) == "done")
    assert house.vendor.ids == [f"e{number}" for number in range(20)]


async def test_a_share_of_the_rate_is_kept_to(house):
    house.install(max_items=1, rpm=600)
    house.start()
    offsets = await delivered(house, *["ann", "bob", "cid", "dan"] * 10)
    again(house, offsets[0], offsets[-1], rate_share=0.1)
    began = house.clock.monotonic()
    await house.until(lambda: state(house) == "done")
    assert house.clock.monotonic() - began >= 36  # 40 events at one a second
    assert len(house.vendor.taken) == 40


async def test_a_quiet_replay_is_told_as_history(house):
    house.install()
    house.start()
    offsets = await delivered(house, "ann", tells_history=True)
    again(house, offsets[0], offsets[-1], quiet=True)
    await house.until(lambda: state(house) == "done")
    assert [one["historical"] for one in house.vendor.taken] == [True]


async def test_a_stretch_of_a_hundred_thousand_events_is_never_held_as_a_list(house):
    """The job that is kept is as small for a day as for a minute."""
    house.install()
    again(house, 0, 10**9)
    assert len(house.control.replay("run_1").members) == 0
    assert house.control.replay("run_1").first(0) == 0
    assert house.control.replay("run_1").first(1) is None
