"""What a vendor takes as a job: its outcome is asked for later, and given back to the events that it is of."""

import pytest

from datafly.model.delivery import DRIFT
from datafly.model.verdict import Verdict

DELIVERED = (Verdict.DELIVERED, "")


@pytest.fixture
async def installed(house):
    house.install(jobs=["", "import"])
    house.start(lanes=1)
    return house


def refuses(house, job, problems):
    house.vendor.tells = {job: problems}.get


async def delivered(house):
    await house.until(house.is_done)


async def test_what_a_job_refused_becomes_a_dead_letter_of_just_that_event(installed):
    house = installed
    refuses(house, "j1", {1: "no such country"})
    ann, bob, cem = house.append("ann", "bob", "cem")
    await delivered(house)
    assert [house.verdict(one) for one in (ann, bob, cem)] == [DELIVERED] * 3
    assert house.delivered(bob).attempt.told[bob].reason == "taken_as_job"
    await house.until(lambda: house.verdict(bob) != DELIVERED)
    assert house.verdict(bob) == (Verdict.REJECTED, "no such country")
    assert [house.verdict(one) for one in (ann, cem)] == [DELIVERED] * 2
    assert house.delivered(bob).attempt.offsets == (ann, bob, cem)
    ((_, outcome),) = house.ledger.outcomes(verdicts=frozenset({Verdict.REJECTED}))
    assert (outcome.first, outcome.last) == (bob, bob)
    assert {**house.ledger.counts("ins"), "requests": 0} == {"requests": 0, "DELIVERED": 2, "REJECTED": 1}
    assert house.ledger.coverage("ins", 0) == [
        (ann, ann, Verdict.DELIVERED),
        (bob, bob, Verdict.REJECTED),
        (cem, cem, Verdict.DELIVERED),
    ]


async def test_a_job_is_asked_for_until_it_is_done_ever_more_rarely_and_then_no_more(installed):
    house = installed
    house.append("ann")
    await delivered(house)
    await house.wait(55, step=1.0)
    assert 1 < len(house.vendor.asked) < 4
    refuses(house, "j1", {})
    await house.until(lambda: house.ledger.followed("ins", due_ms=10**15, limit=9) == [])
    asked = len(house.vendor.asked)
    await house.wait(50, step=1.0)
    assert len(house.vendor.asked) == asked


async def test_a_job_is_not_forgotten_by_a_restart(installed):
    house = installed
    (ann,) = house.append("ann")
    await delivered(house)
    await house.kill()
    refuses(house, "j1", {0: "no such country"})
    house.start(lanes=1)
    await house.until(lambda: house.verdict(ann) == (Verdict.REJECTED, "no such country"))


async def test_an_event_with_another_call_under_way_is_told_when_that_is_over(installed):
    house = installed
    refuses(house, "j1", {0: "no such country"})
    later = (429, {"Retry-After": "40"})
    house.vendor.answer = lambda *_: later if house.vendor.requests[-1][0] == "/upsert" else None
    (ann,) = house.append("ann", routes=["import", "upsert"])
    await house.until(lambda: house.vendor.asked)
    assert house.verdict(ann) is None
    house.vendor.answer = lambda *_: None
    await house.until(lambda: house.verdict(ann) == (Verdict.REJECTED, "no such country"))


@pytest.mark.parametrize("answer", [None, 404])
async def test_a_job_of_which_nothing_is_told_is_given_up_and_that_is_said(installed, answer):
    house = installed
    house.vendor.tells = lambda _job: answer
    (ann,) = house.append("ann")
    await delivered(house)
    await house.until(lambda: house.ledger.notices("ins"), step=5.0)
    (notice,) = house.ledger.notices("ins")
    assert (notice.kind, "not known" in notice.sentence) == (DRIFT, True)
    assert house.verdict(ann) == DELIVERED
    assert house.ledger.followed("ins", due_ms=10**15, limit=9) == []


async def test_a_vendor_that_does_not_answer_for_its_jobs_goes_on_getting_events(installed):
    house = installed
    house.vendor.tells = lambda _job: 500
    house.append("ann")
    await delivered(house)
    await house.until(lambda: house.vendor.asked)
    (bob,) = house.append("bob")
    await delivered(house)
    assert house.verdict(bob) == DELIVERED


async def test_what_is_refused_late_is_sent_again_as_any_dead_letter(installed):
    house = installed
    refuses(house, "j1", {0: "no such country"})
    (ann,) = house.append("ann")
    await house.until(lambda: house.verdict(ann) == (Verdict.REJECTED, "no such country"))
    house.replay(ann)
    await house.until(lambda: house.verdict(ann, run="run_1") == DELIVERED)
    assert house.verdict(ann) == (Verdict.REJECTED, "no such country")
