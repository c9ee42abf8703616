"""What a person steers and explores in the panel: events, segments, rules, faults, settings."""

import re

import pytest

from datafly.sandbox.fault_form import KINDS
from datafly.sandbox.insider.panel.session import DEMO_EMAIL, DEMO_PASSWORD

PANEL = "/insider/panel"
PRICED = {"product_id": "SKU-1", "unit_sale_price": 10, "currency": "GBP"}
ORDER = {**PRICED, "event_group_id": "ORD-9"}


@pytest.fixture
async def panel(insider):
    """The client, signed in."""
    await insider.client.post(f"{PANEL}/log-in", data={"email": DEMO_EMAIL, "password": DEMO_PASSWORD})
    return insider.client


async def _seen(panel, path: str) -> str:
    """The words of a page."""
    reply = await panel.get(f"{PANEL}{path}")
    assert reply.status_code == 200, reply.text
    words = re.sub(r"<(style|script).*?</\1>|<[^>]+>", " ", reply.text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", words)


async def _save(panel, path: str, **form: str):
    return await panel.post(f"{PANEL}{path}", data=form)


# --- users and events -------------------------------------------------------------------------------------------------


async def test_a_user_is_a_timeline_of_events_changes_and_what_was_ignored_by_day(panel, insider, person, event):
    events = [event("login"), event("page_view", timestamp="2026-11-20T18:01:00Z")]
    await insider.upsert(person(attributes={"name": "Jane", "tier": "gold"}, events=events))
    page = await _seen(panel, "/audience/users/1")
    for first, second in [
        ("Monday, 23 November 2026", "Ignored"),
        ("Ignored", "Attributes written"),
        ("Attributes written", "Profile created"),
        ("Profile created", "login"),
        ("login", "Friday, 20 November 2026"),
        ("Friday, 20 November 2026", "page_view"),
    ]:
        assert page.index(first) < page.index(second, page.index(first)), (first, second)
    assert "names of your own go under custom" in page


async def test_a_timeline_shows_events_or_changes_alone(panel, insider, person, event):
    await insider.upsert(person(events=[event("login")]))
    assert "Attributes written" not in await _seen(panel, "/audience/users/1?show=events")
    assert "login" not in await _seen(panel, "/audience/users/1?show=changes")
    assert (await panel.get(f"{PANEL}/audience/users/1?show=nothing")).status_code == 400


async def test_events_are_explored_by_name_with_what_they_carry(panel, insider, person, event):
    viewed = event("product_detail_page_view", event_params={**PRICED, "custom": {"shelf": 3}})
    bare = event("product_detail_page_view", event_params={"product_id": "SKU-2"})
    await insider.upsert(person(events=[viewed, bare, event("login")]), person("user-456", events=[viewed]))
    page = await _seen(panel, "/audience/events")
    assert "product_detail_page_view default 3 2 23 Nov 2026, 10:00:00 UTC" in page
    assert "login custom 1 1" in page
    page = await _seen(panel, "/audience/events?name=product_detail_page_view")
    assert "3 stored, of 2 users" in page
    assert "product_id default 3 100 %" in page
    assert "currency default 2 66 %" in page
    assert "shelf custom 2 66 %" in page
    assert "Never carried, though Insider knows them for this event: name" in page
    assert "login" not in page.partition("As they arrived")[2]


async def test_older_events_are_a_page_further(panel, insider, person, event):
    many = [event("login", timestamp=f"2026-11-23T10:00:{second:02}Z") for second in range(60)]
    await insider.upsert(person(events=many))
    first = (await panel.get(f"{PANEL}/audience/events?name=login")).text
    assert (first.count("<details>"), "10:00:59" in first) == (50, True)
    older = re.search(r'href="/insider/panel(/audience/events\?name=login&amp;before=\d+)"', first)[1]
    second = (await panel.get(f"{PANEL}{older.replace('&amp;', '&')}")).text
    assert (second.count("<details>"), "10:00:59" in second.partition("As they arrived")[2]) == (10, False)


async def test_events_of_another_account_are_not_shown(panel, insider, person, event):
    await insider.upsert(person(events=[event("secret_event")]))
    await insider.control("/accounts", "POST", {"partner": "other"})
    await panel.post(f"{PANEL}/switch", data={"partner": "other"})
    for path in ("/audience/events", "/audience/events?name=secret_event", "/audience/segments"):
        assert "1 stored" not in await _seen(panel, path)
    assert "secret_event" not in await _seen(panel, "/audience/events")


# --- segments ---------------------------------------------------------------------------------------------------------


async def test_no_segment_has_what_it_needs_while_nothing_has_arrived(panel):
    page = await _seen(panel, "/audience/segments")
    assert "data needs met" not in page
    assert "Channel engagement not by this API" in page


async def test_a_segment_tells_which_of_its_needs_is_met(panel, insider, person, event):
    await insider.upsert(person(events=[event("purchase", event_params=ORDER)]))
    page = await _seen(panel, "/audience/segments")
    assert "Purchase count data needs met" in page
    assert "Purchase amount data needs met" in page
    assert "Purchased category data needs not met" in page
    assert "Not met: purchases in the last 7 days 1 of 100" in page
    assert "On Event data needs met" in page
    assert "Not met: Advised: users with a language" in page
    assert "Met: views and purchases with product_id, price and currency 1" in page


async def test_likelihood_to_purchase_has_its_data_at_the_documented_volume_and_not_below(
    panel, insider, person, event, clock
):
    await insider.upsert(person(events=[event("product_detail_page_view", event_params=PRICED)]))
    clock.advance(days=14)
    day = f"{clock():%Y-%m-%d}"

    def views(count):
        moments = (f"{day}T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}Z" for number in range(count))
        return [event("product_detail_page_view", timestamp=moment, event_params=PRICED) for moment in moments]

    orders = [
        event("purchase", timestamp=f"{day}T09:00:00Z", event_params={**ORDER, "event_group_id": f"O-{number}"})
        for number in range(100)
    ]
    await insider.upsert(person(events=[*views(1000), *orders]))
    assert "Likelihood to Purchase data needs not met" in await _seen(panel, "/audience/segments")
    await insider.upsert(person(events=views(1001)))
    assert "Likelihood to Purchase data needs met" in await _seen(panel, "/audience/segments")
    await insider.upsert(person(events=[event("product_detail_page_view", timestamp=f"{day}T10:00:00Z")]))
    assert "Likelihood to Purchase data needs not met" in await _seen(panel, "/audience/segments")


# --- rules ------------------------------------------------------------------------------------------------------------

RULES = {
    "identifiers": "uuid 1\nemail 1\nphone_number 1",
    "blocked": "",
    "personal": "",
    "attributes": "",
    "events": "",
}


async def test_the_rules_of_identity_and_names_are_edited_as_lists(panel, insider, person):
    form = {**RULES, "identifiers": "email 2\r\ncustom.device 3\r\n", "blocked": "none", "attributes": "tier"}
    assert (await _save(panel, "/settings/identity", **form)).status_code == 303
    (account,) = await insider.control("/accounts")
    rules = account["rules"]
    assert rules["identifier_types"] == ["email", "custom.device"]
    assert rules["identifier_limits"] == {"email": 2, "custom.device": 3}
    assert rules["blocked_values"] == ["none", ""]
    assert (rules["attributes"], rules["events"], rules["strict_parameters"]) == (["tier"], None, False)
    ignored = await insider.ignored(
        person(identifiers={"email": "a@example.com"}, attributes={"custom": {"points": 5}})
    )
    assert list(ignored) == ["users.0.attributes.custom.points"]


async def test_saving_the_rules_as_they_are_shown_changes_nothing(panel, insider):
    before = (await insider.control("/accounts"))[0]["rules"]
    page = (await panel.get(f"{PANEL}/settings/identity")).text
    shown = dict(re.findall(r'<textarea[^>]* name="(\w+)"[^>]*>(.*?)</textarea>', page, re.DOTALL))
    await _save(panel, "/settings/identity", **shown, strict="on")
    after = (await insider.control("/accounts"))[0]["rules"]
    assert {**after, "identifier_limits": {}} == before


@pytest.mark.parametrize(
    ("identifiers", "words"),
    [
        ("uuid", "“uuid” is no type and number"),
        ("uuid one", "“uuid one” is no type and number"),
        ("uuid 0", "identifier_limits are at least 1"),
        ("uuid -1", "“uuid -1” is no type and number"),
        ("user_id 1", "user_id is no type of identifier"),
        ("uuid 1\nuuid 2", "names each type once"),
    ],
)
async def test_rules_that_cannot_be_are_explained_and_what_was_typed_stays(panel, insider, identifiers, words):
    reply = await _save(panel, "/settings/identity", **{**RULES, "identifiers": identifiers, "events": "my_event"})
    assert reply.status_code == 409
    assert words in reply.text
    assert ">my_event</textarea>" in reply.text
    assert (await insider.control("/accounts"))[0]["rules"]["events"] is None


# --- faults -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
async def test_every_kind_of_fault_is_queued_in_its_own_words(panel, insider, kind):
    reply = await _save(panel, "/sandbox/faults", kind=kind, count="2", delay_ms="5", retry_after="")
    assert reply.status_code == 303
    (fault,) = await insider.control("/faults")
    assert (fault["count"], fault["delay_ms"]) == (2, 5)
    page = await _seen(panel, "/sandbox/faults?done=queued")
    words = "A slow answer" if kind == "slow" else KINDS[kind][0]
    assert f"{words}, after 5 ms the next 2 requests" in page


async def test_faults_of_the_panel_meet_requests_until_they_are_cleared(panel, insider, person):
    await _save(panel, "/sandbox/faults", kind="429", count="", delay_ms="", retry_after="7")
    replies = [await insider.upsert(person()) for _ in range(2)]
    assert [(reply.status_code, reply.headers["retry-after"]) for reply in replies] == [(429, "7"), (429, "7")]
    await _save(panel, "/sandbox/faults/clear")
    assert (await insider.upsert(person())).status_code == 200


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("kind", "flood", "Choose what is to happen."),
        ("count", "0", "count is at least 1"),
        ("count", "many", "How many requests is a whole number"),
        ("delay_ms", "-5", "Delay is a whole number"),
        ("delay_ms", "600001", "delay_ms is between 0 and 600000"),
        ("retry_after", "soon", "Retry-After is a whole number"),
    ],
)
async def test_a_fault_that_cannot_be_is_explained_and_not_queued(panel, insider, field, value, words):
    form = {"kind": "503", "count": "1", "delay_ms": "0", "retry_after": "", field: value}
    reply = await _save(panel, "/sandbox/faults", **form)
    assert (reply.status_code, words in reply.text) == (409, True)
    assert await insider.control("/faults") == []


# --- settings ---------------------------------------------------------------------------------------------------------

SETTINGS = {"auth_errors": "documented_403", "requests": "", "window_seconds": "60", "lag_seconds": "0"}


async def test_settings_of_the_sandbox_are_saved_and_shown(panel, insider):
    form = {"auth_errors": "catalogue", "requests": "5", "window_seconds": "10", "lag_seconds": "90"}
    assert (await _save(panel, "/sandbox/settings", **form)).status_code == 303
    assert await insider.control("/settings") == {
        "auth_errors": "catalogue",
        "rate_limit": {"requests": 5, "window_seconds": 10.0, "retry_after": False},
        "lag_seconds": 90.0,
    }
    page = (await panel.get(f"{PANEL}/sandbox/settings")).text
    for name, value in form.items():
        assert re.search(rf'name="{name}"[^>]* value="{value}"', page), name
    await _save(panel, "/sandbox/settings", **SETTINGS)
    assert (await insider.control("/settings"))["rate_limit"] is None


async def test_the_panel_tells_who_is_accepted_and_not_visible_yet(panel, insider, person):
    await _save(panel, "/sandbox/settings", **{**SETTINGS, "lag_seconds": "60"})
    await insider.upsert(person())
    assert "1 user is accepted and not visible yet" in await _seen(panel, "/audience/users")
    assert "not visible yet becomes so 23 Nov 2026, 12:01:00 UTC" in await _seen(panel, "/sandbox/requests/1")
    await _save(panel, "/sandbox/settings", **SETTINGS)
    assert "Jane" in await _seen(panel, "/audience/users")


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("auth_errors", "200", "Invalid enum value"),
        ("requests", "-1", "Requests is a whole number"),
        ("window_seconds", "0", "window_seconds is more than 0"),
        ("lag_seconds", "86401", "Delay of visibility is at most 86400 seconds."),
    ],
)
async def test_a_setting_that_cannot_be_is_explained_and_nothing_is_saved(panel, insider, field, value, words):
    before = await insider.control("/settings")
    reply = await _save(panel, "/sandbox/settings", **{**SETTINGS, "requests": "7", field: value})
    assert (reply.status_code, words in reply.text) == (409, True)
    assert await insider.control("/settings") == before


async def test_what_arrived_is_forgotten_only_once_that_is_confirmed(panel, insider, person, event):
    await insider.upsert(person(events=[event()]))
    await insider.control("/settings", "PATCH", {"lag_seconds": 5})
    assert "1 user and 1 event of all accounts are here" in await _seen(panel, "/sandbox/reset")
    assert (await insider.control("/totals"))["users"] == 1
    reply = await _save(panel, "/sandbox/reset")
    assert "Forgotten." in (await panel.get(reply.headers["location"])).text
    totals = await insider.control("/totals")
    assert (totals["users"], totals["events"], totals["requests"]) == (0, 0, 0)
    assert (await insider.control("/settings"))["lag_seconds"] == 0
    assert len(await insider.control("/keys")) == 1


async def test_another_account_is_added_and_looked_at(panel, insider, person):
    await insider.upsert(person())
    reply = await _save(panel, "/settings/account/add", another="otherco")
    assert reply.status_code == 303
    assert "<option selected>otherco</option>" in (await panel.get(reply.headers["location"])).text
    assert "Nobody has arrived yet." in await _seen(panel, "/audience/users")


@pytest.mark.parametrize(("name", "words"), [("Other Co", "without spaces"), ("myco", "myco is taken")])
async def test_an_account_that_cannot_be_is_explained(panel, insider, name, words):
    reply = await _save(panel, "/settings/account/add", another=name)
    assert (reply.status_code, words in reply.text) == (409, True)
    assert len(await insider.control("/accounts")) == 1


# --- requests ---------------------------------------------------------------------------------------------------------


async def test_requests_are_narrowed_to_those_that_tell_something(panel, insider, person):
    await insider.upsert(person())
    await insider.upsert(person(identifiers={"email": "j"}))
    await insider.upsert(person(attributes={"tier": "gold"}))
    await insider.post("/api/user/v1/upsert", {"users": [person()]}, **{"X-Sandbox-Fault": "503"})
    for show, ids in {"all": "4321", "failed": "4", "refused": "2", "ignored": "3"}.items():
        page = (await panel.get(f"{PANEL}/sandbox/requests?show={show}")).text
        assert "".join(re.findall(r'sandbox/requests/(\d+)"', page)) == ids


async def test_a_request_tells_its_flags_and_which_words_are_the_sandboxs_own(panel, insider, person, event):
    await insider.upsert(person(events=[event("purchase", event_params={})]), skip_hook=True, platform="signal")
    page = await _seen(panel, "/sandbox/requests/1")
    assert "skip_hook true starts no journey and no webhook" in page
    assert "currency parameter is required on purchase event the sandbox’s own words" in page
    assert "unit_sale_price parameter is required on purchase event users.0" in page


async def test_what_is_ours_is_listed_for_everybody_on_a_page(insider):
    reply = await insider.client.get("/insider/sandbox")
    assert reply.status_code == 200
    for word in await insider.control("/ours"):
        assert f">{word['name']}</th>" in reply.text
