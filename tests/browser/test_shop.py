"""The demo shop, clicked through in Chromium, on a real gateway with the real log."""

import os
import socket
import threading
import time

import msgspec
import pytest
import uvicorn
from playwright.sync_api import expect, sync_playwright

from datafly.ingest import GatewaySettings, create_gateway, server_config
from datafly.log.base import RAW
from datafly.log.group import GroupCommit
from datafly.log.sqlite import SqliteLog
from datafly.model.event import Received
from datafly.model.installation import Pipeline

pytestmark = pytest.mark.browser

KEY = "dk_shop"
PAGES = ("", "product/harbour-teapot", "cart", "checkout", "order", "account", "nothing-here")

FIRST_REPLY_NEVER_COMES = """
const asIs = window.fetch;
window.fetch = (url, ...rest) => {
  const reply = asIs(url, ...rest);
  if (!String(url).includes("/v1/batch") || sessionStorage.held) return reply;
  sessionStorage.held = "1";
  return new Promise(() => {});
};
"""


class Wall:
    def now_ms(self):
        return time.time_ns() // 1_000_000

    def monotonic(self):
        return time.monotonic()


class Shop:
    """The gateway in a thread. `pipelines` may be changed while it runs."""

    def __init__(self, folder):
        log = SqliteLog(folder, {RAW: 1})
        self._appender, self._reader = log.appender(RAW, 0), log.reader(RAW, 0)
        self.pipelines = {KEY: Pipeline("pip_1", "Default", "default", KEY)}
        app = create_gateway(
            GatewaySettings(demo=True),
            append=GroupCommit(self._appender).append,
            pipelines=lambda: self.pipelines,
            clock=Wall(),
            ready=lambda: None,
        )
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/shop/"
        self._server = uvicorn.Server(server_config(app))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]})
        self._thread.start()

    @property
    def received(self):
        """Each event once: what a closing page handed over is confirmed by the next."""
        records = self._reader.read(0, max_records=10_000)
        decoded = [msgspec.json.decode(record.value, type=Received) for record in records]
        return list({received.message_id: received for received in decoded}.values())

    @property
    def names(self):
        return [body.get("event", received.type) for received, body in self.told]

    @property
    def told(self):
        return [(received, msgspec.json.decode(received.body)) for received in self.received]

    def body(self, name):
        (found,) = [body for received, body in self.told if body.get("event", received.type) == name]
        return found

    def stop(self):
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()
        self._reader.close()
        self._appender.close()


@pytest.fixture
def shop(tmp_path):
    shop = Shop(tmp_path)
    yield shop
    shop.stop()


@pytest.fixture(scope="module")
def chromium():
    path = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(chromium):
    """A visitor. Faults in the page and requests to anywhere else fail the test."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page, faults = context.new_page(), []
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    page.on("request", lambda request: faults.append(request.url) if "//127.0.0.1:" not in request.url else None)
    yield page
    context.close()
    assert faults == []


def all_taken(page):
    expect(page.locator(".call").first).to_be_visible()
    expect(page.locator(".call:not(.taken)")).to_have_count(0)


def test_a_walk_through_the_shop_tells_what_happened_by_canonical_names_in_order(shop, page):
    page.goto(shop.url)
    page.get_by_role("link", name="Harbour Teapot").click()
    page.get_by_label("Quantity").fill("2")
    page.get_by_role("button", name="Add to cart").click()
    expect(page.locator("#added")).to_have_text("2 × Harbour Teapot in the cart.")
    page.goto(shop.url + "product/fern-mug")
    page.get_by_role("button", name="Add to cart").click()
    page.get_by_role("link", name="Cart 3").click()
    page.get_by_role("button", name="Remove Fern Stoneware Mug").click()
    page.get_by_role("link", name="Log in").click()
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_text("Logged in as user-123, jane@example.com.")).to_be_visible()
    page.get_by_role("link", name="Cart 2").click()
    page.get_by_role("link", name="Check out").click()
    page.get_by_role("button", name="Place the order").click()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    all_taken(page)

    assert [name for name in shop.names if name != "page"] == [
        "Product List Viewed",
        "Product Viewed",
        "Product Added",
        "Product Viewed",
        "Product Added",
        "Cart Viewed",
        "Product Removed",
        "identify",
        "Cart Viewed",
        "Checkout Started",
        "Order Completed",
    ]
    assert shop.names.count("page") == 8
    assert shop.body("identify")["userId"] == "user-123"
    assert shop.body("identify")["traits"] == {"email": "jane@example.com", "phone": "+447700900123"}
    assert len({received.anonymous_id for received in shop.received}) == 1


def test_an_order_adds_up_and_is_told_once(shop, page):
    page.goto(shop.url + "product/fern-mug")
    page.get_by_role("button", name="Add to cart").click()
    page.goto(shop.url + "checkout")
    page.get_by_role("button", name="Place the order").click()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    page.reload()
    all_taken(page)

    order = shop.body("Order Completed")["properties"]
    assert (order["currency"], order["subtotal"], order["shipping"], order["total"]) == ("GBP", 18, 4.5, 22.5)
    assert order["tax"] == 3.75
    assert order["order_id"].startswith("LK-")
    (line,) = order["products"]
    assert (line["product_id"], line["name"], line["price"], line["quantity"]) == (
        "fern-mug",
        "Fern Stoneware Mug",
        18,
        1,
    )


def test_the_panel_shows_each_call_what_it_sent_and_the_reply(shop, page):
    page.goto(shop.url + "product/dune-lamp")
    all_taken(page)
    texts = page.locator("#calls .call summary code").all_inner_texts()

    assert texts[0].startswith('datafly.track("Product Viewed", { "product_id": "dune-lamp"')
    assert texts[1] == "datafly.page()"
    call = page.locator(".call").first
    call.locator("summary").click()
    expect(call.locator(".chip")).to_have_text("200 taken")
    expect(call.locator("h3").first).to_have_text("POST /v1/batch, 2 calls")
    expect(call.locator("pre").first).to_contain_text('"messageId"')
    expect(call.locator("pre").last).to_contain_text('"accepted": 2')


def test_the_panel_stops_no_call_whose_words_it_cannot_show(shop, page):
    page.goto(shop.url)
    all_taken(page)
    page.evaluate("datafly.track('Odd', {big: 1n})")

    expect(page.locator("#calls .call summary code").first).to_have_text('datafly.track("Odd", …)')
    all_taken(page)


def test_a_page_that_ends_while_a_reply_arrives_leaves_no_call_of_what_was_taken_unanswered(shop, page):
    page.add_init_script("Response.prototype.json = () => new Promise(() => {})")
    page.goto(shop.url)
    expect(page.locator(".call").first).to_be_visible()
    expect(page.locator(".call:not(.taken)")).to_have_count(0)


def test_the_panel_shows_a_refusal(shop, page):
    page.goto(shop.url)
    all_taken(page)
    shop.pipelines = {}
    page.get_by_role("switch", name="Marketing consent").click()

    refused = page.locator(".call.refused")
    expect(refused.locator(".chip")).to_have_text("401 refused")
    refused.locator("summary").click()
    expect(refused.locator("pre").last).to_contain_text("INVALID_PIPELINE_KEY")


def test_consent_is_off_until_somebody_decides_and_is_remembered(shop, page):
    page.goto(shop.url)
    switch, state = page.get_by_role("switch", name="Marketing consent"), page.locator("#consent-state")
    expect(switch).not_to_be_checked()
    expect(state).to_have_text("off, not decided")
    all_taken(page)

    switch.click()
    expect(state).to_have_text("on")
    page.goto(shop.url + "cart")
    expect(switch).to_be_checked()
    switch.click()
    expect(state).to_have_text("off")
    all_taken(page)

    told = [(name, body["context"].get("consent")) for name, (_, body) in zip(shop.names, shop.told, strict=True)]
    assert told == [
        ("page", None),
        ("Product List Viewed", None),
        ("consent", {"marketing": True}),
        ("page", {"marketing": True}),
        ("Cart Viewed", {"marketing": True}),
        ("consent", {"marketing": False}),
    ]


def test_the_shop_says_why_a_vendor_may_get_nothing_of_what_was_taken(shop, page):
    page.goto(shop.url)
    note = page.locator("#calls-note")
    expect(note).to_contain_text("Marketing consent is off")
    page.get_by_role("switch", name="Marketing consent").click()
    expect(note).to_contain_text("Nobody is logged in")
    page.evaluate("datafly.identify('user-123')")
    expect(note).to_be_hidden()
    page.evaluate("datafly.reset()")
    expect(note).to_contain_text("Nobody is logged in")
    all_taken(page)


def test_after_log_out_the_next_person_on_the_browser_is_somebody_else(shop, page):
    page.goto(shop.url + "account")
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("switch", name="Marketing consent").click()
    page.get_by_role("button", name="Log out").click()
    expect(page.locator("#consent-state")).to_have_text("off, not decided")
    all_taken(page)
    page.goto(shop.url)
    all_taken(page)

    before, after = shop.received[0].anonymous_id, shop.received[-1].anonymous_id
    assert shop.body("identify")["userId"] == "user-123"
    assert before != after
    assert "userId" not in shop.told[-1][1]


def test_what_a_page_sent_at_its_end_before_a_log_out_is_told_and_shown_as_not_sent_again(shop, page):
    page.add_init_script(FIRST_REPLY_NEVER_COMES)
    page.goto(shop.url + "account")
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("switch", name="Marketing consent").click()
    page.get_by_role("button", name="Log out").click()
    page.goto(shop.url)
    parted = page.locator(".call.parted")
    expect(parted.locator(".chip")).to_have_text(["sent before the log-out"] * 3)
    parted.first.click()
    expect(parted.first).to_contain_text("It is not sent again")
    expect(page.locator(".call:not(.taken, .parted)")).to_have_count(0)

    first = shop.received[0]
    by_person = [(one.type, one.anonymous_id == first.anonymous_id) for one in shop.received]
    assert sorted(by_person[:3]) == [("consent", True), ("identify", True), ("page", True)]
    assert by_person[3:] == [("page", False), ("track", False)]


def test_a_log_out_that_has_to_be_sent_again_is_shown_as_one_call(shop, page):
    page.goto(shop.url + "account")
    page.get_by_role("button", name="Log in").click()
    all_taken(page)
    page.route("**/v1/batch*", lambda route: route.abort())
    page.get_by_role("button", name="Log out").click()
    reset = page.locator(".call", has_text="datafly.reset()")
    expect(reset.locator(".chip")).to_have_text("no network, kept")
    page.unroute("**/v1/batch*")
    page.goto(shop.url)
    all_taken(page)
    expect(reset).to_have_count(1)


def test_the_shop_is_walked_by_keyboard(shop, page):
    page.goto(shop.url + "product/oak-stool")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.get_by_role("switch", name="Marketing consent").focus()
    page.keyboard.press("Space")
    expect(page.locator("#consent-state")).to_have_text("on")
    page.get_by_label("Quantity").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#cart-count")).to_have_text("1")


def test_a_shop_whose_browser_keeps_nothing_still_tells(shop, page):
    page.add_init_script("Object.defineProperty(window, 'localStorage', {get() { throw new Error('denied') }})")
    page.goto(shop.url + "product/oak-stool")
    page.get_by_role("button", name="Add to cart").click()
    expect(page.locator("#cart-count")).to_have_text("1")
    all_taken(page)

    assert shop.names == ["page", "Product Viewed", "Product Added"]


@pytest.mark.parametrize("width", [390, 820, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_its_window_and_names_its_controls(shop, page, width, scheme):
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    page.goto(shop.url + "product/fern-mug")
    page.get_by_role("button", name="Add to cart").click()
    for path in PAGES:
        page.goto(shop.url + path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        assert page.evaluate("[...document.images].every((image) => image.complete && image.naturalWidth > 0)"), path
        unnamed = (
            "[...document.querySelectorAll('input, button')].filter((one) => !one.labels.length && !one.innerText)"
        )
        assert page.evaluate(f"{unnamed}.filter((one) => !one.hasAttribute('aria-label')).length") == 0, path
