"""What is kept of what is taken: row 18 of the contract's behaviour table, and reading it back."""

import pytest

CONTRACT_ORDER = {
    "identifiers": {"uuid": "user-123", "email": "jane@example.com"},
    "attributes": {"email": "jane@example.com", "language": "en_GB"},
    "not_append": True,
    "events": [
        {
            "event_name": "confirmation_page_view",
            "timestamp": "2026-11-23T10:00:00Z",
            "event_params": {
                "event_group_id": "ORD-9",
                "product_id": "SKU-1",
                "name": "Mug",
                "taxonomy": ["Home", "Kitchen"],
                "currency": "GBP",
                "unit_price": 12.0,
                "unit_sale_price": 10.0,
                "quantity": 2,
                "url": "https://shop.example/mug",
                "shipping_cost": "3.95",
                "custom": {"order_total": 38.95, "coupon": "WELCOME"},
            },
        },
        {
            "event_name": "confirmation_page_view",
            "timestamp": "2026-11-23T10:00:00Z",
            "event_params": {
                "event_group_id": "ORD-9",
                "product_id": "SKU-2",
                "name": "Teapot",
                "taxonomy": ["Home", "Kitchen"],
                "currency": "GBP",
                "unit_price": 15.0,
                "unit_sale_price": 15.0,
                "quantity": 1,
                "custom": {"order_total": 38.95, "coupon": "WELCOME"},
            },
        },
    ],
}


def _held(user) -> dict[str, str]:
    return {each["type"]: each["value"] for each in user["profile"]["identifiers"]}


async def test_an_order_of_two_lines_is_stored_whole(insider):
    assert await insider.ignored(CONTRACT_ORDER) == {}
    user = await insider.user("user-123")
    assert _held(user) == {"uuid": "user-123", "email": "jane@example.com"}
    assert user["profile"]["attributes"] == {"email": "jane@example.com", "language": "en_GB"}
    assert [event["parameters"]["name"] for event in user["events"]] == ["Mug", "Teapot"]
    assert user["events"][0]["custom"] == {"order_total": 38.95, "coupon": "WELCOME"}


async def test_the_very_same_event_is_stored_once_and_counted(insider):
    for _ in range(3):
        await insider.upsert(CONTRACT_ORDER)
    user = await insider.user("user-123")
    assert [event["times_received"] for event in user["events"]] == [3, 3]
    assert (await insider.verdicts())[0]["duplicate_events"] == 2
    assert (await insider.control("/totals"))["repeated_events"] == 4


async def test_the_same_event_at_another_moment_is_another_event(insider, person, event):
    await insider.upsert(person(events=[event(), event(timestamp="2026-11-23T10:00:01Z")]))
    user = await insider.user("user-123")
    assert [each["timestamp"][:19] for each in user["events"]] == ["2026-11-23T10:00:01", "2026-11-23T10:00:00"]


async def test_a_person_is_found_by_uuid_and_by_email(insider):
    await insider.upsert(CONTRACT_ORDER)
    assert (await insider.user("user-123"))["profile"] == (await insider.user("jane@example.com"))["profile"]


async def test_words_of_a_search_are_taken_as_they_are(insider, person):
    await insider.upsert(person("user_1"), person("user-2"))
    assert len(await insider.control("/users?q=r_")) == 1
    assert await insider.control("/users?q=%25") == []


@pytest.mark.parametrize("later", [{"email": "jane@example.com"}, {"phone_number": "+447700900123"}])
async def test_any_known_identifier_leads_to_the_same_profile(insider, person, later):
    known = {"uuid": "user-123", "email": "jane@example.com", "phone_number": "+447700900123"}
    await insider.upsert(person(identifiers=known), person(identifiers=later, attributes={"city": "London"}))
    assert (await insider.user("user-123"))["profile"]["attributes"] == {"name": "Jane", "city": "London"}


async def test_short_names_of_identifiers_are_the_long_ones(insider, person):
    await insider.upsert(person(identifiers={"em": "jane@example.com", "pn": "+447700900123"}))
    assert _held(await insider.user("jane")) == {"email": "jane@example.com", "phone_number": "+447700900123"}


async def test_profiles_that_one_request_ties_together_become_one(insider, person, event):
    await insider.upsert(
        person(identifiers={"email": "jane@example.com"}, attributes={"city": "London"}, events=[event("a")]),
        person(identifiers={"uuid": "user-123"}, attributes={"city": "Leeds"}, events=[event("a"), event("b")]),
        person(identifiers={"uuid": "user-123", "email": "jane@example.com"}),
    )
    user = await insider.user("user-123")
    assert _held(user) == {"uuid": "user-123", "email": "jane@example.com"}
    assert user["profile"]["attributes"] == {"city": "Leeds", "name": "Jane"}
    assert sorted(each["name"] for each in user["events"]) == ["a", "b"]
    assert (await insider.control("/totals"))["users"] == 1


async def test_an_upsert_does_not_change_an_identifier(insider, person):
    await insider.upsert(person(identifiers={"uuid": "user-123", "email": "old@example.com"}))
    ignored = await insider.ignored(person(identifiers={"uuid": "user-123", "email": "new@example.com"}))
    assert list(ignored) == ["users.0.identifiers.email"]
    assert _held(await insider.user("user-123"))["email"] == "old@example.com"


async def test_two_people_with_one_email_stay_two(insider, person):
    await insider.upsert(person("user-123", identifiers={"uuid": "user-123", "email": "home@example.com"}))
    ignored = await insider.ignored(person(identifiers={"uuid": "user-456", "email": "home@example.com"}))
    assert list(ignored) == ["users.0.identifiers.email"]
    assert _held(await insider.user("user-456")) == {"uuid": "user-456"}
    assert _held(await insider.user("user-123")) == {"uuid": "user-123", "email": "home@example.com"}


async def test_a_custom_identifier_unifies_once_the_account_lets_it(insider, person):
    types = ["uuid", "email", "phone_number", "custom.device"]
    await insider.control("/accounts/myco", "PATCH", {"rules": {"identifier_types": types}})
    await insider.upsert(
        person(identifiers={"custom": {"device": "d-1"}}, attributes={"city": "London"}),
        person(identifiers={"uuid": "user-123", "custom": {"device": "d-1"}}),
    )
    user = await insider.user("user-123")
    assert _held(user) == {"uuid": "user-123", "custom.device": "d-1"}
    assert user["profile"]["attributes"]["city"] == "London"


async def test_the_limit_of_values_is_the_accounts_to_set(insider, person):
    await insider.control("/accounts/myco", "PATCH", {"rules": {"identifier_limits": {"email": 2}}})
    await insider.upsert(
        person(identifiers={"uuid": "user-123", "email": "a@example.com"}),
        person(identifiers={"uuid": "user-123", "email": "b@example.com"}),
    )
    assert (await insider.user("b@example.com"))["profile"]["id"] == (await insider.user("user-123"))["profile"]["id"]


async def test_a_profile_is_reached_by_its_insider_id(insider, person):
    await insider.upsert(person())
    insider_id = (await insider.user("user-123"))["profile"]["insider_id"]
    await insider.upsert({"insider_id": insider_id, "attributes": {"city": "London"}})
    assert (await insider.user("user-123"))["profile"]["attributes"] == {"name": "Jane", "city": "London"}


@pytest.mark.parametrize(
    ("flags", "kept"),
    [
        ({}, ["a", "b", "c"]),
        ({"not_append": True}, ["b", "c"]),
        ({"append": False}, ["b", "c"]),
        ({"not_append": True, "append": True}, ["a", "b", "c"]),
        ({"not_append": False, "append": False}, ["b", "c"]),
    ],
)
async def test_arrays_are_added_to_unless_told_otherwise_and_append_wins(insider, person, flags, kept):
    await insider.upsert(person(attributes={"custom": {"liked": ["a", "b"]}}))
    await insider.upsert(person(attributes={"custom": {"liked": ["b", "c"]}}, **flags))
    assert (await insider.user("user-123"))["profile"]["custom"] == {"liked": kept}


async def test_the_append_flag_may_stand_at_the_root_and_the_users_own_wins(insider, person):
    liked = [person(name, attributes={"custom": {"liked": ["a"]}}) for name in ("one", "two")]
    await insider.upsert(*liked)
    again = [person(name, attributes={"custom": {"liked": ["b"]}}) for name in ("one", "two")]
    await insider.upsert(again[0], {**again[1], "append": True}, not_append=True)
    assert (await insider.user("one"))["profile"]["custom"] == {"liked": ["b"]}
    assert (await insider.user("two"))["profile"]["custom"] == {"liked": ["a", "b"]}


async def test_what_happened_to_a_profile_is_its_history(insider, person):
    await insider.upsert(person(identifiers={"email": "jane@example.com"}, attributes={"city": "London"}))
    for _ in range(2):
        await insider.upsert(person(identifiers={"uuid": "user-123"}, attributes={"custom": {"tier": "gold"}}))
    await insider.upsert(person(identifiers={"uuid": "user-123", "email": "jane@example.com"}))
    history = (await insider.user("user-123"))["history"]
    told = [(each["kind"], each["detail"]) for each in history]
    assert told == [
        ("attributes", {"name": "Jane"}),
        ("attributes", {"city": "London"}),
        ("merged", {"email": "jane@example.com"}),
        ("attributes", {"custom.tier": "gold"}),
        ("created", {"uuid": "user-123"}),
        ("attributes", {"city": "London"}),
        ("created", {"email": "jane@example.com"}),
    ]


async def test_the_order_of_priority_decides_whose_profile_an_upsert_goes_to(insider, person):
    await insider.upsert(
        person(identifiers={"uuid": "user-123", "email": "a@example.com"}),
        person(identifiers={"uuid": "user-456", "email": "b@example.com"}),
    )
    torn = person(identifiers={"uuid": "user-123", "email": "b@example.com"}, attributes={"city": "London"})
    await insider.upsert(torn)
    assert (await insider.user("user-123"))["profile"]["attributes"]["city"] == "London"
    types = {"identifier_types": ["email", "uuid", "phone_number"]}
    await insider.control("/accounts/myco", "PATCH", {"rules": types})
    await insider.upsert({**torn, "attributes": {"city": "Leeds"}})
    assert (await insider.user("user-456"))["profile"]["attributes"]["city"] == "Leeds"
    assert (await insider.user("user-123"))["profile"]["attributes"]["city"] == "London"


async def test_blocked_values_are_the_accounts_to_set(insider, person):
    await insider.control("/accounts/myco", "PATCH", {"rules": {"blocked_values": ["test@example.com"]}})
    ignored = await insider.ignored(person(identifiers={"uuid": "1", "email": "test@example.com"}))
    assert ignored == {"users.0.identifiers.email": "blocked identifier value"}
    assert _held(await insider.user("1")) == {"uuid": "1"}


async def test_a_profile_whose_limit_allows_it_holds_several_values_and_merges_others(insider, person):
    limits = {"identifier_limits": {"email": 3, "uuid": 2}}
    await insider.control("/accounts/myco", "PATCH", {"rules": limits})
    await insider.upsert(
        person(identifiers={"uuid": "user-123", "email": "a@example.com"}),
        person(identifiers={"uuid": "user-456", "email": "b@example.com"}),
        person(identifiers={"uuid": "user-123", "email": "b@example.com"}),
    )
    held = {(each["type"], each["value"]) for each in (await insider.user("user-456"))["profile"]["identifiers"]}
    assert held == {
        ("uuid", "user-123"),
        ("uuid", "user-456"),
        ("email", "a@example.com"),
        ("email", "b@example.com"),
    }
    third = await insider.ignored(person(identifiers={"uuid": "user-789", "email": "b@example.com"}))
    assert list(third) == ["users.0.identifiers.email"]
    assert (await insider.control("/totals"))["users"] == 2


async def test_users_of_one_account_are_strangers_to_another(insider, person):
    await insider.upsert(person())
    await insider.control("/accounts", "POST", {"partner": "other"})
    assert await insider.control("/users?partner=other") == []


async def test_everything_is_still_there_after_a_restart(started, called, person, event):
    first = started()
    await called(first).upsert(person(events=[event()]))
    first.close()
    insider = called(started())
    assert (await insider.user("user-123"))["events"][0]["name"] == "page_view"
    assert (await insider.upsert(person(events=[event()]))).status_code == 200
    assert (await insider.control("/totals"))["repeated_events"] == 1


async def test_a_profile_is_read_back_by_what_is_asked_for(insider, person, event):
    await insider.upsert(
        person(
            identifiers={"uuid": "user-123", "email": "jane@example.com"},
            attributes={"name": "Jane", "gdpr_optin": True, "custom": {"tier": "gold"}},
            events=[event("page_view", event_params={"url": "https://shop.example/", "custom": {"shelf": 3}})],
        )
    )
    asked = {
        "identifiers": {"email": "jane@example.com"},
        "attributes": ["uuid", "gdpr", "c_tier"],
        "events": {
            "start_date": 1,
            "end_date": 4102444800,
            "wanted": [{"event_name": "page_view", "params": ["url", "c_shelf", "timestamp"]}],
        },
    }
    body = (await insider.post("/api/user/v1/profile", asked)).json()
    insider_id = body["attributes"].pop("iid")
    assert body["attributes"] == {"uuid": "user-123", "gdpr": True, "c_tier": "gold"}
    assert body["events"] == {
        "page_view": [
            {
                "url": "https://shop.example/",
                "c_shelf": 3,
                "created_date": "2026-11-23T10:00:00.000000Z",
                "source": "api",
            }
        ]
    }
    everything = (await insider.post("/api/user/v1/profile", {"insider_id": insider_id, "attributes": ["*"]})).json()
    assert everything["attributes"]["name"] == "Jane"


async def test_an_unknown_profile_is_not_found(insider):
    reply = await insider.post("/api/user/v1/profile", {"identifiers": {"uuid": "nobody"}, "attributes": ["*"]})
    assert (reply.status_code, reply.json()) == (
        404,
        {"error": "no such user for these identifiers: no data"},
    )


async def test_metadata_lists_the_attributes_that_the_account_knows(insider, person):
    await insider.upsert(person(attributes={"custom": {"tier": "gold", "liked": ["a"]}}))
    columns = (await insider.post("/api/user/v3/metadata/columns", {"table": "contacts"})).json()
    by_key = {column["key"]: column for column in columns}
    assert by_key["c_tier"] == {"key": "c_tier", "display_name": "tier"}
    assert by_key["c_liked"]["type"] == "array"
    assert "email" in by_key


async def test_metadata_lists_the_events_that_the_account_knows(insider, person, event):
    await insider.upsert(person(events=[event("page_view", event_params={"custom": {"shelf": 3}})]))
    columns = (await insider.post("/api/user/v3/metadata/columns", {"table": "events"})).json()
    by_key = {column["key"]: column for column in columns}
    assert by_key["page_view"]["params"] == [{"key": "c_shelf", "display_name": "shelf"}]
    assert by_key["homepage_view"]["display_name"] == "Homepage View"


async def test_metadata_is_a_check_of_credentials(insider):
    insider.headers["X-REQUEST-TOKEN"] = "wrong"
    reply = await insider.post("/api/user/v3/metadata/columns", {"table": "contacts"})
    assert reply.status_code == 403
