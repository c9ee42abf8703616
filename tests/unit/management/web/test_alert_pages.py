"""Alerts and their channels, as the pages have them."""

import asyncio
import re
from typing import get_args

import pytest

from datafly.management.alerts.watch import Watch
from datafly.management.web import watching
from datafly.model.alert import Kind
from datafly.model.delivery import Reply

FIRST = {"for": "1", "clear": "1", "remind": "4", "window": "15", "least": "20", "threshold": "5", "enabled": "yes"}
HOOK = {"kind": "webhook", "name": "On call", "url": "https://hooks.example.com/very-secret-path", "enabled": "yes"}


def etag_of(page):
    return re.search(r'name="etag" value="([^"]+)"', page)[1]


FIELDS = ("name", "threshold", "window_seconds", "for_seconds", "clear_seconds", "remind_seconds", "least")


def test_every_kind_has_words_and_a_form_that_says_what_it_began_with(house, browser):
    kinds = browser.page("/alerts/new")
    for kind in get_args(Kind):
        first = watching.at_first(kind)
        assert watching.KINDS[kind].title in kinds
        assert watching.KINDS[kind].says in browser.page(f"/alerts/new?kind={kind}")
        browser.post("/alerts/new", {"kind": kind, **watching.fields_of(first)})
        made = next(one for one in house.control.alert_rules() if one.kind == kind)
        for field in FIELDS:
            assert getattr(made, field) == pytest.approx(getattr(first, field)), (kind, field)


def test_percent_and_minutes_are_kept_as_shares_and_seconds(house, browser):
    installation = house.installed()
    form = {**FIRST, "kind": "error_rate", "name": "Errors", "scope": f"integration:{installation.id}"}
    told = browser.follow(browser.post("/alerts/new", form))
    (rule,) = house.control.alert_rules()
    assert (rule.threshold, rule.window_seconds, rule.remind_seconds) == (0.05, 900, 14_400)
    assert rule.installation_id == installation.id
    assert "Requests to a vendor fail (5 %), over 15 min" in told


def test_an_alert_is_changed_switched_off_and_removed(house, browser):
    browser.post("/alerts/new", {**FIRST, "kind": "backlog_age", "name": "Waits", "scope": ""})
    (rule,) = house.control.alert_rules()
    path = f"/alerts/{rule.id}"
    etag = etag_of(browser.get(path).text)
    browser.post(path, {**FIRST, "etag": etag, "name": "Waits long", "scope": "", "threshold": "30", "enabled": ""})
    after = house.control.alert_rule(rule.id)
    assert (after.name, after.threshold, after.enabled) == ("Waits long", 1_800, False)
    assert "switched off" in browser.page("/alerts")
    stale = browser.post(path, {**FIRST, "etag": etag, "name": "Other", "scope": ""}, status=412).text
    assert "Somebody else changed this alert" in stale
    wrong = browser.post(path, {**FIRST, "name": "Other", "scope": "", "threshold": "many"}, status=422).text
    assert "An event may wait so many minutes, at most: It must be 0 to 525,600." in wrong
    browser.post(f"{path}/remove", role="editor", status=403)
    browser.post(f"{path}/remove", role="admin")
    assert house.control.alert_rules() == []


def test_what_fires_and_what_has_ended_is_shown_and_told_to_the_channel(house, browser):
    installation = house.installed()
    browser.post("/alerts/new", {**FIRST, "kind": "suspended", "name": "Suspended", "scope": "", "for": "0"})
    browser.post("/alerts/channels/new", HOOK, status=200)
    assert "Nothing fires now" in browser.page("/alerts", role="viewer")
    house.stands(installation, "suspended", cause="The key is wrong")
    watch = Watch(house.app.state["services"])
    watch.begin()

    def passes(seconds):
        async def look():
            for _ in range(seconds // 10):
                house.clock.clock.pass_by(10)
                await watch.look()

        asyncio.run(look())

    passes(30)
    page = browser.page("/alerts", role="viewer")
    assert "Suspended: Insider." in page
    assert "The key is wrong" in page
    assert "firing: Suspended, Insider" in browser.page(f"/alerts/channels/{house.control.alert_channels()[0].id}")
    house.stands(installation, "running")
    passes(120)
    page = browser.page("/alerts", role="viewer")
    assert "Nothing fires now" in page
    assert "Suspended: Insider It is suspended" in page


def test_a_webhook_is_made_its_secret_is_shown_once_and_a_test_is_sent(house, browser):
    made = browser.post("/alerts/channels/new", HOOK, status=200).text
    secret = re.search(r'value="(whsec_[^"]+)"', made)[1]
    (channel,) = house.control.alert_channels()
    path = f"/alerts/channels/{channel.id}"
    page = browser.get(path).text
    assert secret not in page
    assert "very-secret-path" not in page
    assert "https://hooks.example.com" in page
    browser.post("/alerts/new", {**FIRST, "kind": "disk", "name": "Disk", "scope": ""})
    house.reply = Reply(status=200, body=b"", latency_ms=3.0)
    assert "which answered 200" in browser.post(f"{path}/test", status=200).text
    (rule,) = house.control.alert_rules()
    house.reply = Reply(status=500, body=b"", latency_ms=3.0)
    assert "On call was not told" in browser.post(f"/alerts/{rule.id}/test", role="editor", status=200).text
    assert [one.action for one in house.control.audit_log(limit=1)] == ["alert.tested"]
    assert len(house.sent) == 2


def test_a_channel_keeps_its_address_where_none_is_typed_and_hears_of_what_is_ticked(house, browser):
    browser.post("/alerts/new", {**FIRST, "kind": "disk", "name": "Disk", "scope": ""})
    browser.post("/alerts/channels/new", HOOK, status=200)
    (rule,), (channel,) = house.control.alert_rules(), house.control.alert_channels()
    path = f"/alerts/channels/{channel.id}"
    browser.post(path, {"etag": etag_of(browser.get(path).text), "name": "Night", "url": "", "alert_ids": rule.id})
    after = house.control.alert_channel(channel.id)
    assert (after.name, after.rule_ids, after.enabled) == ("Night", (rule.id,), False)
    assert (after.url.reveal(), after.secret.reveal()) == (channel.url.reveal(), channel.secret.reveal())


def test_mail_goes_to_addresses_a_line_each_and_without_a_server_the_page_says_so(house, browser):
    assert "No mail server is set" in browser.page("/alerts/channels/new?kind=email")
    form = {"kind": "email", "name": "Team", "to": "a@example.com\nb@example.com", "enabled": "yes"}
    browser.post("/alerts/channels/new", form)
    (channel,) = house.control.alert_channels()
    assert channel.to == ("a@example.com", "b@example.com")
    wrong = browser.post("/alerts/channels/new", {**form, "to": "nobody"}, status=422).text
    assert "Nothing was saved" in wrong


def test_channels_are_an_admins_affair_and_others_see_that_they_are_there(house, browser):
    browser.post("/alerts/channels/new", HOOK, status=200, role="admin")
    (channel,) = house.control.alert_channels()
    for role in ("viewer", "editor"):
        assert "On call" in browser.page("/alerts", role=role)
        browser.post(f"/alerts/channels/{channel.id}/remove", role=role, status=403)
    browser.post(f"/alerts/channels/{channel.id}/remove", role="admin")
    assert house.control.alert_channels() == []
