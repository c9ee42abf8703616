"""Movable Ink's room: what is known of its endpoint, and what arrived."""

from datetime import UTC, datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datafly.sandbox.movable_ink.events import problem

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
NOW_MS = round(NOON.timestamp() * 1000)
DAY_MS = 86_400_000
PATH = "/movable_ink/behavioral/0123456789abcdef0123"
PAIR = ("0123456789abcdef0123", "0123456789abcdef0123")


@pytest.fixture
async def client(started):
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(started("movable_ink")), base_url="http://localhost"
    ) as made:
        yield made


def track(event="product_viewed", **changed):
    told = {"type": "track", "event": event, "user_id": "u-1", "timestamp": NOW_MS, "properties": {"id": "SKU-1"}}
    return {**told, **changed}


async def test_the_key_of_the_path_is_looked_at_before_the_credentials(client):
    unknown = await client.post("/movable_ink/behavioral/other", json={})
    assert (unknown.status_code, unknown.json()["message"]) == (404, "Behavioral endpoint key not found")
    assert unknown.headers["x-request-id"] == unknown.json()["request_id"]
    assert (await client.post(PATH, json=track())).status_code == 401
    assert (await client.post(PATH, json=track(), auth=("x", "y"))).status_code == 401
    assert (await client.post("/movable_ink/behavioral", json={})).text == "404 page not found\n"
    assert (await client.get(PATH)).status_code == 405


async def test_one_event_and_a_list_are_taken_and_stand_with_their_customer(client):
    assert (await client.post(PATH, json=track(), auth=PAIR)).status_code == 200
    several = {"events": [track("order_completed", properties={"products": [{"id": "a"}]}), track("product_added")]}
    assert (await client.post(PATH, json=several, auth=PAIR)).status_code == 200
    (customer,) = (await client.get("/movable_ink/_control/records/customers")).json()
    assert (customer["id"], customer["body"]["last_event"]) == ("u-1", "product_added")
    page = await client.get("/movable_ink/panel/records/customers/u-1")
    assert page.text.count("SKU-1") == 2


async def test_what_a_visitor_did_is_the_users_once_both_ids_come_together(client):
    visitor = track(anonymous_id="a-1")
    del visitor["user_id"]
    await client.post(PATH, json=visitor, auth=PAIR)
    await client.post(
        PATH, json=track("identify", type="identify", anonymous_id="a-1", traits={"plan": "gold"}), auth=PAIR
    )
    await client.post(PATH, json=visitor, auth=PAIR)
    (customer,) = (await client.get("/movable_ink/_control/records/customers")).json()
    assert (customer["id"], customer["body"]["traits"]) == ("u-1", {"plan": "gold"})
    assert "3 events" in (await client.get("/movable_ink/panel/records/events")).text
    owners = {one["owner"] for one in (await client.get("/movable_ink/_control/records/events")).json()}
    assert owners == {"u-1"}


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ([], "an event must be an object"),
        (track(type="group"), "type must be"),
        (track(event=""), "needs an event name"),
        (track(user_id=""), "user_id and anonymous_id"),
        (track(timestamp="2026-01-01"), "epoch milliseconds"),
        (track(timestamp=True), "epoch milliseconds"),
        (track(timestamp=NOW_MS - 31 * DAY_MS), "older than 30 days"),
        (track(timestamp=NOW_MS + 2 * DAY_MS), "in the future"),
        (track(timestamp=-1), "in the future"),
        (track(properties={}), "requires properties.id"),
        (track("Product Viewed", properties={}), "product_id or properties.sku"),
        (track("product_searched", properties=None), "requires properties.query"),
        (track("order_completed", properties={"products": []}), "requires properties.products"),
        (track("order_completed", properties={"products": [{"sku": "a"}]}), "each product"),
        (track("quiz_finished"), "no mapping for event quiz_finished"),
    ],
)
async def test_an_event_that_it_would_not_take_is_refused_with_why_and_nothing_beside_it_is_written(
    client, event, words
):
    reply = await client.post(PATH, json={"events": [track(), event]}, auth=PAIR)
    assert reply.status_code == 400
    assert words in reply.json()["message"]
    assert reply.headers["x-sandbox-ours"] in ("invalid_event", "unmapped")
    assert (await client.get("/movable_ink/_control/totals")).json()["events"] == 0
    (request,) = (await client.get("/movable_ink/_control/requests?limit=1")).json()
    assert request["refused"] == 1


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"{", 400), (b'{"events": []}', 400), (b'{"events": [' + b"1," * 1_000 + b"1]}", 400), (b" " * 1_000_001, 413)],
)
async def test_a_request_that_is_none_is_refused(client, content, status):
    assert (await client.post(PATH, content=content, auth=PAIR)).status_code == status


async def test_events_that_nothing_is_set_up_for_may_be_taken(client):
    await client.patch("/movable_ink/_control/settings", json={"mode": {"mappings": "any"}})
    assert (await client.post(PATH, json=track("quiz_finished"), auth=PAIR)).status_code == 200


async def test_every_word_that_is_ours_is_on_the_list(client):
    listed = {word["name"] for word in (await client.get("/movable_ink/_control/ours")).json()}
    told = set()
    for content, method in ((b"{", "POST"), (b"", "GET"), (b" " * 1_000_001, "POST"), (b'{"events": []}', "POST")):
        told.add((await client.request(method, PATH, content=content, auth=PAIR)).headers["x-sandbox-ours"])
    told |= {
        (await client.post(PATH, json=event, auth=PAIR)).headers["x-sandbox-ours"]
        for event in (track(), {}, track("x"))
    }
    assert told <= listed


VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NAMES = ["type", "event", "user_id", "anonymous_id", "timestamp", "properties"]


@given(VALUE | st.dictionaries(st.sampled_from(NAMES), VALUE | st.sampled_from(["track", "order_completed"])))
def test_any_json_is_judged(event):
    assert isinstance(problem(event, NOON, strict=True), str)


async def test_the_number_0_is_an_id_as_any_other(client):
    viewed = track("Product Viewed", properties={"product_id": 0})
    bought = track("order_completed", properties={"products": [{"id": 0}]})
    assert (await client.post(PATH, json={"events": [viewed, bought]}, auth=PAIR)).status_code == 200
