"""The mapping of an integration on its page: drafted, tried, published, taken back."""

import html
import json
import re

import pytest

from datafly.management.web import drafting
from datafly.model.consent import Consent
from datafly.model.installation import canary_salt, is_tried
from datafly.model.overrides import Overrides
from datafly.model.verdict import Verdict

BLANK = dict.fromkeys(drafting.FIELDS, "")
TARGET = "event_params.custom.margin_band"


def draft(browser, at, **form):
    etag = re.search(r'name="etag" value="([^"]+)"', browser.get(at).text)[1]
    return {"etag": etag, "overrides": "{}", **form}


def test_a_draft_is_published_as_a_revision_and_taken_back(house, browser):
    installation = house.installed()
    at = f"/integrations/{installation.id}/mapping"
    form = draft(browser, at, event="Product Viewed", sent="no")
    assert "Published as revision 2" in browser.follow(browser.post(f"{at}/publish", form))
    assert not house.control.installation(installation.id).revision.overrides.events["Product Viewed"].enabled
    assert "Product Viewed → product_detail_page_view (skipped)" in browser.page(at)
    reply = browser.post(f"{at}/roll-back/{installation.revision.id}")
    assert "Revision 1 is deployed again" in browser.follow(reply)
    assert not house.control.installation(installation.id).revision.overrides


def test_what_cannot_be_is_told_what_was_typed_stays_and_nothing_is_published(house, browser):
    installation = house.installed()
    at = f"/integrations/{installation.id}/mapping"
    for typed in (
        "{not json",
        '{"evnts": {}}',
        '{"events": {"Product Viewed": {"mappings": [{"target": "no.such"}]}}}',
    ):
        form = draft(browser, at, overrides=typed)
        browser._cookie("owner")
        headers = {"Sec-Fetch-Site": "same-origin"}
        reply = browser.client.post(f"{at}/publish", data=form, headers=headers, follow_redirects=False)
        assert reply.status_code in {400, 422}
        assert "Nothing was published" in reply.text
    assert house.control.installation(installation.id).revision.number == 1


def test_a_draft_over_what_somebody_else_published_meanwhile_is_refused(house, browser):
    installation = house.installed()
    at = f"/integrations/{installation.id}/mapping"
    form = draft(browser, at, event="Product Viewed", sent="no")
    browser.post(f"{at}/publish", form)
    browser.post(f"{at}/publish", {**form, "event": "page"}, status=412)
    assert house.control.installation(installation.id).revision.number == 2


def test_a_viewer_sees_the_mapping_and_cannot_change_it(house, browser):
    installation = house.installed()
    at = f"/integrations/{installation.id}/mapping"
    page = browser.get(at, role="viewer").text
    assert "product_detail_page_view" in page
    assert "Publish" not in page
    browser.post(f"{at}/publish", {"event": "page", "sent": "no"}, role="viewer", status=403)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ({"sent": "no"}, {"enabled": False}),
        ({"vendor_name": "seen"}, {"vendor_event_name": "seen"}),
        ({"like": "Order Completed"}, {"like": "Order Completed"}),
        ({"condition": "properties.total > 1.0"}, {"condition": "properties.total > 1.0"}),
        ({"target": TARGET, "value": "12"}, {"mappings": [{"target": TARGET, "value": 12}]}),
        ({"target": TARGET, "value": '"12"'}, {"mappings": [{"target": TARGET, "value": "12"}]}),
        ({"target": TARGET, "omit": "yes"}, {"mappings": [{"target": TARGET, "omit": True}]}),
        (
            {"target": TARGET, "source": "properties.margin", "transform": "lower", "value_map": "high=A\n*=B"},
            {
                "mappings": [
                    {
                        "target": TARGET,
                        "source": "properties.margin",
                        "transform": "lower",
                        "value_map": {"high": "A", "*": "B"},
                    }
                ]
            },
        ),
        (
            {"target": TARGET, "source": "properties.a", "default": "none", "field_condition": "user_id != ''"},
            {
                "mappings": [
                    {
                        "target": TARGET,
                        "source": "properties.a",
                        "default_value": "none",
                        "condition": "user_id != ''",
                    }
                ]
            },
        ),
    ],
)
def test_each_act_of_the_form_becomes_an_entry_that_is_told_and_taken_out_again(said, kept):
    draft = drafting.with_fields(Overrides(), {**BLANK, "event": "Product Viewed", **said})
    assert json.loads(drafting.shown(draft)) == {"events": {"Product Viewed": kept}}
    (entry,) = drafting.entries(draft)
    assert entry.says.startswith("Product Viewed: ")
    assert drafting.without(draft, entry) == Overrides()


def test_what_is_said_of_no_event_counts_for_every_one():
    draft = drafting.with_fields(Overrides(), {**BLANK, "target": "attributes.custom.shop", "value": "uk"})
    draft = drafting.with_fields(draft, {**BLANK, "condition": "has(user_id)"})
    assert [one.says for one in drafting.entries(draft)] == [
        "every event: only where has(user_id)",
        'every event: attributes.custom.shop is "uk"',
    ]


def test_a_field_that_is_said_anew_replaces_what_was_said_of_it():
    draft = drafting.with_fields(Overrides(), {**BLANK, "event": "page", "target": TARGET, "value": "1"})
    draft = drafting.with_fields(draft, {**BLANK, "event": "page", "target": TARGET, "omit": "yes"})
    assert [one.says for one in drafting.entries(draft)] == [f"page: {TARGET} is left out"]


def test_what_is_said_of_an_event_in_another_spelling_joins_what_was_said_of_it():
    draft = drafting.with_fields(Overrides(), {**BLANK, "event": "Order Completed", "sent": "no"})
    draft = drafting.with_fields(draft, {**BLANK, "event": "purchase", "vendor_name": "bought"})
    assert [one.says for one in drafting.entries(draft)] == [
        "Order Completed: is not sent",
        "Order Completed: is called bought",
    ]


def test_what_is_wrong_is_told_by_the_labels_of_the_form_and_what_was_meant_is_guessed(house, browser):
    at = f"/integrations/{house.installed().id}/mapping"
    said = draft(browser, at, event="Order Completed", target="currency", value="EUR")
    page = html.unescape(browser.post(f"{at}/draft", said, status=422).text)
    says = "currency is no place for a value, event_params.currency is; there is event_params.…"
    assert f"Order Completed, “Field at the vendor”: {says}" in page
    assert "overrides.events" not in page
    assert [label for label in drafting._LABELS.values() if f">{label}" not in page] == [], "it names no other"
    everywhere = draft(browser, at, target="attributes.custom.shop", value="uk", field_condition="properties.total >")
    page = html.unescape(browser.post(f"{at}/draft", everywhere, status=422).text)
    assert "every event, “Only where”: ends where a value should follow" in page


def test_the_event_to_try_with_stays_while_the_draft_grows(house, browser):
    at = f"/integrations/{house.installed().id}/mapping"
    pasted = '{"type": "page"}'
    form = draft(browser, at, event="page", sent="no", message="msg-1", pasted=pasted)
    page = browser.post(f"{at}/draft", form, status=200).text
    assert 'name="message" list="recent" autocomplete="off" spellcheck="false" value="msg-1"' in page
    assert html.escape(pasted, quote=False).replace('"', "&#34;") in page


def test_a_comparison_tells_what_the_sandbox_says_in_words(house, browser):
    installation = house.installed()
    granted = Consent({"marketing": True}, "event")
    for number in range(3):
        house.happens(f"m{number}", event="Product Viewed", user_id="jane", key="jane", consent=granted)
    at = f"/integrations/{installation.id}/mapping"
    form = draft(browser, at, event="Product Viewed", sent="no")
    page = browser.post(f"{at}/compare", form, status=200).text
    assert "{&#34;" not in page
    assert re.search(r"event_disabled</code></th><td[^>]*>0</td><td[^>]*>3</td>", page)


HALVES = (
    ({"sent": "no"}, "of which event"),
    ({"event": "page", "source": "properties.a"}, "into which field"),
    ({"event": "page", "target": TARGET}, "where the field comes from"),
    ({"event": "page", "target": TARGET, "source": "properties.a", "value": "1"}, "where the field comes from"),
    ({"event": "page", "target": TARGET, "source": "properties.a", "value_map": "high"}, "WHAT CAME=WHAT IS SENT"),
    ({"event": "page", "target": "no.such.place", "value": "1"}, "no.such"),
    ({"event": "page", "condition": "properties.total >"}, "condition"),
)


def test_half_of_an_entry_is_refused_in_words_and_stays_typed(house, browser):
    at = f"/integrations/{house.installed().id}/mapping"
    for said, says in HALVES:
        page = html.unescape(browser.post(f"{at}/draft", draft(browser, at, **said), status=422).text)
        assert says in page
        for value in said.values():
            assert value in page


def test_a_draft_grows_entry_by_entry_and_nothing_is_kept_until_it_is_published(house, browser):
    installation = house.installed()
    at = f"/integrations/{installation.id}/mapping"
    form = draft(browser, at, event="page", sent="no")
    page = browser.post(f"{at}/draft", form, status=200).text
    assert "page: is not sent" in page
    said = html.unescape(re.search(r'<textarea id="overrides"[^>]*>([^<]*)<', page)[1])
    form = {"etag": form["etag"], "overrides": said, "event": "Product Viewed", "vendor_name": "seen"}
    page = browser.post(f"{at}/draft", form, status=200).text
    assert "Product Viewed: is called seen" in page
    said = html.unescape(re.search(r'<textarea id="overrides"[^>]*>([^<]*)<', page)[1])
    page = browser.post(f"{at}/draft", {"etag": form["etag"], "overrides": said, "take_out": "0"}, status=200).text
    assert "page: is not sent" not in page
    assert house.control.installation(installation.id).revision.number == 1
    said = html.unescape(re.search(r'<textarea id="overrides"[^>]*>([^<]*)<', page)[1])
    browser.post(f"{at}/publish", {"etag": form["etag"], "overrides": said})
    assert [*house.control.installation(installation.id).revision.overrides.events] == ["Product Viewed"]


def test_an_event_that_is_pasted_is_previewed(house, browser):
    installation = house.installed()
    at = f"/integrations/{installation.id}/mapping"
    event = {"type": "track", "event": "Product Viewed", "userId": "u", "properties": {"product_id": "SKU-1"}}
    event |= {"context": {"consent": {"marketing": True}}}
    form = draft(browser, at, event="Product Viewed", vendor_name="seen", pasted=json.dumps(event))
    assert "seen" in browser.post(f"{at}/preview", form, status=200).text
    nothing = browser.post(f"{at}/preview", draft(browser, at), status=200).text
    assert "Choose a recent event" in nothing


def test_a_draft_is_tried_for_a_share_widened_and_published_for_everybody(house, browser):
    installation = house.installed()
    at = f"/integrations/{installation.id}/mapping"
    form = draft(browser, at, event="Product Viewed", sent="no")
    wrong = browser.post(f"{at}/try", {**form, "percent": "0"}, status=422).text
    assert "above 0, up to 100 percent" in wrong
    told = browser.follow(browser.post(f"{at}/try", {**form, "percent": "5"}))
    assert "Revision 2 is tried for 5 % of the users" in told
    before = house.control.installation(installation.id)
    assert (before.revision.number, before.canary.percent) == (1, 5)
    page = browser.get(at).text
    assert re.search(r'id="wider" name="percent"[^>]* value="5"', page), "the field says how it is now"
    assert "Widen to 10 %" in page
    browser.post(f"{at}/canary", {"percent": "50"})
    assert house.control.installation(installation.id).canary.percent == 50
    browser.post(f"{at}/canary/publish", role="viewer", status=403)
    assert "it counts for everybody" in browser.follow(browser.post(f"{at}/canary/publish"))
    after = house.control.installation(installation.id)
    assert (after.revision.number, after.canary) == (2, None)
    browser.post(f"{at}/canary", {"revision_id": installation.revision.id, "percent": "5"})
    assert "everybody goes by revision 2" in browser.follow(browser.post(f"{at}/canary/stop"))
    assert house.control.installation(installation.id).canary is None


def test_how_both_revisions_fare_is_told_side_by_side(house, browser):
    installation = house.installed()
    at = f"/integrations/{installation.id}/mapping"
    browser.post(f"{at}/try", {**draft(browser, at, event="page", sent="no"), "percent": "50"})
    canary = house.control.installation(installation.id).canary
    salt = canary_salt(installation.id, canary.revision.id)
    granted = Consent({"marketing": True}, "event")
    sides = {True: 0, False: 0}
    for number in range(20):
        user = f"user-{number}"
        place = house.happens(f"m{number}", event="Product Viewed", user_id=user, key=user, consent=granted)
        tried = is_tried(user, 50, salt)
        sides[tried] += 1
        house.decides(installation, Verdict.REJECTED if tried else Verdict.DELIVERED, place, reason="bad mail")
    for number, took in ((1, 40.0), (1, 60.0), (2, 900.0)):
        revision = {"revision_number": number, "revision_id": f"rev_{number}", "latency_ms": took}
        house.delivers(installation, house.happens(f"quick-{took}", pipeline_id="other"), **revision)
    house.happens("waits", event="Product Viewed", user_id="late", key="late")
    assert min(sides.values()) > 0
    page = browser.page(f"{at}/canary")
    assert f"Decided {sides[False]} {sides[True]}" in page
    assert f"Delivered {sides[False]} 100.0 % 0 0.0 %" in page
    assert f"Rejected 0 0.0 % {sides[True]} 100.0 %" in page
    assert "1 wait" in page
    assert "half of the newest requests 40 ms 900 ms" in page
    assert "95 of 100 60 ms of 2 requests 900 ms of 1 request" in page
