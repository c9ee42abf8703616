"""What is taken with a 200 and not kept: rows 16 and 17 of the contract's behaviour table."""

import pytest

ORDER = {"event_group_id": "ORD-9", "unit_sale_price": 10, "currency": "GBP"}


@pytest.mark.parametrize(
    ("name", "days"),
    [("page_view", 90), ("product_detail_page_view", 90), ("sign_up_confirmation", 365), ("purchase", 730)],
)
async def test_an_event_older_than_its_retention_is_not_stored(insider, person, event, clock, *, name, days):
    sent = person(events=[event(name, timestamp=clock().isoformat(), event_params=ORDER)])
    clock.advance(days=days)
    assert await insider.ignored(sent) == {}
    clock.advance(seconds=1)
    later = person(events=[event(name, timestamp="2026-11-23T11:59:59Z", event_params=ORDER)])
    assert await insider.ignored(later) == {"users.0.events.0": f"older than the {days} days that this event is kept"}
    assert len((await insider.user("user-123"))["events"]) == 1


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("age", "forty", "expected a number"),
        ("age", True, "expected a number"),
        ("name", 5, "expected a string"),
        ("email_optin", "yes", "expected a boolean"),
        ("country", "gb", "expected an ISO 3166-1 alpha-2 code in capitals"),
        ("country", "GBR", "expected an ISO 3166-1 alpha-2 code in capitals"),
        ("birthday", "1993-03-12T00:00:00+03:00", "expected an RFC 3339 date ending in Z"),
        ("birthday", "1993-03-12", "expected an RFC 3339 date ending in Z"),
        ("phone_number", "07700 900123", "expected a phone number in E.164 form"),
        ("static_segment_id", ["a"], "expected an array of numbers"),
        ("loyalty_tier", "gold", "not a default name: names of your own go under custom"),
        ("name", None, "null neither sets nor clears: use attribute delete"),
    ],
)
async def test_an_attribute_that_does_not_fit_is_ignored(insider, person, name, value, reason):
    assert await insider.ignored(person(attributes={"city": "London", name: value})) == {
        f"users.0.attributes.{name}": reason
    }
    assert (await insider.user("user-123"))["profile"]["attributes"] == {"city": "London"}


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("c_tier", "gold", "the c_ prefix is for reading only: send the name without it"),
        ("tier", {"name": "gold"}, "expected a string, number, boolean, or an array of strings, numbers or objects"),
        ("tier", ["gold", 1], "expected a string, number, boolean, or an array of strings, numbers or objects"),
        ("tier", None, "null neither sets nor clears: use attribute delete"),
        ("tier", 10**400, "expected a string, number, boolean, or an array of strings, numbers or objects"),
    ],
)
async def test_a_custom_attribute_that_does_not_fit_is_ignored(insider, person, name, value, reason):
    assert await insider.ignored(person(attributes={"custom": {"points": 5, name: value}})) == {
        f"users.0.attributes.custom.{name}": reason
    }
    assert (await insider.user("user-123"))["profile"]["custom"] == {"points": 5}


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("taxonomy", "Home > Kitchen", "expected an array of strings"),
        ("currency", "gbp", "expected an ISO 4217 code in capitals"),
        ("quantity", 10**400, "expected an integer"),
        ("product_id", 5, "expected a string"),
        ("unit_price", "12.00", "expected a number"),
        ("quantity", 1.5, "expected an integer"),
        ("total", 38.95, "not a default name: names of your own go under custom"),
    ],
)
async def test_a_parameter_that_does_not_fit_is_ignored(insider, person, event, *, name, value, reason):
    sent = event("product_detail_page_view", event_params={"color": "red", name: value, "custom": {"shelf": 3}})
    assert await insider.ignored(person(events=[sent])) == {f"users.0.events.0.event_params.{name}": reason}
    stored = (await insider.user("user-123"))["events"][0]
    assert (stored["parameters"], stored["custom"]) == ({"color": "red"}, {"shelf": 3})


@pytest.mark.parametrize("value", ["3.95", 3.95])
async def test_a_shipping_cost_may_be_a_string_or_a_number(insider, person, event, value):
    sent = event("purchase", event_params={**ORDER, "shipping_cost": value})
    assert await insider.ignored(person(events=[sent])) == {}


@pytest.mark.parametrize("value", ["undefined", "anonymous", "0", "1", "null", ""])
async def test_a_blocked_value_does_not_identify(insider, person, value):
    ignored = await insider.ignored(person(identifiers={"uuid": value, "email": "jane@example.com"}))
    assert ignored == {"users.0.identifiers.uuid": "blocked identifier value"}
    assert [each["type"] for each in (await insider.user("jane"))["profile"]["identifiers"]] == ["email"]


async def test_a_user_whom_nothing_identifies_is_counted_and_not_written(insider, person):
    ignored = await insider.ignored(person(identifiers={"uuid": ""}))
    assert ignored["users.0"] == "nothing in it identifies a user: no profile is written"
    assert await insider.control("/users") == []


async def test_an_unknown_insider_id_is_counted_and_not_written(insider):
    await insider.ignored({"insider_id": "nobody", "attributes": {"name": "Jane"}})
    assert await insider.control("/users") == []


async def test_an_identifier_that_the_account_does_not_resolve_by_stays_an_attribute(insider, person):
    ignored = await insider.ignored(person(identifiers={"uuid": "user-123", "custom": {"device": "d-1"}}))
    assert list(ignored) == ["users.0.identifiers.custom.device"]
    assert (await insider.user("user-123"))["profile"]["custom"] == {"device": "d-1"}


async def test_names_that_are_not_registered_are_ignored_once_names_are_registered(insider, person, event):
    rules = {"attributes": ["tier"], "events": ["page_view"], "parameters": ["page_name"]}
    await insider.control("/accounts/myco", "PATCH", {"rules": rules})
    sent = person(
        attributes={"custom": {"tier": "gold", "points": 5}},
        events=[event("page_view", event_params={"custom": {"page_name": "Home", "shelf": 3}}), event("login")],
    )
    assert await insider.ignored(sent) == {
        "users.0.attributes.custom.points": "not registered in Attributes and Events",
        "users.0.events.0.event_params.custom.shelf": "not registered in Attributes and Events",
        "users.0.events.1": "not registered in Attributes and Events",
    }


async def test_what_was_ignored_is_shown_with_the_user(insider, person):
    await insider.upsert(person(attributes={"name": "Jane", "tier": "gold"}))
    shown = (await insider.user("user-123"))["ignored"]
    assert [(each["path"], each["value"]) for each in shown] == [("attributes.tier", "gold")]
