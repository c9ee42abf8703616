"""One's own password and sessions, on the page."""

import pytest

from datafly.management.passwords import fits, hashed
from datafly.model.secret import Secret

OLD, NEW = "correct horse battery", "staple correct horse"
DAY_MS = 86_400_000


@pytest.fixture
def me(house, browser):
    """The editor, who has a password and is logged in in two places."""
    user = house.control.user_by_email("editor@example.com")
    house.control.set_password_hash(user.id, hashed(Secret(OLD)))
    house.control.open_session(user.id, "api", method="password", lasts_ms=DAY_MS)
    return user


def in_force(house, user):
    return [one for one in house.control.sessions(user.id) if one.ended_ms is None]


def test_a_password_is_changed_by_who_knows_the_old_one_and_ends_all_other_sessions(house, browser, me):
    form = {"current": OLD, "new": NEW, "again": NEW}
    told = browser.follow(browser.post("/account/password", form, role="editor"))
    assert "Your password is changed" in told
    assert fits(Secret(NEW), house.control.password_hash(me.id))
    assert len(in_force(house, me)) == 1
    assert "user: password changed" in browser.page("/settings/audit-log")


WRONG = (
    ({"current": "wrong one, is it"}, "Your password of now is wrong."),
    ({"again": "another thing altogether"}, "The two passwords are not the same."),
    ({"new": "short", "again": "short"}, "It must have 12 to 256 characters."),
)


def test_what_is_wrong_is_told_and_nothing_changes(house, browser, me):
    for fields, says in WRONG:
        form = {"current": OLD, "new": NEW, "again": NEW, **fields}
        page = browser.post("/account/password", form, role="editor", status=422).text
        assert says in page
        assert NEW not in page
        assert OLD not in page
    assert fits(Secret(OLD), house.control.password_hash(me.id))


def test_who_has_no_password_sets_one(house, browser):
    browser.post("/account/password", {"new": NEW, "again": NEW}, role="viewer")
    user = house.control.user_by_email("viewer@example.com")
    assert fits(Secret(NEW), house.control.password_hash(user.id))


def test_too_many_wrong_tries_lock_and_say_so(house, browser, me):
    form = {"current": "wrong", "new": NEW, "again": NEW}
    for _ in range(house.app.state["services"].settings.account_tries):
        browser.post("/account/password", form, role="editor", status=422)
    assert "Too many tries" in browser.post("/account/password", form, role="editor", status=401).text


def test_sessions_are_seen_and_ended_ones_own_alone(house, browser, me):
    assert browser.page("/account", role="editor").count("this one") == 1
    other = next(one for one in in_force(house, me) if one.kind == "api")
    browser.post(f"/account/sessions/{other.id}/end", role="viewer", status=404)
    browser.post(f"/account/sessions/{other.id}/end", role="editor")
    assert [one.kind for one in in_force(house, me)] == ["browser"]
    house.control.open_session(me.id, "api", method="password", lasts_ms=DAY_MS)
    browser.post("/account/sessions/end-others", role="editor")
    assert [one.kind for one in in_force(house, me)] == ["browser"]
