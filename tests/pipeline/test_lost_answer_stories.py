"""What becomes of events when an answer is lost after sending, at vendors that cannot tell what comes again."""

import msgspec
import pytest

from datafly.model.verdict import Judgement, Ruling, Verdict


def items_of(request):
    return [item["id"] for item in msgspec.json.decode(request[2])["items"]]


def at(house, **changes):
    compile_ = house.compile
    house.compile = lambda installation: msgspec.structs.replace(compile_(installation), **changes)


def reads_nothing_of_an_empty_success(house):
    """Where the contract promises words, none are a contradiction."""
    compile_ = house.compile

    def compiled(installation):
        made = compile_(installation)

        def judge(reply, items):
            if reply.status == 200 and not reply.body:
                return Judgement(Ruling(Verdict.RETRY, "unreadable_answer"), drift="no body")
            return made.judge(reply, items)

        return msgspec.structs.replace(made, judge=judge)

    house.compile = compiled


@pytest.mark.parametrize("answer", ["reset after", 504, (200, {})])
async def test_an_event_that_may_be_there_twice_says_so_and_is_counted(house, answer):
    """No answer came; or none to whoever stands between; or a success that nobody can read."""
    reads_nothing_of_an_empty_success(house)
    at(house, idempotent=False)
    house.vendor.answer = lambda *_: answer if len(house.vendor.requests) == 1 else None
    house.install()
    house.start(lanes=1)
    doubted, *_ = house.append("ann")
    await house.until(house.is_done)
    (sound,) = house.append("ann")
    await house.until(house.is_done)

    assert len(house.vendor.requests) == 3
    told = house.delivered(doubted).attempt.told[doubted]
    assert (told.verdict, told.reason) == (Verdict.DELIVERED, "possibly_doubled")
    assert told.cure
    assert not house.delivered(sound).attempt.told
    assert house.ledger.counts("ins")["doubled"] == 1


async def test_what_was_under_way_when_signal_was_killed_says_that_it_may_be_there_twice(house):
    """And nothing else does: neither what came later, nor what a request could not have held."""
    at(house, idempotent=False)
    house.vendor.answer = lambda *_: "reset after" if len(house.vendor.requests) == 1 else 503
    house.install(max_items=2)
    house.start(lanes=1)
    before = house.append("ann", "ann", "ann", "ann")
    await house.until(lambda: house.vendor.requests)
    await house.kill()
    await house.wait(1)
    later = house.append("ann")
    house.vendor.answer = lambda *_: None
    house.broken_off_ms = house.clock.now_ms()
    house.start(lanes=1)
    await house.until(house.is_done)
    told = {offset: house.delivered(offset).attempt.told for offset in (*before, *later)}
    doubted = [offset for offset, said in told.items() if offset in said]
    assert doubted == before[:2]
    assert {said[offset].reason for offset, said in told.items() if offset in said} == {"possibly_doubled"}
    assert house.vendor.ids == ["e0", "e1", "e0", "e1", "e2", "e3", "e4"]
    assert house.ledger.counts("ins")["doubled"] == 2


@pytest.mark.parametrize("answer", ["reset after", 503])
async def test_nothing_is_doubted_where_the_vendor_recognises_what_comes_again_or_had_answered(house, answer):
    at(house, idempotent=answer == "reset after")
    house.vendor.answer = lambda *_: answer if len(house.vendor.requests) == 1 else None
    house.install()
    house.start(lanes=1)
    (offset,) = house.append("ann")
    await house.until(house.is_done)
    assert not house.delivered(offset).attempt.told


async def test_after_a_lost_answer_items_go_one_by_one_where_the_vendor_takes_no_repeated_list(house):
    at(house, repeats_alone=frozenset({""}))
    house.vendor.answer = lambda *_: "reset after" if len(house.vendor.requests) == 1 else None
    house.install()
    house.start(lanes=1)
    house.append(*["ann"] * 3)
    await house.until(house.is_done)
    house.append(*["ann"] * 2)
    await house.until(house.is_done)
    assert [items_of(request) for request in house.vendor.requests] == [
        ["e0", "e1", "e2"],
        ["e0"],
        ["e1"],
        ["e2"],
        ["e3", "e4"],
    ]


async def test_a_list_that_was_answered_is_sent_again_as_it_was(house):
    at(house, repeats_alone=frozenset({""}))
    house.vendor.answer = lambda *_: 503 if len(house.vendor.requests) == 1 else None
    house.install()
    house.start(lanes=1)
    house.append(*["ann"] * 3)
    await house.until(house.is_done)
    assert [items_of(request) for request in house.vendor.requests] == [["e0", "e1", "e2"]] * 2


async def test_an_attempt_is_signed_anew_each_time_over_the_same_bytes(house):
    def sign(outgoing, _items, now_ms):
        return msgspec.structs.replace(outgoing, headers={**outgoing.headers, "X-Signed": str(now_ms)})

    at(house, sign=sign)
    house.vendor.answer = lambda *_: 503 if len(house.vendor.requests) < 3 else None
    house.install()
    house.start(lanes=1)
    (offset,) = house.append("ann")
    await house.until(house.is_done)
    signed = [request[1]["X-Signed"] for request in house.vendor.requests]
    assert len(set(signed)) == len(signed) == 3
    assert len({request[2] for request in house.vendor.requests}) == 1
    assert house.delivered(offset).attempt.request.headers["X-Signed"] == signed[-1]
