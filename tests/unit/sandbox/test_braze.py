"""Braze's room: what its documents say of each object and call, and what is ours."""

import json

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datafly.sandbox.braze import checks, schemas

KEY = "0123456789abcdef0123"
JANE = {"external_id": "u-1"}
VISITOR = {"alias_name": "a-1", "alias_label": "device"}
TIME = {"time": "2026-11-23T10:00:00Z"}
LINE = {"product_id": "1", "product_name": "Mug", "variant_id": "1", "quantity": 1, "price": 2.5}
WORTH = {"total_value": 2.5, "currency": "EUR", "source": "web", "products": [LINE]}
NO_ID = "'external_id', 'braze_id', 'user_alias', 'email' or 'phone' is required"


class Braze:
    def __init__(self, client):
        self.client = client

    async def post(self, path, document, **headers):
        told = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json", **headers}
        return await self.client.post(f"/braze{path}", json=document, headers=told)

    async def track(self, **lists):
        return await self.post("/users/track", lists)

    async def records(self, kind):
        return (await self.client.get(f"/braze/_control/records/{kind}")).json()

    async def users(self):
        return {
            one["body"].get("external_id") or one["body"].get("email"): one["body"]
            for one in await self.records("users")
        }

    async def steer(self, **settings):
        assert (await self.client.patch("/braze/_control/settings", json=settings)).is_success


@pytest.fixture
async def braze(started):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(started("braze")), base_url="http://localhost") as made:
        yield Braze(made)


def event(name="Quiz Finished", **more):
    return {**JANE, "name": name, **TIME, **more}


def bought(**more):
    return {**JANE, "product_id": "SKU-1", "currency": "EUR", "price": 2.5, **TIME, **more}


@pytest.mark.parametrize(
    ("check", "one", "says"),
    [
        (checks.attributes, {"plan": "gold"}, NO_ID),
        (checks.attributes, {"user_alias": {"alias_name": "a"}}, NO_ID),
        (
            checks.attributes,
            {**JANE, "email": "jane"},
            "The value provided for the 'email' field is not a valid email.",
        ),
        (checks.attributes, {**JANE, "email_subscribe": "yes"}, "'email_subscribe' is not valid"),
        (checks.attributes, {**JANE, "subscription_groups": [{"subscription_group_id": "g"}]}, "'subscription_groups'"),
        (checks.attributes, {**JANE, "push_subscribe": "opted_in", "email": None}, None),
        (checks.event, {"name": "x", **TIME}, NO_ID),
        (checks.event, event(""), "'name' is not valid"),
        (checks.event, {**JANE, "name": "x"}, "'time' is not valid"),
        (checks.event, event(time="2026-11-25T09:46:40:123Z"), None),
        (checks.event, event(properties={"$a": 1}), "$a"),
        (checks.event, event(properties={"event_name": 1}), "event_name"),
        (checks.event, event(properties={"": 1}), "not valid"),
        (checks.event, event(properties={"a": "x" * 256}), "255"),
        (checks.event, event(properties={"a": ["x" * 250] * 400}), "too large"),
        (checks.event, event(properties=[]), "'properties' is not valid"),
        (checks.purchase, bought(), None),
        (checks.purchase, bought(quantity=0), "'quantity' is not valid"),
        (checks.purchase, bought(quantity=101), "'quantity' is not valid"),
        (checks.purchase, bought(quantity=1.5), "'quantity' is not valid"),
        (checks.purchase, bought(currency="euro"), "'currency' is not valid"),
        (checks.purchase, bought(price="2"), "'price' is not valid"),
        (checks.purchase, bought(product_id="x" * 256), "'product_id' is not valid"),
    ],
)
def test_an_object_is_checked_as_documented(check, one, says):
    found = check(one)
    assert found is None if says is None else says in found


@pytest.mark.parametrize(
    ("name", "properties", "says"),
    [
        ("ecommerce.order_placed", {"order_id": "O", **WORTH}, None),
        ("ecommerce.order_placed", WORTH, "'#/' did not contain a required property of 'order_id'"),
        ("ecommerce.order_placed", {"order_id": "O", **WORTH, "products": []}, "'#/products'"),
        (
            "ecommerce.order_placed",
            {"order_id": "O", **WORTH, "products": [{**LINE, "price": "2"}]},
            "'#/products/0/price'",
        ),
        ("ecommerce.order_placed", {"order_id": "O", **WORTH, "products": [7]}, "'#/products/0'"),
        ("ecommerce.order_placed", {"order_id": "O", **WORTH, "colour": 1}, 'additional properties ["colour"]'),
        ("ecommerce.order_placed", {"order_id": "O", **WORTH, "metadata": {"colour": 1}}, None),
        ("ecommerce.order_cancelled", {"order_id": "O", **WORTH}, "'cancel_reason'"),
        ("ecommerce.cart_updated", {"cart_id": "C", **WORTH, "action": "steal"}, "'#/action'"),
        (
            "ecommerce.cart_updated",
            {"cart_id": "C", "currency": "EUR", "source": "web", "products": [LINE]},
            "'total_value'",
        ),
        (
            "ecommerce.cart_updated",
            {"cart_id": "C", "currency": "EUR", "source": "web", "products": [LINE], "action": "add"},
            None,
        ),
        (
            "ecommerce.product_viewed",
            {**LINE, "currency": "EUR", "source": "web"},
            'additional properties ["quantity"]',
        ),
        ("my.event", {"anything": 1}, None),
    ],
)
def test_a_recommended_event_is_held_to_its_schema(name, properties, says):
    found = schemas.problem(name, properties)
    assert found is None if says is None else says in found and found.startswith("The property '#/")


async def test_good_objects_are_kept_and_bad_ones_named_by_list_and_place(braze):
    reply = await braze.track(
        attributes=[JANE, {"plan": "x"}], events=[event(), event("")], purchases=[bought(quantity=2)]
    )
    assert (reply.status_code, reply.json()) == (
        201,
        {
            "message": "success",
            "attributes_processed": 1,
            "events_processed": 1,
            "purchases_processed": 1,
            "errors": [
                {"type": NO_ID, "input_array": "attributes", "index": 1},
                {"type": "'name' is not valid", "input_array": "events", "index": 1},
            ],
        },
    )
    assert (await braze.users())["u-1"]["total_revenue"] == 5
    refused = await braze.track(events=[event(""), {"name": "x"}])
    assert (refused.status_code, [one["index"] for one in refused.json()["errors"]]) == (400, [0, 1])
    assert refused.json()["message"].startswith("Valid data must be provided")


async def test_what_is_no_request_is_refused_as_a_whole(braze):
    assert (await braze.track()).json()["message"].startswith("Valid data must be provided")
    assert (await braze.track(events={})).status_code == 400
    many = await braze.track(events=[event()] * 40, attributes=[JANE] * 36)
    assert (many.status_code, many.json()["message"]) == (400, "Max Input Length Exceeded")
    assert (await braze.post("/users/track", {}, **{"Content-Type": "text/plain"})).status_code == 415
    assert (await braze.post("/users/track", {}, Authorization="Bearer x")).json() == {"message": "Invalid API Key"}
    assert (await braze.post("/users/other", {})).json() == {"message": "Invalid URL"}
    large = await braze.post("/users/track", {"events": [event(properties={"a": "x" * 4_000_000})]})
    assert (large.status_code, await braze.records("users")) == (413, [])


async def test_a_visitor_alone_comes_to_be_only_where_that_is_asked_for(braze):
    for told, users in (({}, 0), ({"_update_existing_only": True}, 0), ({"_update_existing_only": False}, 1)):
        await braze.track(events=[{"user_alias": VISITOR, "name": "x", **TIME, **told}])
        assert len(await braze.records("users")) == users
    await braze.track(attributes=[{"external_id": "u-9", "_update_existing_only": True, "plan": "x"}])
    assert len(await braze.records("users")) == 1
    await braze.track(events=[{"email": "jane@example.com", "name": "x", **TIME}])
    assert "jane@example.com" in await braze.users()


async def test_attributes_are_changed_unset_and_counted(braze):
    for one in (
        {"email": "jane@example.com", "plan": "gold", "visits": 1, "tags": ["a"]},
        {"plan": None, "visits": {"inc": 2}, "tags": {"add": ["a", "b"]}, "first_name": "Jane"},
        {
            "tags": {"remove": ["a"]},
            "subscription_groups": [{"subscription_group_id": "g", "subscription_state": "subscribed"}],
        },
    ):
        assert (await braze.track(attributes=[{**JANE, **one}])).status_code == 201
    user = (await braze.users())["u-1"]
    assert user["custom_attributes"] == {"visits": 3, "tags": ["b"]}
    assert (user["first_name"], user["subscription_groups"]) == ("Jane", {"g": "subscribed"})


async def test_a_visitor_becomes_a_user_unless_the_user_has_such_an_alias_already(braze):
    async def visit(name):
        alias = {**VISITOR, "alias_name": name}
        await braze.track(events=[{"user_alias": alias, "_update_existing_only": False, "name": "x", **TIME}])
        return await braze.post("/users/identify", {"aliases_to_identify": [{**JANE, "user_alias": alias}]})

    assert (await visit("a-1")).json() == {"message": "success", "aliases_processed": 1}
    assert len(await braze.records("users")) == 1
    await visit("a-2")
    assert len(await braze.records("users")) == 2
    failed = await braze.post("/users/identify", {"aliases_to_identify": [{"user_alias": VISITOR}]})
    assert (failed.status_code, failed.json()["aliases_processed"]) == (201, 0)
    assert failed.json()["errors"][0]["input_array"] == "user_identifiers"
    too_many = await braze.post("/users/identify", {"aliases_to_identify": [{**JANE, "user_alias": VISITOR}] * 51})
    assert too_many.json()["message"].startswith("The max number of external_ids")


async def test_aliases_are_added_and_renamed(braze):
    await braze.track(attributes=[JANE])
    added = {"user_aliases": [{**JANE, **VISITOR}, {"external_id": "nobody", **VISITOR, "alias_label": "x"}, {}]}
    assert (await braze.post("/users/alias/new", added)).json()["aliases_processed"] == 2
    renamed = {"alias_label": "device", "old_alias_name": "a-1", "new_alias_name": "a-7"}
    assert (await braze.post("/users/alias/update", {"alias_updates": [renamed]})).json()["aliases_processed"] == 1
    assert (await braze.users())["u-1"]["user_aliases"] == [{"alias_label": "device", "alias_name": "a-7"}]
    assert len(await braze.records("users")) == 1


@pytest.mark.parametrize(
    ("updates", "says"),
    [
        (7, "'merge_updates' must be an array of objects"),
        ([{"identifier_to_merge": JANE}], "'merge_updates' must only have"),
        ([{"identifier_to_merge": JANE, "identifier_to_keep": {"id": 1}}], "identifiers must be objects"),
        ([{"identifier_to_merge": JANE, "identifier_to_keep": JANE}] * 51, "may not contain more than 50"),
    ],
)
async def test_merges_of_a_wrong_form_are_refused_in_brazes_words(braze, updates, says):
    reply = await braze.post("/users/merge", {"merge_updates": updates})
    assert reply.status_code == 400
    assert says in reply.json()["message"]


async def test_two_users_are_merged_set_in_groups_exported_and_erased(braze):
    for user in ("u-0", "u-1"):
        await braze.track(
            attributes=[{"external_id": user, "email": f"{user}@example.com"}], events=[event() | {"external_id": user}]
        )
    update = {"identifier_to_merge": {"external_id": "u-0"}, "identifier_to_keep": JANE}
    assert (await braze.post("/users/merge", {"merge_updates": [update]})).status_code == 202
    (user,) = await braze.records("users")
    assert {one["owner"] for one in await braze.records("events")} == {user["id"]}
    group = {"subscription_group_id": "g", "subscription_state": "unsubscribed"}
    both = await braze.post(
        "/v2/subscription/status/set", {"subscription_groups": [{**group, "emails": ["a"], "phones": ["+1"]}]}
    )
    assert (both.status_code, "together" in both.json()["message"]) == (400, True)
    await braze.post("/v2/subscription/status/set", {"subscription_groups": [{**group, "external_ids": ["u-1"]}]})
    shown = (await braze.post("/users/export/ids", {"external_ids": ["u-1", "u-0"]})).json()
    assert (shown["users"][0]["subscription_groups"], shown["invalid_user_ids"]) == ({"g": "unsubscribed"}, ["u-0"])
    assert (await braze.post("/users/delete", {"external_ids": ["u-1"], "braze_ids": ["x"]})).status_code == 400
    assert (await braze.post("/users/delete", {"external_ids": ["u-1", "u-0"]})).json()["deleted"] == 1
    assert [await braze.records(kind) for kind in ("users", "events")] == [[], []]


async def test_a_cart_takes_nothing_older_and_nothing_after_its_checkout(braze, clock):
    async def update(name, at, **more):
        told = {"cart_id": "C", **WORTH, **more}
        reply = await braze.track(events=[event(name, properties=told, time=at)])
        assert reply.status_code == 201
        newest = (await braze.client.get("/braze/_control/requests?limit=1")).json()[0]
        return (
            (await braze.client.get(f"/braze/_control/requests/{newest['id']}")).json()["verdicts"][0].get("said", [])
        )

    cart = "ecommerce.cart_updated"
    assert await update(cart, "2026-11-23T10:00:00Z") == []
    assert "not newer" in (await update(cart, "2026-11-23T10:00:00Z"))[0]
    assert await update("ecommerce.checkout_started", "2026-11-23T10:01:00Z", checkout_id="CH") == []
    assert "at checkout" in (await update(cart, "2026-11-23T11:00:00Z"))[0]


async def test_limits_are_told_by_brazes_headers_and_end_with_their_window(braze, clock):
    await braze.steer(rate_limit={"requests": 1, "window_seconds": 3})
    first = await braze.track(events=[event()])
    assert (first.headers["x-ratelimit-limit"], first.headers["x-ratelimit-remaining"]) == ("1", "0")
    assert int(first.headers["x-ratelimit-reset"]) - clock.now.timestamp() == 4
    refused = await braze.track(events=[event()])
    assert (refused.status_code, "retry-after" in refused.headers, "x-ratelimit-reset" in refused.headers) == (
        429,
        False,
        True,
    )
    clock.advance(seconds=4)
    assert (await braze.track(events=[event()])).status_code == 201


async def test_what_is_taken_is_shown_after_the_lag_and_the_panel_marks_what_is_ours(braze, clock):
    await braze.steer(lag_seconds=60)
    await braze.track(attributes=[{**JANE, "plan": "gold"}], purchases=[bought()])
    assert await braze.records("users") == []
    clock.advance(seconds=61)
    (user,) = await braze.records("users")
    page = (await braze.client.get(f"/braze/panel/records/users/{user['id']}")).text
    assert "gold" in page
    assert "SKU-1" in page
    told = (await braze.client.get("/braze/_control/ours")).json()
    assert {"no_such_alias", "schema_words"} <= {one["name"] for one in told}
    denied = await braze.post("/users/track", {}, **{"Content-Type": "text/plain"})
    assert denied.headers["x-sandbox-ours"] in {one["name"] for one in told}


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*JANE, "name", "time", "properties", "user_alias"]), inner)
    ),
    max_leaves=8,
)


@given(ANYTHING)
def test_no_object_is_too_odd_to_be_judged(value):
    one = value if isinstance(value, dict) else {"name": value}
    for check in (checks.attributes, checks.event, checks.purchase):
        assert check({**JANE, **one}) is None or isinstance(check({**JANE, **one}), str)
    for name in schemas.SCHEMAS:
        assert isinstance(schemas.problem(name, json.loads(json.dumps(one))), str)


async def test_many_objects_go_to_their_own_call_and_no_more_than_a_hundred_of_one_user(braze):
    def of(count, **who):
        return [{**event(score=number), **who} for number in range(count)]

    many = {"events": [one for user in range(10) for one in of(100, external_id=f"u-{user}")]}
    assert (await braze.post("/users/track", many)).json()["message"] == "Max Input Length Exceeded"
    reply = await braze.post("/users/track/bulk", many)
    assert (reply.status_code, reply.json()) == (201, {"message": "success", "events_processed": 1_000})
    assert reply.headers["x-ratelimit-limit"] == "50"
    assert len(await braze.users()) == 10
    refused = await braze.post("/users/track/bulk", {"events": of(101)})
    assert (refused.status_code, refused.headers["x-sandbox-ours"]) == (400, "too_many_of_user")
    refused = await braze.post("/users/track/bulk", {"events": [*many["events"], event(external_id="u-11")]})
    assert (refused.status_code, refused.json()["message"]) == (400, "Max Input Length Exceeded")
    assert (await braze.post("/users/track/bulk", {"events": [{"name": "x" * 2_100_000}]})).status_code == 413


async def test_the_state_of_an_email_address_is_set_for_who_has_it(braze):
    await braze.track(attributes=[{**JANE, "email": "jane@example.com"}])
    told = {"email": ["jane@example.com", "nobody@example.com"], "subscription_state": "unsubscribed"}
    assert (await braze.post("/email/status", told)).json() == {"message": "success"}
    assert (await braze.users())["u-1"]["email_subscribe"] == "unsubscribed"
    wrong = await braze.post("/email/status", {**told, "subscription_state": "never"})
    assert (wrong.status_code, wrong.headers["x-sandbox-ours"]) == (400, "email_status")
