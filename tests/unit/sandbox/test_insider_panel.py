"""The panel as an HTTP client sees it; tests/browser walks it as a person does."""

import re

import pytest

PANEL = "/insider/panel"
PAGES = [
    "/audience/users",
    "/audience/users/1",
    "/integration-hub/authentication/api-keys",
    "/integration-hub/authentication/api-keys/new",
    "/audience/events",
    "/audience/events?name=page_view",
    "/audience/segments",
    "/settings/account",
    "/settings/identity",
    "/sandbox/faults",
    "/sandbox/settings",
    "/sandbox/reset",
    "/sandbox/requests",
    "/sandbox/requests/1",
    "/sandbox/about",
]


@pytest.fixture
async def signed_in(insider, person):
    """A client with a session and one user to look at."""
    await insider.upsert(person(attributes={"name": "<b>Jane</b>", "tier": "gold"}))
    page = (await insider.client.get(f"{PANEL}/log-in")).text
    email, password = re.findall(r"<dd><code>(.*?)</code></dd>", page)
    form = {"email": email, "password": password, "to": ""}
    reply = await insider.client.post(f"{PANEL}/log-in", data=form)
    assert reply.status_code == 303
    cookie = reply.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    return insider.client


@pytest.mark.parametrize("path", PAGES)
async def test_no_page_is_shown_without_a_session(insider, path):
    reply = await insider.client.get(f"{PANEL}{path}")
    assert reply.status_code == 303
    assert reply.headers["location"].startswith(f"{PANEL}/log-in?to=")


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_says_that_it_is_no_insider(signed_in, path):
    reply = await signed_in.get(f"{PANEL}{path}")
    assert reply.status_code == 200
    assert "This is a local sandbox, not Insider." in reply.text


async def test_wrong_credentials_are_refused(insider):
    form = {"email": "jane@example.com", "password": "guess", "to": ""}
    reply = await insider.client.post(f"{PANEL}/log-in", data=form)
    assert reply.status_code == 401
    assert "set-cookie" not in reply.headers


async def test_a_log_in_leads_nowhere_else(insider):
    form = {"email": "demo@sandbox.example", "password": "sandbox-demo", "to": "//evil.example/"}
    reply = await insider.client.post(f"{PANEL}/log-in", data=form)
    assert reply.headers["location"] == PANEL


async def test_logging_out_ends_the_session_and_not_only_the_cookie(signed_in):
    cookie = dict(signed_in.cookies)
    await signed_in.post(f"{PANEL}/log-out")
    reply = await signed_in.get(
        f"{PANEL}/settings/account", headers={"cookie": "; ".join(map("=".join, cookie.items()))}
    )
    assert reply.status_code == 303


async def test_what_was_sent_is_shown_as_text_and_never_as_markup(signed_in):
    for path in ("/audience/users", "/audience/users/1", "/sandbox/requests/1"):
        page = (await signed_in.get(f"{PANEL}{path}")).text
        assert "&lt;b&gt;Jane&lt;/b&gt;" in page
        assert "<b>Jane" not in page


async def test_pages_of_other_sites_may_not_press_its_buttons(signed_in):
    headers = {"sec-fetch-site": "same-site"}
    reply = await signed_in.post(f"{PANEL}/settings/account", data={"partner": "taken"}, headers=headers)
    assert reply.status_code == 403


async def test_a_generated_key_is_shown_once(signed_in):
    form = {"name": "Datafly Signal", "scopes": "unification", "allowed_ips": ""}
    made = await signed_in.post(f"{PANEL}/integration-hub/authentication/api-keys", data=form)
    first = (await signed_in.get(made.headers["location"])).text
    key = re.search(r'readonly value="(\w{40})"', first)
    assert key
    assert key[1] not in (await signed_in.get(made.headers["location"])).text


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"name": "", "allowed_ips": ""}, "A key needs a name."),
        ({"name": "Signal", "allowed_ips": "nowhere"}, "nowhere is no IPv4 address or network."),
    ],
)
async def test_a_key_that_cannot_be_is_explained(signed_in, form, message):
    reply = await signed_in.post(f"{PANEL}/integration-hub/authentication/api-keys", data=form)
    assert reply.status_code == 409
    assert message in reply.text


async def test_a_key_is_revoked_only_once_that_is_confirmed(signed_in, insider):
    revoking = f"{PANEL}/integration-hub/authentication/api-keys/1/revoke"
    assert f'action="{revoking}"' in (await signed_in.get(revoking)).text
    assert len(await insider.control("/keys")) == 1
    await signed_in.post(revoking)
    assert await insider.control("/keys") == []
    assert (await signed_in.get(revoking)).status_code == 404


async def test_an_account_sees_its_own_users_and_requests_only(signed_in, insider):
    await insider.control("/accounts", "POST", {"partner": "other"})
    assert "<option selected>myco</option>" in (await signed_in.get(f"{PANEL}/settings/account")).text
    await signed_in.post(f"{PANEL}/switch", data={"partner": "other"})
    assert "Nobody has arrived yet." in (await signed_in.get(f"{PANEL}/audience/users")).text
    for path in ("/audience/users/1", "/sandbox/requests/1"):
        assert (await signed_in.get(f"{PANEL}{path}")).status_code == 404


@pytest.mark.parametrize("path", [f"{PANEL}/nothing", f"{PANEL}/audience/users/999", "/nothing"])
async def test_a_page_that_is_not_there_says_so_to_a_person_and_leads_back(signed_in, path):
    reply = await signed_in.get(path, headers={"accept": "text/html,*/*;q=0.8"})
    assert reply.status_code == 404
    assert "There is no such page" in reply.text
    assert f"<code>{path}</code>" in reply.text
    assert f'<a href="{PANEL}">The Insider sandbox panel</a>' in reply.text


async def test_a_script_is_told_in_json_that_nothing_is_there(signed_in):
    assert (await signed_in.get("/nothing")).json()["status_code"] == 404


async def test_the_session_survives_a_restart(signed_in, started, called):
    again = called(started())
    again.client.cookies = signed_in.cookies
    assert (await again.client.get(f"{PANEL}/settings/account")).status_code == 200
