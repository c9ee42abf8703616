"""Calls about a user that no event makes: requests, Insider's answers (§5), and what the sandbox does with them."""

import json
from datetime import UTC, datetime

import httpx
import pytest

from datafly import catalog
from datafly.model.delivery import Reply
from datafly.model.secret import Secret
from datafly.model.verdict import Verdict
from datafly.sandbox.settings import SandboxSettings, Seed, SeedKey
from datafly.spec.calls import DELETE_ATTRIBUTES, DELETE_USER, REMOVE_IDENTIFIER, REPLACE_IDENTIFIER, TAKES, rate_key
from datafly.testing.integration_suite import compiled
from datafly.testing.one_room import one_room

KEY = "0123456789abcdef0123"
MADE = compiled(catalog.get("insider"), api_key=KEY)
USER = {"uuid": "user-123"}
GIVEN = {
    DELETE_USER: {"user": USER},
    DELETE_ATTRIBUTES: {"user": USER, "attributes": ["city"], "custom": ["loyalty_tier"]},
    REPLACE_IDENTIFIER: {"old": {"uuid": "anonymous-1"}, "new": USER},
    REMOVE_IDENTIFIER: {"user": {"email": "jane@example.com"}},
}
ACCESS_DENIED = '{"success":false,"message":"Access Denied. You do not have sufficient access to perform this action."}'
UNKNOWN_ERROR = '{"success":false,"message":"The request processing has failed because of an unknown error."}'

REFUSED = (
    '{"data":{"successful":{},"fail":{"count":1,"errors":{"users.0.identifiers.required":'
    '["either insider_id or idenifiers must be specified"]}}}}'
)


@pytest.mark.parametrize(
    ("key", "method", "path", "body"),
    [
        (DELETE_USER, "POST", "/api/user/v1/delete", {"identifiers": USER}),
        (
            DELETE_ATTRIBUTES,
            "POST",
            "/api/user/v1/attribute/delete",
            {"users": [{"identifiers": USER, "whole": ["city"], "custom": {"whole": ["loyalty_tier"]}}]},
        ),
        (
            REPLACE_IDENTIFIER,
            "PATCH",
            "/api/user/v1/identity",
            {"old_identifier": {"uuid": "anonymous-1"}, "new_identifier": USER},
        ),
        (REMOVE_IDENTIFIER, "DELETE", "/api/user/v1/identity", {"identifiers": {"email": "jane@example.com"}}),
    ],
)
def test_the_request_is_the_documented_one(key, method, path, body):
    made = MADE.calls[key].make(GIVEN[key])
    assert (made.method, made.url) == (method, f"https://unification.useinsider.com{path}")
    assert json.loads(made.body) == body
    assert made.headers["X-PARTNER-NAME"] == "myco"
    assert isinstance(made.headers["X-REQUEST-TOKEN"], Secret)


def test_attributes_of_one_kind_alone_leave_the_other_field_out():
    made = MADE.calls[DELETE_ATTRIBUTES].make({"user": USER, "custom": ["loyalty_tier"]})
    assert json.loads(made.body) == {"users": [{"identifiers": USER, "custom": {"whole": ["loyalty_tier"]}}]}


@pytest.mark.parametrize(
    ("key", "given"),
    [
        (DELETE_USER, {}),
        (DELETE_USER, {"user": {}}),
        (DELETE_USER, {"user": USER, "everybody": True}),
        (DELETE_ATTRIBUTES, {"user": USER}),
        (DELETE_ATTRIBUTES, {"attributes": ["city"]}),
        (REPLACE_IDENTIFIER, {"old": USER}),
    ],
)
def test_a_call_that_says_too_little_or_too_much_is_not_made(key, given):
    with pytest.raises(ValueError, match=key):
        MADE.calls[key].make(given)


def judged(key, status, body):
    return MADE.calls[key].judge(Reply(status, body=body.encode()))


def said(words):
    return f'{{"error":"{words}"}}'


@pytest.mark.parametrize("key", TAKES)
@pytest.mark.parametrize(
    ("status", "body", "verdict", "symptom"),
    [
        (200, "{}\n", Verdict.DELIVERED, ""),
        (403, ACCESS_DENIED, Verdict.SUSPENDED, "403 Access Denied"),
        (429, '{"error":"rejected: too many requests"}', Verdict.RETRY, "429 Too Many Requests"),
        (500, UNKNOWN_ERROR, Verdict.RETRY, ""),
    ],
)
def test_what_every_call_may_answer(key, status, body, verdict, symptom):
    ruling = judged(key, status, body)
    assert (ruling.verdict, ruling.symptom) == (verdict, symptom)


@pytest.mark.parametrize(
    ("key", "status", "body", "verdict"),
    [
        (REPLACE_IDENTIFIER, 400, said("identifier values are the same: bad request"), Verdict.DELIVERED),
        (
            REPLACE_IDENTIFIER,
            400,
            said("there must be exactly 1 entry for both new and old identifiers: bad request"),
            Verdict.REJECTED,
        ),
        (
            REPLACE_IDENTIFIER,
            400,
            said("new identifier already has a user assigned to it: bad request"),
            Verdict.REJECTED,
        ),
        (REPLACE_IDENTIFIER, 400, said("no valid identifier: bad request"), Verdict.REJECTED),
        (REPLACE_IDENTIFIER, 404, said("no such user for these identifiers: no data"), Verdict.REJECTED),
        (
            REMOVE_IDENTIFIER,
            400,
            said("you cannot delete the sole identifier specified for a user: bad request"),
            Verdict.REJECTED,
        ),
        (REMOVE_IDENTIFIER, 404, said("no such user for these identifiers: no data"), Verdict.DELIVERED),
        (REMOVE_IDENTIFIER, 200, "", Verdict.DELIVERED),
        (DELETE_USER, 404, said("no such user for these identifiers: no data"), Verdict.DELIVERED),
        (DELETE_ATTRIBUTES, 200, '{"data":{"successful":{"count":1},"fail":{}}}', Verdict.DELIVERED),
        (
            DELETE_ATTRIBUTES,
            200,
            REFUSED,
            Verdict.REJECTED,
        ),
    ],
)
def test_each_documented_answer_is_judged_with_insiders_words(key, status, body, verdict):
    ruling = judged(key, status, body)
    assert ruling.verdict is verdict
    if status != 200:
        assert ruling.reason in body
        assert ruling.cause
        assert ruling.cure


def test_attribute_deletes_share_the_rate_of_upserts_and_the_others_have_their_own():
    assert MADE.limits.requests_per_minute == 25_000
    paced = {key: MADE.rates.get(rate_key(key)) for key in TAKES}
    own = {key: pacing and pacing.requests_per_minute for key, pacing in paced.items()}
    assert own == {DELETE_USER: 10_000, DELETE_ATTRIBUTES: None, REPLACE_IDENTIFIER: 2_000, REMOVE_IDENTIFIER: 1_000}


@pytest.fixture
async def sandbox(tmp_path):
    settings = SandboxSettings(data_dir=tmp_path, seed=Seed(keys=(SeedKey(partner="myco", key=KEY),)))
    app = one_room("insider", settings, lambda: datetime(2026, 11, 26, tzinfo=UTC))
    headers = {"X-PARTNER-NAME": "myco", "X-REQUEST-TOKEN": KEY, "Content-Type": "application/json"}
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1/insider", headers=headers) as client:
        yield client
    app.close()


async def asked(sandbox, key, **given):
    """The verdict on what the sandbox answers."""
    made = MADE.calls[key].make(given)
    path = made.url.removeprefix("https://unification.useinsider.com")
    reply = await sandbox.request(made.method, path, content=made.body)
    return MADE.calls[key].judge(Reply(reply.status_code, body=reply.content)).verdict


async def profile(sandbox, identifiers):
    reply = await sandbox.post("/api/user/v1/profile", json={"identifiers": identifiers, "attributes": ["*"]})
    return reply.json().get("attributes") if reply.status_code == 200 else None


async def test_the_life_of_a_user_until_she_is_erased(sandbox):
    user = {
        "identifiers": {"uuid": "anonymous-1", "email": "jane@example.com"},
        "attributes": {"city": "London", "age": 30, "custom": {"loyalty_tier": "gold"}},
    }
    await sandbox.post("/api/user/v1/upsert", json={"users": [user]})
    assert await asked(sandbox, REPLACE_IDENTIFIER, old={"uuid": "anonymous-1"}, new=USER) is Verdict.DELIVERED
    assert (await profile(sandbox, USER))["city"] == "London"
    done = await asked(sandbox, DELETE_ATTRIBUTES, user=USER, attributes=["city"], custom=["loyalty_tier"])
    assert done is Verdict.DELIVERED
    left = await profile(sandbox, USER)
    assert left["age"] == 30
    assert not {"city", "c_loyalty_tier"} & set(left)
    assert await asked(sandbox, REMOVE_IDENTIFIER, user={"email": "jane@example.com"}) is Verdict.DELIVERED
    assert await profile(sandbox, {"email": "jane@example.com"}) is None
    assert await asked(sandbox, REMOVE_IDENTIFIER, user=USER) is Verdict.REJECTED
    assert await asked(sandbox, DELETE_USER, user=USER) is Verdict.DELIVERED
    assert await profile(sandbox, USER) is None
    assert await asked(sandbox, DELETE_USER, user=USER) is Verdict.DELIVERED
    assert await asked(sandbox, REPLACE_IDENTIFIER, old=USER, new={"uuid": "u2"}) is Verdict.REJECTED
