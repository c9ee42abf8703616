"""How what was called reaches the server: batches, order, retries, and the end of a page."""

import datetime as dt

import pytest
import pytest_asyncio

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

REMEMBER_BEACONS = """
    const send = navigator.sendBeacon.bind(navigator);
    navigator.sendBeacon = (url, body) => {
        sessionStorage.beacons = JSON.stringify([...JSON.parse(sessionStorage.beacons || "[]"), JSON.parse(body)]);
        return send(url, body);
    };
"""
HIDE = """
    Object.defineProperty(document, "visibilityState", {get: () => "hidden"});
    document.dispatchEvent(new Event("visibilitychange"));
"""
NOON = dt.datetime(2024, 5, 1, 12, tzinfo=dt.UTC)


@pytest_asyncio.fixture(loop_scope="session")
async def clocked(visitor, gateway):
    """A tab whose time stands still until the test moves it."""
    tab = await visitor.new_page()
    await tab.clock.install(time=NOON - dt.timedelta(hours=1))
    await tab.goto(gateway.shop + "/")
    await tab.clock.pause_at(NOON)
    return tab


async def settled(tab, gateway):
    """The browser has sent what it wanted to send: a request made after it has been answered."""
    await tab.evaluate("fetch('/fence').then(reply => reply.text())")


def track(*names):
    return ";".join(f"datafly.track('{name}')" for name in names)


async def test_ten_events_go_at_once_and_fewer_when_the_interval_ends(clocked, gateway):
    await clocked.evaluate(track(*"abcdefghijk"))
    await gateway.until_seen("j")
    assert [request.names for request in gateway.received] == [list("abcdefghij")]
    await clocked.clock.run_for(999)
    await settled(clocked, gateway)
    assert "k" not in gateway.names
    await clocked.clock.run_for(1)
    await gateway.until_seen("k")


async def test_a_burst_goes_in_batches_of_ten_in_order(page, gateway):
    names = [f"n{number}" for number in range(25)]
    await page.evaluate(track(*names) + "; datafly.flush()")
    await gateway.until_seen(*names)
    assert [len(request.events) for request in gateway.received] == [10, 10, 5]
    assert gateway.names == names


async def test_batch_size_and_interval_can_be_set_on_the_tag(visitor, gateway):
    gateway.pages["/"] = gateway.html(gateway.tag(batch_size="2", flush_interval="5000"))
    tab = await visitor.new_page()
    await tab.clock.install(time=NOON - dt.timedelta(hours=1))
    await tab.goto(gateway.shop + "/")
    await tab.clock.pause_at(NOON)
    await tab.evaluate(track("a", "b", "c"))
    await gateway.until_seen("a", "b")
    await tab.clock.run_for(4999)
    await settled(tab, gateway)
    assert gateway.names == ["a", "b"]
    await tab.clock.run_for(1)
    await gateway.until_seen("c")
    assert [request.names for request in gateway.received] == [["a", "b"], ["c"]]


@pytest.mark.parametrize("size", ["-3", "0", "many", "0.2"])
async def test_a_batch_size_that_is_none_does_not_stop_events(visitor, gateway, size):
    gateway.pages["/"] = gateway.html(gateway.tag(batch_size=size))
    tab = await visitor.new_page()
    await tab.goto(gateway.shop + "/")
    await tab.evaluate(track("a", "b") + "; datafly.flush()")
    await gateway.until_seen("a", "b")


async def one_at_a_time(page, gateway):
    gateway.gate.clear()
    await page.evaluate(track("a") + "; datafly.flush()")
    await gateway.until(lambda: gateway.waiting == 1)
    await page.evaluate(track("b") + "; datafly.flush();" + track(*"cdefghijklmn"))
    await settled(page, gateway)
    gateway.gate.set()
    await gateway.until_seen("n")
    assert gateway.names == list("abcdefghijklmn")
    assert gateway.most_at_once == 1
    assert len({request.visitor for request in gateway.received}) == 1
    assert [bool(request.sent_cookie) for request in gateway.received][:2] == [False, True]


async def test_one_request_is_under_way_at_a_time_so_that_one_visitor_gets_one_cookie(page, gateway):
    await one_at_a_time(page, gateway)


async def test_one_request_is_under_way_at_a_time_on_plain_http_too(without_secure_context, visitor):
    tab = await visitor.new_page()
    await tab.goto(without_secure_context.shop + "/")
    await one_at_a_time(tab, without_secure_context)


async def test_two_tabs_opened_at_once_are_one_visitor(visitor, gateway):
    gateway.gate.clear()
    tabs = [await visitor.new_page() for _ in range(2)]
    for number, tab in enumerate(tabs):
        await tab.goto(gateway.shop + f"/{number}")
        await tab.evaluate(track(f"tab {number}") + "; datafly.flush()")
    await gateway.until(lambda: gateway.waiting == 1)
    gateway.gate.set()
    await gateway.until_seen("tab 0", "tab 1")
    assert gateway.most_at_once == 1
    assert len({request.visitor for request in gateway.received}) == 1


async def test_a_request_stays_below_64_kb_whatever_the_letters(page, gateway):
    await page.evaluate("""
        for (let i = 0; i < 9; i++) datafly.track("wide" + i, {text: "日本語".repeat(1000)});
        datafly.flush()
    """)
    await gateway.until_seen("wide8")
    assert gateway.names == [f"wide{number}" for number in range(9)]
    assert max(request.size for request in gateway.received) < 64_000
    assert len(gateway.received) < 9


@pytest.mark.parametrize("status", [500, 503, 429, 408])
async def test_what_the_server_cannot_take_now_is_sent_again_unchanged_and_in_order(page, gateway, status):
    gateway.answers(status)
    await page.evaluate(track("a", "b") + "; datafly.flush()")
    await gateway.until(lambda: gateway.received)
    await page.evaluate(track("c") + "; datafly.flush()")
    await gateway.until_seen("c")
    assert gateway.names == ["a", "b", "c"]
    assert [event["messageId"] for event in gateway.received[0].events] == [
        event["messageId"] for event in gateway.events[:2]
    ]


async def test_the_waits_between_retries_grow_and_end_at_a_minute(clocked, gateway):
    gateway.answers(*[503] * 9)
    await clocked.evaluate(track("a") + "; datafly.flush()")
    waits = [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    for tries, seconds in enumerate(waits, start=1):
        await gateway.until(lambda tries=tries: len(gateway.received) == tries)
        await settled(clocked, gateway)
        await clocked.clock.run_for(int(seconds * 1000) - 1)
        await settled(clocked, gateway)
        assert len(gateway.received) == tries
        await clocked.clock.run_for(int(seconds * 1000) + 1)
    await gateway.until_seen("a")


async def test_retry_after_is_honoured(clocked, gateway):
    gateway.answers(429, headers={"Retry-After": "40"})
    await clocked.evaluate(track("a") + "; datafly.flush()")
    await gateway.until(lambda: len(gateway.received) == 1)
    await settled(clocked, gateway)
    await clocked.clock.run_for(39_999)
    await clocked.evaluate(track(*"bcdefghijkl") + "; datafly.flush(); dispatchEvent(new Event('online'))")
    await settled(clocked, gateway)
    assert len(gateway.received) == 1
    await clocked.clock.run_for(4_001)
    await gateway.until_seen(*"abcdefghijkl")
    assert gateway.names == list("abcdefghijkl")


async def test_what_happens_offline_arrives_in_order_when_the_network_is_back(page, visitor, gateway):
    await visitor.set_offline(True)
    await page.evaluate(track("a") + "; datafly.flush()")
    await page.evaluate(track("b", "c"))
    await visitor.set_offline(False)
    await gateway.until_seen("c")
    assert gateway.names == ["a", "b", "c"]


async def test_a_refused_batch_is_dropped_with_one_word_and_the_next_goes_on(page, gateway):
    said = []
    page.on("console", lambda message: said.append(message.text) if message.type == "warning" else None)
    gateway.answers(400, 401)
    for name in "abc":
        await page.evaluate(track(name) + "; datafly.flush()")
        await gateway.until(lambda name=name: any(name in request.names for request in gateway.received))
    assert gateway.names == ["c"]
    assert [text for text in said if "datafly" in text] == ["[datafly] batch refused, dropped 400"]


async def test_events_that_the_server_refused_are_said(visitor, gateway):
    said = []
    tab = await visitor.new_page()
    await tab.goto(gateway.shop + "/")
    tab.on("console", lambda message: said.append(message.text))
    await tab.evaluate("""
        const real = window.fetch;
        window.fetch = async (...args) => {
            await real(...args);
            return new Response('{"success":true,"accepted":0,"errors":[{"index":0,"message":"no event"}]}');
        };
        datafly.track("a"); datafly.flush()
    """)
    await gateway.until_seen("a")
    await tab.wait_for_function("!Object.keys(localStorage).length")
    await settled(tab, gateway)
    assert any("some events were refused" in text for text in said)


@pytest.mark.parametrize("broken", ["() => { throw new Error('blocked') }", "() => Promise.reject(0)", "undefined"])
async def test_a_broken_fetch_reaches_nobody_and_loses_nothing(page, gateway, broken):
    await page.evaluate(f"window.real = fetch; window.fetch = {broken}; {track('a')}; datafly.flush()")
    await page.evaluate("window.fetch = real")
    await gateway.until_seen("a")


async def test_a_link_clicked_right_after_an_event_does_not_lose_it(visitor, gateway):
    """The killed navigation: the page is gone before the batch was due."""
    gateway.pages["/"] = gateway.html(
        body=f"<a id=out href='{gateway.data}/elsewhere' onclick=\"datafly.track('Clicked')\">away</a>"
    )
    gateway.pages["/elsewhere"] = "<!doctype html><title>Elsewhere</title>"
    tab = await visitor.new_page()
    await tab.goto(gateway.shop + "/")
    await tab.click("#out")
    await gateway.until_seen("Clicked")
    assert gateway.names == ["Clicked"]


async def test_a_click_within_the_shop_is_counted_once_by_message_id(visitor, gateway):
    gateway.pages["/"] = gateway.html(body="<a id=next href='/next' onclick=\"datafly.track('Clicked')\">next</a>")
    tab = await visitor.new_page()
    await tab.goto(gateway.shop + "/")
    await tab.click("#next")
    await tab.wait_for_url("**/next")
    await tab.evaluate(track("Arrived") + "; datafly.flush()")
    await gateway.until_seen("Clicked", "Arrived")
    assert gateway.once == ["Clicked", "Arrived"]
    assert gateway.names.count("Clicked") <= 2


async def test_closing_the_tab_sends_what_waits(visitor, gateway):
    tab = await visitor.new_page()
    await tab.goto(gateway.shop + "/")
    await tab.evaluate(track(*[f"n{number}" for number in range(9)]))
    await tab.close(run_before_unload=True)
    await gateway.until_seen("n8")
    assert gateway.names == [f"n{number}" for number in range(9)]


async def test_what_is_under_way_when_the_page_ends_arrives_once_or_twice_but_never_not(page, gateway):
    gateway.gate.clear()
    await page.evaluate(track("Under way") + "; datafly.flush()")
    await gateway.until(lambda: gateway.waiting == 1)
    await page.evaluate(track("Waiting"))
    await page.goto(gateway.shop + "/next")
    gateway.gate.set()
    await page.evaluate(track("Next") + "; datafly.flush()")
    await gateway.until_seen("Under way", "Waiting", "Next")
    await page.wait_for_function("!Object.keys(localStorage).length")
    assert sorted(gateway.once) == ["Next", "Under way", "Waiting"]
    assert all(gateway.names.count(name) <= 2 for name in gateway.names)


async def test_a_request_outlives_its_page(page, gateway):
    await page.evaluate("""
        const real = window.fetch;
        window.fetch = (url, options) => { window.asked = options; return real(url, options) };
        datafly.track("a"); datafly.flush();
    """)
    await gateway.until_seen("a")
    assert await page.evaluate("[asked.keepalive, asked.credentials]") == [True, "include"]


@pytest.mark.parametrize(
    "end",
    [
        "dispatchEvent(new Event('pagehide'))",
        HIDE,
    ],
)
async def test_a_tab_that_is_left_or_hidden_sends_what_waits(page, gateway, end):
    """On a phone being hidden may be the last that a page hears."""
    await page.evaluate(REMEMBER_BEACONS + "'ready'")
    await page.evaluate(f"{track('Last')}; {end}")
    assert await page.evaluate("JSON.parse(sessionStorage.beacons).length") == 1
    await gateway.until_seen("Last")
    assert gateway.received[0].headers["Content-Type"].startswith("text/plain")


async def test_beacons_are_cut_below_64_kb_and_what_the_browser_refuses_is_kept(visitor, gateway):
    tab = await visitor.new_page()
    await tab.goto(gateway.shop + "/")
    await tab.evaluate("for (let i = 0; i < 9; i++) datafly.track('big' + i, {text: 'x'.repeat(9000)})")
    await tab.goto(gateway.shop + "/next")
    await gateway.until(lambda: len(set(gateway.names)) == 9)
    assert gateway.once == [f"big{number}" for number in range(9)]
    assert max(request.size for request in gateway.received) < 64_000


async def test_without_a_beacon_the_next_page_sends(visitor, gateway):
    await visitor.add_init_script("navigator.sendBeacon = () => false")
    tab = await visitor.new_page()
    await tab.goto(gateway.shop + "/")
    await tab.evaluate(track("a", "b"))
    await tab.goto(gateway.shop + "/next")
    await gateway.until_seen("b")
    assert gateway.names == ["a", "b"]


async def test_while_the_server_is_away_nothing_is_given_to_a_beacon(visitor, gateway):
    """A beacon has no answer: what the server refused would be taken for sent."""
    gateway.answers(503)
    await visitor.add_init_script(REMEMBER_BEACONS)
    tab = await visitor.new_page()
    await tab.goto(gateway.shop + "/")
    await tab.evaluate(track("a") + "; datafly.flush()")
    await gateway.until(lambda: gateway.received)
    await settled(tab, gateway)
    await tab.evaluate(track("b"))
    await tab.goto(gateway.shop + "/next")
    await gateway.until_seen("b")
    assert gateway.names == ["a", "b"]
    assert await tab.evaluate("sessionStorage.beacons") is None
