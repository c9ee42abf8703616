"""The sandbox knows Braze's documents and not the mapping: what Signal sends, it takes, alone and together."""

import json
from datetime import UTC, datetime

import httpx
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datafly import catalog
from datafly.deliver.batch import Batch, Member, Unit
from datafly.deliver.entries import Entry
from datafly.model.delivery import Item, Reply
from datafly.model.event import Event
from datafly.model.secret import Secret
from datafly.model.verdict import Ruling, Verdict
from datafly.sandbox.braze.schemas import problem as schema_problem
from datafly.sandbox.settings import SandboxSettings, Seed, SeedKey
from datafly.spec.calls import DELETE_USER
from datafly.spec.faces import cases, event_of, scenarios
from datafly.spec.faces.cases import SAMPLE_MS
from datafly.testing.integration_suite import compiled
from datafly.testing.one_room import one_room

BRAZE = catalog.get("braze")
KEY = "0123456789abcdef0123"
CASES = [case for case in cases(BRAZE) if not case.sample.refuses]


@pytest.fixture
async def client(tmp_path):
    seed = Seed(keys=(SeedKey(partner="myco", key=KEY),))
    now = datetime(2026, 11, 26, tzinfo=UTC)
    sandbox = one_room("braze", SandboxSettings(data_dir=tmp_path, seed=seed), lambda: now)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(sandbox), base_url="http://127.0.0.1") as made:
        yield made
    sandbox.close()


def installed(**config):
    return compiled(BRAZE, **{**config, "rest_api_key": KEY, "rest_endpoint": "http://127.0.0.1/braze"})


async def sent(client, outgoing, **more):
    headers = {name: value.reveal() if isinstance(value, Secret) else value for name, value in outgoing.headers.items()}
    reply = await client.request(outgoing.method, outgoing.url, content=outgoing.body, headers={**headers, **more})
    return Reply(reply.status_code, headers=dict(reply.headers), body=reply.content)


async def records(client, kind):
    return (await client.get(f"/braze/_control/records/{kind}")).json()


async def test_what_each_sample_becomes_is_taken(client):
    for case in CASES:
        made = installed(**case.sample.config)
        for item in made.shape(event_of(case.sample), SAMPLE_MS):
            reply = await sent(client, made.assemble([item]))
            judgement = made.judge(reply, [item])
            told = (judgement.whole.verdict, judgement.items, judgement.drift)
            assert told == (Verdict.DELIVERED, (), ""), (case.id, reply.body)


PRODUCT = {"product_id": "S", "product_name": "Mug", "variant_id": "V", "price": 10.5}
WORTH = {"total_value": 21, "currency": "GBP", "source": "web", "products": [{**PRODUCT, "quantity": 2}]}
FITTING = {
    "ecommerce.product_viewed": {**PRODUCT, "currency": "GBP", "source": "web", "type": ["price_drop"]},
    "ecommerce.cart_updated": {"cart_id": "C", "action": "replace", **WORTH},
    "ecommerce.checkout_started": {"checkout_id": "C", **WORTH, "tax": 1.5},
    "ecommerce.order_placed": {"order_id": "O", **WORTH, "discounts": [{"code": "A", "amount": 1}]},
    "ecommerce.order_refunded": {"order_id": "O", **WORTH, "metadata": {"a": 1}},
    "ecommerce.order_cancelled": {"order_id": "O", "cancel_reason": "late", **WORTH},
}
MADE = compiled(BRAZE)
ODD = st.sampled_from(["", "x", "add", "remove", 1, 1.5, True, [], [{}], ["x"], {"a": 1}])


@st.composite
def own_events(draw):
    """By Braze's own name: as it should be, or with something taken away, put in or replaced, also of its product."""
    name = draw(st.sampled_from(sorted(FITTING)))
    sent = json.loads(json.dumps(FITTING[name]))
    for _ in range(draw(st.integers(0, 2))):
        product = draw(st.booleans()) and isinstance(sent.get("products"), list) and sent["products"]
        where = product[0] if product and isinstance(product[0], dict) else sent
        field = draw(st.sampled_from([*where, "colour", "metadata", "action"]))
        if draw(st.booleans()):
            where.pop(field, None)
        else:
            where[field] = draw(ODD)
    return name, sent


@settings(max_examples=200, deadline=None)
@given(own_events())
def test_an_event_by_brazes_own_name_is_sent_if_and_only_if_braze_would_take_it(own):
    name, sent_properties = own
    event = Event("m", "track", "pl", "k", SAMPLE_MS, SAMPLE_MS, "u-1", event=name, properties=sent_properties)
    shaped = MADE.shape(event, SAMPLE_MS)
    told = sent_properties if isinstance(shaped, Ruling) else json.loads(shaped[0].body)["properties"]
    problem = schema_problem(name, told)
    if isinstance(shaped, Ruling):
        assert (shaped.verdict, shaped.reason) == (Verdict.REJECTED, "recommended_event_schema")
        assert shaped.cause.startswith("properties")
        assert problem, shaped.cause
    else:
        assert problem is None
        assert told == sent_properties or json.dumps(sent_properties).count("[]") + json.dumps(sent_properties).count(
            "{}"
        )


def batches_of(made, events):
    """As a lane makes them, of events in order."""
    found = []
    for number, event in enumerate(events):
        shaped = made.shape(event, SAMPLE_MS)
        for item in () if isinstance(shaped, Ruling) else shaped:
            if not found or not found[-1].takes(item, made.limits):
                found.append(Batch(made, "r", 1, []))
            found[-1].add(Unit(Member(Entry(number, number, key=event.key), 0.0), item))
    for batch in found:
        batch.arrange()
    return found


def every_sample():
    for number, case in enumerate(CASES):
        yield msgspec.structs.replace(event_of(case.sample), message_id=f"m-{number}")


async def test_all_samples_of_one_installation_are_taken_together(client):
    made = installed(default_currency="GBP")
    for batch in batches_of(made, every_sample()):
        reply = await sent(client, made.assemble(batch.items()))
        assert made.judge(reply, batch.items()).whole.verdict is Verdict.DELIVERED, reply.body
    requests = (await client.get("/braze/_control/requests?limit=100")).json()
    assert {one["path"] for one in requests} == {f"/braze/users/{one}" for one in ("track", "identify", "merge")}
    assert max(one["accepted"] for one in requests) > 5


def track(user, message_id, **more):
    return Event(message_id, "track", "pl", "k", SAMPLE_MS, SAMPLE_MS, user, **{"event": "Quiz Finished", **more})


SOMEBODY = st.one_of(
    st.integers(0, 3).map(lambda user: {"user_id": f"u-{user}"}),
    st.integers(0, 3).map(lambda visitor: {"anonymous_id": f"a-{visitor}"}),
)
LINE = {"product_id": "SKU-1", "name": "Mug", "price": 1, "quantity": 2}
WHAT = st.sampled_from(
    [
        {"type": "track", "event": "Quiz Finished", "properties": {"notes": "x" * 200}},
        {
            "type": "track",
            "event": "Order Completed",
            "properties": {"order_id": "O", "total": 1, "products": [LINE] * 9},
        },
        {"type": "page", "context": {"page": {"url": "https://shop.example/"}}},
        {"type": "identify", "traits": {"plan": "gold"}},
    ]
)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(SOMEBODY, WHAT), max_size=150),
    st.booleans(),
    st.integers(1, 75),
    st.sampled_from(["recommended", "purchases"]),
)
def test_no_request_holds_more_than_braze_takes_and_each_user_stays_in_order(sent, per_list, most, orders):
    made = installed(default_currency="GBP", limit_per_list=per_list, objects_per_request=most, orders=orders)
    events = [
        msgspec.convert(
            {
                "message_id": f"m-{number}",
                "pipeline_id": "pl",
                "key": str(who),
                "timestamp_ms": number * 1000,
                "received_ms": 0,
                **who,
                **what,
            },
            Event,
        )
        for number, (who, what) in enumerate(sent)
    ]
    stood = []
    for batch in batches_of(made, events):
        body = json.loads(made.assemble(batch.items()).body)
        counts = [len(listed) for listed in body.values()]
        assert (max(counts) if per_list else sum(counts)) <= most
        assert [json.dumps(one) for listed in body.values() for one in listed] == [
            json.dumps(json.loads(item.body)) for item in batch.items()
        ]
        stood.append([(unit.item.part, unit.member.offset) for unit in batch.units])
    for key in {event.key for event in events}:
        for part in ("attributes", "events", "purchases"):
            own = [offset for units in stood for at, offset in units if at == part and events[offset].key == key]
            assert own == sorted(own)


async def test_whom_an_answer_names_is_refused_and_the_others_are_there(client):
    made = installed()
    items = [item for number in range(4) for item in made.shape(track(f"u-{number}", f"m-{number}"), SAMPLE_MS)]
    items[1] = Item(items[1].body.replace(b'"Quiz Finished"', b'""'), part="events")
    reply = await sent(client, made.assemble(items))
    judgement = made.judge(reply, items)
    assert (reply.status, json.loads(reply.body)["events_processed"]) == (201, 3)
    assert [ruling.verdict.value for ruling in judgement.items] == ["DELIVERED", "REJECTED", "DELIVERED", "DELIVERED"]
    assert sorted(one["body"]["name"] for one in await records(client, "events")) == ["Quiz Finished"] * 3


async def test_after_a_lost_answer_an_event_is_there_twice_for_braze_cannot_tell(client):
    made = installed()
    (item,) = made.shape(track("u-1", "m-1"), SAMPLE_MS)
    lost = await sent(client, made.assemble([item]), **{"X-Sandbox-Fault": "504; applied=true"})
    assert made.judge(lost, [item]).whole.verdict is Verdict.RETRY
    assert made.judge(await sent(client, made.assemble([item])), [item]).whole.verdict is Verdict.DELIVERED
    assert len(await records(client, "events")) == 2
    assert not made.idempotent


async def test_a_visitor_who_logs_in_is_one_user_with_all_that_she_did(client):
    made = installed()
    at = {"anonymous_id": "a-1"}
    before = Event("m-1", "page", "pl", "k", SAMPLE_MS, SAMPLE_MS, **at)
    login = Event("m-2", "identify", "pl", "k", SAMPLE_MS, SAMPLE_MS, "u-1", traits={"plan": "gold"}, links="a-1", **at)
    after = track("u-1", "m-3", **at)
    routes = []
    for batch in batches_of(made, [before, login, after]):
        reply = await sent(client, made.assemble(batch.items()))
        assert made.judge(reply, batch.items()).whole.verdict is Verdict.DELIVERED
        routes.append(batch.route)
    assert routes == ["", "identify", ""]
    (user,) = await records(client, "users")
    assert user["body"]["external_id"] == "u-1"
    assert user["body"]["user_aliases"] == [{"alias_label": "anonymous_id", "alias_name": "a-1"}]
    assert [one["owner"] for one in await records(client, "events")] == [user["id"]] * 2


async def test_the_credentials_are_tried_without_writing(client):
    for key, verdict in ((KEY, Verdict.DELIVERED), ("other", Verdict.SUSPENDED)):
        made = compiled(BRAZE, rest_api_key=key, rest_endpoint="http://127.0.0.1/braze")
        assert made.judge_check(await sent(client, made.credential_check)).verdict is verdict
    assert await records(client, "users") == []


async def test_a_user_is_erased_by_the_strongest_of_her_identifiers(client):
    made = installed()
    call = made.calls[DELETE_USER]
    for event, user in (
        (track("u-1", "m-1"), {"external_id": "u-1", "email": "jane@example.com"}),
        (track(None, "m-1", anonymous_id="a-1"), {"user_alias": {"alias_name": "a-1", "alias_label": "anonymous_id"}}),
        (track(None, "m-1", traits={"email": "jane@example.com"}), {"email": "jane@example.com"}),
    ):
        (item,) = made.shape(event, SAMPLE_MS)
        await sent(client, made.assemble([item]))
        outgoing = call.make({"user": user})
        assert len(json.loads(outgoing.body)) == 1
        for deleted in (1, 0):
            reply = await sent(client, outgoing)
            assert json.loads(reply.body) == {"message": "success", "deleted": deleted}
            assert call.judge(reply).verdict is Verdict.DELIVERED
        assert [await records(client, kind) for kind in ("users", "events")] == [[], []]


async def test_each_declared_answer_is_judged_as_declared_when_the_sandbox_gives_it(client):
    made = installed()
    (item,) = made.shape(track("u-1", "m-1"), SAMPLE_MS)
    for scenario in (one for one in scenarios(BRAZE) if one.reply.status is not None):
        fault = {"status": scenario.reply.status, "body": scenario.reply.body.decode(), "count": 1}
        assert (await client.post("/braze/_control/faults", json=fault)).is_success
        judgement = made.judge(await sent(client, made.assemble([item])), [item])
        ruling = judgement.items[0] if judgement.items else judgement.whole
        assert (ruling.verdict, ruling.symptom) == (scenario.verdict, scenario.symptom)
    assert await records(client, "events") == []


async def test_what_suspends_is_known_by_the_sandboxs_own_words(client):
    made = installed()
    event = Event("m", "alias", "pl", "k", SAMPLE_MS, SAMPLE_MS, "u-1", previous_id="u-0")
    (item,) = made.shape(event, SAMPLE_MS)
    for permissions, headers, status, symptom in (
        ("users.track", {}, 403, "403 Forbidden"),
        ("all", {"Content-Type": "text/plain"}, 415, "415 Unsupported Media Type"),
        ("all", {"Authorization": "Bearer x"}, 401, "401 Invalid API Key"),
    ):
        await client.patch("/braze/_control/settings", json={"mode": {"permissions": permissions}})
        reply = await sent(client, made.assemble([item]), **headers)
        ruling = made.judge(reply, [item]).whole
        assert (reply.status, ruling.verdict, ruling.symptom) == (status, Verdict.SUSPENDED, symptom)
        assert ruling.reason == json.loads(reply.body)["message"]


async def test_the_wrong_host_suspends_and_says_where_to_look(client):
    made = compiled(BRAZE, rest_api_key=KEY, rest_endpoint="http://127.0.0.1/braze/v9")
    (item,) = made.shape(track("u-1", "m-1"), SAMPLE_MS)
    ruling = made.judge(await sent(client, made.assemble([item])), [item]).whole
    assert (ruling.verdict, ruling.symptom) == (Verdict.SUSPENDED, "404 Invalid URL")


async def test_more_objects_than_the_account_takes_are_split(client):
    made = installed(limit_per_list=True)
    events = [track(f"u-{number}", f"m-{number}") for number in range(75)]
    logins = [
        Event(f"l-{number}", "identify", "pl", "k", SAMPLE_MS, SAMPLE_MS, f"u-{number}", traits={"plan": "gold"})
        for number in range(75)
    ]
    (batch,) = batches_of(made, [*events, *logins])
    refused = made.judge(await sent(client, made.assemble(batch.items())), batch.items())
    assert (refused.whole.verdict, refused.items) == (Verdict.REJECTED, ())
    await client.patch("/braze/_control/settings", json={"mode": {"limit": "of_each_list"}})
    taken = made.judge(await sent(client, made.assemble(batch.items())), batch.items())
    assert taken.whole.verdict is Verdict.DELIVERED
