"""Who an event is from: body beats cookie beats minted, and minted only for who has none."""

import itertools
import uuid

import pytest

from datafly.ingest.identity import assign, mint

COOKIE = "0b6a1f6e-7f0a-4c55-9d0e-6a3d9c1f2b3c"
NONE, USER, ANON = (None, None), (None, "u"), ("a", None)


def ids(*events, browser=False, cookie=None, reset=False):
    numbers = itertools.count(1)
    return assign(events, browser=browser, cookie=cookie, reset=reset, mint=lambda: f"new-{next(numbers)}")


def test_a_server_event_without_any_id_is_a_stranger_of_its_own():
    assert ids(NONE, NONE).anonymous == ["new-1", "new-2"]
    assert ids(NONE, NONE).minted is None


def test_a_server_event_with_a_user_id_gets_no_anonymous_one():
    assert ids(USER, NONE, USER).anonymous == [None, "new-1", None]


def test_what_the_body_says_always_counts():
    assert ids(ANON, browser=True, cookie=COOKIE).anonymous == ["a"]
    assert ids(ANON, reset=True).anonymous == ["a"]
    assert ids(ANON).anonymous == ["a"]


def test_a_cookie_names_the_visitor_of_events_that_name_none():
    assert ids(NONE, USER, ANON, browser=True, cookie=COOKIE).anonymous == [COOKIE, COOKIE, "a"]
    assert ids(NONE, browser=True, cookie=COOKIE).minted is None


def test_a_server_event_that_comes_alone_and_nameless_is_offered_a_cookie():
    assert ids(NONE).anonymous == ["new-1"]
    assert ids(NONE).minted == "new-1"
    assert ids(USER).minted is None


def test_a_person_who_identifies_at_once_is_no_stranger_on_the_next_page():
    visitors = ids(USER, USER, browser=True)

    assert visitors.anonymous == ["new-1", "new-1"]
    assert visitors.minted == "new-1"


def test_a_browser_without_cookie_is_one_visitor_for_the_whole_request():
    visitors = ids(USER, NONE, NONE, ANON, browser=True)

    assert visitors.anonymous == ["new-1", "new-1", "new-1", "a"]
    assert visitors.minted == "new-1"


@pytest.mark.parametrize("events", [[ANON], [ANON, ("b", "u")], []])
def test_nothing_is_minted_for_a_browser_whose_events_all_have_an_anonymous_id(events):
    visitors = ids(*events, browser=True)

    assert visitors.minted is None
    assert visitors.anonymous == [anonymous for anonymous, _ in events]


@pytest.mark.parametrize("browser", [True, False])
def test_a_reset_makes_somebody_new_whatever_the_cookie_says(browser):
    visitors = ids(NONE, USER, browser=browser, cookie=COOKIE, reset=True)

    assert visitors.anonymous == ["new-1", "new-1"]
    assert visitors.minted == "new-1"
    assert ids(reset=True).minted == "new-1"


@pytest.mark.parametrize("header", ["origin", "sec-fetch-site", "cookie"])
def test_a_browser_is_known_by_what_only_browsers_send(gate, header):
    gate.batch({"type": "page"}, {"type": "page"}, headers={header: "https://shop.example"})

    first, second = gate.received
    assert first.anonymous_id == second.anonymous_id


def test_a_server_without_those_headers_is_none(gate):
    answer = gate.batch({"type": "page"}, {"type": "page"})

    first, second = gate.received
    assert first.anonymous_id != second.anonymous_id
    assert "set-cookie" not in answer.headers


def test_a_new_id_is_a_random_uuid_and_another_each_time():
    minted = [mint() for _ in range(1_000)]
    read = [uuid.UUID(one) for one in minted]
    assert [str(one) for one in read] == minted
    assert {(one.version, one.variant) for one in read} == {(4, uuid.RFC_4122)}
    assert len(set(minted)) == 1_000
