"""What waits survives: reloads, closed tabs, other tabs, denied, full and cleared storage; and stays small."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

STORED_BYTES = "new Blob(Object.entries(localStorage).flat()).size"
DENIED = """Object.defineProperty(window, "localStorage", {get() { throw new DOMException("no", "SecurityError") }})"""
LOST_BEACONS = "navigator.sendBeacon = () => true"
HOUR_MS = 3_600_000


def track(*names):
    return ";".join(f"datafly.track('{name}')" for name in names)


async def answered(gateway, count):
    await gateway.until(lambda: len(gateway.received) >= count)


async def until_empty(tab):
    await tab.wait_for_function("Object.keys(localStorage).every(key => key.endsWith('.reset'))")


async def test_what_the_server_did_not_take_survives_a_reload(page, gateway):
    gateway.answers(503)
    await page.evaluate(track("a", "b") + "; datafly.flush()")
    await answered(gateway, 1)
    await page.reload()
    await page.evaluate(track("c"))
    await gateway.until_seen("a", "b", "c")
    assert gateway.once == ["a", "b", "c"]
    await until_empty(page)


async def test_nothing_stays_in_storage_once_all_is_sent(page, gateway):
    await page.evaluate(track("a") + "; datafly.flush(); datafly.reset()")
    await answered(gateway, 2)
    await until_empty(page)


async def test_with_storage_denied_events_go_out_all_the_same(visitor, gateway):
    await visitor.add_init_script(DENIED)
    gateway.answers(503)
    tab = await visitor.new_page()
    await tab.goto(gateway.shop + "/")
    await tab.evaluate("datafly.consent({marketing: true});" + track("a", "b") + "; datafly.flush()")
    await gateway.until_seen("consent", "a", "b")
    await tab.evaluate("datafly.reset();" + track("c") + "; datafly.flush()")
    await gateway.until_seen("c")
    assert gateway.names == ["consent", "a", "b", "c"]
    assert gateway.named("b")["context"]["consent"] == {"marketing": True}
    assert "consent" not in gateway.named("c")["context"]
    assert gateway.received[-1].visitor != gateway.accepted[0].visitor


async def test_with_storage_denied_the_end_of_a_page_sends_even_while_the_server_is_away(visitor, gateway):
    await visitor.add_init_script(DENIED)
    gateway.answers(503)
    tab = await visitor.new_page()
    await tab.goto(gateway.shop + "/")
    await tab.evaluate(track("a") + "; datafly.flush()")
    await answered(gateway, 1)
    await tab.goto(gateway.shop + "/next")
    await gateway.until_seen("a")


async def test_a_shop_that_filled_its_storage_loses_neither_events_nor_room(visitor, gateway):
    tab = await visitor.new_page()
    await tab.goto(gateway.shop + "/")
    await tab.evaluate("""
        let size = 1 << 22, key = 0;
        while (size) try { localStorage["shop" + key++] = "s".repeat(size) } catch { size >>= 1 }
    """)
    before = await tab.evaluate("Object.keys(localStorage).length")
    await tab.evaluate("datafly.consent({marketing: true});" + track("a", "b") + "; datafly.flush()")
    await gateway.until_seen("a", "b")
    assert gateway.named("b")["context"]["consent"] == {"marketing": True}
    assert await tab.evaluate("Object.keys(localStorage).length") == before
    await tab.evaluate(track("c"))
    await tab.close(run_before_unload=True)
    await gateway.until_seen("c")


async def test_a_withdrawal_that_the_full_storage_cannot_hold_is_not_outvoted_by_the_old_grant(page, gateway):
    await page.evaluate("""
        datafly.consent({marketing: true});
        Storage.prototype.setItem = () => { throw new DOMException("full", "QuotaExceededError") };
        datafly.consent({marketing: false});
        datafly.track("After"); datafly.flush()
    """)
    await gateway.until_seen("After")
    assert gateway.named("After")["context"]["consent"] == {"marketing": False}


async def test_a_shop_that_clears_its_storage_loses_no_event(page, gateway):
    """Log-out code often does."""
    await page.evaluate("datafly.identify('user-1');" + track("Logged Out") + "; localStorage.clear(); datafly.flush()")
    await gateway.until_seen("Logged Out")


async def test_the_queue_never_exceeds_100_kb_and_drops_the_oldest(page, gateway):
    gateway.gate.clear()
    await page.evaluate(track("first") + "; datafly.flush()")
    await gateway.until(lambda: gateway.waiting == 1)
    largest = await page.evaluate(f"""() => {{
        let largest = 0;
        for (let i = 0; i < 400; i++) {{
            datafly.track("n" + i, {{text: "ü".repeat(i)}});
            largest = Math.max(largest, {STORED_BYTES});
        }}
        return largest;
    }}""")
    assert 90_000 < largest <= 102_400
    gateway.gate.set()
    await page.evaluate("datafly.flush()")
    await gateway.until_seen("n399")
    kept = [int(name[1:]) for name in gateway.names if name != "first"]
    assert kept == list(range(kept[0], 400))
    assert kept[0] > 200


async def test_the_cap_holds_for_all_tabs_together(page, visitor, gateway):
    gateway.gate.clear()
    other = await visitor.new_page()
    await other.goto(gateway.shop + "/other")
    for tab in (page, other, page):
        await tab.evaluate("for (let i = 0; i < 150; i++) datafly.track('n', {text: 'x'.repeat(300)})")
    for tab in (page, other):  # they hear of each other late, and then the oldest goes
        await tab.wait_for_function(f"({STORED_BYTES}) <= 102_400")


async def test_resets_without_number_do_not_exceed_the_cap_either(page, gateway):
    gateway.gate.clear()
    await page.evaluate("for (let i = 0; i < 250; i++) { datafly.reset(); datafly.reset(); datafly.track('n') }")
    assert await page.evaluate(STORED_BYTES) <= 102_400
    gateway.gate.set()
    await gateway.until(lambda: any(request.body.get("reset") for request in gateway.received))
    await until_empty(page)


async def test_two_tabs_lose_nothing_and_overwrite_nothing(visitor, gateway):
    gateway.gate.clear()
    tabs = [await visitor.new_page() for _ in range(2)]
    for tab in tabs:
        await tab.goto(gateway.shop + "/")
    for turn in range(6):
        for number, tab in enumerate(tabs):
            await tab.evaluate(track(f"tab{number} turn{turn}"))
    gateway.gate.set()
    for tab in tabs:
        await tab.evaluate("datafly.flush()")
    everything = [f"tab{number} turn{turn}" for turn in range(6) for number in range(2)]
    await gateway.until_seen(*everything)
    for number in range(2):
        own = [name for name in gateway.once if name.startswith(f"tab{number}")]
        assert own == [f"tab{number} turn{turn}" for turn in range(6)]
    assert len(gateway.once) == len(everything)


async def test_two_tabs_on_plain_http_lose_nothing(without_secure_context, visitor):
    """Without Web Locks both may send the same: the server knows the messageId."""
    gateway = without_secure_context
    tabs = [await visitor.new_page() for _ in range(2)]
    for tab in tabs:
        await tab.goto(gateway.shop + "/")
    for turn in range(5):
        for number, tab in enumerate(tabs):
            await tab.evaluate(track(f"tab{number} turn{turn}") + "; datafly.flush()")
    everything = {f"tab{number} turn{turn}" for turn in range(5) for number in range(2)}
    await gateway.until_seen(*everything)
    assert sorted(gateway.once) == sorted(everything)
    for tab in tabs:
        await until_empty(tab)


async def test_what_a_closed_tab_left_is_sent_by_the_tab_that_lives_on(page, visitor, gateway):
    await visitor.add_init_script("navigator.sendBeacon = () => false")
    other = await visitor.new_page()
    await other.goto(gateway.shop + "/other")
    await other.evaluate(track("Left behind"))
    await other.close(run_before_unload=True)
    await page.evaluate(track("Alive"))
    await gateway.until_seen("Left behind", "Alive")
    assert gateway.names == ["Left behind", "Alive"]


async def test_what_another_tab_sent_is_not_sent_again(page, visitor, gateway):
    other = await visitor.new_page()
    await other.goto(gateway.shop + "/other")
    await page.clock.install()
    await page.reload()
    await page.evaluate(track("Mine"))
    await other.evaluate("datafly.flush()")
    await gateway.until_seen("Mine")
    await until_empty(page)
    await page.evaluate(track("Next") + "; datafly.flush()")
    await gateway.until_seen("Next")
    assert gateway.names == ["Mine", "Next"]


async def test_what_a_beacon_may_have_lost_is_sent_by_the_next_page(visitor, gateway):
    await visitor.add_init_script(LOST_BEACONS)
    tab = await visitor.new_page()
    await tab.goto(gateway.shop + "/")
    await tab.evaluate(track("a", "b"))
    await tab.goto(gateway.shop + "/next")
    await tab.evaluate(track("c"))
    await gateway.until_seen("a", "b", "c")
    assert gateway.names == ["a", "b", "c"]
    await until_empty(tab)


async def test_what_a_beacon_took_is_not_repeated_when_the_server_may_have_forgotten_its_id(visitor, gateway):
    """An order must not be counted twice because its buyer came back the next day."""
    await visitor.add_init_script(LOST_BEACONS)
    tab = await visitor.new_page()
    await tab.goto(gateway.shop + "/")
    await tab.evaluate(track("Order Completed"))
    await tab.goto(gateway.data + "/elsewhere")
    await visitor.add_init_script(f"const now = Date.now; Date.now = () => now() + 24 * {HOUR_MS}")
    await tab.goto(gateway.shop + "/")
    await tab.evaluate(track("Back"))
    await gateway.until_seen("Back")
    assert gateway.names == ["Back"]
    await until_empty(tab)


async def test_what_was_under_way_at_the_end_of_a_page_is_not_repeated_days_later_either(visitor, gateway):
    tab = await visitor.new_page()
    await tab.goto(gateway.shop + "/")
    gateway.gate.clear()
    await tab.evaluate(track("Order Completed") + "; datafly.flush()")
    await gateway.until(lambda: gateway.waiting == 1)
    await tab.goto(gateway.data + "/elsewhere")
    gateway.gate.set()
    await visitor.add_init_script(f"const now = Date.now; Date.now = () => now() + 24 * {HOUR_MS}")
    await tab.goto(gateway.shop + "/")
    await tab.evaluate(track("Back"))
    await gateway.until_seen("Back")
    assert gateway.names == ["Order Completed", "Back"]


async def test_what_was_never_sent_is_sent_however_late(visitor, gateway):
    await visitor.add_init_script("navigator.sendBeacon = () => false")
    tab = await visitor.new_page()
    await tab.goto(gateway.shop + "/")
    await tab.evaluate(track("Order Completed"))
    await tab.goto(gateway.data + "/elsewhere")
    await visitor.add_init_script(f"const now = Date.now; Date.now = () => now() + 72 * {HOUR_MS}")
    await tab.goto(gateway.shop + "/")
    await gateway.until_seen("Order Completed")


async def test_a_clock_that_was_set_back_does_not_turn_the_order(visitor, gateway):
    await visitor.add_init_script("navigator.sendBeacon = () => false")
    tab = await visitor.new_page()
    await tab.goto(gateway.shop + "/")
    await tab.evaluate(track("a"))
    await visitor.add_init_script(f"const now = Date.now; Date.now = () => now() - {HOUR_MS}")
    await tab.goto(gateway.shop + "/next")
    await tab.evaluate(track("b"))
    await gateway.until_seen("b")
    assert gateway.names == ["a", "b"]


async def test_two_pipelines_on_one_origin_do_not_send_each_others_events(visitor, gateway):
    await visitor.add_init_script("navigator.sendBeacon = () => false")
    gateway.pages["/de"] = gateway.html(gateway.tag(pipeline_key="dk_other"))
    tab = await visitor.new_page()
    await tab.goto(gateway.shop + "/de")
    await tab.evaluate("datafly.consent({marketing: true})")
    await gateway.until_seen("consent")
    await tab.evaluate(track("German"))
    await tab.goto(gateway.shop + "/")
    await tab.evaluate(track("English") + "; datafly.flush()")
    await gateway.until_seen("English")
    assert gateway.names == ["consent", "English"]
    assert "consent" not in gateway.named("English")["context"]
    await tab.goto(gateway.shop + "/de")
    await gateway.until_seen("German")
    assert gateway.received[-1].query == {"wk": "dk_other"}
