"""Installing, setting up and looking at integrations, as the pages have it."""

import re

import msgspec

from datafly.model.delivery import Reply
from datafly.model.secret import MASK
from datafly.model.verdict import Verdict
from datafly.store.base import Writing

GOOD = {"name": "Insider", "config.api_key": "k3y-of-mine", "config.partner_name": "myco"}


def install(browser, **form):
    return browser.post("/integrations/library/insider/install", {**GOOD, **form})


def test_an_empty_control_room_says_what_to_do(browser):
    assert "Open the Integration Library, choose where your events should go, and click Install" in browser.page(
        "/integrations"
    )
    assert "No event has come yet" in browser.page("/live-events")
    assert "No dead letters" in browser.page("/dead-letters")
    assert "Nothing was sent again yet" in browser.page("/replays")


def test_the_library_has_categories_and_says_what_is_alpha(browser):
    page = browser.page("/integrations/library")
    assert "Marketing Automation" in page
    assert "This integration is currently in alpha. Configuration and behaviour may change." in page
    assert "alpha" in browser.page("/integrations/library/insider/install")
    assert "No integration fits" in browser.page("/integrations/library?q=nothing-like-it")


def test_the_form_tells_all_that_is_sent_and_links_nothing_but_addresses(browser):
    for vendor in ("insider", "klaviyo", "braze", "movable_ink", "signed_webhook"):
        page = browser.get(f"/integrations/library/{vendor}/install").text
        assert [
            one for one in re.findall(r'href="([^"]*)"', page) if not re.match(r"(https?://\S+|/\S*|#\S+)$", one)
        ] == []
    page = browser.page("/integrations/library/insider/install")
    assert "Visit Insider InOne developer documentation for full reference." in page
    assert "Product Added item_added_to_cart" in page


def test_what_is_installed_on_the_page_is_installed(house, browser):
    reply = install(browser)
    (installation,) = house.control.installations()
    assert reply.headers["location"] == f"/integrations/{installation.id}/first-event"
    assert installation.revision.config["api_key"].reveal() == "k3y-of-mine"
    assert set(installation.revision.config) == {"api_key", "partner_name"}
    assert "Waiting for the first event" in browser.follow(reply)


def test_what_is_wrong_stands_under_its_field_and_what_was_typed_stays_but_for_secrets(house, browser):
    form = {**GOOD, "config.partner_name": "My Co"}
    reply = browser.post("/integrations/library/insider/install", form, status=422)
    assert "Partner name must be the slug of your account" in reply.text
    assert 'value="My Co"' in reply.text
    assert "k3y-of-mine" not in reply.text
    assert house.control.installations() == []


def test_a_field_is_judged_as_it_is_typed(browser):
    path = "/integrations/library/insider/field?name=config."
    assert "must be the slug" in browser.post(f"{path}partner_name", {"config.partner_name": "My Co"}, status=200).text
    assert browser.post(f"{path}partner_name", {"config.partner_name": "myco"}, status=200).text == ""
    assert "is required" in browser.post(f"{path}api_key", {"config.api_key": ""}, status=200).text
    assert browser.post(f"{path}no_such", {}, status=200).text == ""


def test_a_name_that_is_taken_is_told_at_the_name(house, browser):
    install(browser)
    reply = browser.post("/integrations/library/insider/install", GOOD, status=409)
    assert "Insider" in re.search(r'id="name-problem"[^>]*>([^<]+)<', reply.text)[1]
    assert 'value="Insider 2"' in browser.get("/integrations/library/insider/install").text


def test_the_connection_can_be_tested_before_anything_is_installed(house, browser):
    house.reply = Reply(status=401, body=b'{"success":false,"message":"Partner token authentication failed."}')
    told = browser.post("/integrations/library/insider/test", GOOD, status=200).text
    assert "Connection does not work" in told
    assert "k3y-of-mine" not in told
    assert "required" in browser.post("/integrations/library/insider/test", {}, status=200).text
    assert len(house.sent) == 1
    assert house.control.installations() == []


def test_settings_keep_a_secret_that_is_not_typed_anew_and_never_show_it(house, browser):
    installation = house.installed()
    path = f"/integrations/{installation.id}/settings"
    page = browser.get(path).text
    assert "s3cret-key" not in page
    assert "Kept as it is" in page
    etag = re.search(r'name="etag" value="([^"]+)"', page)[1]
    browser.post(path, {"etag": etag, "config.partner_name": "other", "config.api_key": ""})
    changed = house.control.installation(installation.id)
    assert changed.revision.config["partner_name"] == "other"
    assert changed.revision.config["api_key"].reveal() == "s3cret-key"
    assert changed.revision.number == 2


def test_settings_that_somebody_else_changed_meanwhile_are_not_overwritten(house, browser):
    installation = house.installed()
    path = f"/integrations/{installation.id}/settings"
    etag = re.search(r'name="etag" value="([^"]+)"', browser.get(path).text)[1]
    browser.post(path, {"etag": etag, "config.partner_name": "first", "config.api_key": ""})
    reply = browser.post(path, {"etag": etag, "config.partner_name": "second", "config.api_key": ""}, status=412)
    assert "Somebody else changed these settings meanwhile" in reply.text
    assert house.control.installation(installation.id).revision.config["partner_name"] == "first"


def test_no_page_shows_the_mask_as_a_value_that_would_be_kept(house, browser):
    installation = house.installed()
    assert f'value="{MASK}"' not in browser.get(f"/integrations/{installation.id}/settings").text


def test_what_can_be_done_on_a_card_is_done_and_told(house, browser):
    installation = house.installed()
    at = f"/integrations/{installation.id}"
    assert "is paused: events wait" in browser.follow(browser.post(f"{at}/pause"))
    assert house.control.installation(installation.id).paused
    browser.post(f"{at}/resume")
    browser.post(f"{at}/disable")
    state = house.control.installation(installation.id)
    assert (state.paused, state.enabled) == (False, False)
    browser.post(f"{at}/enable")
    assert "is uninstalled" in browser.follow(browser.post(f"{at}/uninstall"))
    assert house.control.installations() == []


def test_a_viewer_is_shown_no_button_that_would_be_refused(house, browser):
    installation = house.installed()
    page = browser.get("/integrations", role="viewer").text
    assert "Pause" not in page
    assert "Uninstall" not in page
    assert "/install" not in browser.get("/integrations/library", role="viewer").text
    assert "Uninstall" not in browser.get(f"/integrations/{installation.id}", role="editor").text


def test_a_suspended_integration_shows_cause_and_cure_and_the_way_to_mend_it(house, browser):
    installation = house.installed()
    house.stands(
        installation, "suspended", reason="401", cause="Invalid API key", cure="Regenerate the key.", since_ms=1
    )
    page = browser.page("/integrations")
    assert "Suspended" in page
    assert "Invalid API key" in page
    assert "Regenerate the key." in page
    assert "Edit settings" in page


def test_how_one_stands_that_is_held_up_is_followed_until_it_goes_on(house, browser):
    installation = house.installed()
    path = f"/integrations/{installation.id}"
    assert "data-stream" not in browser.get(path).text
    house.stands(installation, "suspended", reason="401", cause="Invalid API key", since_ms=1)
    assert f'data-stream="{path}/stream"' in browser.get(path).text
    house.stands(installation, "running")
    told = browser.get(f"{path}/stream").text
    assert "How it stands" in told
    assert "Invalid API key" not in told
    assert "event: end" in told


def test_the_first_event_is_told_with_its_status(house, browser):
    installation = house.installed()
    place = house.happens("m1", event="Product Viewed", user_id="user-123")
    house.delivers(installation, place)
    page = browser.page(f"/integrations/{installation.id}/first-event")
    assert "the first event is delivered with 200" in page
    assert "Product Viewed of user-123" in page


def test_while_the_first_event_is_waited_for_what_did_not_get_there_is_told_with_cause_and_cure(house, browser):
    installation = house.installed()
    path = f"/integrations/{installation.id}/first-event"
    for number in range(3):
        place = house.happens(f"no/{number}", user_id="jane")
        house.decides(installation, Verdict.SKIPPED, place, reason="consent_marketing", cause="Not known", cure="Ask")
    bad = house.happens("bad <b>", user_id="jane")
    house.decides(installation, Verdict.REJECTED, bad, reason="currency", cause="No such currency", cure="Send EUR")
    page = browser.page(path)
    assert "3 events skipped. consent_marketing Why: Not known What to do: Ask" in page
    assert "1 event rejected. currency Why: No such currency What to do: Send EUR" in page
    assert page.index("Not known") < page.index("No such currency")
    assert 'href="/events?id=no/2"' in browser.get(path).text
    house.delivers(installation, house.happens("good", user_id="jane"))
    assert "No such currency" not in browser.page(path)


def test_the_last_error_stands_on_the_card(house, browser):
    installation = house.installed()
    place = house.happens("m1")
    house.decides(
        installation, Verdict.REJECTED, place, reason="bad currency", cause="No such currency", cure="Send it"
    )
    page = browser.page("/integrations")
    assert "Last error" in page
    assert "No such currency" in page


def test_what_is_spent_today_stands_on_the_page_of_a_vendor_that_bills_by_it(house, browser):
    braze = house.installed("Braze", vendor="braze")
    spent = tuple((braze.id, house.clock.now_ms(), what, count) for what, count in (("track", 5), ("spared", 9)))
    house.ledger.write([Writing(spent=spent)])
    page = browser.page(f"/integrations/{braze.id}")
    assert "Spent today 5 data points since" in page
    assert "9 fields were spared" in page
    assert "There is no cap a day." in page
    assert "Spent today" not in browser.page(f"/integrations/{house.installed().id}")


def test_an_uninstalled_integration_is_installed_again_with_its_settings_where_it_was(house, browser):
    installed = house.installed()
    other = msgspec.structs.replace(house.pipeline, id="", name="Another", slug="", pipeline_key="")
    house.control.create_pipeline(other)
    browser.post(f"/integrations/{installed.id}/uninstall")
    page = browser.get("/integrations").text
    (form,) = re.findall(
        rf'action="(/integrations/uninstalled/{installed.template.id}/install)".*?value="([^"]*)" selected', page
    )
    assert form[1] == house.pipeline.id
    browser.post(form[0], {"pipeline": form[1]}, role="editor", status=403)
    assert "is installed again" in browser.follow(browser.post(form[0], {"pipeline": form[1]}))
    (made,) = house.control.installations()
    assert (made.pipeline_id, made.revision.config) == (house.pipeline.id, installed.revision.config)
    assert "Uninstalled" not in browser.page("/integrations")
    assert "already" in browser.follow(browser.post(form[0], {"pipeline": form[1]}))


def test_what_is_installed_nowhere_any_more_is_listed_and_deleted(house, browser):
    installed = house.installed()
    assert "Uninstalled" not in browser.page("/integrations")
    browser.post(f"/integrations/{installed.id}/uninstall")
    assert "Delete Insider" in browser.page("/integrations")
    assert "Delete Insider" not in browser.page("/integrations", role="editor")
    path = f"/integrations/uninstalled/{installed.template.id}/delete"
    browser.post(path, role="editor", status=403)
    assert "Insider is deleted" in browser.follow(browser.post(path))
    assert "Uninstalled" not in browser.page("/integrations")
    assert house.control.templates() == []


def test_where_there_are_several_pipelines_they_are_asked_for_at_their_field(house, browser):
    house.control.create_pipeline(msgspec.structs.replace(house.pipeline, id="", name="Shop", slug="", pipeline_key=""))
    page = browser.post("/integrations/library/insider/install", GOOD, status=422).text
    assert '<p class="error" id="pipelines-problem">Choose the pipelines whose events it gets.</p>' in page
    assert house.control.installations() == []
