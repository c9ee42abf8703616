"""Nulls are absent, and what is standard has its canonical name."""

from hypothesis import given
from hypothesis import strategies as st

from datafly.process.body import Body
from datafly.process.normalise import SHOWN, normalise, without_nulls

VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)


def leaves(value):
    if isinstance(value, dict | list):
        return [leaf for item in (value.values() if isinstance(value, dict) else value) for leaf in leaves(item)]
    return [value]


@given(VALUE)
def test_nulls_go_at_any_depth_and_nothing_else_does(value):
    if value is not None:
        assert leaves(without_nulls(value)) == [leaf for leaf in leaves(value) if leaf is not None]


def test_what_was_left_empty_stays_as_empty():
    assert without_nulls({"a": {"b": None}, "c": [None]}) == {"a": {}, "c": []}


def test_a_canonical_name_that_is_null_makes_room_for_another_spelling():
    normal = normalise(Body(type="track", event="Order Completed", properties={"order_id": None, "orderId": "O-1"}))
    assert normal.properties == {"order_id": "O-1"}


def test_only_a_track_has_a_canonical_event():
    normal = normalise(Body(type="page", event="purchase", properties={"items": []}))
    assert (normal.event, normal.properties, normal.effect) == ("purchase", {"items": []}, "")


def test_many_renames_are_counted_and_not_all_told():
    line = {f"{name}Id": 1 for name in ("product", "cart", "list", "promotion")} | {
        f"item_{name}": 1 for name in ("name", "brand", "category", "variant", "list_name")
    }
    effect = normalise(Body(type="track", event="Product Viewed", properties=line)).effect
    assert effect.count("→") == SHOWN
    assert effect.endswith("1 more")
