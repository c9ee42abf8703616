"""Klaviyo's room: what its OpenAPI and the words beside it say, and what is ours."""

import json
from datetime import UTC, datetime

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datafly.sandbox.klaviyo import checks

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
KEY = "0123456789abcdef0123"
HEADERS = {
    "Authorization": f"Klaviyo-API-Key {KEY}",
    "revision": "2026-07-15",
    "Content-Type": "application/vnd.api+json",
}
JANE = {"email": "jane@example.com"}
PHONE = {"phone_number": "+447700900123"}
SUBSCRIBED = {"marketing": {"consent": "SUBSCRIBED"}}


class Klaviyo:
    def __init__(self, client):
        self.client = client

    async def post(self, path, document, **headers):
        return await self.client.post(f"/klaviyo/api/{path}", json=document, headers={**HEADERS, **headers})

    async def send(self, attributes, **headers):
        return await self.post("events", {"data": {"type": "event", "attributes": attributes}}, **headers)

    async def write(self, **attributes):
        return await self.post("profile-import", {"data": {"type": "profile", "attributes": attributes}})

    async def records(self, kind):
        return (await self.client.get(f"/klaviyo/_control/records/{kind}")).json()

    async def steer(self, **settings):
        assert (await self.client.patch("/klaviyo/_control/settings", json=settings)).is_success


@pytest.fixture
async def klaviyo(started):
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(started("klaviyo")), base_url="http://localhost"
    ) as made:
        yield Klaviyo(made)


def told(name="Viewed Product", **more):
    return {"properties": {}, "metric": {"data": {"type": "metric", "attributes": {"name": name}}}, **more}


def event(name="Viewed Product", who=JANE, **more):
    return {**told(name, **more), "profile": {"data": {"type": "profile", "attributes": who}}}


def job(*groups):
    data = [
        {
            "type": "event-bulk-create",
            "attributes": {
                "profile": {"data": {"type": "profile", "attributes": who}},
                "events": {"data": [{"type": "event", "attributes": one} for one in events]},
            },
        }
        for who, events in groups
    ]
    return {"data": {"type": "event-bulk-create-job", "attributes": {"events-bulk-create": {"data": data}}}}


def people(kind, *profiles, **more):
    data = [{"type": "profile", "attributes": one} for one in profiles]
    return {"data": {"type": kind, "attributes": {"profiles": {"data": data}, **more}}}


def subscribe(*profiles, **more):
    return people("profile-subscription-bulk-create-job", *profiles, **more)


def pointers(reply):
    return [one["source"]["pointer"] for one in reply.json()["errors"]]


@pytest.mark.parametrize(
    ("headers", "status", "ours"),
    [
        ({"Authorization": ""}, 401, "bad_key"),
        ({"Authorization": f"Bearer {KEY}"}, 401, "bad_key"),
        ({"Authorization": "Klaviyo-API-Key pk_other"}, 401, "bad_key"),
        ({"revision": ""}, 400, "no_revision"),
        ({"revision": "latest"}, 400, "no_revision"),
        ({"revision": "2026-13-45"}, 400, "no_revision"),
        ({"revision": "2022-10-17", "X-Klaviyo-Revision-Fall-Forward-Opt-Out": "1"}, 410, "retired"),
        ({"Content-Type": "text/plain"}, 415, "media_type"),
        ({"revision": "2022-10-17"}, 202, None),
        ({"Content-Type": "application/json; charset=utf-8"}, 202, None),
        ({"revision": "2026-07-15.pre"}, 202, None),
    ],
)
async def test_headers_are_looked_at_in_order(klaviyo, headers, status, ours):
    reply = await klaviyo.send(event(), **headers)
    assert (reply.status_code, reply.headers.get("x-sandbox-ours")) == (status, ours)
    if status >= 400:
        (error,) = reply.json()["errors"]
        assert error.keys() == {"id", "status", "code", "title", "detail", "source", "meta"}
        assert reply.headers["content-type"] == "application/vnd.api+json"
    else:
        assert reply.content == b""


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"properties": None}, "properties"),
        ({"properties": {f"a{n}": n for n in range(401)}}, "properties"),
        ({"properties": {"a": "x" * 100_001}}, "properties/a"),
        ({"properties": {"a": [1] * 4_001}}, "properties/a"),
        ({"properties": {"a": [[[[[[[[[[1]]]]]]]]]]}}, "properties/a"),
        ({"metric": {}}, "metric/data"),
        ({"metric": {"data": {"type": "m", "attributes": {"name": "x"}}}}, "metric/data/type"),
        ({"metric": told("")["metric"]}, "metric/data/attributes/name"),
        ({"metric": told("x" * 128)["metric"]}, "metric/data/attributes/name"),
        ({"time": "yesterday"}, "time"),
        ({"time": "2026-11-23T12:00:00"}, "time"),
        ({"time": "1990-12-31T12:00:00Z"}, "time"),
        ({"time": "2028-01-01T00:00:00Z"}, "time"),
        ({"value": "10"}, "value"),
        ({"value": True}, "value"),
        ({"value_currency": "gbp"}, "value_currency"),
        ({"unique_id": 7}, "unique_id"),
        ({"backfill": "yes"}, "backfill"),
        ({"profile": {}}, "profile/data"),
        ({"profile": {"data": {"type": "profile", "attributes": {}}}}, "profile/data/attributes"),
        ({"profile": event(who={"phone_number": "07700"})["profile"]}, "profile/data/attributes/phone_number"),
        ({"profile": event(who={"email": "jane"})["profile"]}, "profile/data/attributes/email"),
        ({"profile": event(who={"external_id": 7})["profile"]}, "profile/data/attributes/external_id"),
    ],
)
async def test_a_field_that_klaviyo_would_not_take_is_pointed_to(klaviyo, changed, pointer):
    reply = await klaviyo.send({**event(), **changed})
    assert (reply.status_code, pointers(reply)) == (400, [f"/data/attributes/{pointer}"])
    assert await klaviyo.records("events") == []


async def test_an_event_makes_a_profile_and_stands_in_its_feed(klaviyo):
    sent = event(
        "Placed Order", {**JANE, "first_name": "Jane"}, value=10.5, unique_id="o-1", properties={"OrderId": "o-1"}
    )
    assert (await klaviyo.send(sent)).status_code == 202
    ((profile,), (stored,)) = (await klaviyo.records("profiles"), await klaviyo.records("events"))
    assert (profile["body"]["first_name"], stored["owner"]) == ("Jane", profile["id"])
    assert stored["body"] | {"flows": True} == stored["body"]
    page = await klaviyo.client.get(f"/klaviyo/panel/records/profiles/{profile['id']}")
    assert "Placed Order" in page.text


async def test_of_events_that_are_alike_the_first_is_kept(klaviyo):
    for number in (1, 2):
        sent = event("Placed Order", unique_id="o-1", properties={"n": number})
        assert (await klaviyo.send(sent)).status_code == 202
    await klaviyo.send(event("Ordered Product", unique_id="o-1"))
    await klaviyo.send(event("Placed Order", PHONE, unique_id="o-1"))
    stored = await klaviyo.records("events")
    assert len(stored) == 3
    (first,) = [one for one in stored if one["body"]["properties"] == {"n": 1}]
    assert first["times"] == 2


async def test_without_a_unique_id_there_is_one_event_a_second(klaviyo):
    for second in ("00", "00.9", "01"):
        await klaviyo.send(event(time=f"2026-11-23T10:00:{second}Z"))
    assert len(await klaviyo.records("events")) == 2


async def test_a_job_is_taken_whole(klaviyo):
    sent = job((JANE, [told(unique_id="1"), told("Added to Cart", unique_id="1", backfill=True)]), (PHONE, [told()]))
    assert (await klaviyo.post("event-bulk-create-jobs", sent)).status_code == 202
    stored = await klaviyo.records("events")
    assert len(stored) == 3
    assert {one["body"]["metric"] for one in stored if not one["body"]["flows"]} == {"Added to Cart"}


@pytest.mark.parametrize(
    ("groups", "places"),
    [
        ([(JANE, [told(unique_id="1"), told(unique_id="1")])], ["0/attributes/events/data/1/attributes/unique_id"]),
        (
            [(JANE, [told(unique_id="1")]), (JANE, [told(unique_id="1")])],
            ["1/attributes/events/data/0/attributes/unique_id"],
        ),
        ([(JANE, [told(unique_id="old")])], ["0/attributes/events/data/0/attributes/unique_id"]),
        (
            [(JANE, [told()]), ({}, [told(), told(value="1")])],
            ["1/attributes/profile/data/attributes", "1/attributes/events/data/1/attributes/value"],
        ),
    ],
)
async def test_a_job_is_refused_whole_with_a_pointer_to_each_offender(klaviyo, groups, places):
    await klaviyo.send(event(unique_id="old"))
    reply = await klaviyo.post("event-bulk-create-jobs", job(*groups))
    assert reply.status_code == 400
    assert pointers(reply) == [f"/data/attributes/events-bulk-create/data/{place}" for place in places]
    assert len(await klaviyo.records("events")) == 1


@pytest.mark.parametrize(
    "document",
    [
        [],
        {},
        {"data": {"type": "x"}},
        job(),
        job((JANE, [])),
        job((JANE, [told(unique_id=str(n)) for n in range(1_001)])),
    ],
)
async def test_a_job_that_is_none_is_refused(klaviyo, document):
    assert (await klaviyo.post("event-bulk-create-jobs", document)).status_code == 400


async def test_a_profile_is_created_then_updated_and_null_clears(klaviyo):
    created = await klaviyo.write(**JANE, first_name="Jane", properties={"plan": "gold", "x": 1})
    updated = await klaviyo.write(**JANE, **PHONE, first_name=None, properties={"x": None})
    assert (created.status_code, updated.status_code) == (201, 200)
    assert updated.json()["data"]["id"] == created.json()["data"]["id"]
    assert updated.json()["data"]["attributes"] == {**JANE, **PHONE, "properties": {"plan": "gold"}}
    changed = await klaviyo.write(email="new@example.com", **PHONE)
    assert changed.status_code == 200
    assert (await klaviyo.write(**JANE)).status_code == 201


async def test_identifiers_of_different_profiles_conflict(klaviyo):
    jane, john = [(await klaviyo.write(**who)).json()["data"]["id"] for who in (JANE, PHONE)]
    reply = await klaviyo.write(**JANE, **PHONE)
    (error,) = reply.json()["errors"]
    assert (reply.status_code, error["code"], error["title"]) == (409, "duplicate_profile", "Conflict.")
    assert error["detail"] == "A profile already exists with one of these identifiers."
    made = await klaviyo.post("profiles", {"data": {"type": "profile", "attributes": JANE}})
    assert (made.status_code, made.json()["errors"][0]["meta"]) == (409, {"duplicate_profile_id": jane})
    mixed = {"data": {"type": "profile", "id": john, "attributes": JANE}}
    assert (await klaviyo.post("profile-import", mixed)).json()["errors"][0]["code"] == "not_found"
    assert (await klaviyo.post("profile-import", {"data": {**mixed["data"], "id": "nobody"}})).status_code == 404


async def test_a_visitor_is_joined_to_who_she_turns_out_to_be(klaviyo):
    await klaviyo.send(event(who={"anonymous_id": "a-1"}, unique_id="1"))
    await klaviyo.write(**JANE)
    await klaviyo.send(event(who={**JANE, "anonymous_id": "a-1"}, unique_id="2"))
    (profile,) = await klaviyo.records("profiles")
    assert {one["owner"] for one in await klaviyo.records("events")} == {profile["id"]}


async def test_an_event_of_two_profiles_is_of_the_one_that_the_stronger_identifier_names(klaviyo):
    ids = [(await klaviyo.write(**who)).json()["data"]["id"] for who in (JANE, PHONE)]
    await klaviyo.send(event(who={**JANE, **PHONE}))
    assert [one["owner"] for one in await klaviyo.records("events")] == ids[:1]
    assert all("email" not in one["body"] for one in await klaviyo.records("profiles") if one["id"] == ids[1])


@pytest.mark.parametrize(("revision", "status"), [("2025-07-15", 201), ("2025-10-15", 400)])
async def test_a_profile_has_an_anonymous_id_until_the_revision_that_dropped_it(klaviyo, revision, status):
    document = {"data": {"type": "profile", "attributes": {**JANE, "anonymous_id": "a-1"}}}
    assert (await klaviyo.post("profile-import", document, revision=revision)).status_code == status


async def test_a_profile_has_100_kb_at_most(klaviyo):
    assert (await klaviyo.write(**JANE, properties={"a": "x" * 100_000})).status_code == 413


async def test_an_import_tells_what_is_wrong_with_single_profiles_afterwards(klaviyo):
    sent = people("profile-bulk-import-job", JANE, {"email": "x"}, {"first_name": "?"}, PHONE)
    queued = await klaviyo.post("profile-bulk-import-jobs", sent)
    assert (queued.status_code, queued.json()["data"]["attributes"]["status"]) == (202, "queued")
    path = f"/klaviyo/api/profile-bulk-import-jobs/{queued.json()['data']['id']}"
    state = (await klaviyo.client.get(path, headers=HEADERS)).json()["data"]["attributes"]
    assert state == {"status": "complete", "total_count": 4, "failed_count": 2}
    errors = (await klaviyo.client.get(f"{path}/import-errors", headers=HEADERS)).json()["data"]
    assert [one["attributes"]["source"]["pointer"].split("/")[5] for one in errors] == ["1", "2"]
    assert errors[0]["attributes"]["original_payload"]["attributes"] == {"email": "x"}
    assert len(await klaviyo.records("profiles")) == 2
    for unknown in (path[:-3], f"{path[:-3]}/import-errors"):
        assert (await klaviyo.client.get(unknown, headers=HEADERS)).status_code == 404


async def test_opt_ins_and_opt_outs_stand_with_the_profile(klaviyo):
    document = subscribe({**JANE, **PHONE, "subscriptions": {"email": SUBSCRIBED, "sms": SUBSCRIBED}})
    document["data"]["relationships"] = {"list": {"data": {"type": "list", "id": "L1"}}}
    assert (await klaviyo.post("profile-subscription-bulk-create-jobs", document)).status_code == 202
    off = people(
        "profile-subscription-bulk-delete-job",
        {**PHONE, "subscriptions": {"sms": {"marketing": {"consent": "UNSUBSCRIBED"}}}},
    )
    assert (await klaviyo.post("profile-subscription-bulk-delete-jobs", off)).status_code == 202
    (profile,) = await klaviyo.records("profiles")
    assert profile["body"]["subscriptions"] == {"email": "SUBSCRIBED", "sms": "UNSUBSCRIBED"}
    lists = (await klaviyo.client.get("/klaviyo/api/lists", headers=HEADERS)).json()["data"]
    assert [one["id"] for one in lists] == profile["body"]["lists"] == ["L1"]


AGREED = {"marketing": {"consent": "SUBSCRIBED", "consented_at": "2026-01-01T00:00:00Z"}}


@pytest.mark.parametrize(
    ("profile", "more", "pointer"),
    [
        (JANE, {}, "/subscriptions"),
        ({**JANE, "subscriptions": {}}, {}, "/subscriptions"),
        ({**JANE, "subscriptions": {"sms": SUBSCRIBED}}, {}, ""),
        ({**JANE, "subscriptions": {"fax": SUBSCRIBED}}, {}, "/subscriptions/fax"),
        (
            {**JANE, "subscriptions": {"email": {"marketing": {"consent": "YES"}}}},
            {},
            "/subscriptions/email/marketing/consent",
        ),
        ({**JANE, "subscriptions": {"email": AGREED}}, {}, "/subscriptions/email/marketing/consented_at"),
        (
            {**JANE, "subscriptions": {"email": SUBSCRIBED}},
            {"historical_import": True},
            "/subscriptions/email/marketing/consented_at",
        ),
        ({"email": "jane", "subscriptions": {"email": SUBSCRIBED}}, {}, "/email"),
    ],
)
async def test_a_subscription_that_lacks_something_is_refused_with_all_beside_it(klaviyo, profile, more, pointer):
    document = subscribe({**PHONE, "subscriptions": {"sms": AGREED if more else SUBSCRIBED}}, profile, **more)
    reply = await klaviyo.post("profile-subscription-bulk-create-jobs", document)
    assert (reply.status_code, pointers(reply)) == (400, [f"/data/attributes/profiles/data/1/attributes{pointer}"])
    if "sms" in profile.get("subscriptions", {}):
        words = "'phone_number' must not be empty when the sms channel is included in 'subscriptions'."
        assert reply.json()["errors"][0]["detail"] == words
    assert await klaviyo.records("profiles") == []


async def test_history_is_subscribed_with_the_day_of_the_consent(klaviyo):
    document = subscribe({**JANE, "subscriptions": {"email": AGREED}}, historical_import=True)
    assert (await klaviyo.post("profile-subscription-bulk-create-jobs", document)).status_code == 202


async def test_a_job_of_subscriptions_holds_what_it_may(klaviyo):
    for path, kind, most in (("create", "SUBSCRIBED", 1_000), ("delete", "UNSUBSCRIBED", 100)):
        one = {**JANE, "subscriptions": {"email": {"marketing": {"consent": kind}}}}
        job_kind = f"profile-subscription-bulk-{path}-job"
        reply = await klaviyo.post(f"{job_kind}s", people(job_kind, *[one] * (most + 1)))
        assert (reply.status_code, pointers(reply)) == (400, ["/data/attributes/profiles/data"])


async def test_subscriptions_were_optional_before_2025(klaviyo):
    reply = await klaviyo.post("profile-subscription-bulk-create-jobs", subscribe(JANE), revision="2024-10-15")
    assert reply.status_code == 202


@pytest.mark.parametrize(("who", "status", "left"), [(JANE, 202, 0), ({**JANE, **PHONE}, 400, 1), ({}, 400, 1)])
async def test_who_is_erased_is_named_by_one_identifier_and_gone_with_her_events(klaviyo, who, status, left):
    await klaviyo.send(event())
    profile = {"data": {"type": "profile", "attributes": who}}
    document = {"data": {"type": "data-privacy-deletion-job", "attributes": {"profile": profile}}}
    assert (await klaviyo.post("data-privacy-deletion-jobs", document)).status_code == status
    assert [len(await klaviyo.records(kind)) for kind in ("profiles", "events")] == [left, left]
    if not left:
        assert (await klaviyo.post("data-privacy-deletion-jobs", document)).status_code == 202


async def test_windows_are_told_and_beyond_them_only_how_long_to_wait(klaviyo, clock):
    sent = {"data": {"type": "data-privacy-deletion-job", "attributes": {}}}
    replies = [await klaviyo.post("data-privacy-deletion-jobs", sent) for _ in range(4)]
    told_of = [{name for name in reply.headers if name.startswith("ratelimit")} for reply in replies]
    assert told_of == [{"ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"}] * 3 + [set()]
    assert (replies[0].headers["ratelimit-limit"], replies[0].headers["ratelimit-remaining"]) == ("60", "59")
    assert (replies[3].status_code, replies[3].headers["retry-after"]) == (429, "1")
    clock.advance(seconds=1)
    assert (await klaviyo.post("data-privacy-deletion-jobs", sent)).status_code == 400
    await klaviyo.steer(rate_limit={"requests": 0, "window_seconds": 30})
    assert (await klaviyo.send(event())).headers["retry-after"] == "30"


async def test_a_key_may_lack_a_scope(klaviyo):
    await klaviyo.steer(mode={"scopes": "events"})
    assert (await klaviyo.send(event())).status_code == 202
    assert (await klaviyo.write(**JANE)).status_code == 403


@pytest.mark.parametrize(("fault", "status", "code"), [("503", 503, "error"), ("429; retry_after=2", 429, "throttled")])
async def test_a_fault_speaks_as_klaviyo_does(klaviyo, fault, status, code):
    reply = await klaviyo.send(event(), **{"X-Sandbox-Fault": fault})
    assert (reply.status_code, reply.json()["errors"][0]["code"]) == (status, code)


async def test_other_paths_methods_and_bodies_are_refused(klaviyo):
    assert (await klaviyo.client.get("/klaviyo/api/track", headers=HEADERS)).status_code == 404
    assert (await klaviyo.client.get("/klaviyo/api/events", headers=HEADERS)).status_code == 405
    assert (await klaviyo.client.post("/klaviyo/api/events", content=b"{", headers=HEADERS)).status_code == 400
    large = await klaviyo.client.post("/klaviyo/api/events", content=b" " * 5_000_001, headers=HEADERS)
    assert large.status_code == 413


async def test_every_word_that_is_ours_is_on_the_list(klaviyo):
    listed = {word["name"] for word in (await klaviyo.client.get("/klaviyo/_control/ours")).json()}
    replies = [
        await klaviyo.send(event(), Authorization=""),
        await klaviyo.send(event(), revision=""),
        await klaviyo.send({}),
        await klaviyo.post("event-bulk-create-jobs", job((JANE, [told(), told()]))),
        await klaviyo.write(anonymous_id="a-1"),
    ]
    said = {reply.headers["x-sandbox-ours"] for reply in replies}
    assert said == {"bad_key", "no_revision", "invalid_field", "repeated_unique_id", "anonymous_id"}
    assert said <= listed


VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NAMES = ["data", "type", "attributes", "profile", "events", "profiles", "events-bulk-create", "metric", "subscriptions"]
DOCUMENT = st.recursive(
    VALUE | st.sampled_from(["event", "profile", "metric", "event-bulk-create-job", "event-bulk-create"]),
    lambda inner: st.dictionaries(st.sampled_from(NAMES), inner, max_size=5) | st.lists(inner, max_size=3),
    max_leaves=25,
)


PATHS = (
    *("events", "event-bulk-create-jobs", "profile-import", "profiles", "profile-bulk-import-jobs"),
    *("profile-subscription-bulk-create-jobs", "profile-subscription-bulk-delete-jobs", "data-privacy-deletion-jobs"),
)


@given(DOCUMENT)
def test_any_event_is_judged(value):
    attributes = value if isinstance(value, dict) else {"properties": value, "time": value, "metric": {"data": value}}
    assert all(found.detail for found in [*checks.event(attributes, "", NOON), *checks.profile(value, "")])


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(DOCUMENT, st.sampled_from(["event", "event-bulk-create-job", "profile", "profile-bulk-import-job", "x"]))
async def test_any_document_is_answered(klaviyo, document, kind):
    content = json.dumps({"data": {"type": kind, "attributes": document}}).encode()
    for path in PATHS:
        reply = await klaviyo.client.post(f"/klaviyo/api/{path}", content=content, headers=HEADERS)
        assert reply.status_code < 500, reply.text


async def test_a_profile_is_updated_by_its_id_and_takes_nobody_elses_identifier(klaviyo):
    async def patch(key, **attributes):
        document = {"data": {"type": "profile", "id": key, "attributes": attributes}}
        return await klaviyo.client.patch(f"/klaviyo/api/profiles/{key}", json=document, headers=HEADERS)

    jane, bob = [(await klaviyo.write(email=f"{name}@example.com")).json()["data"]["id"] for name in ("jane", "bob")]
    reply = await patch(jane, first_name="Jane", properties={"plan": "gold"})
    assert reply.status_code == 200
    told = reply.json()["data"]["attributes"]
    assert (told["email"], told["first_name"], told["properties"]) == ("jane@example.com", "Jane", {"plan": "gold"})
    taken = await patch(jane, email="bob@example.com")
    assert (taken.status_code, taken.json()["errors"][0]["meta"]) == (409, {"duplicate_profile_id": bob})
    assert (await patch("nobody", first_name="X")).status_code == 404
    assert (await patch(jane, phone_number="1")).status_code == 400
