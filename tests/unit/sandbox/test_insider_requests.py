"""Whole-request answers: rows 1 to 9 of the contract's behaviour table, with its literal bodies."""

import httpx
import pytest

UPSERT = "/insider/api/user/v1/upsert"
ACCESS_DENIED = {
    "success": False,
    "message": "Access Denied. You do not have sufficient access to perform this action.",
}
PARTNER_INVALID = {"success": False, "message": "Partner is invalid."}
TOKEN_FAILED = {"success": False, "message": "Partner token authentication failed."}


async def test_a_success_is_compact_json_with_a_newline_and_counts_users(insider, person):
    reply = await insider.upsert(person(), person("user-456"))
    assert reply.status_code == 200
    assert reply.content == b'{"data":{"successful":{"count":2},"fail":{}}}\n'
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["x-envoy-upstream-service-time"].isdigit()


async def test_a_success_counts_user_objects_and_not_events(insider, person, event):
    reply = await insider.upsert(person(events=[event("a"), event("b")]), person("user-456"))
    assert reply.json()["data"]["successful"]["count"] == 2


async def test_an_unknown_path_is_not_found(insider):
    assert (await insider.post("/api/user/v1/upserts", {})).status_code == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
async def test_upsert_takes_post_only(insider, method):
    reply = await insider.client.request(method, UPSERT, headers=insider.headers)
    assert reply.status_code == 405


BAD_CREDENTIALS = [
    pytest.param({}, id="no headers"),
    pytest.param({"X-PARTNER-NAME": "myco"}, id="no key"),
    pytest.param({"X-PARTNER-NAME": "myco", "X-REQUEST-TOKEN": "wrong"}, id="a wrong key"),
    pytest.param({"X-PARTNER-NAME": "other", "X-REQUEST-TOKEN": "0123456789abcdef0123"}, id="unknown partner"),
    pytest.param({"X-PARTNER-NAME": "MYCO", "X-REQUEST-TOKEN": "0123456789abcdef0123"}, id="in capitals"),
]


@pytest.mark.parametrize("headers", BAD_CREDENTIALS)
async def test_bad_credentials_are_the_documented_403(insider, headers):
    reply = await insider.client.post(UPSERT, json={}, headers=headers)
    assert (reply.status_code, reply.json()) == (403, ACCESS_DENIED)


@pytest.mark.parametrize(
    ("headers", "status", "body"),
    [
        ({"X-PARTNER-NAME": "myco", "X-REQUEST-TOKEN": "wrong"}, 401, TOKEN_FAILED),
        ({"X-PARTNER-NAME": "myco"}, 401, TOKEN_FAILED),
        ({"X-PARTNER-NAME": "other", "X-REQUEST-TOKEN": "0123456789abcdef0123"}, 400, PARTNER_INVALID),
        ({"X-PARTNER-NAME": "MYCO", "X-REQUEST-TOKEN": "0123456789abcdef0123"}, 400, PARTNER_INVALID),
        ({}, 400, PARTNER_INVALID),
    ],
)
async def test_bad_credentials_are_401_and_400_by_the_catalogue(started, called, headers, status, body):
    insider = called(started(auth_errors="catalogue"))
    reply = await insider.client.post(UPSERT, json={}, headers=headers)
    assert (reply.status_code, reply.json()) == (status, body)


async def test_a_key_of_another_account_does_not_open_this_one(insider, person):
    await insider.control("/accounts", "POST", {"partner": "other"})
    insider.headers["X-PARTNER-NAME"] = "other"
    assert (await insider.upsert(person())).status_code == 403


@pytest.mark.parametrize(("auth_errors", "status"), [("documented_403", 403), ("catalogue", 401)])
async def test_a_key_without_the_unification_scope_is_refused(insider, person, auth_errors, status):
    await insider.control("/settings", "PATCH", {"auth_errors": auth_errors})
    made = await insider.control("/keys", "POST", {"partner": "myco", "name": "No scope", "scopes": []})
    insider.headers["X-REQUEST-TOKEN"] = made["key"]
    assert (await insider.upsert(person())).status_code == status


async def test_a_revoked_key_is_refused(insider, person):
    key = (await insider.control("/keys"))[0]
    await insider.control(f"/keys/{key['id']}", "DELETE")
    assert (await insider.upsert(person())).status_code == 403


@pytest.mark.parametrize(("allowed", "status"), [("127.0.0.1", 200), ("127.0.0.0/8", 200), ("10.0.0.1", 403)])
async def test_a_key_with_an_allow_list_admits_only_its_addresses(insider, person, allowed, status):
    made = await insider.control("/keys", "POST", {"name": "Listed", "allowed_ips": [allowed]})
    insider.headers["X-REQUEST-TOKEN"] = made["key"]
    assert (await insider.upsert(person())).status_code == status


async def test_an_allow_list_knows_no_ipv6_and_refuses_who_calls_by_it(started, person):
    transport = httpx.ASGITransport(app=started(), client=("::1", 123))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        refused = await client.post("/insider/_control/keys", json={"name": "Six", "allowed_ips": ["::1"]})
        assert refused.json() == {"error": "::1 is no IPv4 address or network."}
        made = await client.post("/insider/_control/keys", json={"name": "Four", "allowed_ips": ["127.0.0.1"]})
        headers = {"X-PARTNER-NAME": "myco", "X-REQUEST-TOKEN": made.json()["key"]}
        assert (await client.post(UPSERT, json={"users": [person()]}, headers=headers)).status_code == 403


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded"])
async def test_other_content_types_are_refused(insider, content_type):
    headers = {**insider.headers, **({"content-type": content_type} if content_type else {})}
    reply = await insider.client.post(UPSERT, content=b"{}", headers=headers)
    assert (reply.status_code, reply.json()) == (400, {"error": "content type must be application/json"})


async def test_a_content_type_with_a_charset_is_taken(insider, person):
    assert (
        await insider.post(
            "/api/user/v1/upsert", {"users": [person()]}, **{"content-type": "application/json; charset=utf-8"}
        )
    ).status_code == 200


def _sized(size: int) -> bytes:
    head, tail = b'{"users":[{"identifiers":{"uuid":"u"},"attributes":{"name":"', b'"}}]}'
    return head + b"x" * (size - len(head) - len(tail)) + tail


@pytest.mark.parametrize(("size", "status"), [(5_000_000, 200), (5_000_001, 400)])
async def test_a_body_may_have_five_million_bytes_and_no_more(insider, size, status):
    reply = await _raw(insider, _sized(size))
    assert reply.status_code == status
    if status == 400:
        message = "request body is bigger than maximum allowed size 5,000,000 bytes"
        assert reply.json() == {"error": message}


@pytest.mark.parametrize("body", [b"", b"{", b'{"users":[NaN]}', b"\xff", b"[" * 100_000])
async def test_a_body_that_is_no_json_is_refused(insider, body):
    reply = await _raw(insider, body)
    refusal = {"success": False, "message": "Request data is not in valid JSON format."}
    assert (reply.status_code, reply.json()) == (400, refusal)


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"users":null}', b'{"users":{}}', b'{"users":[]}'])
async def test_users_must_be_defined(insider, body):
    reply = await _raw(insider, body)
    assert (reply.status_code, reply.json()) == (400, {"error": "users must be defined: bad request"})


async def test_a_thousand_users_are_taken_and_one_more_is_not(insider, person):
    many = [person(f"u{number}") for number in range(1001)]
    assert (await insider.upsert(*many[:1000])).json()["data"]["successful"]["count"] == 1000
    reply = await insider.upsert(*many)
    assert (reply.status_code, reply.json()) == (400, {"error": "users must not be more than 1000: bad request"})


async def test_requests_over_the_limit_are_refused_until_the_minute_is_over(insider, person, clock):
    await insider.control("/settings", "PATCH", {"rate_limit": {"requests": 2}})
    assert [(await insider.upsert(person())).status_code for _ in range(2)] == [200, 200]
    clock.advance(seconds=20)
    reply = await insider.upsert(person())
    assert (reply.status_code, reply.json()) == (429, {"error": "rejected: too many requests"})
    assert reply.headers["retry-after"] == "40"
    clock.advance(seconds=40)
    assert (await insider.upsert(person())).status_code == 200


async def test_a_limit_may_refuse_without_saying_when_to_come_back(insider, person):
    await insider.control("/settings", "PATCH", {"rate_limit": {"requests": 0, "retry_after": False}})
    reply = await insider.upsert(person())
    assert reply.status_code == 429
    assert "retry-after" not in reply.headers


async def test_the_limit_is_of_each_key(insider, person):
    await insider.control("/settings", "PATCH", {"rate_limit": {"requests": 1}})
    await insider.upsert(person())
    made = await insider.control("/keys", "POST", {"name": "Second"})
    insider.headers["X-REQUEST-TOKEN"] = made["key"]
    assert (await insider.upsert(person())).status_code == 200


async def test_credentials_are_checked_before_the_body(insider):
    reply = await insider.client.post(UPSERT, content=b"{", headers={"X-PARTNER-NAME": "other"})
    assert reply.status_code == 403


async def _raw(insider, body: bytes) -> httpx.Response:
    return await insider.client.post(
        UPSERT, content=body, headers={**insider.headers, "content-type": "application/json"}
    )
