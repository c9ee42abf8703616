"""The automatic page event: one for each view, none for what is no view."""

import pytest
import pytest_asyncio

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(loop_scope="session")
async def spa(visitor, gateway):
    """A tab whose page events are sent by d.js itself, after its first one."""
    gateway.pages["/"] = gateway.html(
        gateway.tag(auto_page="true"), title="Home", body="<a id=a href='#below'>below</a>"
    )
    tab = await visitor.new_page()
    await tab.goto(gateway.shop + "/")
    await gateway.until_seen("page")
    return tab


async def fence(tab, gateway):
    """All that was queued before has arrived once the fence has: order is kept."""
    await tab.evaluate("new Promise(done => setTimeout(done)).then(() => { datafly.track('Fence'); datafly.flush() })")
    await gateway.until_seen("Fence")


def views(gateway):
    return [event["context"]["page"]["path"] for event in gateway.events if event["type"] == "page"]


async def test_a_load_is_a_page_event_with_the_title_though_the_script_stands_before_it(spa, gateway):
    event = gateway.named("page")
    assert event["properties"] == event["context"]["page"]
    assert event["properties"] == {
        "url": gateway.shop + "/",
        "path": "/",
        "referrer": "",
        "title": "Home",
        "search": "",
    }
    assert "name" not in event


async def test_calls_inline_after_the_tag_reach_the_page_event(visitor, gateway):
    gateway.pages["/"] = gateway.html(
        gateway.tag(auto_page="true")
        + "<script>datafly.consent({marketing: true}); datafly.identify('user-1'); datafly.track('Early')</script>"
    )
    tab = await visitor.new_page()
    await tab.goto(gateway.shop + "/")
    await gateway.until_seen("Early")
    assert gateway.names == ["consent", "identify", "page", "Early"]
    assert gateway.named("page")["userId"] == "user-1"
    assert gateway.named("page")["context"]["consent"] == {"marketing": True}


async def test_navigation_within_the_page_is_a_page_event(spa, gateway):
    await spa.evaluate("history.pushState({}, '', '/cart'); document.title = 'Cart'")
    await spa.evaluate("history.replaceState({}, '', '/cart?step=2')")
    await spa.evaluate("history.back()")
    await spa.wait_for_function("location.pathname == '/'")
    await fence(spa, gateway)
    pages = [event["context"]["page"] for event in gateway.events if event["type"] == "page"]
    shop = gateway.shop
    assert [(page["url"], page["referrer"]) for page in pages] == [
        (shop + "/", ""),
        (shop + "/cart", shop + "/"),
        (shop + "/cart?step=2", shop + "/cart"),
        (shop + "/", shop + "/cart?step=2"),
    ]
    assert pages[1]["title"] == "Cart"


async def test_the_page_event_of_a_navigation_comes_before_what_happens_there(spa, gateway):
    await spa.evaluate("history.pushState({}, '', '/shoes'); datafly.track('Product Viewed')")
    await fence(spa, gateway)
    assert gateway.names == ["page", "page", "Product Viewed", "Fence"]


async def test_a_redirect_within_one_turn_is_one_view(spa, gateway):
    await spa.evaluate("history.pushState({}, '', '/a'); history.replaceState({}, '', '/b')")
    await fence(spa, gateway)
    assert views(gateway) == ["/", "/b"]


async def test_the_shops_own_page_call_for_a_view_replaces_the_automatic_one(spa, gateway):
    await spa.evaluate("history.pushState({}, '', '/cart'); datafly.page('Cart', {items: 2})")
    await fence(spa, gateway)
    own = gateway.events[1]
    assert gateway.names == ["page", "page", "Fence"]
    assert (own["name"], own["properties"]["items"], own["properties"]["path"]) == ("Cart", 2, "/cart")


async def test_an_unchanged_address_and_a_place_on_the_page_are_no_views(spa, gateway):
    await spa.evaluate("history.pushState({modal: 1}, ''); history.replaceState({modal: 2}, '', location.href)")
    await spa.click("#a")
    await spa.wait_for_function("location.hash == '#below'")
    await fence(spa, gateway)
    assert views(gateway) == ["/"]


async def test_a_hash_routers_navigation_is_a_view(spa, gateway):
    await spa.evaluate("location.hash = '#/cart'")
    await spa.wait_for_function("location.hash == '#/cart'")
    await fence(spa, gateway)
    assert views(gateway) == ["/", "/"]


async def test_history_works_as_before_for_the_page(spa, gateway):
    state = await spa.evaluate("(history.pushState({a: 1}, '', '/x'), [history.state.a, location.pathname])")
    failed = await spa.evaluate(
        "(() => { try { history.pushState({}, '', 'https://elsewhere.example/') } catch (e) { return e.name } })()"
    )
    assert state == [1, "/x"]
    assert failed == "SecurityError"


async def test_automatic_page_events_can_be_switched_off(visitor, gateway):
    gateway.pages["/"] = gateway.html(gateway.tag(auto_page="false"))
    tab = await visitor.new_page()
    await tab.goto(gateway.shop + "/")
    await tab.evaluate("history.pushState({}, '', '/cart')")
    await fence(tab, gateway)
    assert gateway.names == ["Fence"]


async def test_a_view_that_ends_before_the_page_is_parsed_is_counted(visitor, gateway):
    gateway.pages["/"] = gateway.html(gateway.tag(auto_page="true") + "<script>location.href = '/plain'</script>")
    gateway.pages["/plain"] = "<!doctype html><title>Plain</title>"
    tab = await visitor.new_page()
    await tab.goto(gateway.shop + "/")
    await gateway.until_seen("page")
    assert gateway.named("page")["context"]["page"]["path"] == "/"


async def test_a_page_rendered_ahead_counts_when_it_is_shown(visitor, gateway):
    ahead = """<script>
        let ahead = true;
        Object.defineProperty(document, "prerendering", {get: () => ahead});
        window.shown = () => { ahead = false; document.dispatchEvent(new Event("prerenderingchange")) };
    </script>"""
    gateway.pages["/"] = gateway.html(ahead + gateway.tag(auto_page="true") + "<script>datafly.track('Early')</script>")
    tab = await visitor.new_page()
    await tab.goto(gateway.shop + "/", wait_until="networkidle")
    await tab.evaluate("datafly.flush()")
    assert gateway.received == []
    await tab.evaluate("shown()")
    await gateway.until_seen("Early")
    assert gateway.names == ["page", "Early"]


async def test_a_page_taken_from_the_back_forward_cache_is_a_view(spa, gateway):
    await spa.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    await fence(spa, gateway)
    assert views(gateway) == ["/", "/"]
