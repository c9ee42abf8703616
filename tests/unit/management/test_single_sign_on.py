import importlib.util
import time
from pathlib import Path

import pytest

from datafly.management.admitting import mapped_role
from datafly.management.settings import ManagementSettings, OidcSettings
from datafly.model.people import User
from datafly.model.secret import Secret
from datafly.testing.clock import FakeClock

_SPEC = importlib.util.spec_from_file_location("provider", Path(__file__).with_name("provider.py"))
fake = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(fake)


@pytest.fixture(scope="module")
def door():
    """One address for all tests, whose settings are the same then: their application is built once."""
    with fake.door() as server:
        yield server


@pytest.fixture
def provider(door):
    return fake.Provider(door)


@pytest.fixture
def settings(request, provider):
    wanted = {"allowed_domains": ("example.com",)} | getattr(request, "param", {})
    client_id, secret = fake.CLIENT
    oidc = OidcSettings(issuer=provider.issuer, client_id=client_id, client_secret=Secret(secret), **wanted)
    return ManagementSettings(oidc=oidc)


@pytest.fixture
def visit(house, site):
    """A browser: it keeps cookies, and goes where it is led only when it is told to."""
    house.live()

    def visit(path, **kwargs):
        return site("GET", path, role=None, follow_redirects=False, **kwargs)

    return visit


@pytest.fixture
def come_in(visit, provider):
    def come_in(**changed):
        reply = visit("/login/sso?next=/%3Ftab%3D2")
        assert reply.status_code == 303, reply.text
        answer, redirect_uri = provider.lets_in(reply.headers["location"])
        assert redirect_uri == "http://testserver.local/login/sso/callback"
        return visit("/login/sso/callback", params=answer | changed)

    return come_in


def test_who_the_provider_vouches_for_comes_in_as_a_viewer_and_where_they_wanted(house, come_in, visit):
    reply = come_in()
    assert (reply.status_code, reply.headers["location"]) == (303, "/?tab=2")
    (jane,) = house.control.users()
    assert (jane.email, jane.name, jane.role, jane.status) == ("jane@example.com", "Jane", "viewer", "active")
    assert "jane@example.com" in visit("/").text
    assert house.control.sessions()[0].method == "oidc"
    assert [entry.action for entry in house.control.audit_log()] == ["auth.login", "user.created"]


def test_who_is_known_is_known_by_the_subject_although_the_address_changes(house, come_in, provider):
    come_in()
    provider.person |= {"email": "jane.doe@example.com"}
    assert come_in().status_code == 303
    assert [user.email for user in house.control.users()] == ["jane@example.com"]


def test_who_was_invited_keeps_the_role(house, come_in):
    house.control.create_user(User(id="", email="Jane@Example.com", role="admin"))
    come_in()
    (jane,) = house.control.users()
    assert (jane.role, jane.status) == ("admin", "active")


@pytest.mark.parametrize(
    "person",
    [
        {"email": "jane@elsewhere.com"},
        {"email_verified": False},
        {"email_verified": None},
        {"email": None},
        {"email": "no address"},
    ],
)
def test_a_stranger_or_an_address_that_is_not_verified_does_not_come_in(house, come_in, provider, person):
    provider.person |= person
    reply = come_in()
    assert reply.status_code in {403, 422}
    assert "datafly_session" not in reply.headers.get("set-cookie", "")
    assert house.control.users() == []


@pytest.mark.parametrize("settings", [{"trust_email": True}], indirect=True)
def test_an_address_of_which_nothing_is_said_counts_only_where_that_is_wanted(house, come_in, provider):
    del provider.person["email_verified"]
    assert come_in().status_code == 303
    provider.person |= {"sub": "p2", "email": "joe@example.com", "email_verified": False}
    assert come_in().status_code == 403


def test_another_subject_does_not_take_over_an_address(house, come_in, provider):
    come_in()
    provider.person |= {"sub": "p2"}
    assert come_in().status_code == 403


def test_who_is_disabled_here_stays_out(house, come_in):
    come_in()
    house.control.change_user(house.control.users()[0].id, {"status": "disabled"})
    assert come_in().status_code == 403
    assert house.control.audit_log()[0].action == "auth.login_failed"


LIES = [
    {"nonce": "another"},
    {"nonce": None},
    {"aud": "another client"},
    {"aud": ["signal", "another"], "azp": "another"},
    {"iss": "https://evil.example"},
    {"exp": int(time.time()) - 3600},
    {"iat": int(time.time()) + 3600},
    {"at_hash": "wrong"},
]


@pytest.mark.parametrize("lies", LIES, ids=lambda lies: next(iter(lies)))
def test_what_the_provider_says_must_be_for_us_and_for_this_log_in(house, come_in, provider, lies):
    provider.lies = lies
    assert come_in().status_code == 403
    assert house.control.users() == []


@pytest.mark.parametrize(
    "sign",
    [("RS256", fake.stranger_key), ("HS256", fake.client_secret_key)],
    ids=["another key of that kind", "the client secret"],
)
def test_what_another_key_signed_does_not_hold(house, come_in, provider, sign):
    provider.algorithm, provider.signs_with = sign[0], sign[1]()
    assert come_in().status_code == 403
    assert house.control.users() == []


def test_keys_that_the_provider_changed_are_fetched_anew(come_in, provider):
    assert come_in().status_code == 303
    provider.key = provider.signs_with = fake.RSAKey.generate_key(2048, {"kid": "k2"})
    provider.kid = "k2"
    assert come_in().status_code == 303


def test_keys_that_come_in_many_pieces_are_read_whole(come_in, provider):
    provider.padding = "x" * 700_000
    assert come_in().status_code == 303
    provider.padding = "x" * 1_100_000
    provider.key = provider.signs_with = fake.RSAKey.generate_key(2048, {"kid": "k2"})
    provider.kid = "k2"
    assert come_in().status_code == 403


def test_a_log_in_that_took_longer_than_ten_minutes_is_begun_anew(house, visit, provider):
    house.clock.clock = FakeClock(now_ms=int(time.time() * 1000))
    reply = visit("/login/sso")
    answer, _ = provider.lets_in(reply.headers["location"])
    house.clock.jump(600_000)
    assert visit("/login/sso/callback", params=answer).status_code == 403
    assert (house.control.users(), provider.refusals) == ([], [])


def test_the_way_back_must_have_begun_in_this_browser(house, come_in, visit, provider):
    assert come_in(state="another").status_code == 403
    reply = visit("/login/sso")
    answer, _ = provider.lets_in(reply.headers["location"])
    forgotten = visit("/login/sso/callback", params=answer, headers={"Cookie": "datafly_sso=x.y.z"})
    assert forgotten.status_code == 403
    assert house.control.users() == []


def test_a_code_works_once_and_with_its_verifier_alone(come_in, visit, provider):
    assert come_in(code="stolen").status_code == 403
    assert len(provider.refusals) == 1


def test_what_the_provider_refuses_is_said(come_in, visit):
    reply = visit("/login/sso/callback", params={"error": "access_denied", "state": "x"})
    assert reply.status_code == 403
    assert "did not let you in" in reply.text


def test_a_provider_that_speaks_for_another_or_not_at_all_lets_nobody_in(visit, provider):
    provider.issuer_said = "https://evil.example"
    assert visit("/login/sso").status_code == 503


def test_the_client_secret_is_in_no_address_and_no_cookie(visit):
    reply = visit("/login/sso")
    assert fake.CLIENT[1] not in str(reply.headers)
    assert "httponly" in reply.headers["set-cookie"].lower()


def test_the_log_in_page_shows_the_way(visit):
    assert "/login/sso?next=" in visit("/login").text


def test_the_mightiest_value_of_the_claim_decides():
    settings = OidcSettings(
        issuer="x",
        client_id="y",
        client_secret=Secret("z"),
        role_claim="groups",
        roles=(("marketing", "editor"), ("admins", "admin")),
    )
    assert mapped_role(settings, {"groups": ["marketing", "admins", 5]}) == "admin"
    assert mapped_role(settings, {"groups": "marketing"}) == "editor"
    assert mapped_role(settings, {"groups": ["others"]}) == "viewer"
    assert mapped_role(settings, {}) == "viewer"


@pytest.mark.parametrize("settings", [{"role_claim": "groups", "roles": (("a", "owner"),)}], indirect=True)
def test_a_claim_counts_at_every_log_in_but_takes_the_last_owner_away_from_nobody(house, come_in, provider):
    provider.person["groups"] = ["a"]
    come_in()
    provider.person["groups"] = []
    come_in()
    assert [user.role for user in house.control.users()] == ["owner"]
    house.control.create_user(User(id="", email="o@example.com", role="owner", status="active"))
    come_in()
    assert house.control.user_by_email("jane@example.com").role == "viewer"
