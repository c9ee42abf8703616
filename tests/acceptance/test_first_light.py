"""A newcomer's first hour, as the integration's page tells it: panel, install call, shop, panel, live events."""

import json
import re
import subprocess

import httpx
import pytest
from playwright.sync_api import expect

PLACEHOLDER = "xxxxxxxxxxxxxxxxxxxx"
CALL_OF_THE_PAGE = """\
datafly.identify("user-123", {
  email: "jane@example.com",
  phone: "+447700900123"
});"""
JANE = {"uuid": "user-123", "email": "jane@example.com", "phone_number": "+447700900123"}
TEAPOT = {"product_id": "harbour-teapot", "name": "Harbour Teapot", "quantity": 2, "currency": "GBP"}


def _place(signal, name: str) -> str:
    """An address that the welcome names."""
    return re.search(rf"^ +{name} +(\S+)", signal.said, re.MULTILINE)[1]


def _generate_key(page, signal) -> str:
    """Log in to the panel, look up the partner name, generate a key, copy it."""
    page.goto(re.search(r"Open (\S+/panel)", signal.said)[1])
    page.get_by_label("E-mail").fill(page.locator("dd code").nth(0).inner_text())
    page.get_by_label("Password").fill(page.locator("dd code").nth(1).inner_text())
    page.get_by_role("button", name="Log in").click()

    page.get_by_role("link", name="Account", exact=True).click()
    expect(page.get_by_text("Settings > Account", exact=True)).to_be_visible()
    expect(page.get_by_label("Partner Name")).to_have_value("myco")

    page.get_by_role("link", name="API Keys", exact=True).click()
    expect(page.get_by_text("Integration Hub > Authentication > API Keys", exact=True)).to_be_visible()
    page.get_by_role("button", name="Generate").click()
    page.get_by_label("Name").fill("Datafly Signal")
    page.get_by_label("Unification API").check()
    page.get_by_role("button", name="Generate").click()
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    return page.evaluate("navigator.clipboard.readText()")


def _paste_the_call(signal, api_key: str) -> tuple[int, dict]:
    """The call that was printed, with the key where the placeholder stands, in a shell."""
    call = re.search(r"^curl .*?'$", signal.said, re.MULTILINE | re.DOTALL)[0]
    assert call.count(PLACEHOLDER) == 1
    words = call.replace(PLACEHOLDER, api_key) + " --silent --show-error --write-out '\\n%{http_code}'"
    ran = subprocess.run(["bash", "-c", words], capture_output=True, text=True, check=True)
    body, status = ran.stdout.rsplit("\n", 1)
    return int(status), json.loads(body)


def _all_taken(page) -> None:
    """The gateway has acknowledged every call that the shop shows."""
    expect(page.locator(".call").first).to_be_visible()
    expect(page.locator(".call:not(.taken)")).to_have_count(0)


def _find_user(page, words: str) -> None:
    page.get_by_role("link", name="Users", exact=True).click()
    expect(page.get_by_text("Audience > Users", exact=True)).to_be_visible()
    page.get_by_label("Search by uuid or email").fill(words)
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("heading", name=f"1 found for “{words}”")).to_be_visible()
    page.get_by_role("link", name="user-123").click()


def _newest(signal, name: str, user_id: str | None = "user-123") -> dict:
    """The newest live event of that name, once its fate is known."""
    filters = {"event": name, **({"user_id": user_id} if user_id else {})}

    def look() -> dict | None:
        found = signal.live(**filters)
        return found[0] if found and found[0]["deliveries"] else None

    return signal.until(look, f"{name} is final", lambda: signal.live(event=name))


@pytest.mark.browser
def test_a_newcomer_installs_with_the_printed_call_shops_and_reads_the_user_in_the_panel(demo, new_page, keep):
    panel, shop = new_page(), new_page()
    api_key = _generate_key(panel, demo)
    keep(panel, "1-key")
    status, made = _paste_the_call(demo, api_key)
    assert status == 201
    assert set(made) == {"template", "revision", "pipeline_integrations"}
    assert made["revision"]["config"] == {"api_key": "***", "partner_name": "myco"}

    shop.goto(_place(demo, "demo shop"))
    shop.get_by_role("switch", name="Marketing consent").click()
    shop.get_by_role("link", name="Harbour Teapot").click()
    expect(shop.get_by_role("heading", name="Harbour Teapot")).to_be_visible()
    _all_taken(shop)
    before = _newest(demo, "Product Viewed", user_id=None)["deliveries"][0]
    assert (before["verdict"], before["reason"], before["symptom"], before["cause"], before["cure"]) == (
        "SKIPPED",
        "missing_uuid",
        "User not appearing",
        "Missing uuid",
        "Insider requires a non-empty uuid on every event.",
    )

    shop.get_by_role("link", name="Log in").click()
    shop.get_by_role("button", name="Log in").click()
    expect(shop.get_by_text("Logged in as user-123, jane@example.com")).to_be_visible()
    shop.get_by_role("link", name="Products", exact=True).first.click()
    shop.get_by_role("link", name="Harbour Teapot").click()
    shop.get_by_label("Quantity").fill("2")
    shop.get_by_role("button", name="Add to cart").click()
    expect(shop.get_by_text("2 × Harbour Teapot in the cart.")).to_be_visible()
    keep(shop, "2-product")
    shop.get_by_role("link", name="Cart").click()
    shop.get_by_role("link", name="Check out").click()
    shop.get_by_role("button", name="Place the order").click()
    expect(shop.get_by_role("heading", name="Thank you")).to_be_visible()
    order_id = re.search(r"LK-\w+", shop.locator("#order-line").inner_text())[0]
    _all_taken(shop)
    keep(shop, "3-order")

    order = _newest(demo, "Order Completed")
    (delivery,) = order["deliveries"]
    assert (delivery["verdict"], delivery["status"], order["pending"]) == ("DELIVERED", 200, [])
    assert delivery["request"]["url"] == f"{demo.sandbox}/insider/api/user/v1/upsert"
    assert delivery["request"]["headers"]["X-PARTNER-NAME"] == "myco"
    assert delivery["request"]["headers"]["X-REQUEST-TOKEN"] == "***"
    assert order["user_id_learnt"] is True

    for words in ("user-123", "jane@example.com"):
        _find_user(panel, words)
        identifiers = panel.get_by_role("region", name="Identifiers")
        for value in JANE.values():
            expect(identifiers).to_contain_text(value)
    timeline = panel.get_by_role("region", name="Recent events")
    expect(timeline.get_by_role("heading", level=3).first).to_be_visible()
    expect(timeline).to_contain_text(order_id)
    keep(panel, "4-user")

    seen = {event["name"]: event for event in demo.arrivals()}
    assert {"page_view", "product_detail_page_view", "item_added_to_cart", "confirmation_page_view"} <= set(seen)
    assert set(seen) <= set(timeline.get_by_role("heading", level=3).all_inner_texts())
    assert seen["page_view"]["parameters"]["url"].startswith(_place(demo, "demo shop"))
    assert seen["page_view"]["custom"]["title"]
    viewed = seen["product_detail_page_view"]["parameters"]
    assert {name: viewed[name] for name in ("product_id", "name")} == {
        name: TEAPOT[name] for name in ("product_id", "name")
    }
    bought = seen["confirmation_page_view"]["parameters"]
    assert {name: bought[name] for name in TEAPOT} == TEAPOT
    assert bought["event_group_id"] == order_id
    told = order["properties"]
    assert bought["unit_sale_price"] == told["products"][0]["price"]
    assert seen["confirmation_page_view"]["custom"]["order_total"] == told["total"]
    (user,) = demo.vendor_users("user-123")
    assert {one["type"]: one["value"] for one in user["identifiers"]} == JANE
    assert user["attributes"]["email"] == JANE["email"]
    assert user["attributes"]["phone_number"] == JANE["phone_number"]


@pytest.mark.browser
def test_the_call_of_the_page_typed_into_the_console_upserts_the_user(demo, new_page):
    demo.install(demo.vendor_key())
    shop = new_page()
    shop.goto(_place(demo, "demo shop"))
    shop.get_by_role("switch", name="Marketing consent").click()
    shop.evaluate(CALL_OF_THE_PAGE)
    _all_taken(shop)

    (delivery,) = _newest(demo, "identify")["deliveries"]
    assert (delivery["verdict"], delivery["status"]) == ("DELIVERED", 200)
    (sent,) = delivery["request"]["body"]["users"]
    assert sent["identifiers"] == JANE
    assert "events" not in sent
    (user,) = demo.vendor_users("jane@example.com")
    assert {one["type"]: one["value"] for one in user["identifiers"]} == JANE


def test_every_port_says_that_it_lives_and_that_it_is_ready_before_anybody_has_set_anything_up(demo):
    for url in (demo.gateway, demo.management, demo.sandbox):
        for path in ("healthz", "readyz"):
            assert httpx.get(f"{url}/{path}", timeout=60).status_code == 200
