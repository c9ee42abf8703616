"""Who may see and do what on the pages, and from where."""

import pytest
from litestar.routes import HTTPRoute

from datafly.management.roles import PAGES, Role, lowest_role
from datafly.management.web.app import Site
from datafly.management.web.assets import asset

OPEN = {"/ui", "/assets/{digest}/{name}"}


def routes(house):
    for route in Site(house.services.settings).pages.routes:
        if isinstance(route, HTTPRoute):
            for method in sorted(route.methods - {"OPTIONS"}):
                yield method, route.path_format


def filled(path):
    numbered = path.replace("{partition}", "0").replace("{offset}", "0")
    return numbered.replace("{", "no-").replace("}", "")


def test_without_a_log_in_every_page_asks_for_one(house, browser):
    for method, path in routes(house):
        if path in OPEN:
            continue
        reply = getattr(browser, method.lower())(filled(path), role=None, status=303)
        assert reply.headers["location"].startswith("/login?next=%2F"), path


@pytest.mark.parametrize("role", ["owner", "admin", "editor", "viewer"])
def test_every_page_holds_every_role_to_the_table(house, browser, role):
    for method, path in routes(house):
        browser._cookie(role)
        headers = {"Sec-Fetch-Site": "same-origin"}
        if path in OPEN or path.endswith("/stream"):
            continue
        reply = browser.client.request(method, filled(path), headers=headers, follow_redirects=False)
        if Role[role.upper()] < lowest_role(method, path, PAGES):
            assert reply.status_code == 403, path
        else:
            assert reply.status_code not in {401, 403}, (method, path)
            assert reply.status_code < 500, (method, path, reply.text)


def test_a_log_in_leads_to_the_page_that_was_asked_for(browser):
    reply = browser.get("/integrations", role=None, status=303)
    assert reply.headers["location"] == "/login?next=%2Fintegrations"
    assert 'name="next" value="/integrations"' in browser.get(reply.headers["location"], role=None).text
    assert browser.get("/ui", status=303).headers["location"] == "/"


def test_who_is_logged_out_sees_no_page_any_more(browser):
    browser.page("/integrations", role="viewer")
    browser.post("/logout", role="viewer")
    browser.get("/integrations", role="viewer", status=303)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://testserver.local"},
    ],
)
def test_a_change_from_another_site_is_not_made(house, browser, headers):
    installation = house.installed()
    reply = browser.post(f"/integrations/{installation.id}/pause", headers=headers, status=403)
    assert "did not come from a page of this Signal" in reply.text
    assert not house.control.installation(installation.id).paused


def test_a_change_from_another_origin_is_not_made_where_a_browser_tells_only_that(house, browser):
    installation = house.installed()
    browser._cookie("owner")
    reply = browser.client.post(f"/integrations/{installation.id}/pause", headers={"Origin": "https://evil.example"})
    assert reply.status_code == 403
    assert not house.control.installation(installation.id).paused


def test_every_page_has_a_policy_that_lets_no_foreign_or_inline_script_in(browser):
    for path, status in (("/", 200), ("/integrations", 200), ("/no-such-page", 404), ("/events?id=none", 404)):
        reply = browser.get(path, status=status)
        policy = reply.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "style-src 'self';" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy


def test_static_files_are_kept_for_good_by_a_name_that_changes_with_them(browser):
    reply = browser.get(asset("room.css"), role=None)
    assert "immutable" in reply.headers["Cache-Control"]
    assert browser.get("/assets/0ld/room.css", role=None).headers["Cache-Control"] == "no-cache"
    browser.get("/assets/0ld/..%2f__init__.py", role=None, status=404)


def test_the_api_is_where_it_was(browser):
    browser.get("/healthz", role=None)
    reply = browser.client.get("/v1/admin/no-such-thing")
    assert reply.status_code == 404
    assert reply.json()["error"]["code"] == "NOT_FOUND"


def test_a_piece_that_cannot_be_had_says_so_in_its_place_and_is_no_page_within_the_page(house, browser):
    for path, status, says in (
        ("/integrations/pi_none/mapping/canary", 404, "There is no"),
        ("/home/nowhere", 404, "There is no such page."),
    ):
        reply = browser.get(path, status=status, headers={"HX-Request": "true"})
        assert says in reply.text
        assert "<main" not in reply.text
        assert "<main" in browser.get(path, status=status).text
