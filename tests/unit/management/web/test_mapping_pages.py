"""The mapping of an integration on its page: drafted, tried, published, taken back."""

import re


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
