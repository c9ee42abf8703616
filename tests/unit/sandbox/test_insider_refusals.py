"""Users that are refused: rows 10 to 15 of the contract's behaviour table, keys and messages word for word."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datafly.sandbox.insider.kinds import is_email

NO_IDENTIFIER = "either insider_id or idenifiers must be specified"
EMAIL_KEY = r"users.0.identifiers.*.regexp(^.+@.+\..+$)"
PHONE_KEY = r"users.0.identifiers.*.regexp(^\+[1-9]\d{6,14}$)"
NAME_KEY = "users.0.events.0.event_name.*.regexp(^[a-z0-9][a-zA-Z0-9._-]*$)"


@pytest.mark.parametrize("nobody", [{}, {"identifiers": {}}, {"identifiers": None}, {"insider_id": ""}])
async def test_a_user_needs_identifiers_or_an_insider_id(insider, nobody):
    assert await insider.errors({"attributes": {"name": "Jane"}, **nobody}) == {
        "users.0.identifiers.required": [NO_IDENTIFIER],
        "users.0.insider_id.required": [NO_IDENTIFIER],
    }


@pytest.mark.parametrize("key", ["email", "em"])
@pytest.mark.parametrize("value", ["jane", "jane@example", "@example.com", "jane@example.com\n", ""])
async def test_a_bad_email_is_refused(insider, person, key, value):
    errors = await insider.errors(person(identifiers={key: value}))
    assert errors == {EMAIL_KEY: [f"not a valid email address: {value}"]}


@settings(deadline=None)
@given(value=st.text(alphabet="a@.\n\r", max_size=8))
def test_an_email_is_what_the_printed_pattern_says(value):
    assert is_email(value) == (re.fullmatch(r".+@.+\..+", value) is not None)


@pytest.mark.parametrize("value", ["@" * 2_000_000, "." * 2_000_000, "a@" + "." * 2_000_000 + "\n"])
def test_an_email_of_millions_of_characters_is_answered(value):
    assert not is_email(value)


@pytest.mark.parametrize("key", ["phone_number", "pn"])
@pytest.mark.parametrize("value", ["447700900123", "+0447700900", "+44 7700 900123", "+123456", "+1234567890123456"])
async def test_a_bad_phone_number_is_refused(insider, person, key, value):
    errors = await insider.errors(person(identifiers={key: value}))
    assert errors == {PHONE_KEY: [f"user has an invalid phone number: {value}"]}


@pytest.mark.parametrize("value", ["+1234567", "+123456789012345", "+447700900123"])
async def test_an_e164_phone_number_is_taken(insider, person, value):
    assert await insider.ignored(person(identifiers={"phone_number": value})) == {}


@pytest.mark.parametrize(("value", "shown"), [(123, "123"), (True, "true"), (None, "null")])
async def test_a_uuid_must_be_a_string(insider, person, value, shown):
    errors = await insider.errors(person(identifiers={"uuid": value}))
    assert errors == {"users.0.identifiers.*.type(string)": [f"uuid must be string: {shown}"]}


async def test_an_unknown_identifier_is_refused(insider, person):
    errors = await insider.errors(person(identifiers={"uuid": "u", "user_id": "u"}))
    assert errors == {
        "users.0.identifiers.*.in(defaults_column)": ["key must be one of phone_number(pn), email(em) or uuid"]
    }


@pytest.mark.parametrize(
    "nothing",
    [
        {},
        {"attributes": {}},
        {"events": []},
        {"attributes": {"custom": {}}, "events": []},
        {"attributes": None, "events": None},
    ],
)
async def test_a_user_needs_attributes_or_events(insider, nothing):
    errors = await insider.errors({"identifiers": {"uuid": "u"}, **nothing})
    assert list(errors) == ["users.0.required"]


@pytest.mark.parametrize("attributes", [{}, {"custom": {}}])
async def test_empty_attributes_are_tolerated_beside_events(insider, person, event, attributes):
    assert await insider.ignored(person(attributes=attributes, events=[event()])) == {}


@pytest.mark.parametrize(
    "name", ["homepageView", "Homepage", "home page", "_home", "-home", "höme", "", "home\n", "home/page"]
)
async def test_a_bad_event_name_is_refused_also_for_capitals_that_the_printed_pattern_allows(
    insider, person, event, name
):
    errors = await insider.errors(person(events=[event(name)]))
    assert errors == {NAME_KEY: [f"invalid event name: {name}"]}


async def test_a_missing_event_name_is_refused(insider, person):
    errors = await insider.errors(person(events=[{"timestamp": "2026-11-23T10:00:00Z"}]))
    assert errors == {NAME_KEY: ["invalid event name: "]}


@pytest.mark.parametrize("name", ["form_submission", "2nd.visit", "a-b_c.d", "0"])
async def test_event_names_may_have_digits_dots_dashes_and_underscores(insider, person, event, name):
    assert await insider.ignored(person(events=[event(name)])) == {}


async def test_a_missing_timestamp_is_refused(insider, person):
    errors = await insider.errors(person(events=[{"event_name": "page_view"}]))
    assert list(errors) == ["users.0.events.0.timestamp.required"]


@pytest.mark.parametrize(
    "value", ["2026-11-23", "2026-11-23 10:00:00Z", "2026-11-23T10:00:00", "2026-13-01T00:00:00Z", 1795600000, "now"]
)
async def test_a_timestamp_that_is_not_rfc_3339_is_refused(insider, person, event, value):
    errors = await insider.errors(person(events=[event(timestamp=value)]))
    assert list(errors) == ["users.0.events.0.timestamp.type(datetime)"]


@pytest.mark.parametrize(
    "value", ["2026-11-23T10:00:00Z", "2026-11-23T13:00:00+03:00", "2026-11-23T10:00:00.123456789Z"]
)
async def test_offsets_and_fractions_of_a_second_are_taken(insider, person, event, value):
    assert await insider.ignored(person(events=[event(timestamp=value)])) == {}


@pytest.mark.parametrize("name", ["purchase", "confirmation_page_view"])
async def test_a_purchase_needs_its_order_price_and_currency(insider, person, event, name):
    errors = await insider.errors(person(events=[event("page_view"), event(name, event_params={})]))
    assert errors == {
        "users.0.events.1.event_params.*.required": [
            f"event_group_id parameter is required on {name} event",
            f"unit_sale_price parameter is required on {name} event",
            f"currency parameter is required on {name} event",
        ]
    }


async def test_a_purchase_without_any_parameters_is_refused_alike(insider, person, event):
    assert list(await insider.errors(person(events=[event("purchase")]))) == [
        "users.0.events.0.event_params.*.required"
    ]


async def test_a_cart_page_view_needs_its_cart_currency_and_price(insider, person, event):
    errors = await insider.errors(person(events=[event("cart_page_view", event_params={"currency": "GBP"})]))
    assert errors["users.0.events.0.event_params.*.required"] == [
        "event_group_id parameter is required on cart_page_view event",
        "unit_sale_price parameter is required on cart_page_view event",
    ]


async def test_what_is_not_documented_to_be_required_can_be_switched_off(insider, person, event):
    await insider.control("/accounts/myco", "PATCH", {"rules": {"strict_parameters": False}})
    order = event("purchase", event_params={"event_group_id": "ORD-9", "unit_sale_price": 10})
    assert await insider.ignored(person(events=[order, event("cart_page_view")])) == {}


async def test_a_purchase_without_quantity_is_taken_as_the_real_api_takes_it(insider, person, event):
    params = {"event_group_id": "ORD-9", "unit_sale_price": 10, "currency": "GBP"}
    assert await insider.ignored(person(events=[event("purchase", event_params=params)])) == {}


@pytest.mark.parametrize(
    ("part", "key"),
    [
        ({"identifiers": "user-123"}, "users.0.identifiers.type(object)"),
        ({"identifiers": {"custom": "x"}}, "users.0.identifiers.custom.type(object)"),
        ({"insider_id": 5}, "users.0.insider_id.type(string)"),
        ({"attributes": ["name"]}, "users.0.attributes.type(object)"),
        ({"attributes": {"custom": "x"}}, "users.0.attributes.custom.type(object)"),
        ({"events": {}}, "users.0.events.type(array)"),
        ({"events": ["page_view"]}, "users.0.events.0.type(object)"),
        (
            {"events": [{"event_name": "a", "timestamp": "2026-11-23T10:00:00Z", "event_params": []}]},
            "users.0.events.0.event_params.type(object)",
        ),
        (
            {"events": [{"event_name": "a", "timestamp": "2026-11-23T10:00:00Z", "event_params": {"custom": 1}}]},
            "users.0.events.0.event_params.custom.type(object)",
        ),
    ],
)
async def test_a_part_of_the_wrong_shape_is_refused(insider, person, part, key):
    assert list(await insider.errors(person(**part))) == [key]


@pytest.mark.parametrize(
    ("sent", "names"),
    [
        ({"event_name": "purchase", "event_params": {"currency": "GBP"}}, None),
        (
            {"event_name": "purchase", "event_params": {"event_group_id": "O", "unit_sale_price": 1}},
            "parameter_required",
        ),
        ({"event_name": "confirmation_page_view", "event_params": {"currency": "GBP"}}, "parameter_required"),
        ({"event_name": "homepageView"}, None),
        ({}, "event_name_required"),
        ({"event_name": "a", "timestamp": 5}, "timestamp_type"),
        ({"event_name": "a", "timestamp": None, "event_params": []}, "event_params_type, timestamp_required"),
    ],
)
async def test_an_answer_names_in_a_header_what_of_it_no_document_says(insider, person, sent, names):
    reply = await insider.upsert(person(events=[{"timestamp": "2026-11-23T10:00:00Z", **sent}]), person())
    assert reply.json()["data"]["fail"]["count"] == 1
    assert reply.headers.get("x-sandbox-ours") == names
    listed = {each["name"] for each in await insider.control("/ours")}
    assert set((names or "").split(", ")) - {""} <= listed


async def test_every_word_of_ours_has_a_name_of_its_own(insider):
    names = [each["name"] for each in await insider.control("/ours")]
    assert len(set(names)) == len(names)


async def test_a_user_that_is_no_object_is_refused(insider):
    assert list(await insider.errors("user-123")) == ["users.0.type(object)"]


async def test_the_refused_are_named_by_their_place_and_the_others_are_written(insider, person, event):
    reply = await insider.upsert(
        person("first"),
        person("second", events=[event("ok"), event("homepageView")]),
        person("third"),
        person(identifiers={"email": "jane", "phone_number": "1"}),
    )
    assert reply.json() == {
        "data": {
            "successful": {"count": 2},
            "fail": {
                "count": 2,
                "errors": {
                    "users.1.events.1.event_name.*.regexp(^[a-z0-9][a-zA-Z0-9._-]*$)": [
                        "invalid event name: homepageView"
                    ],
                    r"users.3.identifiers.*.regexp(^.+@.+\..+$)": ["not a valid email address: jane"],
                    r"users.3.identifiers.*.regexp(^\+[1-9]\d{6,14}$)": ["user has an invalid phone number: 1"],
                },
            },
        }
    }
    assert {user["identifiers"][0]["value"] for user in await insider.control("/users")} == {"first", "third"}


async def test_when_all_fail_the_count_of_successes_is_an_empty_object(insider, person):
    body = (await insider.upsert(person(identifiers={"email": "a"}), person(identifiers={"email": "b"}))).json()
    assert body["data"]["successful"] == {}
    assert body["data"]["fail"]["count"] == 2
