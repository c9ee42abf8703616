"""Vendors that fail, keys that are wrong, records that poison: who waits, who gives up, who is told."""

import msgspec
import pytest

from datafly.model.errors import Unavailable
from datafly.model.verdict import Verdict
from datafly.observe import counts
from datafly.transport.http import HttpTransport

DELIVERED = (Verdict.DELIVERED, "")


def happened(name):
    return counts().get(name, 0)


def holds(items, *ids):
    return any(item["id"] in ids for item in items)


async def test_a_retry_sends_the_same_bytes(house):
    house.vendor.answer = lambda *_: 503 if len(house.vendor.requests) < 4 else None
    house.install()
    house.start(lanes=1)
    (offset,) = house.append("ann")
    house.append("ann")
    await house.until(house.is_done)
    assert len({body for _, _, body in house.vendor.requests}) == 1
    attempt = house.delivered(offset).attempt
    assert (attempt.tries, [answer.status for answer in attempt.earlier]) == (4, [503, 503, 503])


async def test_the_first_retry_comes_within_half_a_second(house):
    times = []

    def answer(*_):
        times.append(house.clock.monotonic())
        return 503 if len(times) == 1 else None

    house.vendor.answer = answer
    house.install()
    house.start()
    house.append("ann")
    await house.until(house.is_done, step=0.02)
    assert times[1] - times[0] <= 0.52


@pytest.mark.parametrize("status", [429, 503])
async def test_a_vendor_that_says_when_to_come_back_is_left_alone_until_then(house, status):
    times = []

    def answer(*_):
        times.append(house.clock.monotonic())
        return (status, {"Retry-After": "30"}) if len(times) == 1 else None

    house.vendor.answer = answer
    house.install()
    house.start(lanes=1)
    house.append("ann")
    await house.until(house.is_done)
    assert 30 <= times[1] - times[0] < 31


async def test_a_rate_limit_in_one_lane_quiets_all_lanes_of_the_credential(house):
    times = []

    def answer(*_):
        times.append(house.clock.monotonic())
        return (429, {"Retry-After": "30"}) if len(times) == 1 else None

    house.vendor.answer = answer
    house.install()
    house.start()
    house.append("ann")
    await house.until(lambda: len(times) == 1)
    house.append(*(f"user{number}" for number in range(20)))
    await house.until(house.is_done)
    assert times[1] - times[0] >= 30


async def test_a_vendor_that_takes_less_than_it_documents_is_sent_less_and_the_standing_says_so(house):
    minutes, limit = {}, 60

    def answer(*_):
        minute = int(house.clock.monotonic() // 60)
        minutes[minute] = minutes.get(minute, 0) + 1
        return 429 if minutes[minute] > limit else None

    house.vendor.answer = answer
    house.install(max_items=1, flush=0, rpm=240)
    slow = happened("DeliverPaceSlowed")
    house.start(max_poll_seconds=2.0, control_interval_seconds=5.0)
    house.append(*(f"user{number % 9}" for number in range(600)))
    await house.until(lambda: house.state() is not None and house.state().slowed, step=1.0)
    (told,) = house.state().slowed
    assert (told.route, told.documented) == ("", 240)
    assert told.requests_per_minute <= 120
    await house.until(house.is_done, step=1.0)
    assert sorted(house.vendor.ids, key=lambda one: int(one[1:])) == [f"e{number}" for number in range(600)]
    assert house.clock.monotonic() < 2 * 600
    assert happened("DeliverPaceSlowed") > slow
    limit = 10_000
    house.append(*(f"user{number % 9}" for number in range(2_400)))
    await house.until(lambda: house.is_done() and not house.state().slowed, step=1.0)
    assert house.state().name == "running"


async def throttled(house, *keys):
    """Told to keep silent for most of an hour, with events in every lane."""
    house.vendor.answer = lambda *_: (429, {"Retry-After": "3000"})
    house.install(credential="old")
    house.start()
    offsets = house.append(*keys)
    await house.until(lambda: house.vendor.requests)
    await house.wait(3)
    house.vendor.answer = lambda *_: None
    return offsets


async def test_another_credential_need_not_wait_for_the_silence_that_the_old_one_was_told(house):
    await throttled(house, *"abcdefgh")
    house.vendor.key = "new"
    house.revise(key="new", credential="new")
    await house.wait(3)
    assert sorted(house.vendor.ids) == [f"e{number}" for number in range(8)]


async def test_disabling_does_not_wait_for_the_silence_that_a_vendor_asked_for(house):
    offsets = await throttled(house, *"abcdefgh")
    requests = len(house.vendor.requests)
    house.change(enabled=False)
    await house.wait(3)
    assert {house.verdict(offset) for offset in offsets} == {(Verdict.SKIPPED, "disabled")}
    assert len(house.vendor.requests) == requests


async def test_a_vendor_down_for_an_hour_costs_nothing_but_time(house):
    ends = house.clock.monotonic() + 3_600
    house.vendor.answer = lambda *_: 503 if house.clock.monotonic() < ends else None
    house.install()
    house.start(max_poll_seconds=2.0, control_interval_seconds=5.0, mark_interval_seconds=30.0)
    house.append(*(f"user{number % 7}" for number in range(100)))
    await house.until(lambda: (house.state() or None) and house.state().name == "backing_off")
    await house.until(lambda: house.clock.monotonic() >= ends, step=1.0)
    during = len(house.vendor.requests)
    assert during < 3_600 / 30 + 40
    await house.until(house.is_done)
    assert house.ledger.counts("ins")["DELIVERED"] == 100
    for key in {f"user{number}" for number in range(7)}:
        mine = [int(item["id"][1:]) for item in house.vendor.taken if item["key"] == key]
        assert mine == sorted(mine)
    assert house.state().name == "running"


async def test_while_nothing_can_be_sent_little_is_taken_in(house):
    house.vendor.answer = lambda *_: 503
    house.install()
    house.start(window_events=100, window_shut_events=20, chunk_events=10)
    house.append(*(f"user{number}" for number in range(15)))
    await house.until(lambda: house.state() is not None and house.state().name == "backing_off")
    house.append(*(f"user{number}" for number in range(200)))
    await house.wait(60)
    (run,) = [run for worker in house.deliveries[0]._workers.values() for run in worker.runs.values()]
    assert 20 <= run._tracker.undecided < 20 + 32  # what a look at the head finds at once
    house.vendor.answer = lambda *_: None
    await house.until(house.is_done)
    assert len(set(house.vendor.ids)) == 215


async def test_of_a_vendor_that_has_taken_nothing_yet_little_is_taken_in(house):
    original = house.transport.send

    async def send(outgoing):
        await house.clock.sleep(5)
        return await original(outgoing)

    house.transport.send = send
    house.install(max_items=1)
    house.start(window_events=100, window_shut_events=20, chunk_events=10)
    house.append(*(f"user{number}" for number in range(200)))
    await house.wait(3)
    (run,) = [run for worker in house.deliveries[0]._workers.values() for run in worker.runs.values()]
    assert 20 <= run._tracker.undecided < 20 + 32
    await house.until(lambda: house.vendor.ids)
    await house.wait(1)
    assert 90 <= run._tracker.undecided < 100 + 32
    await house.until(house.is_done)
    assert sorted(house.vendor.ids) == sorted(f"e{number}" for number in range(200))


async def test_while_the_vendor_is_down_one_probe_flies_at_a_time(house):
    flying = []
    original = house.transport.send

    async def send(outgoing):
        flying.append(len(flying) + 1)
        await house.clock.sleep(0.3)
        try:
            return await original(outgoing)
        finally:
            seen.append(len(flying))
            flying.pop()

    seen = []
    house.transport.send = send
    house.vendor.answer = lambda *_: 503
    house.install()
    house.start()
    house.append(*(f"user{number}" for number in range(40)))
    await house.until(lambda: house.state() is not None and house.state().name == "backing_off")
    await house.wait(1)
    seen.clear()
    await house.wait(60)
    assert set(seen) == {1}


async def test_a_record_that_fails_alone_is_isolated_and_exhausted_and_the_others_are_delivered(house):
    house.vendor.answer = lambda items, _: 500 if holds(items, "e5") else None
    house.install()
    house.start(max_poll_seconds=1.0, control_interval_seconds=5.0, give_up_seconds=900.0)
    began = house.clock.monotonic()
    first = house.append(*["ann"] * 10)
    while house.verdict(first[5]) is None:
        house.append("bob", "cid", "dan", "eve")
        await house.wait(15, step=1.0)
    assert 900 <= house.clock.monotonic() - began < 1_200
    await house.until(house.is_done)
    assert house.verdict(first[5]) == (Verdict.EXHAUSTED, "status_500")
    assert [house.verdict(offset) for offset in first if offset != first[5]] == [DELIVERED] * 9
    attempt = house.delivered(first[5]).attempt
    assert attempt.offsets == (first[5],)
    assert attempt.tries > 10
    assert len(attempt.earlier) == house.settings.earlier_answers


async def test_a_poison_record_alone_in_the_world_cannot_hold_its_lane_for_ever(house):
    """Nothing else succeeds at first, so the vendor looks down; another key's turn tells the two apart."""
    house.vendor.answer = lambda items, _: 500 if holds(items, "e0") else None
    house.install()
    house.start(lanes=1, max_poll_seconds=1.0, control_interval_seconds=5.0, give_up_seconds=60.0)
    poison, *others = house.append("ann", "bob", "cid", "ann", "bob")
    await house.until(house.is_done, step=0.5)
    assert house.verdict(poison) == (Verdict.EXHAUSTED, "status_500")
    assert [house.verdict(offset) for offset in others] == [DELIVERED] * 4
    assert [int(item["id"][1:]) for item in house.vendor.taken if item["key"] == "bob"] == [1, 4]


async def test_a_wrong_key_stops_the_installation_and_everything_arrives_once_it_is_right(house):
    alerts = happened("DeliverInstallationSuspended")
    house.install(key="wrong")
    house.start(max_poll_seconds=5.0, control_interval_seconds=2.0, mark_interval_seconds=10.0)
    offsets = house.append(*(f"user{number}" for number in range(60)))
    await house.until(lambda: house.state() is not None and house.state().name == "suspended")
    state = house.state()
    assert state.reason == "the key *** is unknown"
    assert (state.cause, state.cure, state.symptom) == ("Wrong key", "Give the right key.", "401 Unauthorized")
    assert state.next_probe_ms > house.clock.now_ms()
    before = len(house.vendor.requests)
    await house.wait(1_800, step=5.0)
    assert len(house.vendor.requests) - before < 20
    assert happened("DeliverInstallationSuspended") == alerts + 1
    assert house.state().since_ms == state.since_ms

    house.revise(key="s3cret-key")
    changed = house.clock.monotonic()
    await house.until(house.is_done)
    assert house.clock.monotonic() - changed < 10
    assert [house.verdict(offset) for offset in offsets] == [DELIVERED] * 60
    assert sorted(house.vendor.ids) == sorted(f"e{number}" for number in range(60))
    assert house.state().name == "running"
    assert house.delivered(offsets[0]).attempt.revision_number == 2


async def test_a_suspension_ends_by_itself_when_the_vendor_takes_the_key(house):
    house.vendor.key = "new"
    house.install()
    house.start(max_poll_seconds=1.0)
    house.append("ann", "bob")
    await house.until(lambda: house.state() is not None and house.state().name == "suspended")
    house.vendor.key = "s3cret-key"
    await house.until(house.is_done, step=1.0)
    assert house.state().name == "running"


async def test_a_suspension_outlives_a_restart_without_a_second_alert_and_is_probed_once(house):
    house.install(key="wrong")
    house.start()
    house.append(*(f"user{number}" for number in range(60)))
    await house.until(lambda: house.state() is not None and house.state().name == "suspended")
    alerts, before = happened("DeliverInstallationSuspended"), len(house.vendor.requests)
    await house.kill()
    house.start()
    await house.until(lambda: len(house.vendor.requests) > before)
    await house.wait(2)
    assert len(house.vendor.requests) == before + 1
    assert happened("DeliverInstallationSuspended") == alerts


async def test_a_pause_in_the_middle_of_a_suspension_is_no_second_episode(house):
    house.install(key="wrong")
    house.start()
    house.append("ann")
    await house.until(lambda: house.state() is not None and house.state().name == "suspended")
    alerts = happened("DeliverInstallationSuspended")
    house.change(paused=True)
    await house.until(lambda: house.state().name == "paused")
    house.change(paused=False)
    await house.until(lambda: house.state().name == "suspended")
    assert happened("DeliverInstallationSuspended") == alerts


async def test_an_address_that_is_not_allowed_suspends_and_says_how_to_allow_it(house):
    await house.transport.close()
    house.transport = HttpTransport()
    house.install(url=f"https://127.0.0.1:{house.port}/")
    house.start()
    house.append("ann")
    await house.until(lambda: house.state() is not None and house.state().name == "suspended")
    assert house.state().reason == "address_not_allowed"
    assert "DATAFLY_ALLOW_PRIVATE_ENDPOINTS" in house.state().cure


async def test_a_configuration_that_cannot_be_used_holds_everything_until_it_is_corrected(house):
    house.install(key="unusable")
    house.start()
    house.append("ann")
    await house.until(lambda: house.state() is not None and house.state().name == "suspended")
    assert (house.state().reason, house.state().next_probe_ms) == ("cannot_compile", None)
    house.revise(key="s3cret-key")
    await house.until(house.is_done)
    assert house.vendor.ids == ["e0"]


async def test_what_waits_shows_the_last_answer_until_it_is_decided(house):
    house.vendor.answer = lambda *_: 503
    house.install()
    house.start(lanes=1)
    (offset,) = house.append("ann")
    await house.until(lambda: house.delivered(offset) is not None)
    pending = house.delivered(offset).pending
    assert (pending.answer.status, pending.answer.body, pending.ruling.reason) == (503, "status 503", "status_503")
    assert pending.next_try_ms > 0
    house.vendor.answer = lambda *_: None
    await house.until(house.is_done)
    assert house.delivered(offset).pending is None


async def test_a_judge_that_fails_loses_nothing(house):
    house.vendor.answer = lambda *_: (200, {}) if len(house.vendor.requests) < 3 else None
    house.install()
    house.start()
    failed = happened("DeliverJudgeFailed")
    (offset,) = house.append("ann")
    await house.until(house.is_done)
    assert house.verdict(offset) == DELIVERED
    assert happened("DeliverJudgeFailed") == failed + 2


async def test_a_ledger_that_cannot_be_written_stops_sending_and_is_caught_up_with(house):
    house.install(max_items=1, flush=0)
    house.start(lanes=1)
    write, broken = house.ledger.write, True

    def failing(writings, **share):
        if broken:
            raise OSError("disk full")
        return write(writings, **share)

    await house.until(lambda: house.mark() >= 0)
    house.store.ledger.write = failing
    house.append(*["ann"] * 5)
    await house.wait(20)
    assert len(house.vendor.requests) == 1
    broken = False
    await house.until(house.is_done)
    assert house.vendor.ids == ["e0", "e1", "e2", "e3", "e4"]


async def test_a_withdrawal_stops_what_is_queued_and_what_is_retried(house):
    house.vendor.answer = lambda *_: 503
    house.install(consent="marketing")
    house.start(lanes=1)
    ann, bob, ann_again = house.append("ann", "bob", "ann")
    await house.until(lambda: len(house.vendor.requests) >= 2)
    house.withdrawn["ann"] = ({"marketing": False}, house.clock.now_ms() + 1)
    house.vendor.answer = lambda *_: None
    await house.until(house.is_done)
    assert house.verdict(ann) == house.verdict(ann_again) == (Verdict.SKIPPED, "consent_marketing")
    assert house.delivered(ann).outcome.attempt_id is None
    assert house.verdict(bob) == DELIVERED
    assert house.vendor.ids == ["e1"]


async def test_a_consent_older_than_the_event_does_not_count_against_it(house):
    house.withdrawn["ann"] = ({"marketing": False}, house.clock.now_ms() - 1)
    house.install(consent="marketing")
    house.start()
    (offset,) = house.append("ann")
    await house.until(house.is_done)
    assert house.verdict(offset) == DELIVERED


async def test_a_replay_tells_the_vendor_the_newest_consent_and_not_that_of_its_day(house):
    house.vendor.answer = lambda *_: 400
    house.install()
    house.start()
    (offset,) = house.append("ann", tells=True)
    await house.until(house.is_done)
    house.withdrawn["ann"] = ({"marketing": False}, house.clock.now_ms() + 1)
    house.vendor.answer = lambda *_: None
    house.replay(offset)
    await house.until(lambda: len(house.vendor.requests) == 2)
    bodies = [msgspec.json.decode(body)["items"][0]["consent"] for _, _, body in house.vendor.requests]
    assert bodies == [{"marketing": True}, {"marketing": False}]


async def test_a_withdrawal_that_came_in_the_same_request_as_the_event_counts_against_it(house):
    house.withdrawn["ann"] = ({"marketing": False}, house.clock.now_ms())
    house.install(consent="marketing")
    house.start()
    (offset,) = house.append("ann")
    await house.until(house.is_done)
    assert house.verdict(offset) == (Verdict.SKIPPED, "consent_marketing")


async def test_a_withdrawal_received_after_our_clock_went_back_stops_what_was_queued_before(house):
    hour = 3_600_000
    house.vendor.answer = lambda *_: 503
    house.install(consent="marketing")
    house.start(lanes=1)
    (queued,) = house.append("ann")
    await house.until(lambda: len(house.vendor.requests) >= 1)
    house.clock.jump(-hour)
    house.withdrawn["ann"] = ({"marketing": False}, house.clock.now_ms() + hour)
    (after,) = house.append("ann", behind=2 * hour)
    house.vendor.answer = lambda *_: None
    await house.until(house.is_done)
    assert house.verdict(queued) == (Verdict.SKIPPED, "consent_marketing")
    assert house.verdict(after) == DELIVERED


async def test_a_vendor_that_takes_a_request_and_loses_the_answer_gets_it_again_with_the_same_keys(house):
    house.vendor.answer = lambda *_: "reset after" if len(house.vendor.requests) == 1 else None
    house.install()
    house.start(lanes=1)
    house.append("ann", "bob")
    await house.until(house.is_done)
    assert house.vendor.ids == ["e0", "e1", "e0", "e1"]
    first, second = (msgspec.json.decode(body) for _, _, body in house.vendor.requests)
    assert first == second


async def test_a_disk_that_fails_while_another_key_is_tried_loses_nothing(house):
    """The consent of the one who is called up cannot be read at that moment."""
    refusals = []

    class Withdrawn(dict):
        def get(self, key):
            if key == "bob" and len(refusals) < 3:
                refusals.append(key)
                raise Unavailable("The state cannot be read.")

    house.withdrawn = Withdrawn()
    house.vendor.answer = lambda *_: 503 if len(refusals) < 3 else None
    house.install(max_items=1)
    house.start(lanes=1)
    house.append("ann", "bob", "ann", "bob")
    await house.until(house.is_done)
    assert sorted(house.vendor.ids) == ["e0", "e1", "e2", "e3"]


@pytest.mark.parametrize("workers", [1, 3])
async def test_hours_of_a_vendor_that_is_away_cost_a_probe_now_and_then_and_end_in_order(house, workers):
    house.vendor.answer = lambda *_: 503
    house.install(flush=0)
    rare = {"max_poll_seconds": 30.0, "control_interval_seconds": 20.0, "erasing_interval_seconds": 60.0}
    house.start(workers=workers, window_events=50, pending_interval_seconds=20.0, mark_interval_seconds=20.0, **rare)
    users = [f"user{number}" for number in range(20)]
    offsets = []
    for _ in range(12):
        offsets += house.append(*users)
        await house.wait(1_800, step=10.0)
    assert len(house.vendor.requests) <= workers * 6 * 120
    runs = [run for one in house.deliveries for worker in one._workers.values() for run in worker.runs.values()]
    assert all(run._tracker.undecided <= 50 + 20 for run in runs)
    assert [house.verdict(offset) for offset in offsets] == [None] * 240
    house.vendor.answer = lambda *_: None
    up = house.clock.monotonic()
    await house.until(house.is_done, step=1.0)
    assert house.clock.monotonic() - up < 150
    assert [house.verdict(offset) for offset in offsets] == [DELIVERED] * 240
    assert sorted(house.vendor.ids) == sorted(f"e{number}" for number in range(240))
    for user in users:
        numbers = [int(item["id"][1:]) for item in house.vendor.taken if item["key"] == user]
        assert numbers == sorted(numbers)
    assert house.ledger.drained("ins", since_ms=0).events == 240


def amend(reply, item):
    """Refused with 422, it is sent by the other call; refused there again, by the third, and so on for ever."""
    if reply.status != 422:
        return None
    return msgspec.structs.replace(item, route=f"{item.route}i", warnings=(*item.warnings, "written otherwise"))


async def test_what_is_refused_may_be_sent_otherwise_before_all_that_is_behind_it_and_is_no_dead_letter(house):
    compile_ = house.compile
    house.compile = lambda installation: msgspec.structs.replace(compile_(installation), amend=amend)
    house.install(max_items=1)
    house.vendor.answer = lambda *_: 422 if len(house.vendor.requests) == 1 else None
    house.start(lanes=1)
    first, second = house.append("ann", "ann")
    await house.until(house.is_done)
    assert [house.verdict(one) for one in (first, second)] == [(Verdict.DELIVERED, "")] * 2
    assert [(item["id"], item["path"]) for item in house.vendor.taken] == [("e0", "/i"), ("e1", "/")]
    attempt = house.delivered(first).attempt
    assert [answer.status for answer in attempt.earlier] == [422]
    assert attempt.warnings == {first: ("written otherwise",)}
    assert house.ledger.counts("ins")["DELIVERED"] == 2


async def test_what_is_refused_however_it_is_sent_is_a_dead_letter(house):
    """Although the definition would go on for ever."""
    compile_ = house.compile
    house.compile = lambda installation: msgspec.structs.replace(compile_(installation), amend=amend)
    house.install(max_items=1)
    house.vendor.answer = lambda items, _headers: 422 if items[0]["id"] == "e0" else None
    house.start(lanes=1)
    first, second = house.append("ann", "ann")
    await house.until(house.is_done)
    assert house.verdict(first) == (Verdict.REJECTED, "status_422")
    assert house.verdict(second) == (Verdict.DELIVERED, "")
    assert [path for path, *_ in house.vendor.requests] == ["/", "/i", "/ii", "/iii", "/"]
