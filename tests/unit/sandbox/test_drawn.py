"""The common part: a sandbox drawn from a definition alone."""

import asyncio
import json
from datetime import UTC, datetime

import httpx
import msgspec
import pytest

from datafly import catalog
from datafly.management.previewing import request_of
from datafly.model.installation import Installation, Revision, Template
from datafly.model.verdict import Verdict
from datafly.runtime.trying import answers, compile_for
from datafly.sandbox.app import Sandbox
from datafly.sandbox.drawn import every_room
from datafly.sandbox.drawn.vendor import drawn
from datafly.sandbox.kit import room_of
from datafly.sandbox.settings import SandboxSettings, Seed, SeedKey
from datafly.spec.asking import Check
from datafly.spec.calls import DELETE_USER, Call
from datafly.spec.compiled import Limits
from datafly.spec.config import validate_config
from datafly.spec.convert import identifier
from datafly.spec.faces import event_of, example_config
from datafly.spec.integration import IdentityRow, Integration, Route, Rule, Sample
from datafly.spec.nodes import obj, path
from datafly.spec.parts import identified, params, rule_event_name
from datafly.spec.rest import rest
from datafly.spec.setting import Address, Secret, Text
from datafly.spec.words import Failure

TOY = Integration(
    slug="toy",
    name="Toy",
    summary="A vendor that nobody wrote a room for.",
    category="Test",
    stage="alpha",
    website="",
    reference="",
    consent=None,
    consent_note="",
    identity_intro="",
    settings=(Secret("api_key", "Key."), Text("account", "Account."), Address("base_url", "Where.")),
    base="{base_url}/v2/{account}",
    headers={"Authorization": "Bearer {api_key}", "X-Account": "{account}", "X-Version": "7"},
    routes=(
        Route(
            "/events",
            wrap={"data": {"type": "events", "list": "{account}", "items": ["$items"]}},
            group={"who": "$group", "events": ["$items"]},
            item={"type": "event", "attributes": "$item"},
            historical={"past": True},
            answer='{"taken":"$count","job":"job-$ticket"}',
        ),
        Route("/people", key="person", requests_per_minute=2),
    ),
    check=Check("/me", answer='{"ok":true}'),
    calls=(Call(DELETE_USER, "/people", {"erase": "$user"}),),
    limits=Limits(max_items=2, max_bytes=2_000, requests_per_minute=60, source="ours"),
    identity=(IdentityRow("id", "user_id", "", identifier(path("user_id"))),),
    body=obj(who=identified(), name=rule_event_name(), properties=params()),
    rules=(
        Rule(
            "page",
            "view",
            "",
            "view",
            rest("properties"),
            body=obj(name=rule_event_name(), properties=params()),
            group=obj(person=identified()),
        ),
        Rule("identify", "person", "", "person", rest("traits"), route="person"),
    ),
    failures=(
        Failure(Verdict.SUSPENDED, "bad key", "", "", 401, answer='{"code":"key"}'),
        Failure(Verdict.REJECTED, "bad person", "", "", 422, answer='{"code":"person"}', route="person"),
        Failure(Verdict.RETRY, "busy", "", "", 429, answer='{"code":"busy"}'),
    ),
    samples=(Sample("a page", event={"type": "page", "user_id": "u"}, sends={"data": {}}),),
)
NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
HEADERS = {"authorization": "Bearer k-1", "x-account": "any", "x-version": "7"}


@pytest.fixture
async def toy(tmp_path):
    (tmp_path / "sandbox").mkdir()
    settings = SandboxSettings(data_dir=tmp_path, seed=Seed(keys=(SeedKey(partner="myco", key="k-1"),)))
    sandbox = Sandbox([room_of(drawn(TOY))], settings, lambda: NOON)
    transport = httpx.ASGITransport(sandbox)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=HEADERS) as client:
        yield client
    sandbox.close()


def of(*groups, **more):
    return {"data": {"type": "events", "list": "any", "items": list(groups)}, **more}


def person(who, *names):
    events = [{"type": "event", "attributes": {"name": name, "properties": {"a": 1}}} for name in names]
    return {"who": {"person": {"id": who}}, "events": events}


async def post(toy, body, path="/events", **headers):
    return await toy.post(f"/toy/v2/any{path}", content=json.dumps(body), headers=headers)


async def kept(toy, kind):
    return (await toy.get(f"/toy/_control/records/{kind}")).json()


async def test_what_is_declared_is_taken_answered_as_declared_and_shown_with_whose_it_is(toy):
    reply = await post(toy, of(person("ann", "view"), person("bob", "view")))
    assert (reply.status_code, reply.json()) == (200, {"taken": 2, "job": "job-1"})
    assert reply.headers["ratelimit-remaining"] == "59"
    assert (await post(toy, of(person("ann", "past"), past=True))).status_code == 200
    newest, *_ = items = await kept(toy, "items")
    assert [(one["owner"], one["body"]["event"]) for one in items] == [
        ("ann", "past"),
        ("bob", "view"),
        ("ann", "view"),
    ]
    assert newest["body"]["item"] == {"name": "past", "properties": {"a": 1}}
    page = (await toy.get("/toy/panel/records/people/ann")).text
    assert "Item: past" in page
    assert "drawn from Signal’s own definition" in page
    assert (await toy.get("/toy/v2/any/me")).json() == {"ok": True}
    assert "BASE" not in (await toy.get("/toy/panel/sandbox/about")).text


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "the body.data must be an object"),
        (of(), "the body holds no item"),
        (of(person("ann", "a"), more=1), "the body has more, which nothing declares"),
        ({"data": {"type": "event", "list": "x", "items": []}}, 'the body.data.type must be "events"'),
        (of({"who": {}, "events": [{"type": "x", "attributes": {}}]}), '[0].events[0].type must be "event"'),
        (of({"who": {}, "events": {}}), ".events must be a list"),
        (of(person("ann", "a", "b", "c")), "a request holds at most 2 items"),
        (of(person("ann", "a" * 2_000)), "a body has at most 2,000 bytes"),
    ],
)
async def test_what_is_not_as_declared_is_refused_with_where_and_marked_as_ours(toy, body, said):
    reply = await post(toy, body)
    assert reply.status_code in (400, 413)
    assert said in reply.json()["error"]
    named = {one["name"] for one in (await toy.get("/toy/_control/ours")).json()}
    assert reply.headers["x-sandbox-ours"] in named
    assert await kept(toy, "items") == []


async def test_headers_open_it_as_they_are_declared(toy):
    whole = of(person("ann", "view"))
    for wrong in ({"authorization": "Bearer other"}, {"authorization": "k-1"}):
        refused = await post(toy, whole, **wrong)
        assert (refused.status_code, refused.json()) == (401, {"code": "key"}), "the declared answer"
    assert (await post(toy, whole, **{"x-version": "6"})).json() == {"error": "the header x-version must be 7"}
    made = (await toy.post("/toy/_control/keys", json={})).json()["values"]
    assert (await post(toy, whole, authorization=f"Bearer {made['api_key']}")).status_code == 200


async def test_a_declared_failure_comes_by_its_name_by_its_status_and_beyond_the_limit(toy):
    await toy.patch("/toy/_control/settings", json={"mode": {"failure": "bad person"}})
    assert (await post(toy, of(person("ann", "view")))).status_code == 200, "it is another route's"
    refused = await post(toy, {"who": {"id": "ann"}}, "/people")
    assert (refused.status_code, refused.json()) == (422, {"code": "person"})
    await toy.patch("/toy/_control/settings", json={"mode": {"failure": "none"}})
    asked = await post(toy, {}, "/people", **{"x-sandbox-fault": "422"})
    assert asked.json() == {"code": "person"}
    assert (await post(toy, {"who": {"id": "ann"}}, "/people")).status_code == 200
    busy = await post(toy, {"who": {"id": "ann"}}, "/people")
    assert (busy.status_code, busy.json(), busy.headers["retry-after"]) == (429, {"code": "busy"}, "60")


async def test_a_call_that_erases_somebody_is_told_from_an_event_and_forgets_her(toy):
    await post(toy, of(person("ann", "view"), person("bob", "view")))
    assert (await post(toy, {"erase": {"id": "ann"}}, "/people")).json() == {}
    assert [one["id"] for one in await kept(toy, "people")] == ["bob"]
    assert [one["owner"] for one in await kept(toy, "items")] == ["bob"]
    assert [one["body"]["call"] for one in await kept(toy, "calls")] == [DELETE_USER]


def test_what_cannot_be_sent_elsewhere_has_no_sandbox():
    replaced = msgspec.structs.replace
    assert drawn(replaced(TOY, base="https://api.example.com")) is None
    assert drawn(replaced(TOY, base="https://{account}.example.com")) is None
    assert drawn(replaced(TOY, base="{base_url}/panel")) is None


def test_whoever_has_no_room_has_a_drawn_one():
    assert {room.slug for room in every_room()} == {one.slug for one in catalog.all()}


def installed(room, integration, given):
    variant, mode = integration.variants[0].key, integration.delivery_modes[0]
    config = validate_config(integration, variant, mode, {**example_config(integration), **given})
    template = Template("tmpl", integration.name, integration.slug, variant)
    return compile_for(room, Installation("pi", "pip", template, Revision("rev", "tmpl", 1, config)))


@pytest.mark.parametrize("integration", catalog.all(), ids=lambda one: one.slug)
def test_the_requests_of_every_definition_are_read_by_what_it_declares(integration):
    """However its bodies are made, and whatever opens its API: so any vendor can be tried."""
    room, requests, compiled, now_ms = room_of(drawn(integration)), [], {}, 0
    for sample in (one for one in integration.samples if not one.refuses):
        event, config = event_of(sample), repr(sample.config)
        made = compiled[config] = compiled.get(config) or installed(room, integration, sample.config)
        now_ms = event.received_ms
        requests += [request_of(made, item, now_ms) for item in made.shape(event, now_ms)]
    replies = asyncio.run(answers(room, requests, now_ms))
    wrong = [(request.url, reply.body) for request, reply in zip(requests, replies, strict=True) if reply.status != 200]
    assert wrong == []
