"""Two revisions at once: a canary for a share of the keys, which is promoted or dropped."""

import pytest

from datafly.deliver.site import Plan, Served
from datafly.model.installation import Revision
from datafly.model.verdict import Verdict

DELIVERED = (Verdict.DELIVERED, "")


def revisions_of(house, offsets):
    return [house.delivered(offset).attempt.revision_number for offset in offsets]


def keys(count):
    return [f"user{number}" for number in range(count)]


async def test_a_canary_sends_for_a_share_of_the_keys_and_attempts_say_so(house):
    house.install(max_items=500)
    house.tries(30, max_items=500)
    house.start()
    offsets = house.append(*keys(200))
    await house.until(house.is_done)
    by = revisions_of(house, offsets)
    assert 30 <= by.count(2) <= 90
    assert by.count(1) + by.count(2) == 200


async def test_all_events_of_a_key_go_by_one_revision_and_in_their_order(house):
    house.install(max_items=7)
    house.tries(50, max_items=7)
    house.start()
    offsets = house.append(*(keys(20) * 5))
    await house.until(house.is_done)
    by = revisions_of(house, offsets)
    for number in range(20):
        assert len(set(by[number::20])) == 1
    assert {1, 2} == set(by)
    for number in range(20):
        taken = [int(item[1:]) for item in house.vendor.ids if int(item[1:]) % 20 == number]
        assert taken == sorted(taken)
        assert len(taken) == 5


async def test_two_revisions_fill_their_own_requests_beside_each_other(house):
    """Else every change from one key to the next would end a request."""
    house.install(max_items=500)
    house.tries(50, max_items=500)
    house.start(lanes=1)
    house.append(*keys(200))
    await house.until(house.is_done)
    assert len(house.vendor.requests) <= 4


@pytest.mark.parametrize(("end", "number"), [("promote", 2), ("drop", 1)])
async def test_what_waits_is_built_anew_when_a_canary_ends(house, end, number):
    house.vendor.answer = lambda *_: 503
    house.install()
    draft = house.tries(50)
    house.start()
    offsets = house.append(*keys(40))
    await house.until(lambda: len(house.vendor.requests) >= 4)
    if end == "promote":
        house.control.pin("ins", draft.id)
    else:
        house.control.try_out("ins", None, 0.0)
    house.vendor.answer = lambda *_: None
    await house.until(house.is_done)
    assert set(revisions_of(house, offsets)) == {number}


def test_a_key_stays_with_a_canary_that_grows():
    pinned, tried = (Served(object(), Revision(f"rev_{n}", "tpl", n, {})) for n in (1, 2))
    taken = [
        {key for key in keys(5_000) if Plan(pinned, tried, percent, b"salt").of(key) is tried}
        for percent in (0.0, 1.0, 10.0, 100.0)
    ]
    assert [len(one) for one in (taken[0], taken[3])] == [0, 5_000]
    assert taken[1] < taken[2]
    assert 25 <= len(taken[1]) <= 80
    assert 420 <= len(taken[2]) <= 580
