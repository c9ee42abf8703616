import hashlib
import sqlite3

import pytest

PATH = "/v1/admin/tokens"


@pytest.fixture
def post(call):
    def post(key, path=PATH, **body):
        return call("POST", path, json=body or {"name": "ci"}, headers={"Idempotency-Key": key})

    return post


def test_a_repeated_call_is_answered_as_the_first_and_changes_nothing_more(house, post):
    first, again = post("k1"), post("k1")
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert [token.name for token in house.control.tokens()].count("ci") == 1
    assert [entry.action for entry in house.control.audit_log()] == ["token.created"]


def test_another_key_is_another_call(house, post):
    post("k1")
    post("k2")
    assert [token.name for token in house.control.tokens()].count("ci") == 2


def test_a_key_with_another_body_or_path_is_refused(post, refused):
    post("k1")
    refused(post("k1", name="other"), 422, "KEY_OF_ANOTHER_CALL", field="Idempotency-Key")
    refused(post("k1", "/v1/admin/pipelines"), 422, "KEY_OF_ANOTHER_CALL")


def test_keys_are_a_callers_own(call, post):
    post("k1")
    mine = call("POST", PATH, role="admin", json={"name": "other"}, headers={"Idempotency-Key": "k1"})
    assert mine.status_code == 201


def test_a_call_whose_first_is_under_way_is_told_to_wait(house, post, call, refused):
    me = call.get("/v1/admin/auth/me")["id"]
    digest = hashlib.sha256(b"POST\0" + PATH.encode() + b"\0\0\0" + b'{"name":"ci"}').hexdigest()
    assert house.control.begin_call(me, "k1", digest) is None
    refused(post("k1"), 409, "CALL_UNDER_WAY")
    house.clock.pass_by(301)
    assert post("k1").status_code == 201


def test_what_failed_may_be_made_again_with_the_same_key(post, refused):
    refused(post("k1", name="x", role="king"), 422, "VALIDATION_FAILED", field="role")
    assert post("k1", name="x").status_code == 201


def test_after_a_day_the_key_is_forgotten(house, post):
    post("k1")
    house.clock.pass_by(86_400)
    assert "Idempotency-Replayed" not in post("k1").headers


def test_the_text_of_a_token_is_not_readable_in_what_is_kept(tmp_path, post):
    token = post("k1").json()["token"]
    connection = sqlite3.connect(tmp_path / "store.db")
    (kept,) = connection.execute("SELECT answer FROM retries").fetchone()
    connection.close()
    assert token.encode() not in kept
    assert b"$secret" in kept


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_a_key_that_is_none_is_refused(post, refused, key):
    refused(post(key), 422, "VALIDATION_FAILED", field="Idempotency-Key")


def test_a_body_that_is_too_large_is_refused_with_a_key_too(call, refused):
    reply = call("POST", PATH, content=b"x" * 1_000_001, headers={"Idempotency-Key": "k1"})
    refused(reply, 413, "PAYLOAD_TOO_LARGE")
