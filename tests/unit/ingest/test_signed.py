"""Signed requests: who has the secret may post, within five minutes, and each signature counts once."""

import gzip
import hashlib
import hmac
import json

import pytest

from datafly.ingest.signature import REMEMBERED, UsedSignatures
from datafly.model.secret import Secret
from datafly.model.source import SIGNING, Source, signing_id
from datafly.process import Context, Duplicate, Memory, process_one

SECRET = "dsk_whisper"
EVENT = {"type": "track", "event": "E", "userId": "u"}
MINUTES = 60_000


@pytest.fixture
def gate(gate):
    source = Source(signing_id("pip_1"), "pip_1", SIGNING, Secret(SECRET))
    gate.sources = {source.id: source}
    gate.clock.jump(1)  # or it would be the signature of the test before
    return gate


def signed(gate, body, *, secret=SECRET, at=0):
    stamp = str(gate.clock.now_ms() + at)
    right = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"x-signature": f"sha256={right}", "x-timestamp": stamp}


def send(gate, body=EVENT, path="/v1/events", headers=None, **how):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return gate.post(path, content=raw, headers=signed(gate, raw, **how) | (headers or {}))


def code(answer):
    return answer.json()["error"]["code"]


def test_a_signed_event_is_taken(gate):
    answer = send(gate)

    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert (gate.only.type, gate.only.door) == ("track", "/v1/events")


def test_the_body_says_the_type(gate):
    assert code(send(gate, {"event": "E"})) == "MISSING_TYPE"


@pytest.mark.parametrize("place", ["header", "query"])
def test_the_pipeline_is_found_by_its_key(gate, place):
    raw = json.dumps(EVENT).encode()
    key, query = ("dk_test_1", "") if place == "header" else (None, "?wk=dk_test_1")

    assert gate.post(f"/v1/events{query}", content=raw, key=key, headers=signed(gate, raw)).status_code == 200
    assert (
        code(gate.post("/v1/events", content=raw, key="dk_other", headers=signed(gate, raw))) == "INVALID_PIPELINE_KEY"
    )


@pytest.mark.parametrize("header", ["x-signature", "x-timestamp"])
def test_without_a_signature_nothing_is_taken(gate, header):
    refused = send(gate, headers={header: ""})

    assert (refused.status_code, code(refused)) == (401, "MISSING_SIGNATURE")
    assert gate.entries == []


@pytest.mark.parametrize("told", ["sha256=" + "0" * 64, "sha256=", "md5=" + "0" * 64, "nonsense", b"sha256=\xe9"])
def test_a_wrong_signature_is_refused(gate, told):
    refused = send(gate, headers={"x-signature": told})

    assert (refused.status_code, code(refused)) == (401, "INVALID_SIGNATURE")
    assert gate.entries == []


def test_another_secret_body_or_time_is_refused(gate):
    raw = json.dumps(EVENT).encode()
    headers = signed(gate, raw)
    later = headers | {"x-timestamp": str(int(headers["x-timestamp"]) + 1)}

    assert code(send(gate, secret="dsk_other")) == "INVALID_SIGNATURE"
    assert code(gate.post("/v1/events", content=raw + b" ", headers=headers)) == "INVALID_SIGNATURE"
    assert code(gate.post("/v1/events", content=raw, headers=later)) == "INVALID_SIGNATURE"
    assert gate.entries == []


@pytest.mark.parametrize(("at", "status"), [(-5, 200), (5, 200), (-5.001, 401), (5.001, 401)])
def test_a_clock_may_be_five_minutes_wrong_and_no_more(gate, at, status):
    answer = send(gate, at=round(at * MINUTES))

    assert answer.status_code == status
    assert status == 200 or code(answer) == "SIGNATURE_EXPIRED"


@pytest.mark.parametrize("step", [-60, -6, 6, 60])
def test_while_the_gateways_clock_is_wrong_signed_requests_are_refused_and_once_it_is_right_they_are_taken(gate, step):
    """The answer has the gateway's time, so a sender can see whose clock is wrong; other doors look at none."""
    raw = json.dumps(EVENT).encode()
    headers = signed(gate, raw)
    gate.clock.jump(step * MINUTES)
    refused = gate.post("/v1/events", content=raw, headers=headers)
    assert (refused.status_code, code(refused)) == (401, "SIGNATURE_EXPIRED")
    assert refused.json()["error"]["details"] == {"now_ms": gate.clock.now_ms()}
    assert gate.post("/v1/t", EVENT).status_code == 200

    gate.clock.jump(-step * MINUTES)
    assert gate.post("/v1/events", content=raw, headers=headers).status_code == 200


@pytest.mark.parametrize("step", [-4, 4])
def test_a_step_of_the_clock_does_not_let_a_signature_count_again(gate, step):
    raw = json.dumps(EVENT).encode()
    headers = signed(gate, raw)
    assert gate.post("/v1/events", content=raw, headers=headers).status_code == 200
    gate.clock.jump(step * MINUTES)

    assert code(gate.post("/v1/events", content=raw, headers=headers)) == "SIGNATURE_REPLAYED"
    gate.clock.jump(-step * MINUTES)
    assert code(gate.post("/v1/events", content=raw, headers=headers)) == "SIGNATURE_REPLAYED"


def test_a_signature_that_was_forgotten_and_that_a_step_back_makes_young_again_counts_once(gate):
    raw = json.dumps(EVENT).encode()
    headers = signed(gate, raw)
    for _ in range(3):
        assert gate.post("/v1/events", content=raw, headers=headers).status_code == 200
        gate.clock.pass_by(11 * 60)
        send(gate)
        gate.clock.pass_by(11 * 60)
        gate.clock.jump(-22 * MINUTES)

    same = [received for received in gate.received if received.message_id == gate.received[0].message_id]
    assert len(same) == 3
    memory = Memory()
    fates = [process_one(received, Context(), memory) for received in same]
    assert [isinstance(fate, Duplicate) for fate in fates] == [False, True, True]


@pytest.mark.parametrize("stamp", ["now", "1e12", "-1", "9" * 30, "1795600000.5"])
def test_a_timestamp_is_unix_milliseconds(gate, stamp):
    assert code(send(gate, headers={"x-timestamp": stamp})) == "SIGNATURE_EXPIRED"


def test_a_replayed_signature_is_refused_and_said_to_have_been_taken(gate):
    raw = json.dumps(EVENT).encode()
    headers = signed(gate, raw)
    assert gate.post("/v1/events", content=raw, headers=headers).status_code == 200

    again = gate.post(
        "/v1/events",
        content=raw,
        headers=headers | {"x-signature": headers["x-signature"].upper().replace("SHA", "sha")},
    )

    assert (again.status_code, code(again)) == (409, "SIGNATURE_REPLAYED")
    assert len(gate.entries) == 1


def test_what_could_not_be_kept_may_come_again_with_the_same_signature(gate):
    raw = json.dumps(EVENT).encode()
    headers = signed(gate, raw)
    gate.fail()
    assert gate.post("/v1/events", content=raw, headers=headers).status_code == 503
    gate.fault = None

    assert gate.post("/v1/events", content=raw, headers=headers).status_code == 200


def test_a_replay_after_a_restart_counts_once_for_its_events_are_named_after_the_signature(gate, gate_type):
    raw = json.dumps({"batch": [EVENT, EVENT]}).encode()
    headers = signed(gate, raw)
    gate.post("/v1/batch", content=raw, headers=headers)
    restarted = gate_type()
    try:
        restarted.sources = gate.sources
        assert restarted.post("/v1/batch", content=raw, headers=headers).status_code == 200
        memory = Memory()
        fates = [process_one(received, Context(), memory) for received in (*gate.received, *restarted.received)]
    finally:
        restarted.stop()

    assert [isinstance(fate, Duplicate) for fate in fates] == [False, False, True, True]


def test_a_pipeline_without_secret_takes_no_signed_request(gate):
    gate.sources = {}

    assert (send(gate).status_code, code(send(gate))) == (401, "NO_SIGNING_SECRET")


def test_a_secret_is_that_of_its_pipeline_alone(gate):
    gate.sources = {signing_id("pip_2"): Source(signing_id("pip_2"), "pip_2", SIGNING, Secret(SECRET))}

    assert code(send(gate)) == "NO_SIGNING_SECRET"


def test_a_batch_may_be_signed_and_then_the_signature_must_be_right(gate):
    batch = {"batch": [{"type": "page"}, {}]}

    assert send(gate, batch, "/v1/batch").json()["accepted"] == 1
    assert code(send(gate, batch, "/v1/batch", secret="dsk_other")) == "INVALID_SIGNATURE"
    assert gate.batch({"type": "page"}).status_code == 200


def test_what_is_signed_is_the_body_as_it_was_sent(gate):
    raw = gzip.compress(json.dumps(EVENT).encode())

    assert send(gate, raw, headers={"content-encoding": "gzip"}).status_code == 200


def test_a_body_without_right_signature_is_not_unpacked(gate):
    bomb = gzip.compress(b" " * 50_000_000)

    assert code(send(gate, bomb, headers={"content-encoding": "gzip"}, secret="dsk_other")) == "INVALID_SIGNATURE"


def test_no_answer_tells_the_secret_or_the_right_signature(gate):
    raw = json.dumps(EVENT).encode()
    right = signed(gate, raw)["x-signature"].removeprefix("sha256=")

    answer = gate.post("/v1/events", content=raw, headers=signed(gate, raw, secret="dsk_other"))

    assert SECRET not in answer.text
    assert right not in answer.text


def test_what_is_remembered_is_bounded_and_the_newest_stay(gate):
    used = UsedSignatures(gate.clock)
    for number in range(3 * REMEMBERED):
        assert used.mark(str(number))
    assert len(used._young) + len(used._old) <= 2 * REMEMBERED
    assert not used.mark(str(3 * REMEMBERED - 1))
