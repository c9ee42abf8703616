"""The sandbox knows Klaviyo's documents and not the mapping: what Signal sends, it takes, alone and together."""

import json
from datetime import UTC, datetime
from pathlib import Path

import httpx
import msgspec
import pytest

from datafly import catalog
from datafly.deliver.batch import Batch, Unit
from datafly.model.delivery import Item, Reply
from datafly.model.event import Event
from datafly.model.secret import Secret
from datafly.model.verdict import Ruling, Verdict
from datafly.sandbox.settings import SandboxSettings, Seed, SeedKey
from datafly.spec.calls import DELETE_USER
from datafly.spec.faces import cases, event_of, scenarios
from datafly.spec.faces.cases import SAMPLE_MS
from datafly.testing.integration_suite import compiled
from datafly.testing.one_room import one_room
from datafly.testing.openapi import Operation

KLAVIYO = catalog.get("klaviyo")
KEY = "0123456789abcdef0123"
BOTH = {"email": "a@example.com", "phone": "+447700900123", "first_name": "Ann"}
UPSERT = Operation(Path(__file__).parents[3] / "contract/klaviyo/create_or_update_profile.json")
CASES = [case for case in cases(KLAVIYO) if not case.sample.refuses]


@pytest.fixture
async def client(tmp_path):
    seed = Seed(keys=(SeedKey(partner="myco", key=KEY),))
    now = datetime(2026, 11, 26, tzinfo=UTC)
    sandbox = one_room("klaviyo", SandboxSettings(data_dir=tmp_path, seed=seed), lambda: now)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(sandbox), base_url="http://127.0.0.1") as made:
        yield made
    sandbox.close()


def installed(**config):
    return compiled(KLAVIYO, **{**config, "private_api_key": KEY, "base_url": "http://127.0.0.1/klaviyo"})


async def sent(client, outgoing, **more):
    headers = {name: value.reveal() if isinstance(value, Secret) else value for name, value in outgoing.headers.items()}
    reply = await client.request(outgoing.method, outgoing.url, content=outgoing.body, headers={**headers, **more})
    return Reply(reply.status_code, headers=dict(reply.headers), body=reply.content)


async def records(client, kind):
    return (await client.get(f"/klaviyo/_control/records/{kind}")).json()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
async def test_what_a_sample_becomes_is_taken(client, case):
    made = installed(**case.sample.config)
    for item in made.shape(event_of(case.sample), SAMPLE_MS):
        reply = await sent(client, made.assemble([item]))
        assert made.judge(reply, [item]).whole.verdict is Verdict.DELIVERED, reply.body
    assert len(await records(client, "profiles")) == 1


def every_item(made):
    """Of all samples that the installation sends, each a message of its own; an order that is told again once."""
    seen = set()
    for number, case in enumerate(CASES):
        shaped = made.shape(msgspec.structs.replace(event_of(case.sample), message_id=f"m-{number}"), SAMPLE_MS)
        for item in () if isinstance(shaped, Ruling) else shaped:
            if not item.unique or item.unique not in seen:
                yield item
            seen.add(item.unique)


async def test_all_samples_of_one_installation_are_taken_together(client):
    made = installed(list_id="Y6nRLr", profiles_per_request=1_000)
    batches = []
    for item in sorted(every_item(made), key=lambda one: one.route):
        if not batches or not batches[-1].takes(item, made.limits):
            batches.append(Batch(made, "r", 1, []))
        batches[-1].add(Unit(None, item))
    for batch in batches:
        batch.arrange()
        reply = await sent(client, made.assemble(batch.items()))
        assert made.judge(reply, batch.items()).whole.verdict is Verdict.DELIVERED, reply.body
    paths = {one["path"] for one in (await client.get("/klaviyo/_control/requests?limit=100")).json()}
    jobs = {"event-bulk-create", "profile-bulk-import", "profile-subscription-bulk-create"}
    assert {f"/klaviyo/api/{one}-jobs" for one in jobs} <= paths
    assert "/klaviyo/api/events" not in paths


def track(user, message_id, **more):
    now = SAMPLE_MS
    return Event(message_id, "track", "pl", "k", now, now, user, event="Quiz Finished", **more)


def job_of(made, *events):
    items = [item for event in events for item in made.shape(event, SAMPLE_MS)]
    order = made.arrange(items)
    return items if order is None else [items[index] for index in order]


async def test_who_is_named_by_a_job_is_refused_and_the_rest_is_then_taken(client):
    made = installed()
    items = job_of(made, track("u-1", "m-1"), track("u-2", "m-2"), track("u-1", "m-3"), track("u-3", "m-4"))
    bad = items[1]
    items[1] = Item(bad.body.replace(b'"Quiz Finished"', b'""'), bad.route, bad.key, group=bad.group, unique=bad.unique)
    judgement = made.judge(await sent(client, made.assemble(items)), items)
    assert [ruling.verdict.value for ruling in judgement.items] == ["RETRY", "REJECTED", "RETRY", "RETRY"]
    assert judgement.items[1].reason == "This field is required."
    rest = [item for index, item in enumerate(items) if index != 1]
    assert made.judge(await sent(client, made.assemble(rest)), rest).whole.verdict is Verdict.DELIVERED
    assert len(await records(client, "events")) == 3


async def test_after_a_lost_answer_each_event_goes_alone_and_none_is_there_twice(client):
    made = installed()
    items = job_of(made, track("u-1", "m-1"), track("u-2", "m-2"))
    lost = await sent(client, made.assemble(items), **{"X-Sandbox-Fault": "504; applied=true"})
    assert lost.status == 504
    again = await sent(client, made.assemble(items))
    assert (again.status, made.judge(again, items).whole.verdict) == (400, Verdict.REJECTED)
    for item in items:
        alone = await sent(client, made.assemble([item]))
        assert made.judge(alone, [item]).whole.verdict is Verdict.DELIVERED
    assert [one["times"] for one in await records(client, "events")] == [2, 2]
    assert "" in made.repeats_alone


async def test_history_starts_no_flow(client):
    made = installed()
    for event in (track("u-1", "m-1"), track("u-1", "m-2", historical=True)):
        (item,) = made.shape(event, SAMPLE_MS)
        await sent(client, made.assemble([item]))
    assert sorted(one["body"]["flows"] for one in await records(client, "events")) == [False, True]


async def test_a_visitor_who_logs_in_is_one_profile_with_all_that_she_did(client):
    made, jane = installed(), {"email": "jane@example.com"}
    before = Event("m-1", "page", "pl", "k", SAMPLE_MS, SAMPLE_MS, anonymous_id="a-1")
    login = Event("m-2", "identify", "pl", "k", SAMPLE_MS, SAMPLE_MS, "u-1", anonymous_id="a-1", traits=jane)
    after = track("u-1", "m-3", anonymous_id="a-1", known_traits=jane)
    for event in (before, login, after):
        (item,) = made.shape(event, SAMPLE_MS)
        assert (await sent(client, made.assemble([item]))).status in (201, 202)
    (profile,) = await records(client, "profiles")
    assert (profile["body"]["external_id"], profile["body"]["email"]) == ("u-1", "jane@example.com")
    assert {one["owner"] for one in await records(client, "events")} == {profile["id"]}


async def test_the_credentials_are_tried_without_writing(client):
    for key, verdict in ((KEY, Verdict.DELIVERED), ("pk_other", Verdict.SUSPENDED)):
        made = compiled(KLAVIYO, private_api_key=key, base_url="http://127.0.0.1/klaviyo")
        assert made.judge_check(await sent(client, made.credential_check)).verdict is verdict


async def test_a_user_is_erased(client):
    made = installed()
    (item,) = made.shape(track("u-1", "m-1", known_traits={"email": "jane@example.com"}), SAMPLE_MS)
    await sent(client, made.assemble([item]))
    call = made.calls[DELETE_USER]
    outgoing = call.make({"user": {"email": "jane@example.com", "external_id": "u-1"}})
    assert call.judge(await sent(client, outgoing)).verdict is Verdict.DELIVERED
    assert [await records(client, kind) for kind in ("profiles", "events")] == [[], []]


@pytest.mark.parametrize("scenario", scenarios(KLAVIYO), ids=lambda one: one.name)
async def test_each_declared_answer_is_judged_as_declared_when_the_sandbox_gives_it(client, scenario):
    if scenario.reply.status is None or scenario.reply.status < 300:
        return
    made = installed()
    (item,) = made.shape(track("u-1", "m-1"), SAMPLE_MS)
    fault = {"status": scenario.reply.status, "body": scenario.reply.body.decode(), "count": 1}
    assert (await client.post("/klaviyo/_control/faults", json=fault)).is_success
    ruling = made.judge(await sent(client, made.assemble([item])), [item]).whole
    assert (ruling.verdict, ruling.symptom) == (scenario.verdict, scenario.symptom)
    assert await records(client, "events") == []


@pytest.mark.parametrize(
    ("mode", "headers", "status", "symptom"),
    [
        ("events", {}, 403, "403 Forbidden"),
        ("all", {"Content-Type": "text/plain"}, 415, "415 Unsupported Media Type"),
        ("all", {"Authorization": "x"}, 401, "401 Unauthorized"),
    ],
)
async def test_what_suspends_is_known_by_the_sandboxs_own_words(client, mode, headers, status, symptom):
    await client.patch("/klaviyo/_control/settings", json={"mode": {"scopes": mode}})
    made = installed()
    event = Event("m", "identify", "pl", "k", SAMPLE_MS, SAMPLE_MS, "u-1", traits={"plan": "gold"})
    (item,) = made.shape(event, SAMPLE_MS)
    reply = await sent(client, made.assemble([item]), **headers)
    ruling = made.judge(reply, [item]).whole
    assert (reply.status, ruling.verdict, ruling.symptom) == (status, Verdict.SUSPENDED, symptom)
    assert ruling.reason == json.loads(reply.body)["errors"][0]["detail"]


async def two_profiles(client, made):
    """One by e-mail address and one by phone number; and what is then sent of who has both."""
    for traits, status in (({"email": "a@example.com"}, 201), ({"phone": "+447700900123"}, 201)):
        event = Event("m", "identify", "pl", "k", SAMPLE_MS, SAMPLE_MS, traits=traits)
        (item,) = made.shape(event, SAMPLE_MS)
        assert (await sent(client, made.assemble([item]))).status == status
    (item,) = made.shape(Event("m", "identify", "pl", "k", SAMPLE_MS, SAMPLE_MS, traits=BOTH), SAMPLE_MS)
    return item


async def test_two_profiles_conflict_as_declared(client):
    made = installed(on_conflict="reject")
    item = await two_profiles(client, made)
    ruling = made.judge(await sent(client, made.assemble([item])), [item]).whole
    assert (ruling.verdict, ruling.symptom[:3]) == (Verdict.REJECTED, "409")
    # The remedy that the page names.
    reply = await sent(client, made.assemble([item]))
    assert made.amend(reply, item) is None
    made = installed(phone_identifies=False)
    (item,) = made.shape(Event("m", "identify", "pl", "k", SAMPLE_MS, SAMPLE_MS, traits=BOTH), SAMPLE_MS)
    assert (await sent(client, made.assemble([item]))).status == 200


@pytest.mark.parametrize("conflicts", ["named", "unnamed"])
async def test_a_profile_that_conflicts_is_written_by_the_id_that_is_named_or_else_without_the_phone_number(
    client, conflicts
):
    await client.patch("/klaviyo/_control/settings", json={"mode": {"conflicts": conflicts}})
    made = installed()
    item = await two_profiles(client, made)
    reply = await sent(client, made.assemble([item]))
    instead = made.amend(reply, item)
    outgoing = made.assemble([instead])
    assert UPSERT.problems(json.loads(outgoing.body)) == []
    again = await sent(client, outgoing)
    assert (again.status, made.judge(again, [instead]).whole.verdict) == (200, Verdict.DELIVERED)
    by_email = json.loads(again.body)["data"]
    assert (by_email["attributes"]["email"], by_email["attributes"]["first_name"]) == ("a@example.com", "Ann")
    assert by_email["attributes"]["properties"].get("phone") == (None if conflicts == "named" else BOTH["phone"])
    people = {one["body"].get("phone_number"): one["id"] for one in await records(client, "profiles")}
    assert people.keys() == {None, BOTH["phone"]}, "each keeps its own identifiers"
    assert "Merge them at Klaviyo" in instead.warnings[-1]
    assert made.amend(reply, instead) is None, "and it comes to an end"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (409, b""),
        (409, b"[]"),
        (409, b'{"errors":[{"meta":{"duplicate_profile_id":7}},null,{"meta":[]}]}'),
        (409, b'{"errors":[{"meta":{"duplicate_profile_id":"' + b"x" * 200 + b'"}}]}'),
        (400, b'{"errors":[{"meta":{"duplicate_profile_id":"01A"}}]}'),
    ],
)
def test_an_answer_that_names_nobody_in_a_way_that_is_known_amends_nothing_of_an_email_address_alone(status, body):
    item = Item(b'{"email":"a@example.com"}', "profiles")
    assert installed().amend(Reply(status, body=body), item) is None


async def outcome(client, made, reply, count):
    """What is told of an import, as delivery asks for it."""
    later, replies = made.later["history"], []
    path = later.path(later.ticket(reply))
    while True:
        replies.append(await sent(client, later.ask(path)))
        told = later.judge(replies, count)
        if not isinstance(told, str):
            return told, len(replies)
        path = told


async def test_an_import_tells_afterwards_which_profiles_were_refused_however_many_pages_that_takes(client):
    made = installed()
    await sent(client, made.assemble([Item(b'{"email":"a@example.com"}', "profile")]))
    await sent(client, made.assemble([Item(b'{"phone_number":"+447700900123"}', "profile")]))
    good = [Item(msgspec.json.encode({"email": f"u{one}@example.com"}), "history") for one in range(30)]
    bad = [Item(msgspec.json.encode({"email": f"nobody {one}"}), "history") for one in range(45)]
    both = Item(b'{"email":"a@example.com","phone_number":"+447700900123"}', "history")
    items = [*good[:15], *bad, both, *good[15:]]
    reply = await sent(client, made.assemble(items))
    assert made.judge(reply, items).whole.verdict is Verdict.DELIVERED
    told, asked = await outcome(client, made, reply, len(items))
    verdicts = [ruling.verdict for ruling in told.items]
    assert verdicts == [Verdict.DELIVERED] * 15 + [Verdict.REJECTED] * 46 + [Verdict.DELIVERED] * 15
    assert (told.items[15].reason, asked) == ("Invalid email address.", 4)
    conflict = told.items[60]
    assert conflict.symptom == "409 A profile already exists with one of these identifiers."
    assert "Merge the profiles" in conflict.cure


async def test_an_import_that_is_under_way_is_not_done_and_one_that_all_went_well_with_is_asked_once(client):
    made, items = installed(), [Item(b'{"email":"a@example.com"}', "history")]
    assert (await client.patch("/klaviyo/_control/settings", json={"lag_seconds": 5})).is_success
    under_way = await sent(client, made.assemble(items))
    assert (await outcome(client, made, under_way, 1))[0] is None
    assert (await client.patch("/klaviyo/_control/settings", json={"lag_seconds": 0})).is_success
    done = await sent(client, made.assemble(items))
    told, asked = await outcome(client, made, done, 1)
    assert (told.whole.verdict, asked) == (Verdict.DELIVERED, 1)


def test_nothing_is_asked_of_imports_where_that_is_not_wanted_nor_of_single_profiles():
    assert installed(import_results=False).later == {}
    assert set(installed().later) == {"profiles", "profiles:historical", "history", "history:historical"}


def test_a_cancelled_import_is_told_of_every_profile():
    job = {"data": {"id": "j", "attributes": {"status": "cancelled", "failed_count": 0}}}
    told = installed().later["history"].judge([Reply(200, body=json.dumps(job).encode())], 2)
    assert (told.whole.verdict, told.whole.reason) == (Verdict.REJECTED, "import_cancelled")


@pytest.mark.parametrize("body", [b"", b"[]", b'{"data":[]}', b'{"data":{"attributes":{"status":"processing"}}}'])
def test_an_answer_that_tells_nothing_of_a_job_leaves_it_open(body):
    assert installed().later["history"].judge([Reply(200, body=body)], 2) is None
