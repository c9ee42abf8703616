"""Which requests are traced, and what of that goes with their events."""

import pytest

from datafly.ingest import tracing
from datafly.model.trace import read_trace
from datafly.observe import add_sink
from datafly.observe.trace import ObserveSpanEnded

CALLER = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
UNSAMPLED = CALLER[:-1] + "0"


@pytest.fixture
def spans():
    found = []
    remove = add_sink(lambda event: found.append(event) if isinstance(event, ObserveSpanEnded) else None)
    yield found
    remove()


def test_the_trace_of_the_caller_goes_on_in_each_of_its_events(open_gate, spans):
    gate = open_gate(trace_ratio=0.0)
    gate.batch({"type": "page"}, {"type": "page"}, headers={"traceparent": CALLER})
    (span,) = spans
    assert span.parent == read_trace(CALLER)
    assert span.trace.trace_id == span.parent.trace_id
    assert span.trace.span_id != span.parent.span_id
    assert [one.trace for one in gate.received] == [span.trace.text] * 2
    assert (span.name, span.kind, span.failed) == ("ingest", "server", "")
    assert span.attributes["http.response.status_code"] == 200
    assert span.began_ns <= span.ended_ns


def test_who_says_nothing_is_traced_by_the_ratio_and_who_says_not_to_never(open_gate, spans):
    always, never = open_gate(trace_ratio=1.0), open_gate(trace_ratio=0.0)
    always.batch({"type": "page"})
    always.batch({"type": "page"}, headers={"traceparent": UNSAMPLED})
    never.batch({"type": "page"})
    never.batch({"type": "page"}, headers={"traceparent": "no traceparent"})
    (span,) = spans
    assert span.parent is None
    assert [one.trace for one in always.received] == [span.trace.text, ""]
    assert [one.trace for one in never.received] == ["", ""]


def test_where_nothing_is_traced_nothing_is_kept_of_a_trace(gate, spans):
    gate.batch({"type": "page"}, headers={"traceparent": CALLER})
    assert gate.only.trace == ""
    assert b"trace" not in gate.entries[0].value
    assert spans == []


def test_a_pixel_a_single_event_and_a_refusal_have_spans_and_who_has_no_key_has_none(open_gate, spans):
    gate = open_gate(trace_ratio=1.0)
    gate.post("/v1/t", {"event": "E"})
    gate.http.get("/v1/pixel/page", params={"wk": "dk_test_1"})
    gate.fail()
    gate.post("/v1/t", {"event": "E"})
    gate.post("/v1/t", {"event": "E"}, key="dk_unknown")
    gate.http.get("/healthz")
    assert [span.attributes["http.response.status_code"] for span in spans] == [200, 200, 503]
    assert [span.failed for span in spans] == ["", "", "503"]
    assert [one.trace for one in gate.received] == [span.trace.text for span in spans[:2]]


def test_callers_cannot_have_more_traced_than_there_is_room_for(open_gate, spans, monkeypatch):
    monkeypatch.setattr(tracing, "MOST_A_SECOND", 0)
    gate = open_gate(trace_ratio=1.0)
    gate.batch({"type": "page"}, headers={"traceparent": CALLER})
    assert gate.only.trace == ""
    assert spans == []
