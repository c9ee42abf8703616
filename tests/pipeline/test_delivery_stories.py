"""What becomes of events when all is well, and when events or vendors are not."""

import msgspec
import pytest

from datafly.log.base import Entry
from datafly.model.verdict import Verdict

DELIVERED = (Verdict.DELIVERED, "")


def items_of(request):
    return msgspec.json.decode(request[2])["items"]


def ids_of(requests):
    return [[item["id"] for item in items_of(request)] for request in requests]


async def test_what_is_appended_is_delivered_and_every_request_can_be_shown(house):
    house.install()
    house.start()
    offsets = house.append("ann", "bob", "ann", odd=True)
    await house.until(house.is_done)

    assert sorted(house.vendor.ids) == ["e0", "e1", "e2"]
    assert [house.verdict(offset) for offset in offsets] == [DELIVERED] * 3
    attempt = house.delivered(offsets[0]).attempt
    assert attempt.request.headers["X-KEY"] == "***"
    assert '"id":"e0"' in attempt.request.body
    assert (attempt.response.status, attempt.tries, attempt.revision_number) == (200, 1, 1)
    assert attempt.warnings[offsets[0]] == ("odd",)


async def test_an_installation_starts_at_the_head_of_the_moment_it_was_installed(house):
    house.append("ann", "ann")
    house.install()
    house.append("ann")
    house.start()
    await house.until(house.is_done)
    assert house.vendor.ids == ["e2"]
    assert [verdict for *_, verdict in house.ledger.coverage("ins", 0)] == [Verdict.DELIVERED]


async def test_a_batch_closes_when_it_is_full_or_its_first_event_has_waited_long_enough(house):
    house.install(max_items=4, flush=2_000)
    house.start(lanes=1)
    house.append(*["ann"] * 9)
    await house.until(lambda: len(house.vendor.requests) == 2)
    await house.wait(1.0)
    assert ids_of(house.vendor.requests) == [["e0", "e1", "e2", "e3"], ["e4", "e5", "e6", "e7"]]
    await house.until(house.is_done)
    assert ids_of(house.vendor.requests)[2:] == [["e8"]]


async def test_a_batch_never_exceeds_what_the_vendor_takes_in_bytes(house):
    house.install(max_items=100, max_bytes=2_000)
    house.start(lanes=1)
    house.append(*["ann"] * 12, size=500)
    await house.until(house.is_done)
    assert all(len(request[2]) <= 2_000 for request in house.vendor.requests)
    assert house.vendor.ids == [f"e{number}" for number in range(12)]


async def test_an_event_too_large_for_the_vendor_is_rejected_and_the_others_are_sent(house):
    house.install(max_bytes=2_000)
    house.start(lanes=1)
    (large,) = house.append("ann", size=3_000)
    small = house.append("ann", "ann")
    await house.until(house.is_done)
    assert house.verdict(large) == (Verdict.REJECTED, "too_large")
    assert [house.verdict(offset) for offset in small] == [DELIVERED] * 2


async def test_events_of_other_pipelines_go_by(house):
    house.install()
    house.start()
    strangers = house.append("ann", "bob", pipeline="other")
    await house.until(house.is_done)
    assert house.vendor.requests == []
    assert [house.verdict(offset) for offset in strangers] == [None, None]
    assert house.ledger.coverage("ins", 0) == []


async def test_what_is_not_to_be_sent_is_skipped_with_its_reason_and_no_request(house):
    house.install(consent="marketing")
    house.start()
    (unwanted,) = house.append("ann", skip=True)
    (denied,) = house.append("ann", marketing=False)
    await house.until(house.is_done)
    assert house.verdict(unwanted) == (Verdict.SKIPPED, "not_wanted")
    assert house.verdict(denied) == (Verdict.SKIPPED, "consent_marketing")
    assert house.vendor.requests == []


async def test_a_fault_in_a_definition_hurts_one_event_and_says_so(house):
    house.install()
    house.start(lanes=1)
    (first,) = house.append("ann")
    (broken,) = house.append("ann", broken=True)
    (last,) = house.append("ann")
    await house.until(house.is_done)
    assert house.verdict(broken) == (Verdict.REJECTED, "shape_failed")
    assert "ZeroDivisionError" in house.delivered(broken).outcome.ruling.cause
    assert [house.verdict(first), house.verdict(last)] == [DELIVERED] * 2


async def test_a_record_that_cannot_be_read_is_rejected_and_the_log_goes_on(house):
    house.install()
    house.start()
    offset = house.appender.append([Entry("ann", b"{not an event")])
    house.append("ann")
    await house.until(house.is_done)
    assert house.verdict(offset) == (Verdict.REJECTED, "unreadable_event")
    assert house.vendor.ids == ["e0"]


async def test_one_bad_record_of_a_batch_is_rejected_in_the_vendors_words_and_the_others_delivered(house):
    house.vendor.answer = lambda items, _: {
        index: "uuid is blocked" for index, item in enumerate(items) if item["id"] == "e1"
    }
    house.install()
    house.start(lanes=1)
    offsets = house.append("ann", "bob", "cid")
    await house.until(house.is_done)
    assert [house.verdict(offset) for offset in offsets] == [
        DELIVERED,
        (Verdict.REJECTED, "uuid is blocked"),
        DELIVERED,
    ]
    assert len(house.vendor.requests) == 1
    shown = house.delivered(offsets[1])
    assert shown.outcome.attempt_id == shown.attempt.id == house.delivered(offsets[0]).attempt.id


async def test_a_batch_refused_as_a_whole_is_split_until_the_culprits_are_alone(house):
    house.vendor.answer = lambda items, _: 400 if any(item["id"] in {"e3", "e6"} for item in items) else None
    house.install()
    house.start(lanes=1)
    offsets = house.append(*["ann"] * 8)
    await house.until(house.is_done)
    refused = [offset for offset in offsets if house.verdict(offset) != DELIVERED]
    assert [house.verdict(offset) for offset in refused] == [(Verdict.REJECTED, "status_400")] * 2
    assert refused == [offsets[3], offsets[6]]
    assert house.vendor.ids == ["e0", "e1", "e2", "e4", "e5", "e7"]


async def test_items_that_are_put_off_are_sent_again_alone_and_before_what_follows(house):
    seen = []

    def answer(items, _):
        seen.append([item["id"] for item in items])
        return {index: None for index, item in enumerate(items) if item["id"] == "e1" and len(seen) < 3}

    house.vendor.answer = answer
    house.install(max_items=3)
    house.start(lanes=1)
    house.append("ann", "bob", "cid", "dan")
    await house.until(house.is_done)
    assert seen == [["e0", "e1", "e2"], ["e1"], ["e1"], ["e3"]]


async def test_an_event_of_several_items_is_delivered_with_its_last_and_keeps_their_order(house):
    house.install()
    house.start(lanes=1)
    (first,) = house.append("ann", routes=["identity", "upsert"])
    (second,) = house.append("ann", routes=["upsert"])
    await house.until(house.is_done)
    assert [(item["path"], item["id"]) for item in house.vendor.taken] == [
        ("/identity", "e0"),
        ("/upsert", "e0"),
        ("/upsert", "e1"),
    ]
    assert [house.verdict(first), house.verdict(second)] == [DELIVERED] * 2


async def test_an_event_whose_first_item_is_refused_is_rejected_and_its_next_is_not_sent(house):
    house.vendor.answer = lambda items, _: {0: "no such identity"} if items[0]["id"] == "e0" else None
    house.install()
    house.start(lanes=1)
    (refused,) = house.append("ann", routes=["identity", "upsert"])
    (taken,) = house.append("ann", routes=["upsert"])
    await house.until(house.is_done)
    assert house.verdict(refused) == (Verdict.REJECTED, "no such identity")
    assert house.verdict(taken) == DELIVERED
    assert house.vendor.ids == ["e1"]


async def test_two_installations_get_every_event_each_and_one_that_is_stuck_does_not_hold_the_other(house):
    house.install("good")
    house.install("bad", key="wrong")
    house.start()
    offsets = house.append(*(f"user{number}" for number in range(50)))
    await house.until(lambda: house.is_done("good"))
    assert [house.verdict(offset, name="good") for offset in offsets] == [DELIVERED] * 50
    assert house.mark("bad") == offsets[0]


async def test_an_installation_that_lags_far_behind_catches_up_and_joins_the_head(house):
    house.install("slow")
    house.install("fast")
    house.change("slow", paused=True)
    house.start(ring_events=20, chunk_events=10, window_events=30)
    for _ in range(10):
        house.append(*(f"user{number}" for number in range(30)))
        await house.until(lambda: house.is_done("fast"))
    house.change("slow", paused=False)
    await house.until(lambda: house.is_done("slow"))
    house.decoded.clear()
    house.append("ann")
    await house.until(lambda: house.is_done("slow") and house.is_done("fast"))
    assert sorted(house.vendor.ids) == sorted(f"e{number}" for number in range(301) for _ in range(2))
    assert house.decoded == ["e300"]


async def test_the_pace_of_a_credential_is_shared_and_kept(house):
    house.install("one", rpm=60, credential="account", max_items=1)
    house.install("two", rpm=60, credential="account", max_items=1)
    times = []
    house.vendor.answer = lambda *_: times.append(house.clock.monotonic())
    house.start()
    house.append(*["ann"] * 10)
    await house.until(lambda: house.is_done("one") and house.is_done("two"))
    assert len(times) == 20
    assert times[-1] - times[0] >= 18


async def test_no_key_has_two_requests_in_flight_and_no_installation_more_than_its_lanes(house):
    flying, most = [], []

    original = house.transport.send

    async def send(outgoing):
        keys = {item["key"] for item in msgspec.json.decode(outgoing.body)["items"]}
        assert not any(keys & other for other in flying)
        flying.append(keys)
        most.append(len(flying))
        await house.clock.sleep(0.2)
        try:
            return await original(outgoing)
        finally:
            flying.remove(keys)

    house.transport.send = send
    house.install(max_items=2, flush=0)
    house.start(lanes=3)
    house.append(*(f"user{number % 20}" for number in range(120)))
    await house.until(house.is_done)
    assert max(most) == 3
    order = {key: [] for key in {item["key"] for item in house.vendor.taken}}
    for item in house.vendor.taken:
        order[item["key"]].append(int(item["id"][1:]))
    assert all(ids == sorted(ids) for ids in order.values())


async def test_secrets_are_masked_wherever_a_vendor_repeats_them(house):
    house.install("ins", key='odd"key/1')
    house.vendor.key = 'odd"key/1'
    house.vendor.answer = lambda _, headers: {0: f"refused for {headers['X-KEY']}"}
    house.start()
    (offset,) = house.append("ann")
    await house.until(house.is_done)
    shown = house.delivered(offset)
    assert house.verdict(offset) == (Verdict.REJECTED, "refused for ***")
    assert "odd" not in msgspec.json.encode(shown.attempt).decode()


async def test_a_request_with_text_that_no_database_takes_is_recorded_all_the_same(house):
    house.vendor.answer = lambda *_: {0: "a\0b"}
    house.install()
    house.start()
    (offset,) = house.append("ann")
    await house.until(house.is_done)
    assert house.verdict(offset) == (Verdict.REJECTED, "a\ufffdb")


@pytest.mark.parametrize("fault", ["reset", 503, 429])
async def test_a_vendor_that_fails_for_a_while_gets_everything_in_order_afterwards(house, fault):
    ends = house.clock.monotonic() + 20
    house.vendor.answer = lambda *_: fault if house.clock.monotonic() < ends else None
    house.install()
    house.start()
    house.append(*(f"user{number % 5}" for number in range(60)))
    await house.until(house.is_done)
    for key in {f"user{number}" for number in range(5)}:
        mine = [int(item["id"][1:]) for item in house.vendor.taken if item["key"] == key]
        assert mine == sorted(set(mine))
    assert house.ledger.counts("ins")["DELIVERED"] == 60
