"""What rooms have in common, tried with a vendor of the test's own."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from datafly.sandbox.app import Sandbox
from datafly.sandbox.kit import Call, Endpoint, Kind, OurWord, Outcome, Pool, Vendor, Verdict, room_of
from datafly.sandbox.kit.conditions import retry_after
from datafly.sandbox.settings import SandboxSettings, Seed, SeedKey
from datafly.sandbox.wire import Reply, json_reply

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Clock:
    now = NOON

    def __call__(self):
        return self.now


def authenticate(incoming, _match, known):
    for one in known:
        if incoming.headers.get("x-api-key") == one.values["key"]:
            return one
    return Outcome(json_reply(401, {"error": "who?"}))


def track(call: Call) -> Outcome:
    try:
        document = call.document()
    except ValueError:
        return Outcome(json_reply(400, {"error": "no JSON"}), ours="no_json")
    verdicts = []
    for index, event in enumerate(document["events"]):
        who = event.get("who", "")
        if who:
            person = call.store.named("id", who) or who
            call.store.name("id", who, person)
            call.store.put(
                "people", person, {"who": who, "mode": call.mode["strict"]}, now=call.now, request_id=call.request_id
            )
            call.store.put(
                "events",
                f"{call.request_id}:{index}",
                {"name": event["name"], "of": {"deep": 1}},
                owner=person,
                now=call.now,
                visible_at=call.now + timedelta(seconds=event.get("lag", 0)),
                request_id=call.request_id,
            )
        said = () if who else ("nobody",)
        verdicts.append(Verdict(place=f"events.{index}", accepted=bool(who), who=who, kind="people", id=who, said=said))
    return Outcome(json_reply(201, {"taken": sum(one.accepted for one in verdicts)}), verdicts)


ACME = Vendor(
    slug="acme",
    name="Acme",
    summary="Events.",
    example="/track",
    roots=("track", "people"),
    endpoints=(
        Endpoint(method="POST", path="/track", answer=track, pools=(Pool("burst", 2, 1.0), Pool("steady", 3, 60.0))),
        Endpoint(method="GET", path="/people/{id}", answer=lambda call: Outcome(json_reply(200, dict(call.match)))),
    ),
    credential_fields={"key": ("API key", lambda: "made-key-0001")},
    authenticate=authenticate,
    refused={
        "missing": lambda _: Outcome(json_reply(404, {"error": "no such path"})),
        "method": lambda _: Outcome(json_reply(405, {"error": "no such method"})),
    },
    too_many=lambda uses: Outcome(Reply(status=429, headers=(("retry-after", str(retry_after(uses))),))),
    limit_headers=lambda uses: (("x-left", ",".join(str(use.left) for use in uses)),),
    fault_reply=lambda fault: json_reply(fault.status, {"error": "bad day"}),
    kinds=(
        Kind(key="people", title="People", one="person", columns=(("Name", "who"),), feeds=("events",)),
        Kind(key="events", title="Events", one="event", columns=(("Event", "name"), ("Deep", "of.deep"))),
    ),
    curl="curl $BASE/track",
    modes={"strict": ("yes", "no")},
    ours=(OurWord("no_json", "status 400", "no JSON"),),
)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def acme(tmp_path, clock):
    (tmp_path / "sandbox").mkdir()
    seed = Seed(keys=(SeedKey(partner="myco", key="k-1"),))
    sandbox = Sandbox([room_of(ACME)], SandboxSettings(data_dir=tmp_path, seed=seed), clock)
    transport = httpx.ASGITransport(sandbox)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client
    sandbox.close()


async def send(acme, *events, key="k-1", **headers):
    return await acme.post("/acme/track", json={"events": list(events)}, headers={"x-api-key": key, **headers})


async def test_a_request_is_answered_stored_shown_and_on_record(acme):
    reply = await send(acme, {"who": "ann", "name": "Bought"}, {"name": "Lost"})
    assert (reply.status_code, reply.json(), reply.headers["x-left"]) == (201, {"taken": 1}, "1,2")
    (person,) = (await acme.get("/acme/_control/records/people?q=ANN")).json()
    assert person["body"] == {"who": "ann", "mode": "yes"}
    (summary,) = (await acme.get("/acme/_control/requests")).json()
    assert (summary["status"], summary["accepted"], summary["refused"]) == (201, 1, 1)
    record = (await acme.get(f"/acme/_control/requests/{summary['id']}")).json()
    assert record["verdicts"][1]["said"] == ["nobody"]
    assert record["headers"]["x-api-key"] == "…k-1"
    assert (await acme.get("/acme/_control/totals")).json() == {"people": 1, "events": 1, "waiting": 0}


async def test_route_method_key_and_limit_are_refused_in_the_vendors_words(acme, clock):
    assert (await acme.get("/acme/track")).status_code == 405
    assert (await acme.get("/acme/people/a/b")).status_code == 404
    assert (await send(acme, key="other")).json() == {"error": "who?"}
    assert (await acme.get("/acme/people/ann", headers={"x-api-key": "k-1"})).json() == {"id": "ann"}
    for _ in range(2):
        assert (await send(acme)).status_code == 201
    assert (await send(acme)).headers["retry-after"] == "1"
    clock.now += timedelta(seconds=2)
    late = await send(acme)
    assert (late.status_code, late.headers["retry-after"]) == (429, "58"), "the longer window counts on"
    clock.now += timedelta(seconds=60)
    assert (await send(acme)).status_code == 201


async def test_our_own_words_are_told_by_a_header_and_listed(acme):
    reply = await acme.post("/acme/track", content=b"{", headers={"x-api-key": "k-1"})
    assert (reply.status_code, reply.headers["x-sandbox-ours"]) == (400, "no_json")
    assert [word["name"] for word in (await acme.get("/acme/_control/ours")).json()] == ["no_json"]


async def test_faults_come_by_header_and_by_queue_and_may_take_effect(acme):
    fault = await send(acme, {"who": "ann", "name": "x"}, **{"x-sandbox-fault": "status=503; retry_after=7"})
    assert (fault.status_code, fault.headers["retry-after"], fault.json()) == (503, "7", {"error": "bad day"})
    await acme.post("/acme/_control/faults", json={"status": 504, "applied": True})
    assert (await send(acme, {"who": "bob", "name": "x"})).status_code == 504
    assert [one["id"] for one in (await acme.get("/acme/_control/records/people")).json()] == ["bob"]
    assert (await send(acme, **{"x-sandbox-fault": "nonsense"})).status_code == 400
    malformed = await send(acme, **{"x-sandbox-fault": "malformed"})
    assert malformed.content == b'{"taken'[: len(malformed.content)]


async def test_what_is_visible_later_is_shown_later_and_a_change_of_the_setting_shows_it(acme, clock):
    await send(acme, {"who": "ann", "name": "x", "lag": 60})
    assert (await acme.get("/acme/_control/records/events")).json() == []
    assert (await acme.get("/acme/_control/totals")).json()["waiting"] == 1
    await acme.patch("/acme/_control/settings", json={"lag_seconds": 0})
    assert len((await acme.get("/acme/_control/arrivals/events")).json()) == 1


async def test_switches_of_the_vendor_and_a_limit_of_ones_own_hold_until_reset(acme):
    changed = await acme.patch(
        "/acme/_control/settings", json={"mode": {"strict": "no"}, "rate_limit": {"requests": 0}}
    )
    assert changed.json() == {
        "rate_limit": {"requests": 0, "window_seconds": 60.0},
        "lag_seconds": 0.0,
        "mode": {"strict": "no"},
    }
    assert (await send(acme)).status_code == 429
    await acme.patch("/acme/_control/settings", json={"rate_limit": None})
    await send(acme, {"who": "ann", "name": "x"})
    assert (await acme.get("/acme/_control/records/people")).json()[0]["body"]["mode"] == "no"
    wrong = await acme.patch("/acme/_control/settings", json={"mode": {"strict": "perhaps"}})
    assert (wrong.status_code, wrong.json()) == (400, {"error": "strict is yes, no, not perhaps"})
    await acme.post("/acme/_control/reset", json={})
    assert (await acme.get("/acme/_control/settings")).json()["mode"] == {"strict": "yes"}
    assert (await acme.get("/acme/_control/totals")).json()["people"] == 0
    assert (await send(acme)).status_code == 201, "the key it was started with is there again"


async def test_keys_are_shown_once_and_revoked(acme):
    made = (await acme.post("/acme/_control/keys", json={"name": "Mine"})).json()
    assert made["values"] == {"key": "made-key-0001"}
    assert (await acme.get("/acme/_control/keys")).json()[1]["values"] == {"key": "…0001"}
    assert (await send(acme, key="made-key-0001")).status_code == 201
    assert (await acme.delete(f"/acme/_control/keys/{made['id']}")).status_code == 204
    assert (await send(acme, key="made-key-0001")).status_code == 401
    assert (await acme.post("/acme/_control/keys", json={"values": {"colour": "red"}})).status_code == 400
    assert (await acme.delete("/acme/_control/keys/999")).status_code == 404


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("", "People"),
        ("/records/people", "ann&lt;b&gt;"),
        ("/records/people?q=nobody-there", "Nothing holds these words"),
        ("/records/events", "Bought"),
        ("/records/people/ann%3Cb%3E", "Activity"),
        ("/sandbox/requests", "1 taken"),
        ("/sandbox/requests?show=failed", "refused"),
        ("/sandbox/requests/1", "nobody"),
        ("/keys", "…k-1"),
        ("/sandbox/faults", "Faults on demand"),
        ("/sandbox/settings", "strict"),
        ("/sandbox/reset", "cannot be taken back"),
        ("/sandbox/about", "curl http://localhost/acme/track"),
    ],
)
async def test_the_panel_shows_it_escaped(acme, path, words):
    await send(acme, {"who": "ann<b>", "name": "Bought"}, {"name": "Lost"})
    page = await acme.get(f"/acme/panel{path}", follow_redirects=True)
    assert page.status_code == 200
    assert words in page.text
    assert "ann<b>" not in page.text
    assert "default-src 'self'" in page.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path", ["/records/planes", "/records/people/nobody", "/sandbox/requests/9", "/keys/9", "/keys/9/revoke"]
)
async def test_what_is_not_there_is_a_404(acme, path):
    assert (await acme.get(f"/acme/panel{path}")).status_code == 404


async def test_the_panel_generates_revokes_and_steers(acme):
    made = await acme.post("/acme/panel/keys", data={"name": "Mine"}, follow_redirects=True)
    assert "made-key-0001" in made.text
    assert "made-key-0001" not in (await acme.get(made.url)).text
    assert "Revoked" in (await acme.post(f"{made.url}/revoke", follow_redirects=True)).text
    queued = await acme.post("/acme/panel/sandbox/faults", data={"kind": "503"}, follow_redirects=True)
    assert "503, unavailable" in queued.text
    assert (await acme.post("/acme/panel/sandbox/faults", data={"kind": "503", "count": "x"})).status_code == 409
    await acme.post("/acme/panel/sandbox/faults/clear")
    saved = await acme.post(
        "/acme/panel/sandbox/settings", data={"requests": "5", "mode.strict": "no"}, follow_redirects=True
    )
    assert 'value="5"' in saved.text
    assert (await acme.post("/acme/panel/sandbox/settings", data={"requests": "many"})).status_code == 409
    await send(acme, {"who": "ann", "name": "x"})
    await acme.post("/acme/panel/sandbox/reset")
    assert (await acme.get("/acme/_control/totals")).json()["people"] == 0


async def test_pages_of_other_sites_cannot_change_it(acme):
    for path in ("/acme/panel/keys", "/acme/_control/faults"):
        reply = await acme.post(path, json={"status": 503}, headers={"sec-fetch-site": "cross-site"})
        assert reply.status_code == 403


async def test_the_index_leads_to_the_room(acme):
    page = (await acme.get("/")).text
    assert "/acme/panel" in page
    assert "/acme/track" in page
