"""Somebody is erased: nothing of before is sent, every vendor that can is asked, and what was sent is forgotten."""

import dataclasses

import msgspec
import pytest
from aiohttp import web

from datafly.deliver.sent_file import SentFile
from datafly.deliver.thrift import DAY_MS
from datafly.log.base import Entry
from datafly.model.delivery import Item, Outgoing
from datafly.model.erasure import ErasureCall, Whom
from datafly.model.secret import Secret
from datafly.model.verdict import Ruling, Verdict
from datafly.spec.calls import DELETE_USER
from datafly.spec.compiled import CompiledCall
from datafly.spec.spending import Cost, Spend, meter_of

SPEND = Spend("points", "ours", {"people": Cost(per_field=1, who=("key",), only_changed=True)})
ANN = Whom(("ann",), ("a-1",), {"email": "ann@example.com"})


class Eraser:
    """The vendor's call: `answer` says which status it gives; who was asked for is in `asked`."""

    def __init__(self, port):
        self.port = port
        self.asked = []
        self.answer = lambda _who: 200

    async def handle(self, request):
        self.asked.append((await request.json())["user"])
        status = self.answer(self.asked[-1])
        return web.json_response({"of": self.asked[-1]}, status=status, headers={"echo": "ann@example.com"})

    def make(self, given):
        if given["user"] == "a-1-not-erasable":
            raise ValueError("nobody is erased by that")
        body = msgspec.json.encode({"user": given["user"]})
        return Outgoing("POST", f"http://127.0.0.1:{self.port}/erase", {"X-KEY": Secret("s3cret-key")}, body)

    def judge(self, reply):
        if reply.status == 200:
            return Ruling(Verdict.DELIVERED)
        final = reply.status == 400
        return Ruling(Verdict.REJECTED if final else Verdict.RETRY, f"status_{reply.status}", "It said no.")


@pytest.fixture
def erasing(house):
    """A house whose vendor erases by user id, and by visitor's."""
    eraser = house.eraser = Eraser(house.port)
    handle, compile_, parts = house.vendor.handle, house.compile, house.parts

    async def both(request):
        return await (eraser.handle(request) if request.path == "/erase" else handle(request))

    def shape(event, _now_ms):
        said = {"key": event.user_id or event.key, "id": event.message_id, "plan": "gold"}
        return (Item(msgspec.json.encode(said if event.user_id else said | {"key": "nobody"}), part="people"),)

    def compiled(installation):
        return msgspec.structs.replace(
            compile_(installation),
            calls={DELETE_USER: CompiledCall(eraser.make, eraser.judge)},
            whom=lambda event: event.user_id or event.anonymous_id or "",
            shape=shape,
            meter=meter_of(SPEND, {}),
        )

    house.vendor.handle, house.compile = both, compiled
    house.sent = SentFile(house.folder / "sent.sqlite3")
    house.parts = lambda *share: dataclasses.replace(parts(*share), sent=house.sent)
    yield house
    house.sent.close()


def said(house, user_id):
    """An event of that user; its offset."""
    event = msgspec.structs.replace(
        house._event(user_id, "pip", marketing=True, properties={}, behind=0), user_id=user_id
    )
    return house.appender.append([Entry(event.key, msgspec.json.encode(event))])


def erase(house, whom=ANN, *names):
    calls = [ErasureCall("", name, "acme", name, house.clock.now_ms()) for name in names or ["ins"]]
    return house.control.erase(whom, calls, created_by="joe").id


def call_of(house, erasure_id, name="ins"):
    return next(one for one in house.control.erasure(erasure_id).calls if one.installation_id == name)


def is_over(house, erasure_id, *names):
    return lambda: all(call_of(house, erasure_id, name).is_final for name in names or ["ins"])


async def test_a_vendor_is_asked_until_it_does_it_for_each_of_whom_it_knows_and_nobody_is_named_in_the_record(erasing):
    erasing.install()
    erasing.start()
    answers = iter([503, 200, 429, 200])
    erasing.eraser.answer = lambda _who: next(answers)
    made = erase(erasing)
    await erasing.until(is_over(erasing, made))
    assert erasing.eraser.asked == ["ann", "ann", "a-1", "a-1"]
    done = call_of(erasing, made)
    assert (done.ruling, done.subjects) == (Ruling(Verdict.DELIVERED), 2)
    assert [one.response.status for one in done.attempts] == [503, 200, 429, 200]
    told = msgspec.json.encode(erasing.control.erasure(made)).decode()
    assert not any(word in told for word in ("ann@example.com", '"ann"', "a-1", "s3cret-key"))
    assert erasing.control.erasure(made).whom is None


async def test_one_vendor_that_does_not_do_it_holds_up_no_other_and_can_be_asked_again(erasing):
    erasing.install("bad", url=f"http://127.0.0.1:{erasing.port}/x")
    erasing.install("good")
    erasing.start()
    erasing.eraser.answer = lambda _who: 400
    made = erase(erasing, ANN, "bad")
    await erasing.until(is_over(erasing, made, "bad"))
    assert call_of(erasing, made, "bad").ruling.reason == "status_400"
    erasing.eraser.answer = lambda _who: 200
    other = erase(erasing, Whom(("bob",)), "good")
    await erasing.until(is_over(erasing, other, "good"))
    erasing.control.retry_calls(made)
    await erasing.until(is_over(erasing, made, "bad"))
    assert call_of(erasing, made, "bad").ruling.verdict is Verdict.DELIVERED


async def test_it_goes_on_after_a_restart_and_a_removed_integration_is_told_as_not_asked(erasing):
    erasing.install()
    erasing.install("gone")
    erasing.start()
    erasing.eraser.answer = lambda _who: 503
    made = erase(erasing, ANN, "ins", "gone")
    await erasing.until(lambda: call_of(erasing, made).tries > 1)
    erasing.remove("gone")
    await erasing.kill()
    erasing.eraser.answer = lambda _who: 200
    erasing.start()
    await erasing.until(is_over(erasing, made, "ins", "gone"))
    assert call_of(erasing, made).ruling.verdict is Verdict.DELIVERED
    assert call_of(erasing, made, "gone").ruling.reason == "installation_removed"


async def test_a_call_is_given_up_after_a_week_and_what_no_call_can_be_made_for_is_told(erasing):
    erasing.install()
    erasing.start()
    erasing.eraser.answer = lambda _who: 503
    made = erase(erasing)
    await erasing.until(lambda: call_of(erasing, made).tries > 1)
    erasing.clock.jump(8 * DAY_MS)
    await erasing.until(is_over(erasing, made))
    assert call_of(erasing, made).ruling.verdict is Verdict.EXHAUSTED
    other = erase(erasing, Whom((), ("a-1-not-erasable",)))
    await erasing.until(is_over(erasing, other))
    assert call_of(erasing, other).ruling.reason == "not_erasable_by_call"
    nobody = erase(erasing, Whom())
    await erasing.until(is_over(erasing, nobody))
    assert call_of(erasing, nobody).ruling.reason == "not_known_there"


async def test_what_waits_is_not_sent_any_more_nor_replayed_and_what_comes_later_is(erasing):
    erasing.install(flush=0)
    erasing.start(lanes=1)
    erasing.vendor.answer = lambda *_: 503
    tried = said(erasing, "ann")
    await erasing.until(lambda: len(erasing.vendor.requests) > 1)
    queued = said(erasing, "ann")
    others = said(erasing, "bob")
    erase(erasing)
    await erasing.until(lambda: erasing.verdict(tried) is not None)
    erasing.vendor.answer = lambda *_: None
    await erasing.until(erasing.is_done)
    assert [erasing.verdict(one) for one in (tried, queued)] == [(Verdict.SKIPPED, "erased")] * 2
    assert erasing.verdict(others) == (Verdict.DELIVERED, "")
    erasing.replay(tried)
    await erasing.until(lambda: erasing.verdict(tried, run="run_1") is not None)
    assert erasing.verdict(tried, run="run_1") == (Verdict.SKIPPED, "erased")
    await erasing.wait(1)
    anew = said(erasing, "ann")
    await erasing.until(lambda: erasing.verdict(anew) is not None)
    assert erasing.verdict(anew) == (Verdict.DELIVERED, "")


async def test_what_was_sent_of_them_is_forgotten_so_all_is_sent_of_whoever_comes_under_that_id(erasing):
    erasing.install(flush=0)
    erasing.start(lanes=1)
    said(erasing, "ann")
    await erasing.until(erasing.is_done)
    made = erase(erasing)
    await erasing.until(is_over(erasing, made))
    await erasing.wait(1)
    said(erasing, "ann")
    await erasing.until(erasing.is_done)
    assert [item.get("plan") for item in erasing.vendor.taken] == ["gold", "gold"]
