"""What vendors would ignore, and where they contradict themselves: counted where an operator looks."""

import msgspec

from datafly.model.delivery import DRIFT, WARNING
from datafly.model.verdict import Verdict


def counted(house, kind):
    return {one.sentence: one.count for one in house.ledger.notices("ins") if one.kind == kind}


async def test_a_warning_counts_each_event_once_however_often_it_is_tried_and_replayed(house):
    house.vendor.answer = lambda *_: 503 if len(house.vendor.requests) < 4 else {0: "not this one"}
    house.install()
    house.start(lanes=1)
    first, *_ = house.append("ann", "bob", odd=True)
    house.append("ann")
    await house.until(house.is_done)
    assert counted(house, WARNING) == {"odd": 2}
    assert house.ledger.counts("ins")[WARNING] == 2
    house.vendor.answer = lambda *_: None
    house.replay(first)
    await house.until(lambda: house.verdict(first, run="run_1") is not None)
    assert counted(house, WARNING) == {"odd": 2}


async def test_an_answer_that_contradicts_the_contract_is_counted_even_if_it_is_only_tried_again(house):
    compile_ = house.compile

    def drifting(reply, items):
        judgement = honest(reply, items)
        return msgspec.structs.replace(judgement, drift=f"{len(items)} users, and {reply.status} said")

    def compiled(installation):
        nonlocal honest
        made = compile_(installation)
        honest = made.judge
        return msgspec.structs.replace(made, judge=drifting)

    honest = None
    house.compile = compiled
    house.vendor.answer = lambda *_: 503 if len(house.vendor.requests) < 3 else None
    house.install()
    house.start(lanes=1)
    (offset,) = house.append("ann")
    await house.until(house.is_done)
    assert house.verdict(offset) == (Verdict.DELIVERED, "")
    await house.until(lambda: counted(house, DRIFT) == {"n users, and n said": 3})
    assert house.ledger.counts("ins")[DRIFT] == 3
