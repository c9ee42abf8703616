import pytest

from datafly.management import passwords
from datafly.model.people import User
from datafly.model.secret import Secret

PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="module")
def password_hash():
    return passwords.hashed(Secret(PASSWORD))


@pytest.fixture
def jane(house, password_hash):
    user = house.control.create_user(User(id="", email="Jane@Example.com", role="editor", status="active"))
    house.control.set_password_hash(user.id, password_hash)
    return user


@pytest.fixture
def log_in(call):
    def log_in(email="jane@example.com", password=PASSWORD):
        return call("POST", "/v1/admin/auth/login", role=None, json={"email": email, "password": password})

    return log_in


@pytest.fixture
def with_access(call):
    def with_access(pair, method, path, **kwargs):
        headers = {"Authorization": f"Bearer {pair['access_token']}"}
        return call(method, path, role=None, headers=headers, **kwargs)

    return with_access


def test_a_password_opens_what_the_role_may_do(jane, log_in, with_access, refused):
    reply = log_in()
    assert reply.status_code == 200
    pair = reply.json()
    assert (pair["token_type"], pair["expires_in"], pair["refresh_expires_in"]) == ("Bearer", 900, 604_800)
    assert with_access(pair, "GET", "/v1/admin/pipelines").status_code == 200
    assert with_access(pair, "POST", "/v1/admin/pipelines", json={"name": "Shop"}).status_code == 201
    refused(with_access(pair, "GET", "/v1/admin/tokens"), 403, "FORBIDDEN")
    me = with_access(pair, "GET", "/v1/admin/auth/me").json()
    assert (me["kind"], me["user"]["email"], me["role"]) == ("user", "Jane@Example.com", "editor")


def test_who_has_no_account_is_told_the_same_as_who_mistypes(jane, log_in, refused):
    wrong = refused(log_in(password="wrong"), 401, "INVALID_CREDENTIALS")
    assert refused(log_in(email="nobody@example.com"), 401, "INVALID_CREDENTIALS") == wrong


def test_who_is_invited_or_disabled_cannot_log_in(house, jane, log_in, refused):
    for status in ("invited", "disabled"):
        house.control.change_user(jane.id, {"status": status})
        refused(log_in(), 401, "INVALID_CREDENTIALS")


def test_after_ten_wrong_passwords_the_right_one_waits_too(house, jane, log_in, refused):
    for _ in range(10):
        refused(log_in(password="wrong"), 401, "INVALID_CREDENTIALS")
    reply = log_in()
    refused(reply, 401, "ACCOUNT_LOCKED", retry_after_seconds=900)
    assert reply.headers["Retry-After"] == "900"
    house.clock.pass_by(900)
    assert log_in().status_code == 200


def test_an_account_that_is_not_there_locks_in_the_same_way(log_in, refused):
    for _ in range(10):
        refused(log_in(email="nobody@example.com"), 401, "INVALID_CREDENTIALS")
    refused(log_in(email="Nobody@example.com "), 401, "ACCOUNT_LOCKED", retry_after_seconds=900)


@pytest.mark.parametrize("settings", [{"address_tries": 3}], indirect=True)
def test_an_address_that_guesses_at_many_accounts_is_locked(jane, log_in, refused):
    for number in range(3):
        refused(log_in(email=f"u{number}@example.com"), 401, "INVALID_CREDENTIALS")
    refused(log_in(), 401, "ACCOUNT_LOCKED")


@pytest.mark.parametrize("settings", [{"address_tries": 3}], indirect=True)
def test_good_log_ins_lock_nobody(jane, log_in):
    assert {log_in().status_code for _ in range(6)} == {200}


def test_an_access_token_ends_after_a_quarter_of_an_hour(house, jane, log_in, with_access, refused):
    pair = log_in().json()
    house.clock.pass_by(899)
    assert with_access(pair, "GET", "/v1/admin/auth/me").status_code == 200
    house.clock.pass_by(1)
    refused(with_access(pair, "GET", "/v1/admin/auth/me"), 401, "EXPIRED_TOKEN")


@pytest.mark.parametrize("text", ["a.b.c", "..", "eyJhbGciOiJub25lIn0.eyJzaWQiOiJzZXNfMSIsImV4cCI6OTk5OTk5OTk5OX0."])
def test_an_access_token_that_we_did_not_sign_opens_nothing(text, with_access, refused):
    refused(with_access({"access_token": text}, "GET", "/v1/admin/auth/me"), 401, "INVALID_TOKEN")


def refresh(call, token):
    return call("POST", "/v1/admin/auth/refresh", role=None, json={"refresh_token": token})


def test_a_refresh_token_brings_the_next_pair_and_works_once(jane, call, log_in, with_access, refused):
    first, other = log_in().json(), log_in().json()
    second = refresh(call, first["refresh_token"]).json()
    assert with_access(second, "GET", "/v1/admin/auth/me").status_code == 200
    refused(refresh(call, first["refresh_token"]), 401, "INVALID_REFRESH_TOKEN")
    for pair in (first, second, other):
        refused(with_access(pair, "GET", "/v1/admin/auth/me"), 401, "INVALID_TOKEN")
        refused(refresh(call, pair["refresh_token"]), 401, "INVALID_REFRESH_TOKEN")


def test_a_refresh_token_ends_after_a_week_without_use(house, jane, call, log_in, refused):
    pair = log_in().json()
    house.clock.pass_by(604_799)
    pair = refresh(call, pair["refresh_token"]).json()
    house.clock.pass_by(604_800)
    refused(refresh(call, pair["refresh_token"]), 401, "INVALID_REFRESH_TOKEN")
    refused(refresh(call, "dfr_nothing"), 401, "INVALID_REFRESH_TOKEN")


def test_log_out_ends_the_session_at_once(jane, call, log_in, with_access, refused):
    pair = log_in().json()
    assert with_access(pair, "POST", "/v1/admin/auth/logout").status_code == 204
    refused(with_access(pair, "GET", "/v1/admin/auth/me"), 401, "INVALID_TOKEN")
    refused(refresh(call, pair["refresh_token"]), 401, "INVALID_REFRESH_TOKEN")


def test_a_role_that_changes_or_a_user_who_is_disabled_is_so_at_once(house, jane, log_in, with_access, refused):
    pair = log_in().json()
    house.control.change_user(jane.id, {"role": "viewer"})
    refused(with_access(pair, "POST", "/v1/admin/pipelines", json={"name": "Shop"}), 403, "FORBIDDEN")
    house.control.change_user(jane.id, {"status": "disabled"})
    refused(with_access(pair, "GET", "/v1/admin/auth/me"), 401, "INVALID_TOKEN")


def test_a_new_password_counts_and_ends_the_other_sessions(jane, log_in, with_access, refused):
    here, there = log_in().json(), log_in().json()
    path, new = "/v1/admin/auth/password", "a much better pass phrase"
    wrong = {"current_password": "wrong", "new_password": new}
    refused(with_access(here, "POST", path, json=wrong), 422, "VALIDATION_FAILED", field="current_password")
    short = {"current_password": PASSWORD, "new_password": "short"}
    refused(with_access(here, "POST", path, json=short), 422, "VALIDATION_FAILED", field="password")
    good = {"current_password": PASSWORD, "new_password": new}
    assert with_access(here, "POST", path, json=good).status_code == 204
    assert with_access(here, "GET", "/v1/admin/auth/me").status_code == 200
    refused(with_access(there, "GET", "/v1/admin/auth/me"), 401, "INVALID_TOKEN")
    refused(log_in(), 401, "INVALID_CREDENTIALS")
    assert log_in(password=new).status_code == 200


def test_ones_sessions_are_listed_and_ended(house, jane, log_in, with_access, refused):
    here, there = log_in().json(), log_in().json()
    listed = with_access(here, "GET", "/v1/admin/auth/sessions").json()["data"]
    assert sorted(one["current"] for one in listed) == [False, True]
    other = next(one["id"] for one in listed if not one["current"])
    assert with_access(here, "DELETE", f"/v1/admin/auth/sessions/{other}").status_code == 204
    refused(with_access(there, "GET", "/v1/admin/auth/me"), 401, "INVALID_TOKEN")
    assert with_access(here, "GET", "/v1/admin/auth/me").status_code == 200


def test_nobody_ends_a_session_of_somebody_else_as_their_own(house, jane, log_in, with_access, refused):
    stranger = house.control.create_user(User(id="", email="x@example.com", status="active"))
    session, _ = house.control.open_session(stranger.id, "browser", method="link", lasts_ms=10**9)
    refused(with_access(log_in().json(), "DELETE", f"/v1/admin/auth/sessions/{session.id}"), 404, "NOT_FOUND")


def test_an_api_token_has_no_session_and_no_password(call, refused):
    refused(call("GET", "/v1/admin/auth/sessions"), 403, "USERS_ONLY")
    refused(call("POST", "/v1/admin/auth/logout"), 403, "USERS_ONLY")
    refused(call("POST", "/v1/admin/auth/password", json={"new_password": "whatever it is"}), 403, "USERS_ONLY")
    assert call.get("/v1/admin/auth/me")["kind"] == "token"


def test_who_came_in_and_who_did_not_is_on_record(house, jane, log_in):
    log_in(password="wrong")
    log_in()
    entered, failed = house.control.audit_log()
    assert (entered.action, entered.user_email) == ("auth.login", "Jane@Example.com")
    assert (failed.action, failed.user_email, failed.resource_id) == ("auth.login_failed", "jane@example.com", jane.id)
    assert entered.ip_address == failed.ip_address == "testclient"


def test_whoever_has_no_account_is_answered_with_the_effort_of_one_who_has():
    assert not passwords.is_outdated(passwords._NOBODYS)
    assert not passwords.fits(Secret("\0"), None)
