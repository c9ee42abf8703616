import pytest

from datafly.management.rate import Rate
from datafly.model.errors import CallerError
from datafly.model.people import User
from datafly.testing.clock import FakeClock


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def rate(clock):
    return Rate(clock.monotonic)


def test_a_caller_waits_once_its_minute_is_full_and_others_do_not(rate, clock):
    for _ in range(100):
        rate.require("a", 100)
    with pytest.raises(CallerError) as refused:
        rate.require("a", 100)
    assert (refused.value.code, refused.value.status) == ("RATE_LIMITED", 429)
    assert refused.value.details["retry_after_seconds"] == 1
    rate.require("b", 100)
    clock.pass_by(0.6)
    rate.require("a", 100)


def test_the_time_to_wait_is_told_and_enough(rate, clock):
    rate.require("a", 1)
    with pytest.raises(CallerError) as refused:
        rate.require("a", 1)
    assert refused.value.details["retry_after_seconds"] == 60
    clock.pass_by(60)
    rate.require("a", 1)


def test_nought_is_unlimited(rate):
    for _ in range(1000):
        rate.require("a", 0)


def test_callers_who_are_gone_are_forgotten(rate, clock):
    for number in range(10_000):
        rate.require(f"c{number}", 100)
    clock.pass_by(60)
    rate.require("one more", 100)
    assert len(rate._buckets) == 1


def session_of(house, email):
    user = house.control.create_user(User(id="", email=email, role="viewer", status="active"))
    text = house.control.open_session(user.id, "browser", method="link", lasts_ms=10**9)[1]
    return {"Cookie": f"datafly_session={text}"}


def test_a_session_makes_a_hundred_calls_a_minute_and_pages_do_not_count(house, site, refused):
    jane, joe = session_of(house, "jane@example.com"), session_of(house, "joe@example.com")
    assert {site("GET", "/account", role=None, headers=jane).status_code for _ in range(101)} == {200}
    assert {site("GET", "/v1/admin/auth/me", role=None, headers=jane).status_code for _ in range(100)} == {200}
    reply = site("GET", "/v1/admin/auth/me", role=None, headers=jane)
    refused(reply, 429, "RATE_LIMITED")
    assert site("GET", "http://testserver.local//v1/admin/auth/me", role=None, headers=jane).status_code == 404
    assert reply.headers["Retry-After"] == "1"
    assert site("GET", "/v1/admin/auth/me", role=None, headers=joe).status_code == 200
