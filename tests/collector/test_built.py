"""The script as the gateway builds it for a pipeline: its options stand for those of the tag."""

import msgspec
import pytest

from datafly.model.installation import JsBuilderConfig

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


def builds(gateway, **options):
    gateway.pipeline = msgspec.structs.replace(gateway.pipeline, js_builder_config=JsBuilderConfig(**options))
    return f'<script src="{gateway.data}/d.js?wk={gateway.key}"></script>'


async def test_a_built_script_needs_no_attributes_and_those_that_there_are_count(visitor, gateway):
    said = []
    built = builds(gateway, auto_page=False, global_variable="shop", debug=True, flush_interval_ms=60_000, batch_size=2)
    gateway.pages["/"] = gateway.html(built)
    gateway.pages["/tagged"] = gateway.html(built.replace("></script>", ' data-auto-page="true"></script>'))
    tab = await visitor.new_page()
    tab.on("console", lambda message: said.append(message.text))
    await tab.goto(gateway.shop + "/")
    await tab.evaluate("shop.track('One'); datafly.track('Two')")
    await gateway.until_seen("Two")
    assert (gateway.names, gateway.received[0].query["wk"]) == (["One", "Two"], gateway.key)
    assert await tab.evaluate("shop === datafly && !('_df' in window)")
    assert any('"event":"One"' in text for text in said)
    await tab.goto(gateway.shop + "/tagged")
    await tab.evaluate("datafly.flush()")
    await gateway.until_seen("page")


async def test_a_name_that_the_window_has_already_is_left_alone(visitor, gateway):
    warned = []
    gateway.pages["/"] = gateway.html(builds(gateway, global_variable="location"))
    tab = await visitor.new_page()
    tab.on("console", lambda message: warned.append(message.text))
    await tab.goto(gateway.shop + "/")
    await gateway.until_seen("page")
    assert tab.url == gateway.shop + "/"
    assert any("data-global is taken" in text for text in warned)
