"""Coming in, in Chromium: the one-time link, the password, log-out, and what other pages cannot do."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import expect

from datafly.management.inviting import demo_link
from datafly.runtime.people import reset
from datafly.runtime.prepare import open_the_store

pytestmark = pytest.mark.browser

PASSWORD = "correct horse battery staple"


@pytest.fixture
def elsewhere():
    """A page of somebody else on this machine."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><link rel=icon href='data:,'><p>Hello</p>")

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://localhost:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_owner_sets_a_password_by_the_link_logs_out_and_in_again(role, page):
    page.goto(reset(role.settings, ""))
    page.get_by_label("E-mail address").fill("olga@example.com")
    page.get_by_label("Name").fill("Olga")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("The same once more").fill(PASSWORD)
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_text("olga@example.com")).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", name="Log in to Signal")).to_be_visible()
    page.get_by_label("E-mail address").fill("olga@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(f"{role.url}/")
    assert page.problems == []


def test_pages_may_call_the_api_and_scripts_never_see_the_cookie(role, page):
    with open_the_store(role.settings) as store:
        page.goto(f"{role.url}/welcome?token={demo_link(store.control)}")
    made = page.evaluate(
        """async () => {
            const reply = await fetch('/v1/admin/pipelines', {method: 'POST', body: new Blob(['{"name": "Shop"}'])});
            return reply.status;
        }"""
    )
    assert made == 201
    assert page.evaluate("document.cookie") == ""


def test_a_page_on_another_port_of_this_machine_changes_nothing(role, page, elsewhere):
    """The same site to a browser, so the cookie goes along; another origin to us."""
    with open_the_store(role.settings) as store:
        page.goto(f"{role.url}/welcome?token={demo_link(store.control)}")
    page.goto(elsewhere)
    page.evaluate(
        """url => fetch(url, {
            method: 'POST', mode: 'no-cors', credentials: 'include', body: new Blob(['{"name": "x"}'])
        })""",
        f"{role.url}/v1/admin/pipelines",
    )
    with open_the_store(role.settings) as store:
        assert [pipeline.name for pipeline in store.control.pipelines()] == ["Default"]
    with page.expect_navigation():
        page.evaluate(
            """url => { const form = document.createElement('form'); form.method = 'post'; form.action = url;
            document.body.append(form); form.submit(); }""",
            f"{role.url}/logout",
        )
    assert "CROSS_SITE" in page.content()
    page.goto(f"{role.url}/")
    expect(page.get_by_role("button", name="Log out")).to_be_visible()
