"""The demo shop with every integration that there is: each panel shows who came and what she bought."""

import re

import httpx
import pytest
from playwright.sync_api import expect

from datafly import catalog
from datafly.sandbox.rooms import find_rooms
from datafly.spec.setting import Address

ROOMS = [room for room in find_rooms() if room.slug in {one.slug for one in catalog.all()}]
_MOST_PAGES = 25


def control(signal, room, method, path, body=None):
    reply = httpx.request(method, f"{signal.sandbox}/{room.slug}/_control/{path}", json=body, timeout=60)
    assert reply.is_success, reply.text
    return reply.json() if reply.content else None


def installed(signal, room):
    """With a key that was just made, and the settings that the room says."""
    made = control(signal, room, "POST", "keys", {"name": "Walk"})
    base = f"{signal.sandbox}/{room.slug}"
    known = {**made.get("values", {}), "key": made.get("key", ""), "partner": made.get("partner", ""), "base": base}
    settings = catalog.get(room.slug).settings
    config = {
        **{one.name: base for one in settings if isinstance(one, Address)},
        **{name: text.format_map({"api_key": known["key"], **known}) for name, text in room.settings.items()},
    }
    answer = signal.api("POST", f"integration-catalog/{room.slug}/install", {"config": config}, expect=201)
    return answer["pipeline_integrations"][0]["id"]


def buys(shop, signal):
    """A visitor allows marketing, logs in, and orders two teapots; the order's number."""
    shop.goto(f"{signal.gateway}/shop/")
    shop.get_by_role("switch", name="Marketing consent").click()
    shop.get_by_role("link", name="Log in").click()
    shop.get_by_role("button", name="Log in").click()
    expect(shop.get_by_text("Logged in as user-123, jane@example.com")).to_be_visible()
    shop.get_by_role("link", name="Products", exact=True).first.click()
    shop.get_by_role("link", name="Harbour Teapot").click()
    shop.get_by_role("button", name="Add to cart").click()
    shop.get_by_role("link", name="Cart").click()
    shop.get_by_role("link", name="Check out").click()
    shop.get_by_role("button", name="Place the order").click()
    expect(shop.get_by_role("heading", name="Thank you")).to_be_visible()
    return re.search(r"LK-\w+", shop.locator("#order-line").inner_text())[0]


def verdicts(signal, name, ids, *, but=None):
    """Installation → verdict, of the newest event of that name, if that is another than `but`."""
    found = signal.live(event=name)
    told = found[0]["deliveries"] if found and found[0]["message_id"] != but else []
    return {one["pipeline_integration_id"]: one["verdict"] for one in told if one["pipeline_integration_id"] in ids}


def shows(page, start, *words):
    """Whether a page of the panel, as its links lead, shows all of these together."""
    page.goto(start)
    if page.get_by_label("Password").count():
        page.get_by_label("E-mail").fill(page.locator("dd code").nth(0).inner_text())
        page.get_by_label("Password").fill(page.locator("dd code").nth(1).inner_text())
        page.get_by_role("button", name="Log in").click()
    left, seen = [page.url], set()
    while left and len(seen) < _MOST_PAGES:
        url = left.pop(0)
        if url in seen:
            continue
        seen.add(url)
        page.goto(url)
        text = page.locator("body").inner_text()
        if all(word in text for word in words):
            return True
        links = page.eval_on_selector_all("main a[href], nav a[href]", "all => all.map(one => one.href)")
        left += [link for link in links if link.startswith(start) and "log-out" not in link]
    return False


@pytest.mark.browser
def test_every_sandbox_shows_who_bought_what_and_one_that_is_down_does_not_hold_up_the_others(demo, new_page):
    ids = {room.slug: installed(demo, room) for room in ROOMS}
    shop, panel = new_page(), new_page()
    order = buys(shop, demo)
    every = dict.fromkeys(ids.values(), "DELIVERED")
    demo.until(lambda: verdicts(demo, "Order Completed", every) == every, "all have the order", demo.live)
    for room in ROOMS:
        is_shown = shows(panel, f"{demo.sandbox}{room.panel_path}", "user-123", order)
        assert is_shown, f"no page of the panel of {room.slug} shows the user with her order"

    down, *others = ROOMS
    before = demo.live(event="Product Viewed")[0]["message_id"]
    control(demo, down, "POST", "faults", {"status": 503, "count": None})
    shop.goto(f"{demo.gateway}/shop/")
    shop.get_by_role("link", name="Harbour Teapot").click()
    of_others = {ids[room.slug]: "DELIVERED" for room in others}
    demo.until(lambda: verdicts(demo, "Product Viewed", of_others, but=before) == of_others, "the others have it")
    assert verdicts(demo, "Product Viewed", {ids[down.slug]}, but=before) == {}
    control(demo, down, "DELETE", "faults")
    demo.until(lambda: verdicts(demo, "Product Viewed", every, but=before) == every, "it has it once it is back")
