"""Changing and removing identifiers, erasing and anonymizing: sections 5.1, 5.2, 5.5 and 5.6 of the contract."""

import pytest

PATH = "/api/user/v1/identity"
NO_DATA = {"error": "no such user for these identifiers: no data"}
ONE_ENTRY = {"error": "there must be exactly 1 entry for both new and old identifiers: bad request"}
NO_VALID = {"error": "no valid identifier: bad request"}


async def _patch(insider, old, new):
    body = {"old_identifier": old, "new_identifier": new}
    return await insider.send("PATCH", PATH, body)


async def _delete(insider, identifiers):
    return await insider.send("DELETE", PATH, {"identifiers": identifiers})


async def _identifies_by(insider, *types):
    await insider.control("/accounts/myco", "PATCH", {"rules": {"identifier_types": list(types)}})


def _held(user) -> dict[str, str]:
    return {each["type"]: each["value"] for each in user["profile"]["identifiers"]}


async def test_an_identifier_is_replaced_and_the_profile_stays(insider, person, event):
    await insider.upsert(person("anonymous-1", events=[event()]))
    reply = await _patch(insider, {"uuid": "anonymous-1"}, {"uuid": "user-123"})
    assert (reply.status_code, reply.content) == (200, b"{}\n")
    user = await insider.user("user-123")
    assert _held(user) == {"uuid": "user-123"}
    assert len(user["events"]) == 1
    assert await insider.control("/users?q=anonymous-1") == []


async def test_the_attribute_that_repeats_an_identifier_is_replaced_with_it(insider, person):
    attributes = {"email": "old@example.com", "name": "Jane"}
    await insider.upsert(person(identifiers={"email": "old@example.com"}, attributes=attributes))
    await _patch(insider, {"email": "old@example.com"}, {"email": "new@example.com"})
    assert (await insider.user("new@"))["profile"]["attributes"] == {"email": "new@example.com", "name": "Jane"}


async def test_a_custom_identifier_is_replaced_within_its_name(insider, person):
    await _identifies_by(insider, "uuid", "custom.device")
    await insider.upsert(person(identifiers={"uuid": "user-123", "custom": {"device": "d-1"}}))
    await _patch(insider, {"custom": {"device": "d-1"}}, {"custom": {"device": "d-2"}})
    assert _held(await insider.user("user-123")) == {"uuid": "user-123", "custom.device": "d-2"}


@pytest.mark.parametrize(
    ("old", "new", "body"),
    [
        ({"uuid": "user-123"}, {"uuid": "user-123"}, {"error": "identifier values are the same: bad request"}),
        ({"uuid": "user-123"}, {}, ONE_ENTRY),
        (None, {"uuid": "u"}, ONE_ENTRY),
        ({"uuid": "user-123", "email": "jane@example.com"}, {"uuid": "u"}, ONE_ENTRY),
        ({"custom": {"a": "1", "b": "2"}}, {"custom": {"a": "3"}}, ONE_ENTRY),
        ({"custom": {}}, {"custom": {"a": "3"}}, ONE_ENTRY),
        (
            {"uuid": "user-123"},
            {"uuid": "taken"},
            {"error": "new identifier already has a user assigned to it: bad request"},
        ),
        ({"custom": {"device": "d-1"}}, {"custom": {"device": "d-2"}}, NO_VALID),
        ({"user_id": "1"}, {"user_id": "2"}, NO_VALID),
    ],
)
async def test_a_change_that_cannot_be_is_refused_word_for_word(insider, person, old, new, body):
    await insider.upsert(person(), person("taken"))
    reply = await _patch(insider, old, new)
    assert (reply.status_code, reply.json()) == (400, body)
    assert "x-sandbox-ours" not in reply.headers
    assert _held(await insider.user("user-123")) == {"uuid": "user-123"}


@pytest.mark.parametrize(
    ("old", "new", "status", "name"),
    [
        ({"uuid": "nobody"}, {"uuid": "user-123"}, 404, "old_identifier_unknown"),
        ({"uuid": "user-123"}, {"email": "jane@example.com"}, 400, "same_type"),
        ({"email": "jane@example.com"}, {"email": "jane"}, 400, "identifier_value"),
        ({"uuid": "user-123"}, {"uuid": "anonymous"}, 400, "identifier_value"),
    ],
)
async def test_what_is_not_documented_of_a_change_is_marked_as_ours(insider, person, *, old, new, status, name):
    await insider.upsert(person())
    reply = await _patch(insider, old, new)
    assert (reply.status_code, reply.headers["x-sandbox-ours"]) == (status, name)
    if status == 404:
        assert reply.json() == NO_DATA


async def test_an_identifier_is_removed(insider, person):
    await insider.upsert(person(identifiers={"uuid": "user-123", "email": "jane@example.com"}))
    reply = await _delete(insider, {"email": "jane@example.com"})
    assert (reply.status_code, reply.content) == (200, b"{}\n")
    assert _held(await insider.user("user-123")) == {"uuid": "user-123"}


async def test_the_last_identifier_stays(insider, person):
    await insider.upsert(person())
    reply = await _delete(insider, {"uuid": "user-123"})
    message = "you cannot delete the sole identifier specified for a user: bad request"
    assert (reply.status_code, reply.json()) == (400, {"error": message})
    assert _held(await insider.user("user-123")) == {"uuid": "user-123"}


@pytest.mark.parametrize(
    ("identifiers", "status", "name"),
    [
        ({}, 400, "one_identifier"),
        ({"uuid": "user-123", "email": "jane@example.com"}, 400, "one_identifier"),
        ({"uuid": "nobody"}, 404, "old_identifier_unknown"),
    ],
)
async def test_what_is_not_documented_of_a_removal_is_marked_as_ours(insider, person, *, identifiers, status, name):
    await insider.upsert(person())
    reply = await _delete(insider, identifiers)
    assert (reply.status_code, reply.headers["x-sandbox-ours"]) == (status, name)


@pytest.mark.parametrize("by", ["identifiers", "insider_id"])
async def test_a_person_is_erased_with_everything_that_was_known(insider, person, event, by):
    await insider.upsert(person(events=[event()]), person("user-456"))
    who = {"identifiers": {"uuid": "user-123"}}
    if by == "insider_id":
        who = {"insider_id": (await insider.user("user-123"))["profile"]["insider_id"]}
    reply = await insider.post("/api/user/v1/delete", who)
    assert (reply.status_code, reply.content) == (200, b"{}\n")
    totals = await insider.control("/totals")
    assert (totals["users"], totals["events"]) == (1, 0)
    again = await insider.post("/api/user/v1/delete", who)
    assert (again.status_code, again.content) == (200, b"{}\n")


@pytest.mark.parametrize("path", ["/api/user/v1/anonymize", "/api/contact/v1/anonymize"])
async def test_an_anonymized_person_keeps_only_what_is_not_personal(insider, person, event, path):
    everything = {"email": "jane@example.com", "name": "Jane", "surname": "Doe", "city": "London"}
    known = {"uuid": "user-123", "email": "jane@example.com", "phone_number": "+447700900123"}
    await insider.upsert(person(identifiers=known, attributes=everything, events=[event()]))
    insider_id = (await insider.user("user-123"))["profile"]["insider_id"]
    assert (await insider.post(path, {"insider_id": insider_id})).content == b"{}\n"
    user = await insider.user("user-123")
    assert _held(user) == {"uuid": "user-123"}
    assert user["profile"]["attributes"] == {"city": "London"}
    assert len(user["events"]) == 1
    assert "Jane" not in str(user["history"])


async def test_an_anonymized_person_may_be_left_with_no_identifier_at_all(insider, person):
    await insider.upsert(person(identifiers={"email": "jane@example.com"}))
    await insider.post("/api/user/v1/anonymize", {"identifiers": {"email": "jane@example.com"}})
    (profile,) = await insider.control("/users")
    assert profile["identifiers"] == []
    reply = await insider.post("/api/user/v1/anonymize", {"identifiers": {"email": "jane@example.com"}})
    assert (reply.status_code, reply.json()) == (404, NO_DATA)


@pytest.mark.parametrize("path", ["/api/user/v1/delete", "/api/user/v1/anonymize", "/api/user/v1/profile"])
@pytest.mark.parametrize("body", [{}, {"identifiers": {"uuid": "u"}, "insider_id": "i"}, {"users": []}])
async def test_exactly_one_way_of_naming_somebody_is_asked_for(insider, path, body):
    reply = await insider.post(path, body)
    assert (reply.status_code, reply.headers["x-sandbox-ours"]) == (400, "one_identity")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", PATH),
        ("DELETE", PATH),
        ("POST", "/api/user/v1/delete"),
        ("POST", "/api/user/v1/anonymize"),
        ("POST", "/api/user/v1/attribute/delete"),
    ],
)
async def test_every_endpoint_asks_for_the_key_first(insider, method, path):
    insider.headers["X-REQUEST-TOKEN"] = "wrong"
    reply = await insider.send(method, path, {})
    message = "Access Denied. You do not have sufficient access to perform this action."
    assert (reply.status_code, reply.json()) == (403, {"success": False, "message": message})


async def test_identity_is_patched_or_deleted_and_nothing_else(insider):
    for method in ("GET", "POST", "PUT"):
        assert (await insider.send(method, PATH, {})).status_code == 405
