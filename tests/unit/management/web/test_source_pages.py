"""Webhook sources and the signing secret on the pages of a pipeline."""

import re

import pytest

from datafly.model.secret import Secret
from datafly.model.source import SIGNING, Source, WebhookKind

KINDS = WebhookKind.__args__


@pytest.fixture
def path(house):
    return f"/settings/pipelines/{house.pipeline.id}"


def hidden(page):
    return dict(
        re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page[page.index('class="card fields"') :])
    )


def opened(browser, path, kind):
    """The form for a new source of a kind, as it is sent back."""
    return hidden(browser.get(f"{path}/sources/new?kind={kind}", role="editor").text)


def test_a_pipeline_without_sources_says_what_they_are_for_and_what_to_do(browser, path):
    page = browser.page(path)
    assert "There is none. Another product can tell of what happens there" in page
    assert "an editor adds it here" in browser.page(path, role="viewer")
    assert "Add Shopify" in page
    assert "Add Shopify" not in browser.page(path, role="viewer")


@pytest.mark.parametrize("kind", KINDS)
def test_a_source_of_each_kind_is_added_on_its_page_at_the_address_that_was_shown_before(house, browser, path, kind):
    page = browser.get(f"{path}/sources/new?kind={kind}", role="editor").text
    form = hidden(page)
    address = f"https://YOUR_GATEWAY/v1/webhook?source={form['source_id']}"
    assert f'value="{address}"' in page
    said = {"secret": "s3cret ", "header": "X-Signature", "verify": "hmac"}
    told = browser.follow(browser.post(f"{path}/sources/new", {**form, **said}, role="editor"))
    assert f"{kind} is added" in told
    (source,) = house.control.sources()
    assert (source.id, source.kind, source.secret) == (form["source_id"], kind, Secret("s3cret"))
    assert f'value="{address}"' in browser.get(path, role="viewer").text
    again = browser.post(f"{path}/sources/new", {**form, **said}, status=409).text
    assert "Nothing was saved. This webhook source is added already." in again


def test_what_is_wrong_with_a_source_is_told_by_its_field_and_what_was_typed_stays(house, browser, path):
    form = opened(browser, path, "custom")
    wrong = browser.post(f"{path}/sources/new", {**form, "verify": "hmac", "secret": "x"}, status=422).text
    assert 'data-field="header"' in wrong
    assert "Header: name the one that has the signature" in wrong
    mapped = {**form, "verify": "none", "name": "Till", "mappings": "userId=$.lines[*].id"}
    wrong = browser.post(f"{path}/sources/new", mapped, status=422).text
    assert 'data-field="mappings"' in wrong
    assert "userId=$.lines[*].id</textarea>" in wrong
    assert 'value="Till"' in wrong
    unpaired = browser.post(f"{path}/sources/new", {**mapped, "mappings": "userId"}, status=422).text
    assert "Where values go: write properties.amount=$.data.amount, one per line" in unpaired
    assert (
        'data-field="secret"' in browser.post(f"{path}/sources/new", opened(browser, path, "stripe"), status=422).text
    )
    assert house.control.sources() == []
    browser.get(f"{path}/sources/new?kind=paypal", status=404)
    browser.post(f"{path}/sources/new", {**form, "source_id": "sig_x"}, status=404)


def test_a_source_is_changed_on_its_page_and_its_secret_stays_where_none_is_typed(house, browser, path):
    house.control.put_source(Source("wh_1", house.pipeline.id, "stripe", Secret("whsec_1"), name="Payments"))
    place = f"{path}/sources/wh_1"
    page = browser.get(place, role="viewer").text
    assert "whsec_1" not in page
    assert "Save source" not in page
    form = {**hidden(browser.get(place).text), "name": "Money", "mappings": "properties.amount=$.data.amount"}
    assert "Money is saved" in browser.follow(browser.post(place, form, role="editor"))
    (source,) = house.control.sources()
    assert (source.name, source.secret, source.mappings) == (
        "Money",
        Secret("whsec_1"),
        {"properties.amount": "$.data.amount"},
    )
    assert "Nothing was saved" in browser.post(place, {**form, "secret": "whsec_2"}, status=412).text
    browser.post(place, {**hidden(browser.get(place).text), "name": "Money", "secret": "whsec_2"})
    (source,) = house.control.sources()
    assert (source.secret, source.mappings) == (Secret("whsec_2"), {})


def test_a_source_is_removed_by_an_admin_and_asked_about_once(house, browser, path):
    house.control.put_source(Source("wh_1", house.pipeline.id, "custom", None, verify="none", name="Till"))
    page = browser.page(path)
    assert "What it posts is refused from then on" in page
    assert "whoever knows the address can send events" in page
    assert "What it posts is refused" not in browser.page(path, role="editor")
    browser.post(f"{path}/sources/wh_1/remove", role="editor", status=403)
    assert "Till is removed" in browser.follow(browser.post(f"{path}/sources/wh_1/remove", role="admin"))
    assert house.control.sources() == []
    browser.get(f"{path}/sources/wh_1", status=404)


def test_the_signing_secret_is_made_shown_once_made_anew_and_removed(house, browser, path):
    def form():
        page = browser.get(path).text
        return {"etag": re.search(r'signing-secret"><input type="hidden" name="etag" value="([^"]*)"', page)[1]}

    first, place = form(), f"{path}/signing-secret"
    browser.post(place, first, role="viewer", status=403)
    shown = browser.post(place, first, role="editor", status=200).text
    secret = re.search(r'value="(dsk_[^"]+)"', shown)[1]
    (kept,) = house.control.sources()
    assert (kept.kind, kept.secret) == (SIGNING, Secret(secret))
    assert secret not in browser.get(path).text
    assert browser.get(place, role="viewer", status=303).headers["location"] == path
    browser.post(place, first, status=412)
    assert [one.secret for one in house.control.sources()] == [Secret(secret)], "a reload does not end it"

    anew = re.search(r'value="(dsk_[^"]+)"', browser.post(place, form(), role="editor", status=200).text)[1]
    assert anew != secret
    assert [one.secret for one in house.control.sources()] == [Secret(anew)]
    browser.post(f"{place}/remove", role="editor", status=403)
    assert "The signing secret is removed" in browser.follow(browser.post(f"{place}/remove", role="admin"))
    assert house.control.sources() == []
    log = browser.page("/settings/audit-log")
    assert "source: signing secret renewed" in log
    assert secret not in log
