"""The control API and the common part: what tests and demos lean on."""

import ast
from pathlib import Path

import httpx
import pytest

import datafly.sandbox
from datafly import catalog
from datafly.sandbox.app import create_app
from datafly.sandbox.insider.panel.session import DEMO_EMAIL, DEMO_PASSWORD
from datafly.sandbox.rooms import find_rooms
from datafly.sandbox.settings import SandboxSettings


async def test_health_and_readiness_say_ok(insider):
    for path in ("/healthz", "/readyz"):
        reply = await insider.client.get(path)
        assert (reply.status_code, reply.json()) == (200, {"status": "ok"})


async def test_the_index_leads_to_every_room_that_is_found(tmp_path, called):
    sandbox = create_app(SandboxSettings(data_dir=tmp_path))
    page = (await called(sandbox).client.get("/")).text
    sandbox.close()
    assert {room.slug for room in find_rooms()} == {one.slug for one in catalog.all()}, (
        "each integration ships a sandbox"
    )
    assert [room.slug for room in find_rooms() if f'href="{room.panel_path}"' not in page] == []


async def test_only_files_of_the_static_folder_are_served(insider):
    assert (await insider.client.get("/_static/sandbox.css")).headers["content-type"].startswith("text/css")
    for path in ("/_static/app.py", "/_static/..%2Fapp.py", "/_static/"):
        assert (await insider.client.get(path)).status_code == 404


async def test_a_reset_forgets_everything_down_to_the_seed(insider, person):
    await insider.upsert(person())
    await insider.control("/accounts/myco", "PATCH", {"partner": "renamed"})
    await insider.control("/faults", "POST", {"status": 503})
    steered = {"auth_errors": "catalogue", "rate_limit": {"requests": 1}, "lag_seconds": 60}
    await insider.control("/settings", "PATCH", steered)
    await insider.upsert(person())
    await insider.upsert(person("user-456"))
    await insider.control("/reset", "POST", {})
    totals = await insider.control("/totals")
    assert totals == {"users": 0, "events": 0, "repeated_events": 0, "pending_users": 0, "requests": 0}
    assert [account["partner"] for account in await insider.control("/accounts")] == ["myco"]
    assert await insider.control("/settings") == {
        "auth_errors": "documented_403",
        "rate_limit": None,
        "lag_seconds": 0,
    }
    assert (await insider.upsert(person())).status_code == 200


async def test_a_reset_may_keep_accounts_and_keys(insider, person):
    made = await insider.control("/keys", "POST", {"name": "Mine"})
    await insider.upsert(person())
    await insider.control("/reset", "POST", {"keep_accounts": True})
    insider.headers["X-REQUEST-TOKEN"] = made["key"]
    assert (await insider.upsert(person())).status_code == 200
    assert (await insider.control("/totals"))["requests"] == 1


async def test_a_key_may_be_given_literally_and_is_shown_only_once(insider):
    made = await insider.control("/keys", "POST", {"partner": "myco", "name": "Given", "key": "a-literal-key-1"})
    assert made["key"] == "a-literal-key-1"
    listed = await insider.control("/keys")
    assert listed[-1]["ending"] == "ey-1"
    assert "a-literal-key-1" not in str(listed)


async def test_an_account_has_at_most_five_keys(insider):
    for number in range(4):
        await insider.control("/keys", "POST", {"name": f"Key {number}"})
    reply = await insider.client.post("/insider/_control/keys", json={"name": "Sixth"})
    assert reply.status_code == 409


@pytest.mark.parametrize("partner", ["MYCO", "my co", "", "myco"])
async def test_a_partner_name_is_a_lower_case_slug_of_its_own(insider, partner):
    reply = await insider.client.post("/insider/_control/accounts", json={"partner": partner})
    assert reply.status_code == 409


async def test_users_and_keys_stay_when_the_partner_name_changes(insider, person):
    await insider.upsert(person())
    await insider.control("/accounts/myco", "PATCH", {"partner": "newco"})
    assert (await insider.upsert(person())).status_code == 403
    insider.headers["X-PARTNER-NAME"] = "newco"
    assert (await insider.upsert(person())).status_code == 200
    assert (await insider.control("/totals"))["users"] == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/faults", {"status": 99}),
        ("/faults", {"statuss": 503}),
        ("/keys", {"nmae": "x"}),
        ("/settings", {"auth_errors": "401"}),
        ("/settings", {"rate_limit": {"requests": -1}}),
        ("/settings", {"rate_limit": {"requests": 1, "window_seconds": 0}}),
        ("/settings", {"rate_limit": {"requests": 1, "window_seconds": -5}}),
        ("/settings", {"lag_seconds": -1}),
        ("/accounts/myco", {"rules": {"colour": "red"}}),
        ("/accounts/myco", {"rules": {"attributes": [f"name_{number}" for number in range(81)]}}),
        ("/accounts/myco", {"rules": {"parameters": [f"name_{number}" for number in range(81)]}}),
        ("/accounts/myco", {"rules": {"identifier_limits": {"email": 0}}}),
        ("/accounts/myco", {"rules": {"identifier_limits": {"email": -3}}}),
        ("/accounts/myco", {"rules": {"identifier_limits": {"mail": 1}}}),
        ("/accounts/myco", {"rules": {"identifier_types": ["uuid", "user_id"]}}),
        ("/accounts/myco", {"rules": {"identifier_types": ["uuid", "uuid"]}}),
        ("/accounts", {"partner": "other", "rules": {"identifier_limits": {"email": -3}}}),
    ],
)
async def test_a_misspelt_wish_is_refused(insider, path, body):
    method = "PATCH" if path.startswith(("/settings", "/accounts/")) else "POST"
    reply = await insider.client.request(method, f"/insider/_control{path}", json=body)
    assert reply.status_code == 400


async def test_a_key_for_what_is_no_address_is_refused_before_it_can_be_used(insider):
    reply = await insider.client.post("/insider/_control/keys", json={"name": "odd", "allowed_ips": ["office"]})
    assert (reply.status_code, reply.json()) == (409, {"error": "office is no IPv4 address or network."})


@pytest.mark.parametrize(
    "path",
    [
        f"_control/users/{2**64}",
        f"_control/users?limit={2**64}",
        f"_control/requests/{2**64}",
        f"_control/requests?before={2**64}",
        f"_control/events?after={2**64}",
        f"panel/sandbox/requests?before={2**64}",
        f"panel/audience/users/{2**64}",
    ],
)
async def test_a_number_beyond_what_can_be_kept_is_refused(insider, path):
    await insider.client.post("/insider/panel/log-in", data={"email": DEMO_EMAIL, "password": DEMO_PASSWORD})
    assert (await insider.client.get(f"/insider/{path}")).status_code == 400


async def test_requests_are_listed_newest_first_and_shown_whole_without_the_key(insider, person):
    await insider.upsert(person("first"))
    await insider.upsert(person("second"), {"attributes": {"name": "x"}})
    listed = await insider.control("/requests")
    assert [(each["accepted"], each["refused"]) for each in listed] == [(1, 1), (1, 0)]
    shown = await insider.control(f"/requests/{listed[0]['id']}")
    assert "second" in shown["body"]
    assert shown["headers"]["x-request-token"] == "…0123"
    assert [(each["accepted"], each["who"]) for each in shown["verdicts"]] == [(True, "uuid second"), (False, "")]
    assert shown["reply"].startswith('{"data"')


async def test_only_so_many_requests_are_kept(started, called, person):
    insider = called(started(requests_kept=2))
    for number in range(4):
        await insider.upsert(person(f"u{number}"))
    assert len(await insider.control("/requests")) == 2
    assert len(await insider.control("/users")) == 4


async def test_events_are_listed_in_the_order_of_their_arrival(insider, person, event):
    await insider.upsert(person(events=[event("b"), event("a")]))
    await insider.upsert(person("user-456", events=[event("c")]))
    listed = await insider.control("/events")
    assert [each["name"] for each in listed] == ["b", "a", "c"]
    assert [each["name"] for each in await insider.control(f"/events?after={listed[1]['id']}")] == ["c"]


async def test_pages_of_other_sites_may_not_steer_it(insider):
    headers = {"sec-fetch-site": "cross-site"}
    reply: httpx.Response = await insider.client.post("/insider/_control/reset", json={}, headers=headers)
    assert reply.status_code == 403


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:8090", "localhost:8090", "LOCALHOST", "shop.localhost", "[::1]:8090", "192.168.1.5", "sandbox:80"],
)
@pytest.mark.parametrize("path", ["/insider/_control/users", "/insider/panel/log-in", "/"])
async def test_it_answers_by_its_addresses_and_by_names_of_this_network(insider, host, path):
    assert (await insider.client.get(path, headers={"host": host})).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8090", "127.0.0.1.evil.example", "localhost.evil.example"]
)
@pytest.mark.parametrize("path", ["/insider/_control/users", "/insider/panel/log-in", "/"])
async def test_a_name_that_somebody_else_may_own_is_refused_though_it_leads_here(insider, host, path):
    reply = await insider.client.get(path, headers={"host": host, "sec-fetch-site": "same-origin"})
    assert reply.status_code == 403
    assert "call it by its address" in reply.text


async def test_a_name_that_it_was_started_with_is_its_own(started, called):
    insider = called(started(allowed_hosts=("Sandbox.internal",)))
    reply = await insider.client.get("/insider/_control/users", headers={"host": "sandbox.internal:8090"})
    assert reply.status_code == 200


def test_no_room_knows_more_of_the_product_than_who_acts_on_an_error():
    """One misreading is not made twice only where a room and the mapping that it judges share nothing.

    The part that is drawn from definitions is no room of a vendor's own, and none leans on it.
    """
    folder = Path(datafly.sandbox.__file__).parent
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            ours = [name for name in names if name.split(".")[0] == "datafly" and name != "datafly.model.errors"]
            above = file.relative_to(folder).parts[0] in ("app.py", "drawn")
            allowed = {"sandbox", "spec", "catalog", "model"} if file.parent == folder / "drawn" else {"sandbox"}
            assert [name for name in ours if f"{name}.".split(".")[1] not in allowed] == [], file
            assert above or not any(name.startswith("datafly.sandbox.drawn") for name in ours), file
