"""API tokens and pipelines, as the pages have them."""

import re

import msgspec
import pytest

from datafly.management.auditing import note
from datafly.management.place import COMMAND_LINE
from datafly.model.consent import ConsentSettings
from datafly.model.installation import JsBuilderConfig


def test_a_token_is_made_shown_once_and_works(house, browser):
    reply = browser.post("/settings/api-tokens", {"name": "CI", "role": "editor", "days": "30"}, status=200)
    text = re.search(r'value="(dft_[^"]+)"', reply.text)[1]
    token = house.control.find_token(text)
    assert (token.name, token.role) == ("CI", "editor")
    assert token.expires_ms - token.created_ms == 30 * 86_400_000
    assert text not in browser.get("/settings/api-tokens").text


def test_a_list_without_tokens_says_what_to_do(house, browser, monkeypatch):
    monkeypatch.setattr(house.control, "tokens", list)
    assert "There is no token yet. Make one for each program" in browser.page("/settings/api-tokens")


def test_nobody_makes_a_token_above_their_own_role(house, browser):
    before = len(house.control.tokens())
    browser.post("/settings/api-tokens", {"name": "up", "role": "owner"}, role="admin", status=403)
    assert len(house.control.tokens()) == before


def test_a_token_without_a_name_is_not_made(house, browser):
    before = len(house.control.tokens())
    assert "Give it a name" in browser.post("/settings/api-tokens", {"name": " "}, status=422).text
    assert len(house.control.tokens()) == before


def test_a_revoked_token_works_no_more_and_stays_in_the_list(house, browser):
    token, text = house.control.create_token("old", "viewer")
    browser.post(f"/settings/api-tokens/{token.id}/revoke")
    assert house.control.find_token(text) is None
    assert "old" in browser.page("/settings/api-tokens")


def test_a_pipeline_is_set_up_on_its_page(house, browser):
    path = f"/settings/pipelines/{house.pipeline.id}"
    etag = re.search(r'name="etag" value="([^"]+)"', browser.get(path).text)[1]
    form = {
        "etag": etag,
        "name": "Shop",
        "origins": "shop.example.com\n*.example.org",
        "rate": "50",
        "consent.marketing": "granted",
        "parameters": "CURRENCY=EUR\nGREETING=a=b",
        "enabled": "true",
    }
    browser.post(path, form)
    pipeline = house.control.pipeline(house.pipeline.id)
    assert pipeline.name == "Shop"
    assert pipeline.domain_allowlist == ("shop.example.com", "*.example.org")
    assert pipeline.rate_limit_rps == 50
    assert pipeline.consent_defaults == {"marketing": True}
    assert pipeline.parameters == {"CURRENCY": "EUR", "GREETING": "a=b"}
    stale = browser.post(path, {**form, "name": "Other"}, status=412).text
    assert "Nothing was saved" in stale
    assert house.control.pipeline(house.pipeline.id).name == "Shop"


def test_what_is_wrong_with_a_pipeline_is_told_and_what_was_typed_stays(house, browser):
    path = f"/settings/pipelines/{house.pipeline.id}"
    reply = browser.post(path, {"name": "Shop", "origins": "not a host", "rate": "many"}, status=422)
    assert "Nothing was saved" in reply.text
    assert "not a host" in reply.text
    assert browser.post(path, {"name": "Shop", "parameters": "no sign"}, status=422)


def test_a_parameter_that_an_integration_uses_is_not_taken_away_on_the_page(house, browser):
    path = f"/settings/pipelines/{house.pipeline.id}"
    browser.post(path, {"name": "Shop", "parameters": "PARTNER=myco"})
    one = house.installed()
    config = {**one.revision.config, "partner_name": "{{pipeline_param.PARTNER}}"}
    house.control.revise(one.id, msgspec.structs.replace(one.revision, id="rev_named", number=2, config=config))
    assert "Nothing was saved" in browser.post(path, {"name": "Shop", "parameters": ""}, status=422).text
    assert house.control.pipeline(house.pipeline.id).parameters == {"PARTNER": "myco"}


@pytest.mark.parametrize("settings", [{"gateway_url": "https://events.example.com"}], indirect=True)
def test_what_is_to_be_copied_names_the_gateway_where_its_address_is_known(house, browser):
    path = f"/settings/pipelines/{house.pipeline.id}"
    waits = f"/integrations/{house.installed().id}/first-event"
    for at, says in ((path, "/d.js"), (f"{path}/collector", "/d.js?wk="), (waits, "/v1/track")):
        page = browser.page(at)
        assert f"https://events.example.com{says}" in page
        assert "YOUR_GATEWAY" not in page


def test_a_pipeline_gets_a_new_key_beside_the_one_before_which_is_revoked_later(house, browser):
    path, before = f"/settings/pipelines/{house.pipeline.id}", house.pipeline.pipeline_key
    told = browser.follow(browser.post(f"{path}/keys", {"days": "7"}, role="editor"))
    assert "has a new key. The one before is taken for 7 days." in told
    assert before in told
    (former,) = house.control.pipeline_keys()
    assert former.expires_ms - house.clock.now_ms() == pytest.approx(7 * 86_400_000, abs=60_000)
    assert house.control.pipeline(house.pipeline.id).pipeline_key not in {before, former.id}
    assert "Revoke" not in browser.page(path, role="editor")
    browser.post(f"{path}/keys/{former.id}/revoke", role="editor", status=403)
    assert f"{before} is revoked" in browser.follow(browser.post(f"{path}/keys/{former.id}/revoke"))
    assert house.control.pipeline_keys() == []
    browser.post(f"{path}/keys", {"days": "7", "etag": "old"}, status=412)
    assert "pipeline: key revoked" in browser.page("/settings/audit-log")


def test_a_pipeline_is_removed_on_its_page_with_what_is_installed_there(house, browser):
    installation = house.installed()
    path = f"/settings/pipelines/{house.pipeline.id}"
    assert "Insider is uninstalled from it" in browser.page(path)
    browser.post(f"{path}/remove", role="editor", status=403)
    assert "Its keys are refused" in browser.follow(browser.post(f"{path}/remove"))
    assert house.control.installation(installation.id).removed_ms
    browser.get(path, status=404)


def test_a_pipeline_is_made_and_a_taken_name_is_told(house, browser):
    assert "Shop is made" in browser.follow(browser.post("/settings/pipelines", {"name": "Shop"}))
    assert "Shop" in browser.post("/settings/pipelines", {"name": "Shop"}, status=409).text


def test_somebody_is_invited_by_a_link_that_is_shown_once(house, browser):
    reply = browser.post("/settings/users", {"email": "jane@example.com", "role": "editor"}, status=200)
    link = re.search(r'value="(http[^"]+/welcome\?token=[^"]+)"', reply.text)[1]
    assert "Welcome to Signal" in browser.get(link[link.index("/welcome") :], role=None).text
    assert link not in browser.get("/settings/users").text
    assert house.control.user_by_email("jane@example.com").role == "editor"
    assert "no e-mail address" in browser.post("/settings/users", {"email": "x", "role": "editor"}, status=422).text


def test_a_role_that_there_is_not_is_told_in_the_form_with_what_was_typed(house, browser):
    asked = {"email": "joe@example.com", "name": "Joe", "role": "king"}
    page = browser.post("/settings/users", asked, status=422).text
    assert "Nobody was invited. Role: choose owner, admin, editor or viewer." in page
    assert 'data-field="role"' in page
    assert 'value="joe@example.com"' in page
    assert 'value="Joe"' in page
    assert house.control.user_by_email("joe@example.com") is None
    viewer = house.control.user_by_email("viewer@example.com")
    changed = browser.follow(browser.post(f"/settings/users/{viewer.id}/role", {"role": "king"}))
    assert "Nothing was changed. Role: choose owner" in changed
    assert house.control.user(viewer.id).role == "viewer"


def test_nobody_invites_or_makes_anybody_more_than_they_are_or_changes_themselves(house, browser):
    browser.post("/settings/users", {"email": "up@example.com", "role": "owner"}, role="admin", status=403)
    owner = house.control.user_by_email("owner@example.com")
    admin = house.control.user_by_email("admin@example.com")
    viewer = house.control.user_by_email("viewer@example.com")
    browser.post(f"/settings/users/{owner.id}/disable", role="admin", status=403)
    browser.post(f"/settings/users/{viewer.id}/role", {"role": "owner"}, role="admin", status=403)
    browser.post(f"/settings/users/{admin.id}/role", {"role": "viewer"}, role="admin", status=400)
    browser.post(f"/settings/users/{viewer.id}/role", {"role": "editor"}, role="admin")
    assert house.control.user(viewer.id).role == "editor"


def test_who_is_disabled_is_shut_out_at_once_and_may_be_let_in_again(house, browser):
    viewer = house.control.user_by_email("viewer@example.com")
    browser.page("/integrations", role="viewer")
    browser.post(f"/settings/users/{viewer.id}/disable")
    browser.get("/integrations", role="viewer", status=303)
    assert "may come in again" in browser.follow(browser.post(f"/settings/users/{viewer.id}/enable"))


def test_what_is_changed_on_a_page_stands_in_the_audit_log(house, browser):
    installation = house.installed()
    browser.post(f"/integrations/{installation.id}/pause", role="editor")
    page = browser.page("/settings/audit-log")
    assert "editor@example.com" in page
    assert installation.id in page
    assert f"updated {installation.name}" in page
    editor = house.control.user_by_email("editor@example.com")
    browser.post("/settings/pipelines", {"name": "Elsewhere"})
    wanted = f"who={editor.id}&what=pipeline+integration%3A+updated&on={installation.id}"
    fits = browser.get(f"/settings/audit-log?{wanted}").text
    assert len(re.findall("<tr>", fits)) == 2, "the head, and one entry"
    assert f"export?format=csv&amp;user_id={editor.id}&amp;action=pipeline_integration.updated" in fits
    assert "Nothing fits." in browser.page("/settings/audit-log?what=token.created")
    note(house.control, "user.invited", "user", "usr_x", place=COMMAND_LINE)
    assert "the command line user: invited" in browser.page("/settings/audit-log?what=user.invited")
    browser.get("/settings/audit-log", role="editor", status=403)


def test_consent_is_decided_on_its_page_by_an_admin(house, browser):
    path = "/settings/consent"
    etag = re.search(r'name="etag" value="([^"]+)"', browser.get(path).text)[1]
    form = {"etag": etag, "default.analytics": "granted", "words": "Werbung=Advertising", "without_consent": "strip"}
    browser.post(path, form, role="editor", status=403)
    browser.post(path, form)
    wanted = ConsentSettings(defaults={"analytics": True}, words={"werbung": "marketing"}, without_consent="strip")
    assert house.control.consent_settings() == wanted
    assert "Nothing was saved" in browser.post(path, {**form, "words": ""}, status=412).text
    wrong = browser.post(path, {"words": "<b>=telepathy", "without_consent": "keep"}, status=422).text
    assert "no consent category" in wrong
    assert "&lt;b&gt;=telepathy" in wrong
    assert "WORD=category" in browser.post(path, {"words": "nothing", "without_consent": "keep"}, status=422).text
    assert house.control.consent_settings() == wanted


def test_a_collector_is_built_on_its_page(house, browser):
    path = f"/settings/pipelines/{house.pipeline.id}/collector"
    page = browser.get(path).text
    form = dict(re.findall(r'<input [^>]*name="(\w+)"[^>]* value="([^"]*)"', page))
    del form["debug"]
    browser.post(path, {**form, "script_filename": "shop.js", "batch_size": "25"})
    kept = house.control.pipeline(house.pipeline.id).js_builder_config
    assert kept == JsBuilderConfig(script_filename="shop.js", batch_size=25)
    assert "https://YOUR_GATEWAY/shop.js" in browser.page(path)
    assert "Nothing was saved" in browser.post(path, form, status=412).text
    wrong = browser.post(path, {**form, "etag": "", "batch_size": "many"}, status=422).text
    assert 'value="many"' in wrong


def test_the_api_is_looked_up_in_pages_that_know_every_operation_and_shape(browser):
    index = browser.get("/docs", role="viewer").text
    document = browser.get("/v1/admin/openapi.json", role=None).json()
    operations = [told for methods in document["paths"].values() for told in methods.values()]
    links = re.findall(r'href="(/docs/[^"#]+)#([^"]+)"', index)
    assert {anchor for _, anchor in links} >= {told["operationId"] for told in operations}
    pages = {path: browser.get(path, role="viewer").text for path in {path for path, _ in links}}
    ids = {path: set(re.findall(r' id="([^"]+)"', page)) for path, page in pages.items()}
    assert all(anchor in ids[path] for path, anchor in links)
    assert all(set(re.findall(r'href="#([^"]+)"', page)) <= ids[path] for path, page in pages.items())
    assert {f"shape-{name}" for name in document["components"]["schemas"]} <= set().union(*ids.values())
    failures = {status for told in operations for status in told["responses"] if status >= "400"}
    assert all(f'<th scope="row">{status}</th>' in index for status in failures)
    whole = "".join([index, *pages.values()])
    assert "<script>" not in whole
    assert "http://" not in whole.replace("http://testserver.local", "")
    assert "nothing about nobody" in browser.get("/docs/nobody", status=404).text
