"""What a good key sent and was refused is handed on with its reason; what is nobody's, or may come again, is not."""

import gzip
import json

import pytest

from datafly.model.secret import Secret
from datafly.model.source import SIGNING, Source, signing_id
from datafly.observe import add_sink
from datafly.observe.ingest import IngestRequestRefused


def test_a_refused_request_is_handed_on_with_its_body_and_its_reason(gate):
    answer = gate.post("/v1/t", content=b'{"userId":"u"}').json()

    (one,) = gate.refusals
    assert (one.pipeline_id, one.stage, one.door, one.index) == ("pip_1", "gateway", "/v1/t", None)
    assert (one.code, one.status, one.message) == ("MISSING_EVENT_NAME", 400, answer["error"]["message"])
    assert one.body == b'{"userId":"u"}'
    assert one.at_ms == gate.clock.now_ms()


def test_an_event_of_a_batch_is_handed_on_by_its_index_and_the_good_ones_are_not(gate):
    gate.batch({"type": "page"}, {"type": "purchase"}, {"type": "page"})

    (one,) = gate.refusals
    assert (one.code, one.index, one.door) == ("UNKNOWN_TYPE", 1, "/v1/batch")
    assert json.loads(one.body) == {"type": "purchase"}


def test_a_batch_that_is_refused_whole_is_one_refusal(gate):
    gate.batch(*[{"type": "page"}] * 501)

    assert [(one.code, one.index) for one in gate.refusals] == [("TOO_MANY_EVENTS", None)]


@pytest.mark.parametrize("field", ["pipelineKey", "writeKey", "wk"])
def test_a_key_in_the_body_tells_whose_it_was(gate, field):
    gate.post("/v1/t", {field: "dk_test_1"}, key=None)

    assert [(one.pipeline_id, one.code) for one in gate.refusals] == [("pip_1", "MISSING_EVENT_NAME")]


def test_what_came_with_no_good_key_is_nobodys(gate):
    gate.post("/v1/t", {"event": "E"}, key="dk_unknown")
    gate.post("/v1/t", {"wk": "dk_unknown"}, key=None)
    gate.post("/v1/t", content=b"no json", key=None)
    gate.pipeline(enabled=False)
    gate.post("/v1/t", {})

    assert gate.refusals == []


def test_what_may_come_again_is_counted_and_not_kept(gate):
    told = []
    remove = add_sink(told.append)
    gate.fail()
    gate.post("/v1/t", {"event": "E"})
    remove()

    assert gate.refusals == []
    assert IngestRequestRefused("/v1/t", "UNAVAILABLE", 503, "pip_1") in told


def test_a_page_that_may_not_send_is_handed_on_without_what_it_sent(gate):
    gate.pipeline(domain_allowlist=("shop.example",))
    gate.post("/v1/t", {"event": "E"}, headers={"origin": "https://other.example"})

    assert [(one.code, one.body) for one in gate.refusals] == [("ORIGIN_NOT_ALLOWED", b"")]


def test_a_body_whose_signature_is_wrong_is_not_kept(gate):
    signing = Source(signing_id("pip_1"), "pip_1", SIGNING, Secret("dsk_whisper"))
    gate.sources = {signing.id: signing}
    stamp = str(gate.clock.now_ms())
    gate.post("/v1/events", {"type": "page"}, headers={"x-signature": "sha256=00", "x-timestamp": stamp})

    assert [(one.code, one.body) for one in gate.refusals] == [("INVALID_SIGNATURE", b"")]


def test_a_packed_body_is_handed_on_unpacked(gate):
    body = gzip.compress(b'{"type":"purchase"}')
    gate.post("/v1/t", content=body, headers={"content-encoding": "gzip"})

    assert [one.body for one in gate.refusals] == [b'{"type":"purchase"}']


def test_a_pixel_that_is_refused_is_handed_on_as_the_event_that_it_would_be(gate):
    gate.http.get("/v1/pixel/track?wk=dk_test_1&uid=u")

    (one,) = gate.refusals
    assert (one.code, one.door, json.loads(one.body)) == ("MISSING_EVENT_NAME", "/v1/pixel/track", {"userId": "u"})


def test_a_webhook_that_is_refused_is_handed_on(gate):
    source = Source("wh_1", "pip_1", "custom", None, 0, "none")
    gate.sources = {source.id: source}
    gate.http.post("/v1/webhook?source=wh_1", content=b'[{"type":"ping"},5]')
    gate.http.post("/v1/webhook?source=wh_1", content=b"ping")

    assert [(one.code, one.index, one.body) for one in gate.refusals] == [
        ("INVALID_PAYLOAD", 1, b"5"),
        ("NOT_JSON", None, b"ping"),
    ]
