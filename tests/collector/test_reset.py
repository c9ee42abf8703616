"""After reset() the person at this browser is nobody, and nothing of the one before follows them."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

REMEMBER_BEACONS = """
    const send = navigator.sendBeacon.bind(navigator);
    navigator.sendBeacon = (url, body) => {
        sessionStorage.beacons = JSON.stringify([...JSON.parse(sessionStorage.beacons || "[]"), JSON.parse(body)]);
        return send(url, body);
    };
"""


def track(*names):
    return ";".join(f"datafly.track('{name}')" for name in names)


async def log_in(page, gateway):
    await page.evaluate("""
        datafly.consent({marketing: true});
        datafly.identify("user-1", {email: "one@example.com"});
        datafly.group("club", {plan: "pro"});
        datafly.track("As user-1"); datafly.flush()
    """)
    await gateway.until_seen("As user-1")


def visitors(gateway):
    """Who each event was counted under, in order."""
    return {name: request.visitor for request in gateway.accepted for name in request.names}


async def test_reset_asks_at_once_for_a_new_identity_though_nothing_follows(page, gateway):
    await log_in(page, gateway)
    await page.evaluate("datafly.reset()")
    await gateway.until(lambda: gateway.received[-1].body.get("reset"))
    request = gateway.received[-1]
    assert request.body["batch"] == []
    assert set(request.body) == {"batch", "sentAt", "reset"}
    assert request.visitor != request.sent_cookie == gateway.received[0].visitor


async def test_what_follows_a_reset_belongs_to_nobody(page, gateway):
    await log_in(page, gateway)
    await page.evaluate("datafly.reset();" + track("As nobody") + "; datafly.identify('user-2'); datafly.flush()")
    await gateway.until(lambda: gateway.events[-1].get("userId") == "user-2")
    nobody = gateway.named("As nobody")
    assert not {"userId", "groupId"} & set(nobody)
    assert "consent" not in nobody["context"]
    assert gateway.events[-1]["traits"] == {}
    assert "groupId" not in gateway.events[-1]
    assert visitors(gateway)["As nobody"] != visitors(gateway)["As user-1"]
    resets = [request for request in gateway.received if request.body.get("reset")]
    assert len(resets) == 1


async def test_what_was_queued_before_a_reset_goes_under_the_old_identity(page, gateway):
    await log_in(page, gateway)
    await page.evaluate(track("Old") + "; datafly.reset();" + track("New") + "; datafly.flush()")
    await gateway.until_seen("New")
    counted = visitors(gateway)
    assert counted["Old"] == counted["As user-1"] != counted["New"]
    assert [(request.names, "reset" in request.body) for request in gateway.received[-2:]] == [
        (["Old"], False),
        (["New"], True),
    ]


async def test_two_resets_in_a_row_are_one_and_two_people_between_are_two(page, gateway):
    await log_in(page, gateway)
    await page.evaluate(f"""
        datafly.reset(); datafly.reset(); {track("Second")}; datafly.reset(); {track("Third")}; datafly.flush()
    """)
    await gateway.until_seen("Third")
    assert len({visitors(gateway)[name] for name in ("As user-1", "Second", "Third")}) == 3
    assert len([request for request in gateway.received if request.body.get("reset")]) == 2


async def test_a_reset_that_the_server_could_not_take_survives_a_reload(page, gateway):
    await log_in(page, gateway)
    gateway.answers(503)
    await page.evaluate("datafly.reset()")
    await gateway.until(lambda: gateway.received[-1].status == 503)
    await page.reload()
    await page.evaluate(track("After reload"))
    await gateway.until_seen("After reload")
    assert visitors(gateway)["After reload"] != visitors(gateway)["As user-1"]


async def test_a_reset_made_offline_comes_before_what_follows(page, visitor, gateway):
    await log_in(page, gateway)
    await visitor.set_offline(True)
    await page.evaluate(track("Old") + "; datafly.reset();" + track("New"))
    await visitor.set_offline(False)
    await gateway.until_seen("Old", "New")
    counted = visitors(gateway)
    assert counted["Old"] == counted["As user-1"] != counted["New"]


async def test_at_the_end_of_a_page_a_reset_parts_the_beacons(page, visitor, gateway):
    await visitor.add_init_script(REMEMBER_BEACONS)
    await page.reload()
    await log_in(page, gateway)
    gateway.gate.clear()
    await page.evaluate(track("Under way") + "; datafly.flush()")
    await gateway.until(lambda: gateway.waiting == 1)
    await page.evaluate(track("Old") + "; datafly.reset();" + track("New"))
    await page.goto(gateway.shop + "/next")
    gateway.gate.set()
    await page.evaluate(track("Next") + "; datafly.flush()")
    await gateway.until_seen("Next", "New", "Old", "Under way")
    beacons = await page.evaluate("JSON.parse(sessionStorage.beacons)")
    assert [([event["event"] for event in one["batch"]], one.get("reset")) for one in beacons] == [
        (["Old"], None),
        (["New"], True),
    ]


async def test_nothing_of_the_old_identity_is_sent_again_after_a_reset_was_given_away(page, visitor, gateway):
    """A copy under the new cookie would tie the next person to the one before."""
    await visitor.add_init_script("navigator.sendBeacon = () => true")
    await page.reload()
    await log_in(page, gateway)
    old = gateway.received[0].visitor
    gateway.gate.clear()
    await page.evaluate(track("Under way") + "; datafly.flush()")
    await gateway.until(lambda: gateway.waiting == 1)
    await page.evaluate(track("Old") + "; datafly.reset();" + track("New"))
    await page.goto(gateway.shop + "/next")
    gateway.gate.set()
    await gateway.until_seen("New")
    assert [request.visitor for request in gateway.received if "Under way" in request.names] == [old]
    assert "Old" not in gateway.names
    assert visitors(gateway)["New"] != old
    assert next(request for request in gateway.received if "New" in request.names).body["reset"] is True


async def test_what_follows_a_reset_under_way_does_not_leave_with_the_old_cookie(page, visitor, gateway):
    await visitor.add_init_script(REMEMBER_BEACONS)
    await page.reload()
    await log_in(page, gateway)
    gateway.gate.clear()
    await page.evaluate("datafly.reset()")
    await gateway.until(lambda: gateway.waiting == 1)
    await page.evaluate(track(*[f"n{number}" for number in range(12)]))
    await page.goto(gateway.shop + "/next")
    gateway.gate.set()
    await gateway.until_seen(*[f"n{number}" for number in range(12)])
    old = gateway.received[0].visitor
    assert all(one["reset"] for one in await page.evaluate("JSON.parse(sessionStorage.beacons)"))
    assert old not in {
        request.visitor for request in gateway.accepted if "n0" in request.names or "n11" in request.names
    }


async def test_all_beacons_after_a_reset_part_from_the_old_identity(page, visitor, gateway):
    """These ones get lost, too: the reset and what follows it come again with the next page."""
    await visitor.add_init_script(REMEMBER_BEACONS.replace("return send(url, body)", "return true"))
    await page.reload()
    await log_in(page, gateway)
    gateway.gate.clear()
    await page.evaluate(track("Under way") + "; datafly.flush()")
    await gateway.until(lambda: gateway.waiting == 1)
    await page.evaluate("datafly.reset();" + track(*[f"n{number}" for number in range(12)]))
    await page.goto(gateway.shop + "/next")
    gateway.gate.set()
    await gateway.until_seen("n0", "n11")
    old = gateway.received[0].visitor
    assert old not in {request.visitor for request in gateway.accepted if {"n0", "n11"} & set(request.names)}
    beacons = await page.evaluate("JSON.parse(sessionStorage.beacons)")
    assert [(len(one["batch"]), one["reset"]) for one in beacons] == [(10, True), (2, True)]


async def test_a_queue_that_overflows_still_knows_that_somebody_else_is_here(page, gateway):
    await log_in(page, gateway)
    gateway.gate.clear()
    await page.evaluate(track("Under way") + "; datafly.flush()")
    await gateway.until(lambda: gateway.waiting == 1)
    await page.evaluate(
        "datafly.reset(); for (let i = 0; i < 30; i++) datafly.track('n' + i, {text: 'x'.repeat(9000)})"
    )
    gateway.gate.set()
    await page.evaluate("datafly.flush()")
    await gateway.until_seen("n29")
    old = gateway.received[0].visitor
    assert "n0" not in gateway.names
    assert old not in {request.visitor for request in gateway.accepted if set(request.names) & {"n28", "n29"}}


async def test_a_reset_reaches_the_other_tabs(page, visitor, gateway):
    other = await visitor.new_page()
    await other.goto(gateway.shop + "/other")
    await log_in(other, gateway)
    await other.evaluate("addEventListener('storage', ({newValue}) => { if (newValue == 'R') window.told = true })")
    await page.evaluate("datafly.reset()")
    await other.wait_for_function("window.told")
    await other.evaluate(track("Other tab") + "; datafly.flush()")
    await gateway.until_seen("Other tab")
    event = gateway.named("Other tab")
    assert not {"userId", "groupId"} & set(event)
    assert "consent" not in event["context"]
    assert visitors(gateway)["Other tab"] != visitors(gateway)["As user-1"]


async def test_a_page_that_the_browser_kept_knows_of_a_reset_made_meanwhile(keeping_visitor, gateway):
    """Back after the log-out: the next person must not be counted as the one before, under their own new cookie."""
    gateway.pages["/account"] = gateway.html(gateway.tag(auto_page="true"))
    tab = await keeping_visitor.new_page()
    await tab.goto(gateway.shop + "/account")
    await log_in(tab, gateway)
    await tab.evaluate("addEventListener('pageshow', ({persisted}) => { window.kept = persisted })")
    await tab.wait_for_function("!Object.keys(localStorage).some(key => key.includes('.q.'))")
    await tab.goto(gateway.shop + "/bye")
    await tab.evaluate("datafly.reset()")
    await gateway.until(lambda: gateway.received[-1].body.get("reset"))
    await tab.go_back(wait_until="commit")
    await tab.wait_for_function("window.kept")
    await tab.evaluate(track("Next person") + "; datafly.flush()")
    await gateway.until_seen("Next person")
    old = gateway.received[0].visitor
    later = [event for request in gateway.accepted if request.visitor != old for event in request.events]
    assert {event["type"] for event in later} == {"page", "track"}
    assert all(not {"userId", "groupId"} & set(event) and "consent" not in event["context"] for event in later)


async def test_traits_given_before_a_reset_elsewhere_do_not_join_the_next_persons(page, visitor, gateway):
    other = await visitor.new_page()
    await other.goto(gateway.shop + "/other")
    await log_in(other, gateway)
    await page.evaluate("datafly.reset()")
    await gateway.until(lambda: gateway.received[-1].body.get("reset"))
    await other.evaluate("datafly.identify({plan: 'new'}); datafly.flush()")
    await gateway.until(lambda: gateway.events[-1]["type"] == "identify")
    assert gateway.events[-1]["traits"] == {"plan": "new"}
    assert "userId" not in gateway.events[-1]


async def test_the_shops_own_storage_does_not_log_anybody_out(page, visitor, gateway):
    other = await visitor.new_page()
    await other.goto(gateway.shop + "/other")
    await log_in(page, gateway)
    await page.evaluate("addEventListener('storage', () => { window.told = true })")
    await other.evaluate("localStorage.rating = 'R'")
    await page.wait_for_function("window.told")
    await page.evaluate(track("Still here") + "; datafly.flush()")
    await gateway.until_seen("Still here")
    assert gateway.named("Still here")["userId"] == "user-1"


async def test_what_another_tab_queued_before_a_reset_goes_under_the_old_identity(page, visitor, gateway):
    await log_in(page, gateway)
    other = await visitor.new_page()
    await other.goto(gateway.shop + "/other")
    gateway.gate.clear()
    await page.evaluate(track("Under way") + "; datafly.flush()")
    await gateway.until(lambda: gateway.waiting == 1)
    await other.evaluate(track("Other, old"))
    await page.wait_for_function("Object.values(localStorage).some(value => value.includes('Other, old'))")
    await page.evaluate("datafly.reset();" + track("New") + "; datafly.flush()")
    gateway.gate.set()
    await gateway.until_seen("New", "Other, old")
    counted = visitors(gateway)
    assert counted["Other, old"] == counted["As user-1"] != counted["New"]
