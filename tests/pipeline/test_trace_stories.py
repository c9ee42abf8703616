"""Traces of requests to vendors: where batches join, none of them ends."""

import msgspec
import pytest

from datafly.log.base import Entry
from datafly.model.trace import Trace
from datafly.observe import add_sink
from datafly.observe.deliver import DeliverRequestAnswered
from datafly.observe.trace import ObserveSpanEnded, begin_tracing, end_tracing

ONE, OTHER = (Trace(digit * 32, digit * 16) for digit in "ab")


@pytest.fixture
def told():
    events = []
    remove = add_sink(events.append)
    begin_tracing()
    yield events
    end_tracing()
    remove()


def append(house, *traces):
    made = [house._event("ann", "pip", marketing=True, properties={}, behind=0) for _ in traces]
    events = [msgspec.structs.replace(event, trace=text) for event, text in zip(made, traces, strict=True)]
    first = house.appender.append([Entry(event.key, msgspec.json.encode(event)) for event in events])
    return list(range(first, first + len(events)))


def spans(told):
    return [one for one in told if isinstance(one, ObserveSpanEnded)]


def answered(told):
    return [one for one in told if isinstance(one, DeliverRequestAnswered)]


async def test_a_request_of_several_traces_has_a_span_in_each_and_its_own_links_to_all(house, told):
    house.install()
    house.start()
    first, *_ = append(house, ONE.text, "", OTHER.below("m").text, ONE.below("n").text)
    await house.until(house.is_done)
    own, joined = spans(told)
    assert (own.kind, own.parent, own.trace.trace_id) == ("client", ONE, ONE.trace_id)
    assert {*own.links} == {OTHER.below("m"), ONE.below("n")}
    assert (joined.parent, joined.trace.trace_id) == (OTHER.below("m"), OTHER.trace_id)
    assert joined.links == (own.trace,)
    assert own.attributes["datafly.vendor"] == "acme"
    assert own.attributes["datafly.verdict.delivered"] == own.attributes["datafly.events"] == 4
    assert house.delivered(first).attempt.trace_id == ONE.trace_id
    assert [one.trace_id for one in answered(told)] == [ONE.trace_id]


async def test_each_try_has_a_span_of_its_own_below_the_same_and_the_one_that_failed_says_so(house, told):
    answers = [503, None]
    house.vendor.answer = lambda _items, _headers: answers.pop(0)
    house.install()
    house.start()
    append(house, ONE.text)
    await house.until(house.is_done)
    failed, good = spans(told)
    assert failed.parent == good.parent == ONE
    assert failed.trace.span_id != good.trace.span_id
    assert (failed.failed, good.failed) == ("status_503", "")
    assert [(one.tries, one.retry, one.verdicts) for one in answered(told)] == [
        (1, False, {"RETRY": 1}),
        (2, True, {"DELIVERED": 1}),
    ]


async def test_events_that_nobody_traces_make_no_span(house, told):
    house.install()
    house.start()
    (offset,) = append(house, "")
    await house.until(house.is_done)
    assert spans(told) == []
    assert house.delivered(offset).attempt.trace_id == ""


async def test_where_traces_go_nowhere_nobody_looks_for_them(house, told):
    end_tracing()
    house.install()
    house.start()
    append(house, ONE.text)
    await house.until(house.is_done)
    assert spans(told) == []


async def test_nothing_secret_and_nothing_that_was_sent_is_in_a_span_or_in_the_line_of_a_request(house, told):
    house.vendor.key = "another"
    house.install()
    house.start()
    append(house, ONE.text)
    await house.until(lambda: answered(told))
    assert "s3cret-key" not in str(spans(told) + answered(told))
    assert "e0" not in str([one.fields() for one in answered(told)])
