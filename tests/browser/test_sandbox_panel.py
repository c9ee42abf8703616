"""The panel of the Insider sandbox, walked in Chromium as the integration's page says to walk Insider's."""

import itertools
import json
import re
import socket
import threading
import urllib.request
from datetime import UTC, datetime

import pytest
import uvicorn
from playwright.sync_api import expect, sync_playwright

from datafly.sandbox.app import create_app
from datafly.sandbox.settings import SandboxSettings

pytestmark = pytest.mark.browser

PANEL_PAGES = (
    "audience/users",
    "audience/users/1",
    "audience/events",
    "audience/events?name=confirmation_page_view",
    "audience/segments",
    "integration-hub/authentication/api-keys/1/revoke",
    "settings/identity",
    "sandbox/faults",
    "sandbox/settings",
    "sandbox/reset",
    "integration-hub/authentication/api-keys",
    "integration-hub/authentication/api-keys/new",
    "settings/account",
    "sandbox/requests",
    "sandbox/requests/1",
    "sandbox/about",
)
NAMED = frozenset(
    [
        "button",
        "link",
        "textbox",
        "searchbox",
        "combobox",
        "checkbox",
        "radio",
        "meter",
        "region",
        "navigation",
        "table",
        "DisclosureTriangle",
    ]
)
DANGLING = """
[...document.querySelectorAll('[aria-labelledby], [aria-describedby]')]
  .flatMap(part => [part.getAttribute('aria-labelledby'), part.getAttribute('aria-describedby')])
  .filter(Boolean).flatMap(ids => ids.split(' ')).filter(id => !document.getElementById(id))
"""
TWICE = "[...document.querySelectorAll('[id]')].map(part => part.id).filter((id, at, ids) => ids.indexOf(id) !== at)"
# Events are kept for so long: the sandbox lives on the day of its events.
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
JANE = {
    "identifiers": {"uuid": "user-123", "email": "jane@example.com", "phone_number": "+447700900123"},
    "attributes": {"custom": {"loyalty_tier": "gold"}},
    "events": [
        {
            "event_name": "product_detail_page_view",
            "timestamp": "2026-11-23T09:59:00Z",
            "event_params": {"product_id": "SKU-1", "name": "Mug"},
        },
        {
            "event_name": "confirmation_page_view",
            "timestamp": "2026-11-23T10:00:00Z",
            "event_params": {
                "event_group_id": "ORD-9",
                "unit_sale_price": 10.0,
                "currency": "GBP",
                "total": 38.95,
                "custom": {"order_total": 38.95},
            },
        },
    ],
}


@pytest.fixture
def address(tmp_path):
    """A sandbox that answers by the error catalogue, as in the demo, on a port of its own."""
    sandbox = create_app(SandboxSettings(data_dir=tmp_path, auth_errors="catalogue"), clock=lambda: NOON)
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(sandbox, log_level="critical"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listening.close()


@pytest.fixture(scope="module")
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(chromium, address):
    context = chromium.new_context(base_url=address, permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    complaints = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if _is_ours(message) else None)
    yield page
    context.close()
    assert complaints == []


def _is_ours(message) -> bool:
    """Chromium notes every answer over 400 as an error; a refused form is one, and meant."""
    return message.type == "error" and "409" not in message.text


def _log_in(page) -> None:
    page.goto("/insider/panel")
    page.get_by_label("E-mail").fill(page.locator("dd code").nth(0).inner_text())
    page.get_by_label("Password").fill(page.locator("dd code").nth(1).inner_text())
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Users")


def _generate(page, name: str, *, scope: bool = True) -> str:
    page.get_by_role("link", name="API Keys", exact=True).first.click()
    page.get_by_role("button", name="Generate").click()
    page.get_by_label("Name").fill(name)
    page.get_by_label("Unification API").set_checked(scope)
    page.get_by_role("button", name="Generate").click()
    return page.get_by_label("API Key").input_value()


def _upsert(address: str, key: str, *users, partner: str = "myco") -> tuple[int, dict]:
    headers = {"X-PARTNER-NAME": partner, "X-REQUEST-TOKEN": key, "Content-Type": "application/json"}
    body = json.dumps({"users": users}).encode()
    request = urllib.request.Request(f"{address}/insider/api/user/v1/upsert", body, headers)
    opener = urllib.request.build_opener(_KeepErrors)
    with opener.open(request) as reply:
        return reply.status, json.load(reply)


def _status(address: str, key: str) -> int:
    headers = {"X-PARTNER-NAME": "myco", "X-REQUEST-TOKEN": key, "Content-Type": "application/json"}
    request = urllib.request.Request(
        f"{address}/insider/api/user/v1/upsert", json.dumps({"users": [JANE]}).encode(), headers
    )
    with urllib.request.build_opener(_KeepErrors).open(request) as reply:
        return reply.status


class _KeepErrors(urllib.request.HTTPErrorProcessor):
    def http_response(self, _, response):
        return response


def test_the_prerequisites_of_the_page_can_be_walked_and_the_user_verified(page, address):
    _log_in(page)

    page.get_by_role("link", name="Account", exact=True).click()
    expect(page.get_by_text("Settings > Account", exact=True)).to_be_visible()
    expect(page.get_by_label("Partner Name")).to_have_value("myco")

    key = _generate(page, "Datafly Signal")
    expect(page.get_by_text("Integration Hub > Authentication > API Keys", exact=True)).to_be_visible()
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == key
    page.reload()
    expect(page.get_by_text("has been shown already")).to_be_visible()

    assert _upsert(address, key, JANE) == (200, {"data": {"successful": {"count": 1}, "fail": {}}})

    for words in ("user-123", "jane@example.com"):
        page.get_by_role("link", name="Users", exact=True).click()
        expect(page.get_by_text("Audience > Users", exact=True)).to_be_visible()
        page.get_by_label("Search by uuid or email").fill(words)
        page.get_by_role("button", name="Search").click()
        page.get_by_role("link", name="user-123").click()
        events = page.get_by_role("region", name="Recent events").get_by_role("heading", level=3)
        expect(events).to_have_text(["confirmation_page_view", "product_detail_page_view"])

    expect(page.get_by_role("region", name="Recent events")).to_contain_text("order_total")
    expect(page.get_by_role("region", name="Identifiers")).to_contain_text("+447700900123")
    expect(page.get_by_role("region", name="Custom attributes")).to_contain_text("loyalty_tier")
    expect(page.get_by_role("region", name="Ignored")).to_contain_text("names of your own go under custom")


def test_a_key_without_the_scope_and_a_revoked_key_are_refused_as_the_page_says(page, address):
    _log_in(page)
    without = _generate(page, "No scope", scope=False)
    expect(page.get_by_text("This key has no scope")).to_be_visible()
    assert _upsert(address, without, JANE)[0] == 401

    key = _generate(page, "Datafly Signal")
    assert _upsert(address, key, JANE)[0] == 200
    page.get_by_role("link", name="Back to API Keys").click()
    page.get_by_role("button", name="Revoke Datafly Signal").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Revoke Datafly Signal?")
    assert _upsert(address, key, JANE)[0] == 200
    page.get_by_role("button", name="Revoke the key").click()
    expect(page.get_by_role("status")).to_contain_text("Revoked.")
    assert _upsert(address, key, JANE) == (
        401,
        {"success": False, "message": "Partner token authentication failed."},
    )


def test_a_changed_partner_name_is_asked_for_at_once(page, address):
    _log_in(page)
    key = _generate(page, "Datafly Signal")
    page.get_by_role("link", name="Account", exact=True).click()
    page.get_by_label("Partner Name").fill("My Company")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("without spaces")
    page.get_by_label("Partner Name").fill("mycompany")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Saved.")
    assert _upsert(address, key, JANE) == (400, {"success": False, "message": "Partner is invalid."})
    assert _upsert(address, key, JANE, partner="mycompany")[0] == 200


def test_the_inspector_tells_the_verdict_of_each_user(page, address):
    _log_in(page)
    key = _generate(page, "Datafly Signal")
    _upsert(address, key, JANE, {"identifiers": {"email": "jane"}, "attributes": {"name": "Jane"}})
    page.get_by_role("link", name="Requests", exact=True).click()
    row = page.get_by_role("row").filter(has_text="upsert")
    expect(row).to_contain_text("1 taken")
    expect(row).to_contain_text("1 refused")
    row.get_by_role("link").click()
    verdicts = page.get_by_role("region", name="Verdict of each user").get_by_role("row")
    expect(verdicts.nth(1)).to_contain_text("not a valid email address: jane")
    expect(verdicts.nth(2)).to_contain_text("2 events stored")
    expect(page.get_by_label("Body of the answer")).to_contain_text('"successful"')
    assert key not in page.content()


def test_the_panel_can_be_used_by_keyboard_alone(page):
    page.goto("/insider/panel")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_label("E-mail")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.type("sandbox-demo")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Users")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Search by uuid or email")).to_be_focused()


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_every_page_fits_its_width_and_names_its_parts(page, address, width):
    page.set_viewport_size({"width": width, "height": 844})
    _log_in(page)
    _upsert(address, _generate(page, "Datafly Signal"), JANE)
    for path in PANEL_PAGES:
        page.goto(f"/insider/panel/{path}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        expect(page.get_by_role("main")).to_have_count(1)
        expect(page.get_by_role("navigation", name="Panel")).to_be_visible()
        expect(page.get_by_text("This is a local sandbox, not Insider.")).to_be_visible()
        assert page.locator("th:not([scope])").count() == 0, path
        unnamed = (
            "[...document.querySelectorAll('input, select, textarea')].filter(field => !field.labels?.length).length"
        )
        assert page.evaluate(unnamed) == 0, path


@pytest.mark.parametrize("path", PANEL_PAGES)
def test_every_part_of_a_page_has_a_name_in_the_accessibility_tree(page, address, path):
    _log_in(page)
    _upsert(address, _generate(page, "Datafly Signal"), JANE)
    page.goto(f"/insider/panel/{path}")
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    told = [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in tree if not node["ignored"]]
    assert {role for role, _ in told} >= {"banner", "complementary", "navigation", "main", "heading", "link", "button"}
    assert [role for role, name in told if role in NAMED and not name] == []
    assert page.evaluate(DANGLING) == []
    assert page.evaluate(TWICE) == []
    levels = page.evaluate("[...document.querySelectorAll('h1, h2, h3, h4')].map(heading => +heading.tagName[1])")
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_the_timeline_can_be_read_by_its_roles_alone(page, address):
    _log_in(page)
    _upsert(address, _generate(page, "Datafly Signal"), JANE)
    page.goto("/insider/panel/audience/users/1")
    day = page.get_by_role("region", name="Recent events").get_by_role("group", name="Monday, 23 November 2026")
    expect(day.get_by_role("list").first.get_by_role("listitem").first).to_contain_text("Ignored")
    shown = page.get_by_role("navigation", name="What the timeline shows")
    expect(shown.get_by_role("link", name="Everything")).to_have_attribute("aria-current", "true")
    shown.get_by_role("link", name="Events only").click()
    expect(day).not_to_contain_text("Ignored")
    expect(day.get_by_role("heading", level=3)).to_have_count(2)


def test_a_fault_is_asked_for_by_keyboard_alone(page, address):
    _log_in(page)
    key = _generate(page, "Datafly Signal")
    page.get_by_role("link", name="Faults", exact=True).press("Enter")
    page.get_by_label("What happens").focus()
    page.keyboard.type("520")
    page.keyboard.press("Tab")
    page.keyboard.type("2")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Queued")
    expect(page.get_by_role("region", name="Waiting for requests")).to_contain_text("520, an HTML page of a proxy")
    assert [_status(address, key) for _ in range(3)] == [520, 520, 200]


def test_an_event_is_opened_by_keyboard_and_leads_to_its_user(page, address):
    _log_in(page)
    _upsert(address, _generate(page, "Datafly Signal"), JANE)
    page.get_by_role("link", name="Events", exact=True).click()
    arrivals = page.get_by_role("region", name="As they arrived, newest first")
    expect(arrivals.get_by_text("order_total")).to_be_hidden()
    arrivals.locator("summary").first.press("Enter")
    expect(arrivals.get_by_text("order_total")).to_be_visible()
    arrivals.get_by_role("link", name="user-123").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("user-123")


def test_the_names_of_events_lead_to_what_they_carry(page, address):
    _log_in(page)
    _upsert(address, _generate(page, "Datafly Signal"), JANE)
    page.goto("/insider/panel/audience/events")
    page.get_by_role("link", name="confirmation_page_view").click()
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="currency", exact=True))
    expect(row.get_by_role("meter")).to_have_attribute("aria-label", "currency is carried by 1 of 1")


def test_a_segment_says_in_words_what_is_met(page, address):
    _log_in(page)
    _upsert(address, _generate(page, "Datafly Signal"), JANE)
    page.get_by_role("link", name="Segments", exact=True).click()
    expect(page.get_by_role("listitem", name="Purchase count")).to_contain_text("data needs met")
    expect(page.get_by_role("listitem", name="Likelihood to Purchase")).to_contain_text("1 of 1,001")


def test_a_phone_shows_who_somebody_is_before_what_they_did(page, address):
    page.set_viewport_size({"width": 390, "height": 844})
    _log_in(page)
    _upsert(address, _generate(page, "Datafly Signal"), JANE)
    page.goto("/insider/panel/audience/users/1")
    top = {name: page.get_by_role("region", name=name).bounding_box()["y"] for name in ("Identifiers", "Recent events")}
    assert top["Identifiers"] < top["Recent events"]


def test_the_index_leads_to_the_panel(page):
    page.goto("/")
    page.get_by_role("link", name=re.compile("Insider sandbox panel")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Log in to the Insider sandbox")
