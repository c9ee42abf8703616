"""Bodies of every shape: what is written is what the template says, and each item is found again in it."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datafly.model.delivery import Item
from datafly.spec.frame import Frame, Grouped, Listed, Parted, Whole, count_of, places_of, spine_of

JOB = {"data": {"type": "job", "attributes": {"bulk": {"data": ["$items"]}}}}
GROUP = {"type": "one", "attributes": {"profile": {"data": "$group"}, "events": {"data": ["$items"]}}}
EVENT = {"type": "event", "attributes": "$item"}
SINGLE = {"data": {"type": "event", "attributes": {"profile": {"data": "$group"}, "$item": True}}}

names = st.sampled_from(["a", "b", "c"])
items = st.lists(st.tuples(names, st.integers()), min_size=1, max_size=20)


def decoded(body):
    return msgspec.json.decode(body)


def item(value, *, part="", group=None):
    return Item(msgspec.json.encode(value), part=part, group=b"" if group is None else msgspec.json.encode(group))


def arranged(layout, given_items):
    order = layout.arrange(given_items)
    return given_items if order is None else [given_items[index] for index in order]


def test_an_item_may_be_framed_or_spliced_into_an_object():
    assert decoded(Whole(EVENT).body([item({"n": 1})])) == {"type": "event", "attributes": {"n": 1}}
    body = decoded(Whole(SINGLE).body([item({"n": 1}, group={"id": "u"})]))
    assert body == {"data": {"type": "event", "attributes": {"profile": {"data": {"id": "u"}}, "n": 1}}}


def test_a_list_may_stand_deep_in_a_body():
    body = Listed(JOB, EVENT).body([item({"n": 1}), item({"n": 2})])
    inner = [{"type": "event", "attributes": {"n": 1}}, {"type": "event", "attributes": {"n": 2}}]
    assert decoded(body) == {"data": {"type": "job", "attributes": {"bulk": {"data": inner}}}}


@given(items)
def test_items_of_one_group_stand_together_in_their_order_and_are_found_again(told):
    layout = Grouped(JOB, GROUP, EVENT)
    given_items = arranged(layout, [item({"n": number}, group={"id": name}) for name, number in told])
    body = layout.body(given_items)
    groups = decoded(body)["data"]["attributes"]["bulk"]["data"]
    sent = {
        one["attributes"]["profile"]["data"]["id"]: [e["attributes"]["n"] for e in one["attributes"]["events"]["data"]]
        for one in groups
    }
    assert sent == {name: [number for other, number in told if other == name] for name, _ in told}
    for index, (one, place) in enumerate(zip(given_items, places_of([i.group for i in given_items]), strict=True)):
        where = groups[place[0]]["attributes"]
        assert where["profile"]["data"] == decoded(one.group)
        assert where["events"]["data"][place[1]] == {"type": "event", "attributes": decoded(one.body)}
        (alone,) = decoded(layout.pick(body.decode(), index))["data"]["attributes"]["bulk"]["data"]
        assert alone["attributes"]["events"]["data"] == [where["events"]["data"][place[1]]]
        assert alone["attributes"]["profile"] == where["profile"]
    assert layout.pick(body.decode(), len(told)) is None


@given(items)
def test_items_of_several_lists_stand_in_theirs_and_are_found_again(told):
    layout = Parted(("a", "b", "c"), {"partner": "us"})
    given_items = arranged(layout, [item({"n": number}, part=name) for name, number in told])
    body = layout.body(given_items)
    sent = decoded(body)
    assert sent.pop("partner") == "us"
    assert sent == {
        part: [{"n": number} for name, number in told if name == part]
        for part in "abc"
        if any(name == part for name, _ in told)
    }
    for index, one in enumerate(given_items):
        assert decoded(layout.pick(body.decode(), index)) == {"partner": "us", one.part: [decoded(one.body)]}
    assert layout.pick(body.decode(), len(told)) is None


@pytest.mark.parametrize("layout", [Listed(JOB, EVENT), Grouped(JOB, GROUP, EVENT), Parted(("a",), {})])
@pytest.mark.parametrize(
    "body", ["", "no json", "[]", "{}", '{"data": 1}', '{"data":{"attributes":{"bulk":{"data":7}}}}']
)
def test_a_body_that_is_another_or_was_cut_holds_no_item(layout, body):
    assert layout.pick(body, 0) is None


def test_a_template_without_its_mark_is_refused():
    with pytest.raises(ValueError, match="items"):
        Listed({"data": []}, {})
    with pytest.raises(ValueError, match="item"):
        Frame({"a": 1}, "$item")
    assert spine_of(JOB, "$items") == ("data", "attributes", "bulk", "data")
    assert (count_of(GROUP, "$group"), count_of(GROUP, "$item")) == (1, 0)
