import pytest

from datafly.model.people import User

PATH = "/v1/admin/users"


@pytest.fixture
def person(house):
    def person(email, role="viewer", status="active"):
        return house.control.create_user(User(id="", email=email, role=role, status=status))

    return person


def test_an_invited_user_gets_a_link_and_waits(house, call):
    reply = call("POST", PATH, json={"email": "Jane@example.com", "role": "editor", "name": "Jane"})
    assert reply.status_code == 201
    invited = reply.json()
    assert (invited["user"]["status"], invited["user"]["role"]) == ("invited", "editor")
    text = invited["link"].partition("/welcome?token=")[2]
    assert house.control.link(text).user_id == invited["user"]["id"]
    assert text not in call("GET", PATH).text
    assert text not in str(house.control.audit_log())


def test_who_is_in_already_is_not_invited_again(person, call, refused):
    person("jane@example.com")
    refused(call("POST", PATH, json={"email": "JANE@example.com"}), 409, "CONFLICT", field="email")
    refused(call("POST", PATH, json={"email": "no address"}), 422, "VALIDATION_FAILED", field="email")


def test_users_are_listed_in_pages_and_by_role(person, call):
    for number in range(5):
        person(f"u{number}@example.com", role="editor" if number % 2 else "viewer")
    first = call.get(f"{PATH}?limit=3")
    rest = call.get(f"{PATH}?limit=3&cursor={first['next_cursor']}")
    assert len({user["id"] for user in first["data"] + rest["data"]}) == 5
    assert {user["role"] for user in call.get(f"{PATH}?role=editor")["data"]} == {"editor"}


def test_a_role_is_changed_only_as_it_was_seen(person, call, refused):
    jane = person("jane@example.com")
    seen = call("GET", f"{PATH}/{jane.id}").headers["ETag"]
    changed = call("PATCH", f"{PATH}/{jane.id}", json={"role": "editor"}, headers={"If-Match": seen})
    assert changed.json()["role"] == "editor"
    stale = call("PATCH", f"{PATH}/{jane.id}", json={"role": "admin"}, headers={"If-Match": seen})
    refused(stale, 412, "STALE")
    refused(call("DELETE", f"{PATH}/{jane.id}", headers={"If-Match": seen}), 412, "STALE")
    assert changed.headers["ETag"] == call("GET", f"{PATH}/{jane.id}").headers["ETag"] != seen


def test_the_last_owner_stays_one(person, call, refused):
    only = person("o@example.com", role="owner")
    person("waiting@example.com", role="owner", status="invited")
    for change in ({"role": "admin"}, {"status": "disabled"}):
        refused(call("PATCH", f"{PATH}/{only.id}", json=change), 409, "LAST_OWNER")
    refused(call("DELETE", f"{PATH}/{only.id}"), 409, "LAST_OWNER")
    second = person("p@example.com", role="owner")
    assert call("PATCH", f"{PATH}/{only.id}", json={"role": "admin"}).status_code == 200
    refused(call("DELETE", f"{PATH}/{second.id}"), 409, "LAST_OWNER")


def test_an_admin_makes_no_owner_and_touches_none(person, call, refused):
    owner, jane = person("o@example.com", role="owner"), person("jane@example.com")
    invitation = {"email": "x@example.com", "role": "owner"}
    for method, path, body in (
        ("POST", PATH, invitation),
        ("PATCH", f"{PATH}/{jane.id}", {"role": "owner"}),
        ("PATCH", f"{PATH}/{owner.id}", {"name": "x"}),
        ("DELETE", f"{PATH}/{owner.id}", None),
        ("POST", f"{PATH}/{owner.id}/link", None),
        ("DELETE", f"{PATH}/{owner.id}/sessions", None),
    ):
        refused(call(method, path, role="admin", json=body), 403, "FORBIDDEN")
    assert call("PATCH", f"{PATH}/{jane.id}", role="admin", json={"role": "admin"}).status_code == 200


def test_an_invited_owner_is_not_demoted_by_an_invitation_of_an_admin(person, call, refused):
    person("o@example.com", role="owner", status="invited")
    refused(call("POST", PATH, role="admin", json={"email": "o@example.com", "role": "viewer"}), 403, "FORBIDDEN")


def test_who_is_disabled_or_removed_is_out_at_once(house, person, call):
    jane = person("jane@example.com")
    _, text = house.control.open_session(jane.id, "browser", method="link", lasts_ms=10**9)
    house.control.note_login(jane.id)
    cookie = {"Cookie": f"datafly_session={text}"}
    assert call("GET", "/v1/admin/auth/me", role=None, headers=cookie).status_code == 200
    assert call("PATCH", f"{PATH}/{jane.id}", json={"status": "disabled"}).status_code == 200
    assert call("GET", "/v1/admin/auth/me", role=None, headers=cookie).status_code == 401
    assert call("PATCH", f"{PATH}/{jane.id}", json={"status": "active"}).json()["status"] == "active"
    assert call("GET", "/v1/admin/auth/me", role=None, headers=cookie).status_code == 401
    assert call("DELETE", f"{PATH}/{jane.id}").status_code == 204
    assert call("GET", f"{PATH}/{jane.id}").status_code == 404


def test_who_never_came_is_invited_again_and_not_active_after_all(person, call):
    jane = person("jane@example.com", status="invited")
    call("PATCH", f"{PATH}/{jane.id}", json={"status": "disabled"})
    assert call("PATCH", f"{PATH}/{jane.id}", json={"status": "active"}).json()["status"] == "invited"


def test_a_new_link_is_for_a_new_password_or_for_coming_in(house, person, call, refused):
    for status, purpose in {"active": "reset", "invited": "invite"}.items():
        user = person(f"{status}@example.com", status=status)
        reply = call("POST", f"{PATH}/{user.id}/link")
        assert reply.status_code == 201
        assert house.control.link(reply.json()["link"].partition("token=")[2]).purpose == purpose
    gone = person("gone@example.com", status="disabled")
    refused(call("POST", f"{PATH}/{gone.id}/link"), 409, "DISABLED")


def test_sessions_of_a_user_are_seen_and_ended(house, person, call):
    jane = person("jane@example.com")
    for _ in range(2):
        house.control.open_session(jane.id, "browser", method="link", lasts_ms=10**9, address="10.0.0.7")
    seen = call.get(f"{PATH}/{jane.id}/sessions")["data"]
    assert [one["ip_address"] for one in seen] == ["10.0.0.7"] * 2
    assert call("DELETE", f"{PATH}/{jane.id}/sessions").status_code == 204
    assert all(one["ended_at"] for one in call.get(f"{PATH}/{jane.id}/sessions")["data"])
