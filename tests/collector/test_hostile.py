"""Whatever the page around it took away or broke, d.js throws nothing into it, and still tells what it can."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

HARMLESS = {
    "a console that throws": "console.warn = () => { throw new Error('none') }",
    "a history that is locked": "Object.freeze(history); Object.freeze(History.prototype)",
    "listeners that throw": "EventTarget.prototype.addEventListener = () => { throw new Error('none') }",
    "no beacons": "delete Navigator.prototype.sendBeacon",
    "no locks": "delete Navigator.prototype.locks",
    "prototypes with more members": "Object.prototype.extra = 1; Array.prototype.extra = 1",
}
FATAL = {
    "no Intl": "delete window.Intl",
    "no encoder": "delete window.TextEncoder",
    "no crypto": "Object.defineProperty(window, 'crypto', {value: undefined})",
    "no fetch": "delete window.fetch",
    "no way to abort": "delete window.AbortController",
    "JSON that throws": "JSON.stringify = () => { throw new Error('none') }",
    "randomness that throws": "Math.random = () => { throw new Error('none') }",
    "no console either": "delete window.console; delete window.Intl",
}
EARLY = "<script>datafly.track('Early')</script>"
CALLS = """
    datafly.track();
    datafly.track('Late', {list: [1]}); datafly.page(); datafly.identify('u'); datafly.group('g');
    datafly.reset(); datafly.consent({marketing: true}); datafly.flush(); history.pushState(0, '', '/next')
"""


@pytest.mark.parametrize("harm", HARMLESS)
async def test_a_page_that_breaks_what_is_not_needed_loses_nothing(visitor, gateway, harm):
    await visitor.add_init_script(HARMLESS[harm])
    gateway.pages["/"] = gateway.html(gateway.snippet() + EARLY)
    tab = await visitor.new_page()
    await tab.goto(gateway.shop + "/")
    await tab.evaluate(CALLS)
    await gateway.until_seen("Early", "Late", "identify", "group", "consent")
    assert gateway.named("Late")["properties"] == {"list": [1]}


@pytest.mark.parametrize("harm", FATAL)
async def test_a_page_that_breaks_what_is_needed_hears_nothing_of_it(visitor, gateway, harm):
    """The fixture's end asserts that nothing was thrown into the page."""
    await visitor.add_init_script(FATAL[harm])
    gateway.pages["/"] = gateway.html(gateway.snippet() + EARLY)
    tab = await visitor.new_page()
    await tab.goto(gateway.shop + "/")
    await tab.evaluate(CALLS)
    assert gateway.names == []


async def test_an_id_that_the_gateway_would_refuse_does_not_cost_the_events_that_follow(page, gateway):
    await page.evaluate("""
        datafly.identify('anna', {plan: 'pro'}); datafly.group('g'.repeat(256));
        datafly.identify('x'.repeat(256), {plan: 'free'}); datafly.track('After'); datafly.flush()
    """)
    await gateway.until_seen("After")
    assert not {"userId", "groupId"} & set(gateway.named("After"))
    assert [event["traits"] for event in gateway.events if event["type"] == "identify"] == [
        {"plan": "pro"},
        {"plan": "free"},
    ]


async def test_a_text_cut_within_an_emoji_or_with_a_nul_is_sent_as_the_gateway_takes_it(page, gateway):
    await page.evaluate(r"""
        document.title = "Shoe 👟".slice(0, 6);
        datafly.track("Cut", {text: "a\ud83d", "\udc00": "\0", whole: "👟", told: "\\ud83d \\u0000 \\"});
        datafly.flush()
    """)
    await gateway.until_seen("Cut")
    event = gateway.named("Cut")
    assert event["properties"] == {
        "text": "a\ufffd",
        "\ufffd": "\ufffd",
        "whole": "👟",
        "told": "\\ud83d \\u0000 \\",
    }
    assert event["context"]["page"]["title"] == "Shoe \ufffd"
