"""What was sent is kept without what it says."""

import json

from hypothesis import given
from hypothesis import strategies as st

from datafly.model.outline import MOST_CHARACTERS, keepable, plain
from datafly.model.refusal import Refusal


def kept(body, message="It is wrong."):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return keepable(Refusal("pip_1", 1, "gateway", "/v1/t", "INVALID_FIELD", 400, message, 0, raw))


def test_names_and_kinds_stay_and_values_go():
    event = {
        "type": "track",
        "event": "Order Completed",
        "messageId": "m-7",
        "userId": 5,
        "name": "Ann Lee",
        "traits": {"email": "ann@example.com", "ok": True, "age": 40, "none": None},
        "properties": {"items": [{"sku": "a"}] * 7},
    }
    one = kept(event)

    assert (one.type, one.event, one.message_id) == ("track", "Order Completed", "m-7")
    assert one.size_bytes == len(json.dumps(event))
    assert json.loads(one.outline) == {
        "type": "track",
        "event": "Order Completed",
        "messageId": "m-7",
        "userId": "number",
        "name": "text of 7",
        "traits": {"email": "text of 15", "ok": True, "age": "number", "none": None},
        "properties": {"items": [*[{"sku": "text of 1"}] * 5, "2 more"]},
    }


def test_a_name_of_a_page_stays():
    assert kept({"type": "page", "name": "Checkout"}).event == "Checkout"


def test_what_may_be_about_a_person_is_no_name():
    assert plain("Signed Up 2026") == "Signed Up 2026"
    assert plain("ann@example.com") == plain("order 123456") == "…"
    assert json.loads(kept({"properties": {"ann@example.com": 1}}).outline) == {"properties": {"…": "number"}}
    assert kept({"type": "track", "event": "Welcome ann@example.com"}).event == "…"
    assert kept({"messageId": "ann@example.com"}).message_id is None


def test_what_a_message_quotes_is_held_to_the_same():
    assert kept({}, "type: “ann@example.com” is none of them.").message == "type: “…” is none of them."
    assert kept({}, "The track “Big One” (messageId ann@example.com) has 9 bytes.").message == (
        "The track “Big One” (messageId … has 9 bytes."
    )
    assert kept({}, "type: “purchase” is none of them.").message == "type: “purchase” is none of them."


def test_of_what_is_no_json_the_signs_stay():
    one = kept(b'{"email": "ann.lee7@example.com" "x": 1}', "The body is not JSON: invalid character (byte 34).")

    assert one.outline == '{"xxxxx": "xxx.xxx0@xxxxxxx.xxx" "x": 0}'


def test_the_excerpt_is_around_the_place_that_is_wrong():
    one = kept(b" " * 5000 + b'}{"', "invalid character (byte 5001)")

    assert one.outline.startswith("… ")
    assert '}{"' in one.outline


WORDS = st.text(st.characters(codec="utf-8", categories=["L"]), min_size=4, max_size=12).map(lambda word: "QZ" + word)
VALUES = st.recursive(
    WORDS | st.integers() | st.none(),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.sampled_from(["a", "name", "x"]), inner),
    max_leaves=300,
)


@given(value=VALUES, cut=st.integers(0, 3))
def test_no_value_is_kept_and_what_is_kept_is_small(value, cut):
    whole = json.dumps({"traits": value, "userId": value}, ensure_ascii=False).encode()
    one = kept(whole[: len(whole) - cut])

    assert "QZ" not in repr(one)
    assert len(one.outline) <= MOST_CHARACTERS


@given(st.binary(max_size=2000))
def test_any_bytes_can_be_kept(body):
    one = kept(body)

    assert len(one.outline) <= MOST_CHARACTERS
    assert one.outline.isprintable()


def test_what_is_deep_wide_or_both_is_kept_in_bounds():
    for body in (b"[" * 100_000, b'{"a":' * 1000 + b"1" + b"}" * 1000, json.dumps([{"n" * 2000: "v"}] * 900).encode()):
        assert len(kept(body).outline) <= MOST_CHARACTERS
    wide = json.dumps({f"field {number}": "v" * 100 for number in range(5000)}).encode()
    assert len(kept(wide).outline) <= MOST_CHARACTERS
