"""Why is this person not there? In Chromium, where more has come since than one look goes through."""

import msgspec
import pytest
from playwright.sync_api import expect

from datafly.log.base import EVENTS, Entry
from datafly.management.inviting import demo_link
from datafly.management.settings import ManagementSettings
from datafly.model.event import Event
from datafly.runtime.compose import open_log
from datafly.runtime.prepare import open_the_store

pytestmark = pytest.mark.browser

SINCE = 2 * ManagementSettings().scan_records


def came(settings, pipeline_id, *user_ids):
    """Events are in the log, as process leaves them there."""
    log = open_log(settings)
    appender = log.appender(EVENTS, 0)
    for user_id in user_ids:
        event = Event(f"m-{user_id}", "track", pipeline_id, user_id, 0, 0, user_id=user_id, event="First Visit")
        appender.append([Entry(user_id, msgspec.json.encode(event))])
    nobody = msgspec.json.encode(Event("m-since", "track", pipeline_id, "k", 0, 0, user_id="somebody", event="Since"))
    appender.append([Entry("k", nobody)] * SINCE)
    appender.close()


def test_somebody_who_came_long_ago_is_found_by_a_search_that_goes_on_by_itself(role, page):
    with open_the_store(role.settings) as store:
        came(role.settings, store.control.pipelines()[0].id, "jane")
        page.goto(f"{role.url}/welcome?token={demo_link(store.control)}")
    page.goto(f"{role.url}/people?q=jane")
    expect(page.get_by_role("heading", name="Found among older events")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("First Visit")
    expect(page.get_by_role("main")).to_contain_text(f"All {SINCE + 1:,} events that are kept were looked through.")
    expect(page.get_by_role("heading", name="Nobody found")).to_have_count(0)
    page.get_by_role("link", name="Who it was").click()
    expect(page.get_by_role("region", name="Who it is")).to_contain_text("jane")
    expect(page.get_by_role("listitem").filter(has_text="First Visit")).to_contain_text("1970")

    page.goto(f"{role.url}/people?q=joe")
    expect(page.get_by_role("heading", name="Nobody found")).to_be_visible()
    expect(page.locator("#searched-why")).to_contain_text(f"None of the {SINCE + 1:,} events that are kept")
    assert page.problems == []
