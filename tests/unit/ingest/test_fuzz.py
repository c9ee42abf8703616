"""Whatever is posted: no 5xx, one JSON shape, and what was taken can be read and written again by every later stage."""

import gzip
import json

import msgspec
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from datafly.ingest import paths

DOORS = st.sampled_from([door.path for door in paths.DOORS])
ENVELOPE = ["batch", "reset", "sentAt", "pipelineKey", "writeKey", "wk"]
IDS = ["userId", "anonymousId", "groupId", "messageId", "previousId"]
FIELDS = [*ENVELOPE, *IDS, "type", "event", "name", "timestamp", "properties", "traits", "context", "integrations"]
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=30)
    | st.sampled_from(
        [
            "track",
            "page",
            "identify",
            "alias",
            "screen",
            "dk_test_1",
            "",
            "2026-11-23T10:00:00Z",
            "\ud800",
            "\x00",
            "1e400",
        ]
    )
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5)
)
EVENTS = st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=8)
BATCHES = st.fixed_dictionaries(
    {"batch": st.lists(EVENTS | VALUES, max_size=6)},
    optional={"reset": VALUES, "context": VALUES, "integrations": VALUES},
)
HEADERS = st.dictionaries(
    st.sampled_from(
        ["content-type", "content-encoding", "authorization", "origin", "cookie", "x-forwarded-for", "x-write-key"]
    ),
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40),
    max_size=3,
)
SLICE = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def judge(gate, answer) -> None:
    assert answer.status_code < 500, answer.text
    body = answer.json()
    if answer.status_code == 200:
        assert body["success"] is True
        assert len(gate.entries) == body.get("accepted", 1)
    else:
        assert set(body["error"]) == {"code", "message", "details"}
        assert body.get("code", body["error"]["code"]) == body["error"]["code"]
        assert gate.entries == []
    for received in gate.received:
        msgspec.json.encode(msgspec.json.decode(received.body))


@SLICE
@given(path=DOORS, body=st.binary(max_size=300), headers=HEADERS)
def test_any_bytes_with_any_headers(shared_gate, path, body, headers):
    shared_gate.renew()
    judge(shared_gate, shared_gate.post(path, content=body, headers=headers))


@SLICE
@given(path=DOORS, body=EVENTS | BATCHES | VALUES)
def test_any_json(shared_gate, path, body):
    shared_gate.renew()
    judge(shared_gate, shared_gate.post(path, content=json.dumps(body).encode()))


@SLICE
@given(
    body=BATCHES.map(lambda batch: json.dumps(batch).encode()),
    at=st.integers(min_value=0),
    put=st.sampled_from([b"", b"[", b"]", b"{", b"}", b'"', b"\\", b",", b"\\ud800", b"\x00", b"\xff", b"[" * 2000]),
)
@example(body=b'{"batch":[{"type":"page"}]}', at=25, put=b'"')
def test_any_batch_with_something_stuck_into_it(shared_gate, body, at, put):
    shared_gate.renew()
    at %= len(body) + 1
    judge(shared_gate, shared_gate.post("/v1/batch", content=body[:at] + put + body[at:]))


@SLICE
@given(body=st.binary(max_size=200), cut=st.integers(0, 220))
def test_any_gzip(shared_gate, body, cut):
    shared_gate.renew()
    headers = {"content-encoding": "gzip"}
    judge(shared_gate, shared_gate.post("/v1/t", content=gzip.compress(body)[:cut], headers=headers))
