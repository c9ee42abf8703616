"""What the page calls, and what arrives for it."""

import re

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
ISO_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


async def test_calls_made_before_load_replay_in_order(visitor, gateway):
    calls = """<script>
      datafly.consent({marketing: true});
      datafly.identify("user-1", {email: "a@example.com"});
      _df.track("First", {n: 1});
      datafly.group("club");
      datafly.track("Second");
      datafly.ready(function () { datafly.track("Ready") });
    </script>"""
    gateway.pages["/"] = gateway.html(gateway.snippet() + calls)
    tab = await visitor.new_page()
    await tab.goto(gateway.shop + "/")
    await gateway.until_seen("Ready")
    assert gateway.names == ["consent", "identify", "page", "First", "group", "Second", "Ready"]
    assert gateway.named("page")["userId"] == "user-1"
    assert gateway.named("page")["context"]["consent"] == {"marketing": True}
    assert gateway.named("Second")["groupId"] == "club"


async def test_a_page_call_made_before_load_replaces_the_automatic_one(visitor, gateway):
    gateway.pages["/"] = gateway.html(
        gateway.snippet() + "<script>datafly.track('Early'); datafly.page('Home', {kind: 'landing'})</script>"
    )
    tab = await visitor.new_page()
    await tab.goto(gateway.shop + "/")
    await gateway.until_seen("page")
    await tab.evaluate("datafly.track('Fence'); datafly.flush()")
    await gateway.until_seen("Fence")
    assert gateway.names == ["Early", "page", "Fence"]
    assert gateway.named("page")["name"] == "Home"


async def test_what_the_page_kept_of_the_stand_in_stays_good_after_load(visitor, gateway):
    gateway.pages["/"] = gateway.html(
        gateway.snippet() + "<script>var kept = datafly, track = datafly.track, twin = _df === datafly</script>"
    )
    tab = await visitor.new_page()
    await tab.goto(gateway.shop + "/")
    await tab.wait_for_function("datafly.version")
    await tab.evaluate("kept.track('By object'); track('By function')")
    await gateway.until_seen("By object", "By function")
    assert await tab.evaluate("twin && kept === window.datafly && kept === window._df")


async def test_the_script_leaves_two_names_on_the_window(visitor, gateway):
    gateway.pages["/plain"] = "<!doctype html><title>Plain</title>"
    tab = await visitor.new_page()
    await tab.goto(gateway.shop + "/plain")
    before = set(await tab.evaluate("Object.getOwnPropertyNames(window)"))
    await tab.goto(gateway.shop + "/")
    after = set(await tab.evaluate("Object.getOwnPropertyNames(window)"))
    assert after - before == {"datafly", "_df"}


async def test_the_script_twice_on_a_page_counts_once(visitor, gateway):
    twice = gateway.tag(auto_page="true") * 2 + gateway.snippet()
    gateway.pages["/"] = gateway.html(twice)
    tab = await visitor.new_page()
    await tab.goto(gateway.shop + "/", wait_until="networkidle")
    await tab.evaluate("datafly.track('Fence'); datafly.flush()")
    await gateway.until_seen("Fence")
    assert gateway.names == ["page", "Fence"]


async def test_an_event_says_what_the_contract_asks(visitor, gateway):
    tab = await visitor.new_page()
    await tab.goto(gateway.shop + "/shoes?utm_source=mail&utm_campaign=May&utm_medium=crm&q=1#top")
    await tab.evaluate("datafly.track('Product Viewed', {product_id: 'p-1', price: 9.5})")
    await gateway.until_seen("Product Viewed")
    event = gateway.named("Product Viewed")
    context = event["context"]
    assert event["type"] == "track"
    assert event["properties"] == {"product_id": "p-1", "price": 9.5}
    assert UUID4.fullmatch(event["messageId"])
    assert ISO_TIME.fullmatch(event["timestamp"])
    assert not {"userId", "groupId", "anonymousId"} & set(event)
    assert context["page"] == {
        "url": gateway.shop + "/shoes?utm_source=mail&utm_campaign=May&utm_medium=crm&q=1#top",
        "path": "/shoes",
        "referrer": "",
        "title": "Shop",
        "search": "?utm_source=mail&utm_campaign=May&utm_medium=crm&q=1",
    }
    assert context["campaign"] == {"source": "mail", "name": "May", "medium": "crm"}
    assert (context["locale"], context["timezone"]) == ("en-GB", "Europe/London")
    assert context["userAgent"] == await tab.evaluate("navigator.userAgent")
    assert context["library"]["name"] == "@datafly/collector"
    assert context["library"]["version"] == await tab.evaluate("datafly.version")
    assert set(context["screen"]) == {"width", "height"}
    assert "consent" not in context


async def test_a_batch_is_a_simple_request_with_the_key_and_the_time(page, gateway):
    await page.evaluate("datafly.track('A')")
    await gateway.until_seen("A")
    request = gateway.received[0]
    assert request.query == {"wk": gateway.key}
    assert request.headers["Content-Type"].startswith("text/plain")
    assert set(request.body) == {"batch", "sentAt"}
    assert ISO_TIME.fullmatch(request.body["sentAt"])
    assert gateway.preflights == 0


async def test_identify_stays_with_the_events_of_the_page_and_merges_traits(page, gateway):
    await page.evaluate("""
        datafly.identify("user-123", {email: "jane@example.com", plan: "free"});
        datafly.identify("user-123", {plan: "pro"});
        datafly.track("After");
        datafly.identify(77);
        datafly.flush()
    """)
    await gateway.until_seen("After")
    first, second, after, other = gateway.events
    assert first["userId"] == "user-123"
    assert first["traits"] == {"email": "jane@example.com", "plan": "free"}
    assert second["traits"] == {"email": "jane@example.com", "plan": "pro"}
    assert (after["userId"], "traits" in after) == ("user-123", False)
    assert (other["userId"], other["traits"]) == ("77", {})


async def test_traits_without_an_id_are_kept_for_the_id_that_follows(page, gateway):
    await page.evaluate("datafly.identify({email: 'a@example.com'}); datafly.identify('u-1'); datafly.flush()")
    await gateway.until(lambda: len(gateway.events) == 2)
    nobody, somebody = gateway.events
    assert "userId" not in nobody
    assert (somebody["userId"], somebody["traits"]) == ("u-1", {"email": "a@example.com"})


async def test_consent_is_sent_at_once_merged_and_stamped_on_what_follows(page, gateway):
    await page.evaluate("datafly.track('Before'); datafly.consent({marketing: true, analytics: 'yes'})")
    await gateway.until_seen("consent")
    await page.evaluate("datafly.consent({analytics: true}); datafly.track('After'); datafly.flush()")
    await gateway.until_seen("After")
    assert [event["context"].get("consent") for event in gateway.events] == [
        None,
        {"marketing": True, "analytics": False},
        {"marketing": True, "analytics": True},
        {"marketing": True, "analytics": True},
    ]


async def test_consent_is_remembered_by_the_browser_and_shared_by_its_tabs(page, visitor, gateway):
    other = await visitor.new_page()
    await other.goto(gateway.shop + "/other")
    await page.evaluate("datafly.consent({marketing: true})")
    await page.reload()
    await page.evaluate("datafly.track('Reloaded'); datafly.flush()")
    await other.evaluate("datafly.track('Other tab'); datafly.flush()")
    await gateway.until_seen("Reloaded", "Other tab")
    assert gateway.named("Reloaded")["context"]["consent"] == {"marketing": True}
    assert gateway.named("Other tab")["context"]["consent"] == {"marketing": True}


async def test_spoilt_storage_does_not_stop_events(page, gateway):
    await page.evaluate(
        f"localStorage['_df.{gateway.key}.consent'] = '[not json'; datafly.track('Still'); datafly.flush()"
    )
    await gateway.until_seen("Still")


HOSTILE = """
    const circle = {name: "circle", shared: {a: 1}}; circle.self = circle; circle.again = circle.shared;
    const abyss = {}; let deep = abyss; for (let i = 0; i < 20000; i++) deep = deep.d = {};
    const revoked = Proxy.revocable({}, {}); revoked.revoke();
    return {
      circle, abyss, big: 12345678901234567890n, fn: () => 1, sym: Symbol("s"), node: document.body, win: window,
      date: new Date(Date.UTC(2024, 0, 2)), bad: new Date(NaN), nan: NaN, none: undefined, nil: null,
      half: "\\ud800", list: [1, () => 2, 3n], map: new Map([[1, 2]]), revoked: {inner: revoked.proxy},
      get trap() { throw new Error("trap") }, json: {toJSON() { throw new Error("no") }}, fine: "yes",
    };
"""


async def test_hostile_properties_never_throw_and_what_can_be_told_is_sent(page, gateway):
    await page.evaluate(f"datafly.track('Hostile', (() => {{{HOSTILE}}})()); datafly.flush()")
    await gateway.until_seen("Hostile")
    assert gateway.named("Hostile")["properties"] == {
        "circle": {"name": "circle", "shared": {"a": 1}, "again": {"a": 1}},
        "big": "12345678901234567890",
        "date": "2024-01-02T00:00:00.000Z",
        "bad": None,
        "nan": None,
        "nil": None,
        "half": "\ufffd",
        "list": [1, None, "3"],
        "map": {},
        "fine": "yes",
    }


HOSTILE_CALLS = """
    const revoked = Proxy.revocable({}, {}); revoked.revoke();
    const trap = {toString() { throw new Error("no") }, valueOf() { throw new Error("no") }};
    const values = [undefined, null, 0, "", "x", NaN, 1n, Symbol("s"), () => 1, [], [1], {}, trap, revoked.proxy,
                    document, window, new Map(), "y".repeat(70000), {huge: "z".repeat(70000)}];
    for (const name of ["page", "track", "identify", "group", "consent", "reset", "flush", "ready"])
      for (const a of values) for (const b of values) datafly[name](a, b);
    datafly.ready(() => { throw new Error("in a callback") });
    datafly.push([]); datafly.push(["no such call"]); datafly.push(undefined);
"""


async def test_no_call_with_any_argument_throws(page, gateway):
    """The fixture's end asserts that no error and no unhandled rejection reached the page either."""
    await page.evaluate(f"() => {{{HOSTILE_CALLS}}}")
    await page.evaluate("datafly.reset(); datafly.track('Fence')")
    await gateway.until_seen("Fence")


async def test_an_event_too_large_for_a_request_is_dropped_with_a_word(page, gateway):
    said = []
    page.on("console", lambda message: said.append((message.type, message.text)))
    await page.evaluate("datafly.track('Whale', {blob: 'x'.repeat(70000)}); datafly.track('Fish'); datafly.flush()")
    await gateway.until_seen("Fish")
    assert gateway.names == ["Fish"]
    assert any(kind == "warning" and "too large" in text and "Whale" in text for kind, text in said)


async def test_ready_runs_the_function_once_loaded(page):
    assert await page.evaluate("new Promise(done => datafly.ready(() => done('ran')))") == "ran"


async def test_plain_http_is_enough(without_secure_context, visitor):
    """No crypto.randomUUID and no Web Locks there."""
    gateway = without_secure_context
    tab = await visitor.new_page()
    await tab.goto(gateway.shop + "/")
    assert await tab.evaluate("[isSecureContext, crypto.randomUUID, navigator.locks]") == [False, None, None]
    await tab.evaluate("datafly.track('One'); datafly.track('Two'); datafly.flush()")
    await gateway.until_seen("Two")
    await tab.evaluate("datafly.track('Three'); datafly.flush()")
    await gateway.until_seen("Three")
    ids = [event["messageId"] for event in gateway.events]
    assert len(set(ids)) == 3
    assert all(UUID4.fullmatch(one) for one in ids)
    assert gateway.received[1].sent_cookie == gateway.received[0].visitor


async def test_a_missing_key_is_said_and_harms_nothing(visitor, gateway):
    said = []
    gateway.pages["/"] = gateway.html(f'<script src="{gateway.data}/d.js"></script>')
    gateway.answers(401)
    tab = await visitor.new_page()
    tab.on("console", lambda message: said.append(message.text))
    await tab.goto(gateway.shop + "/")
    await gateway.until(lambda: gateway.received)
    assert any("data-pipeline-key is missing" in text for text in said)


async def test_the_endpoint_can_be_named(visitor, gateway):
    gateway.pages["/"] = gateway.html(
        f'<script data-pipeline-key="{gateway.key}" data-endpoint="{gateway.data}/">'
        "/*bundled by the site*/</script>"
        f'<script src="{gateway.shop}/d.js" data-pipeline-key="{gateway.key}" data-endpoint="{gateway.data}/"></script>'
    )
    tab = await visitor.new_page()
    await tab.goto(gateway.shop + "/")
    await gateway.until_seen("page")
    assert gateway.received[0].headers["Host"] == gateway.data.removeprefix("http://")
