"""A picture that is an event: it always comes, and what was wrong is told in a header that no page shows."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datafly.ingest.pixel import GIF

KEY = "dk_test_1"


def get(gate, kind="track", headers=None, **query):
    return gate.http.get(f"/v1/pixel/{kind}", params={"wk": KEY} | query, headers=headers)


def body(gate):
    return msgspec.json.decode(gate.only.body)


def is_picture(answer):
    return answer.status_code == 200 and answer.content == GIF and answer.headers["content-type"] == "image/gif"


def test_the_picture_is_one_transparent_pixel_that_nobody_keeps(gate):
    answer = get(gate, e="E")

    assert is_picture(answer)
    assert GIF[:6] == b"GIF89a"
    assert int.from_bytes(GIF[6:8], "little") == int.from_bytes(GIF[8:10], "little") == 1
    assert answer.headers["cache-control"] == "no-store, no-cache, must-revalidate"
    assert (answer.headers["pragma"], answer.headers["expires"]) == ("no-cache", "0")
    assert "x-error" not in answer.headers


def test_the_query_is_the_event(gate):
    query = {"e": "Order Completed", "uid": "u", "aid": "a", "mid": "m", "ts": "1795600000123", "cb": "42"}
    get(gate, **query, **{"p.order_id": "007", "p.product.name": "Mug ☕", "t.plan": "pro"})

    assert (gate.only.type, gate.only.message_id, gate.only.anonymous_id) == ("track", "m", "a")
    assert body(gate) == {
        "event": "Order Completed",
        "userId": "u",
        "anonymousId": "a",
        "messageId": "m",
        "timestamp": "2026-11-25T09:46:40.123+00:00",
        "properties": {"order_id": "007", "product": {"name": "Mug ☕"}},
        "traits": {"plan": "pro"},
    }


@pytest.mark.parametrize("kind", ["track", "page", "identify", "group"])
def test_each_type_has_its_picture(gate, kind):
    assert is_picture(get(gate, kind, {"referer": "https://shop.example.com/a"}, e="E"))
    assert gate.only.type == kind
    assert body(gate)["context"] == {"page": {"url": "https://shop.example.com/a"}}


def test_a_browser_gets_the_cookie_with_the_picture(gate):
    answer = get(gate, "page", {"sec-fetch-site": "cross-site"})

    assert gate.only.anonymous_id in answer.headers["set-cookie"]


@pytest.mark.parametrize(
    ("kind", "query", "code"),
    [
        ("track", {}, "MISSING_EVENT_NAME"),
        ("track", {"e": "E", "wk": "dk_other"}, "INVALID_PIPELINE_KEY"),
        ("track", {"e": "E", "wk": ""}, "MISSING_PIPELINE_KEY"),
        ("track", {"e": "E", "uid": ""}, "INVALID_FIELD"),
        ("track", {"e": "E", "ts": "yesterday"}, "INVALID_TIMESTAMP"),
        ("track", {"e": "E", "ts": "9" * 400}, "INVALID_TIMESTAMP"),
        ("track", {"e": "E", "p.x": "\x00"}, "NUL_CHARACTER"),
        ("track", {"e": "E", **{f"p.{n}": "" for n in range(600)}}, "INVALID_PAYLOAD"),
        ("alias", {"uid": "u"}, "UNKNOWN_TYPE"),
        ("", {}, "UNKNOWN_TYPE"),
    ],
)
def test_whatever_is_wrong_the_page_gets_its_picture_and_nothing_is_kept(gate, kind, query, code):
    answer = get(gate, kind, **query)

    assert is_picture(answer)
    assert answer.headers["x-error"] == code
    assert gate.entries == []


def test_what_is_not_utf8_is_told_apart(gate):
    assert gate.http.get(f"/v1/pixel/track?wk={KEY}&e=%ff").headers["x-error"] == "INVALID_UTF8"


def test_a_full_disk_and_a_fault_of_ours_are_no_error_to_a_page_either(gate):
    gate.fail()
    assert get(gate, e="E").headers["x-error"] == "UNAVAILABLE"
    gate.fault = RuntimeError("bug")
    assert is_picture(get(gate, e="E"))


def test_looking_whether_the_picture_is_there_is_no_event(gate):
    answer = gate.http.head("/v1/pixel/page", params={"wk": KEY})

    assert (answer.status_code, answer.headers["content-length"], gate.entries) == (200, str(len(GIF)), [])


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["e", "ts", "uid", "mid", "p.", "p.a", "p.a.b", "p..", "t." + "x." * 40]), st.text()
    )
)
def test_any_query_gets_its_picture_and_what_is_kept_can_be_read(shared_gate, query):
    shared_gate.renew()
    answer = get(shared_gate, **query)

    assert is_picture(answer)
    assert len(shared_gate.entries) == ("x-error" not in answer.headers)
    for received in shared_gate.received:
        assert isinstance(msgspec.json.decode(received.body), dict)


def test_what_is_posted_to_a_pixel_is_told_the_method_and_gets_no_picture(gate):
    refused = gate.http.post("/v1/pixel/track?wk=dk_test_1&e=E")

    assert (refused.status_code, refused.json()["error"]["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert refused.headers["allow"] == "GET, HEAD"
