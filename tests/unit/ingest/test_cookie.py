import re

import pytest

from datafly.ingest import cookie

ID = "0b6a1f6e-7f0a-4c55-9d0e-6a3d9c1f2b3c"
OTHER = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
PAGE = {"type": "page"}
ORIGIN = {"origin": "https://shop.example"}


def sent(value: str = ID) -> dict[str, str]:
    return {"cookie": f"theme=dark; _dfid={value}; x=1"}


def test_a_new_visitor_gets_a_cookie_that_scripts_cannot_read(gate):
    answer = gate.batch(PAGE, headers=ORIGIN)

    value, *attributes = answer.headers["set-cookie"].split("; ")
    assert value == f"_dfid={gate.only.anonymous_id}"
    assert set(attributes) == {"Max-Age=34560000", "Path=/", "HttpOnly", "SameSite=Lax"}
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", value[6:])


def test_a_known_visitor_is_recognised(gate):
    gate.batch({"type": "track", "event": "E"}, headers=sent())

    assert gate.only.anonymous_id == ID


def test_a_cookie_lives_on_from_each_page_view_and_not_from_every_event(gate):
    assert "set-cookie" not in gate.batch({"type": "track", "event": "E"}, headers=sent()).headers
    assert (
        gate.batch({"type": "track", "event": "E"}, PAGE, headers=sent())
        .headers["set-cookie"]
        .startswith(f"_dfid={ID};")
    )
    assert gate.post("/v1/p", {}, headers=sent()).headers["set-cookie"].startswith(f"_dfid={ID};")


@pytest.mark.parametrize(
    "value",
    [
        "",
        "x",
        ID.upper(),
        ID[:-1],
        ID + "0",
        "0b6a1f6e-7f0a-1c55-9d0e-6a3d9c1f2b3c",
        "a" * 5000,
        "'; DROP TABLE",
        "%00",
    ],
)
def test_a_malformed_cookie_is_ignored_and_replaced(gate, value):
    answer = gate.batch(PAGE, headers=sent(value))

    assert gate.only.anonymous_id != value
    assert answer.headers["set-cookie"].startswith(f"_dfid={gate.only.anonymous_id};")


def test_of_two_cookies_the_first_good_one_counts():
    assert cookie.read(f"_dfid=bad; _dfid={ID}; _dfid={OTHER}".encode()) == ID
    assert cookie.read(f"x_dfid={ID}".encode()) is None


def test_a_reset_forgets_the_cookie_and_issues_another(gate):
    answer = gate.batch(PAGE, {"type": "identify", "userId": "u"}, headers=sent(), reset=True)

    first, second = gate.received
    assert first.anonymous_id == second.anonymous_id != ID
    assert answer.headers["set-cookie"].startswith(f"_dfid={first.anonymous_id};")


def test_a_reset_needs_no_events(gate):
    answer = gate.post("/v1/batch", {"reset": True, "batch": []}, headers=sent())

    assert answer.json() == {"success": True, "accepted": 0}
    assert "_dfid=" in answer.headers["set-cookie"]
    assert ID not in answer.headers["set-cookie"]


def test_what_is_refused_sets_no_cookie(gate):
    gate.fail()
    assert "set-cookie" not in gate.batch(PAGE, headers=ORIGIN).headers
    assert "set-cookie" not in gate.batch({"type": "x"}, headers=ORIGIN).headers


def test_the_body_beats_the_cookie_and_leaves_it_alone(gate):
    answer = gate.post("/v1/t", {"event": "E", "anonymousId": "mine"}, headers=sent())

    assert gate.only.anonymous_id == "mine"
    assert "set-cookie" not in answer.headers


def test_the_cookie_may_belong_to_a_domain(open_gate):
    gate = open_gate(cookie_domain=".example.com")

    assert "Domain=.example.com" in gate.batch(PAGE, headers=ORIGIN).headers["set-cookie"].split("; ")


FORWARDED = {"x-forwarded-proto": "https", "x-forwarded-for": "203.0.113.9, 198.51.100.7", **ORIGIN}


def test_forwarded_headers_of_strangers_are_not_believed(gate):
    answer = gate.batch(PAGE, headers=FORWARDED)

    assert "Secure" not in answer.headers["set-cookie"]
    assert gate.only.ip == "127.0.0.1"


@pytest.mark.parametrize(
    ("trusted", "ip"),
    [
        (("127.0.0.1",), "198.51.100.7"),
        (("127.0.0.0/8", "198.51.100.0/24"), "203.0.113.9"),
        (("127.0.0.0/8", "198.51.100.0/24", "203.0.113.0/24"), "203.0.113.9"),
        (("*",), "198.51.100.7"),
    ],
)
def test_a_trusted_proxy_tells_scheme_and_address(open_gate, trusted, ip):
    gate = open_gate(trusted_proxies=trusted)

    answer = gate.batch(PAGE, headers=FORWARDED)

    assert "Secure" in answer.headers["set-cookie"].split("; ")
    assert gate.only.ip == ip


def test_proxies_may_add_lines_of_their_own(open_gate):
    """As HAProxy does: the address that it saw is in a second X-Forwarded-For."""
    gate = open_gate(trusted_proxies=("127.0.0.1", "198.51.100.0/24"))
    forwarded = [("x-forwarded-for", "203.0.113.9"), ("x-forwarded-for", "198.51.100.7")]
    cookies = [("cookie", f"_dfid={ID}"), ("cookie", "theme=dark")]

    gate.http.post("/v1/p?wk=dk_test_1", json={}, headers=forwarded + cookies)

    assert (gate.only.ip, gate.only.anonymous_id) == ("203.0.113.9", ID)


@pytest.mark.parametrize("forwarded", ["", "unknown", "1.2.3.4.5", "<script>", "203.0.113.9, nonsense"])
def test_a_forwarded_address_that_is_none_is_not_taken(open_gate, forwarded):
    gate = open_gate(trusted_proxies=("*",))

    gate.batch(PAGE, headers={"x-forwarded-for": forwarded})

    assert gate.only.ip == "127.0.0.1"
