"""Every kind of bad input by its own status and code, over HTTP, from the corpus that other languages can read too."""

import gzip
import hashlib
import hmac
import json
import socket
from pathlib import Path

import msgspec
import pytest

from datafly.ingest.codes import Code
from datafly.model.installation import Pipeline
from datafly.model.secret import Secret
from datafly.model.source import SIGNING, Source, signing_id

CASES = json.loads((Path(__file__).parents[3] / "contract/gateway/bad_input.json").read_text(encoding="utf-8"))
GOOD = b'{"type":"page","userId":"u"}'
BESIDE_REQUESTS = {
    "HEADERS_TOO_LARGE": "test_connection",
    "INTERNAL": "test_doors",
    "NO_PIPELINE": "test_assets",
    "NO_SIGNING_SECRET": "test_signed",
    "RATE_LIMITED": "test_limits",
    "REQUEST_TIMEOUT": "test_limits",
    "SIGNATURE_REPLAYED": "test_signed",
    "UNAVAILABLE": "test_doors",
}
"""Codes that take more than one request, or a gateway in trouble; the file that has their tests."""


def part(one) -> bytes:
    if isinstance(one, str):
        return one.encode()
    text = bytes.fromhex(one["bytes"]) if "bytes" in one else one["repeat"].encode()
    return text * one.get("times", 1)


def body_of(case) -> bytes:
    body = b"".join(map(part, case.get("body", [])))
    return gzip.compress(body, mtime=0)[: -case.get("cut", 0) or None] if case.get("gzip") else body


def headers_of(case, gate, body):
    headers = dict(case.get("headers", {}))
    key = case.get("key", "dk_test_1")
    if key:
        headers["authorization"] = f"Bearer {key}"
    if case.get("gzip"):
        headers["content-encoding"] = "gzip"
    if "signed" in case:
        stamp = str(gate.clock.now_ms() + case["signed"].get("at_ms", 0)).encode()
        secret = case["signed"].get("secret", "dsk_whisper").encode()
        right = hmac.new(secret, stamp + b"." + body, hashlib.sha256).hexdigest()
        headers |= {"x-timestamp": stamp.decode(), "x-signature": f"sha256={right}"}
    return [*headers.items(), *[(f"x-{number}", "1") for number in range(case.get("many_headers", 0))]]


@pytest.fixture
def gate(gate):
    default = gate.pipelines["dk_test_1"]
    revoked = msgspec.structs.replace(default, id="pip_2", pipeline_key="dk_revoked", enabled=False)
    own = Pipeline("pip_3", "Own", "own", "dk_own_pages", domain_allowlist=("shop.example",))
    gate.pipelines |= {"dk_revoked": revoked, "dk_own_pages": own}
    signing = Source(signing_id("pip_1"), "pip_1", SIGNING, Secret("dsk_whisper"))
    gate.sources = {signing.id: signing}
    return gate


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_bad_input_has_its_own_status_code_and_cure_and_is_kept_out(gate, case):
    body = body_of(case)
    headers = headers_of(case, gate, body)

    answer = gate.http.request(case.get("method", "POST"), case["path"], content=body, headers=headers)

    told = answer.json()
    if "index" in case:
        assert (answer.status_code, told["accepted"]) == (200, 0)
        (error,) = told["errors"]
        assert error["index"] == case["index"]
    else:
        assert set(told["error"]) == {"code", "message", "details"}
        assert answer.status_code == case["status"]
        error = told["error"]
    assert error["code"] == case["code"]
    assert Code[case["code"]].status == case["status"]
    assert error["message"].removesuffix(Code[case["code"]].cure).endswith(". "), "it says what to do"
    assert all(word in error["message"] for word in case.get("says", ()))
    assert gate.entries == []
    assert gate.post("/v1/t", {"event": "E"}).status_code == 200


def is_an_event_at_fault(case) -> bool:
    """Not the request around it: its content encoding, key, signature, path, size; nor what makes the batch no JSON."""
    around = {"gzip", "headers", "key", "signed", "method", "many_headers", "index"} & set(case)
    of_a_path = {"TYPE_MISMATCH", "PAYLOAD_TOO_LARGE", "INVALID_PAYLOAD", "NOT_JSON"}
    return case["path"] == "/v1/t" and not around and body_of(case)[:1] == b"{" and case["code"] not in of_a_path


@pytest.mark.parametrize("case", [case for case in CASES if is_an_event_at_fault(case)], ids=lambda case: case["case"])
def test_good_events_beside_a_bad_one_are_kept(gate, case):
    bad = body_of(case)
    bad = bad if b'"type"' in bad else b'{"type":"track",' + bad[1:]

    answer = gate.post("/v1/batch", content=b'{"batch":[' + GOOD + b"," + bad + b"," + GOOD + b"]}").json()

    assert answer["accepted"] == len(gate.entries) == 2
    assert [(error["index"], error["code"]) for error in answer["errors"]] == [(1, case["code"])]
    assert [bytes(received.body) for received in gate.received] == [GOOD, GOOD]


def test_every_code_is_shown_by_a_case_or_by_a_test_of_its_own():
    own = {"NOT_BUILT", "NOT_READY"}  # tested below, and in test_assets
    assert {case["code"] for case in CASES} | set(BESIDE_REQUESTS) | own == {code.name for code in Code}
    told = {name: (Path(__file__).parent / f"{file}.py").read_text() for name, file in BESIDE_REQUESTS.items()}
    assert [name for name, text in told.items() if name not in text] == []


def test_a_gateway_that_cannot_write_says_so_and_knows_no_key_to_be_bad(gate):
    gate.reason = "The disk is full."

    assert gate.http.get("/readyz").json()["error"]["code"] == "NOT_READY"
    refused = gate.post("/v1/t", {"event": "E"}, key="dk_unknown")
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "NOT_READY")
    assert "retry-after" in refused.headers


def test_a_slow_body_has_its_own_code(open_gate):
    gate = open_gate(body_timeout_seconds=0.05)
    with socket.create_connection(("127.0.0.1", gate.port)) as raw:
        raw.sendall(b"POST /v1/t?wk=dk_test_1 HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{")
        answer = b""
        while chunk := raw.recv(65536):
            answer += chunk
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b" 408 " in head
    assert json.loads(body)["error"]["code"] == "REQUEST_TIMEOUT"
