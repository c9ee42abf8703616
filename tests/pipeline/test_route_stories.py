"""Events that take more than one call, each on a route of its own: order, verdicts, attempts, and what is told."""

import msgspec

from datafly.model.verdict import Verdict
from datafly.spec.pacing import Pacing

DELIVERED = (Verdict.DELIVERED, "")
MERGE = {"routes": ["identity", "upsert"]}
KNOWN = 409
"""What the house's vendor answers to a call that changes nothing: DELIVERED, with a reason."""


def calls(house):
    """(route, ids) of each request, in order."""
    return [(path.strip("/"), [one["id"] for one in items(body)]) for path, _, body in house.vendor.requests]


def items(body):
    return msgspec.json.decode(body)["items"]


def answers_identity_with(house, answer):
    house.vendor.answer = lambda *_: answer if house.vendor.requests[-1][0] == "/identity" else None


async def test_what_the_vendor_said_of_a_call_that_changes_nothing_is_kept_and_the_flow_goes_on(house):
    answers_identity_with(house, KNOWN)
    house.install()
    house.start(lanes=1)
    (merged,) = house.append("ann", **MERGE)
    (plain,) = house.append("ann", routes=["upsert"])
    await house.until(house.is_done)
    assert calls(house) == [("identity", ["e0"]), ("upsert", ["e0", "e1"])]
    assert [house.verdict(merged), house.verdict(plain)] == [DELIVERED] * 2
    attempt = house.delivered(merged).attempt
    assert attempt.offsets == (merged, plain)
    told = attempt.told[merged]
    assert (told.verdict, told.reason, told.cause) == (Verdict.DELIVERED, "status 409", "It was there before")
    assert plain not in attempt.told


async def test_what_is_told_of_a_whole_request_is_told_of_each_of_its_events(house):
    answers_identity_with(house, KNOWN)
    house.install()
    house.start(lanes=1)
    offsets = house.append("ann", "bob", routes=["identity"])
    await house.until(house.is_done)
    attempt = house.delivered(offsets[0]).attempt
    assert {offset: told.reason for offset, told in attempt.told.items()} == dict.fromkeys(offsets, "status 409")


async def test_events_of_two_calls_among_others_keep_their_order_in_the_lane(house):
    house.install()
    house.start(lanes=1)
    house.append("ann", "bob", routes=["upsert"])
    house.append("ann", **MERGE)
    house.append("bob", "ann", routes=["upsert"])
    house.append("bob", **MERGE)
    await house.until(house.is_done)
    assert calls(house) == [
        ("upsert", ["e0", "e1"]),
        ("identity", ["e2"]),
        ("upsert", ["e2", "e3", "e4"]),
        ("identity", ["e5"]),
        ("upsert", ["e5"]),
    ]


async def test_the_second_call_is_retried_without_the_first_and_the_first_without_the_second(house):
    answers = iter([503, None, 503, 503, None])
    house.vendor.answer = lambda *_: next(answers)
    house.install()
    house.start(lanes=1)
    (offset,) = house.append("ann", **MERGE)
    await house.until(house.is_done)
    assert [route for route, _ in calls(house)] == ["identity", "identity", "upsert", "upsert", "upsert"]
    attempt = house.delivered(offset).attempt
    assert (attempt.tries, [answer.status for answer in attempt.earlier]) == (3, [503, 503])
    assert house.ledger.counts("ins") == {"requests": 1, "DELIVERED": 1}


async def test_who_waits_for_a_call_ahead_holds_back_the_later_events_of_the_lane(house):
    house.vendor.answer = lambda *_: 503 if len(house.vendor.requests) < 3 else None
    house.install()
    house.start(lanes=1)
    house.append("ann", **MERGE)
    house.append("ann", routes=["upsert"])
    await house.until(house.is_done)
    assert calls(house) == [("identity", ["e0"])] * 3 + [("upsert", ["e0", "e1"])]


async def test_a_refused_second_call_ends_the_event_in_the_words_of_that_refusal(house):
    house.vendor.answer = lambda found, _: (
        KNOWN
        if house.vendor.requests[-1][0] == "/identity"
        else {0: "not this one"}
        if found[0]["id"] == "e0"
        else None
    )
    house.install()
    house.start(lanes=1)
    (refused,) = house.append("ann", **MERGE)
    (taken,) = house.append("ann", routes=["upsert"])
    await house.until(house.is_done)
    assert house.verdict(refused) == (Verdict.REJECTED, "not this one")
    assert house.verdict(taken) == DELIVERED
    assert house.delivered(refused).attempt.told == {}


async def test_a_withdrawal_between_two_calls_of_an_event_stops_the_second(house):
    house.vendor.answer = lambda *_: 503 if house.vendor.requests[-1][0] == "/upsert" else None
    house.install(consent="marketing")
    house.start(lanes=1)
    (offset,) = house.append("ann", **MERGE)
    await house.until(lambda: len(house.vendor.requests) >= 2)
    house.withdrawn["ann"] = ({"marketing": False}, house.clock.now_ms() + 1)
    house.vendor.answer = lambda *_: None
    await house.until(house.is_done)
    assert house.verdict(offset) == (Verdict.SKIPPED, "consent_marketing")
    assert [item["path"] for item in house.vendor.taken] == ["/identity"]


async def test_a_wrong_key_between_two_calls_probes_with_the_second_and_does_not_repeat_the_first(house):
    def answer(*_):
        if house.vendor.requests[-1][0] == "/identity":
            house.vendor.key = "another"

    house.vendor.answer = answer
    house.install()
    house.start(lanes=1)
    (offset,) = house.append("ann", **MERGE)
    await house.until(lambda: house.state() is not None and house.state().name == "suspended")
    house.vendor.answer = lambda *_: None
    house.vendor.key = "s3cret-key"
    await house.until(house.is_done)
    assert house.verdict(offset) == DELIVERED
    assert [item["path"] for item in house.vendor.taken] == ["/identity", "/upsert"]


async def test_few_items_go_one_by_one_and_what_is_more_together_also_when_it_is_sent_again(house):
    compile_ = house.compile
    house.compile = lambda installation: msgspec.structs.replace(
        compile_(installation), few={"upsert": 3}, calls_of_one={"upsert": "one"}, rates={"one": Pacing(1_000_000)}
    )
    house.vendor.answer = lambda *_: 503 if len(house.vendor.requests) in (2, 4) else None
    house.install()
    house.start(lanes=1)
    few = house.append("ann", "bob", routes=["upsert"])
    await house.until(house.is_done)
    many = house.append("ann", "bob", "ann", "cid", routes=["upsert"])
    await house.until(house.is_done)
    assert [ids for _, ids in calls(house)] == [["e0"], ["e1"], ["e1"], *[["e2", "e3", "e4", "e5"]] * 2]
    assert [house.verdict(offset) for offset in (*few, *many)] == [DELIVERED] * 6
