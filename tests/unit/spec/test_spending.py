"""What an item costs, and what of it may be left out."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from datafly.model.delivery import Item
from datafly.spec.spending import Cost, Spend, meter_of, predicted

SPEND = Spend(
    unit="points",
    note="ours",
    costs={
        "people": Cost(per_field=2, who=("id", "alias"), only_changed=True, always=("optin",)),
        "events": Cost(each=1),
    },
    cap="most",
    holds=("over", "hold"),
    repeats=("unchanged", "send"),
)
METER = meter_of(SPEND, {"most": 5, "over": "hold"})


def person(**fields):
    return Item(msgspec.json.encode(fields), part="people")


def test_the_config_says_how_much_and_what_then():
    assert (METER.unit, METER.cap, METER.holds) == ("points", 5, True)
    assert (meter_of(SPEND, {}).cap, meter_of(SPEND, {"over": "skip"}).holds) == (0, False)
    assert meter_of(None, {}) is None
    assert meter_of(SPEND, {"unchanged": "send"}).told(person(id="u", plan="gold")) is None


def test_an_item_costs_by_itself_or_by_its_fields():
    assert METER.cost(Item(b"{}", part="events")) == 1
    assert METER.cost(person(id="u", plan="gold", optin=True)) == 4
    assert METER.cost(Item(b"{}", "merge")) == 0
    request = {"people": [{"id": "u", "plan": 1}], "events": [{}, {}], "other": [{}], "kind": "x"}
    assert (predicted(SPEND, request), predicted(SPEND, [request, request]), predicted(SPEND, 7)) == (4, 8, 0)


def test_what_says_who_it_is_and_what_is_always_sent_are_not_compared():
    told = METER.told(person(id="u", plan="gold", optin=True))
    assert told.fields.keys() == {"plan"}
    assert METER.told(person(id="u", optin=True)).fields == {}
    assert told.whose == METER.told(person(id="u")).whose != METER.told(person(id="v")).whose
    assert METER.told(person(alias="u")).whose != METER.told(person(id="u")).whose
    assert METER.told(person(email="jane@example.com", plan="gold")) is None
    assert METER.told(Item(b"{}", part="events")) is None


def test_of_what_is_left_out_the_rest_stays_as_it_was():
    item = person(id="u", plan="gold", size=[1, 2], optin=True)
    assert msgspec.json.decode(METER.without(item, ["plan"]).body) == {"id": "u", "size": [1, 2], "optin": True}
    assert METER.without(person(id="u", plan="gold"), ["plan"]) is None


VALUES = st.recursive(
    st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3), max_leaves=5
)


@given(st.dictionaries(st.text(min_size=1).filter(lambda name: name not in {"id", "alias", "optin"}), VALUES), VALUES)
def test_values_are_alike_only_if_they_are_the_same(fields, other):
    told = METER.told(person(id="u", x=other, **{f"_{name}": value for name, value in fields.items()}))
    again = METER.told(person(id="u", **{f"_{name}": value for name, value in reversed(fields.items())}, x=other))
    assert told == again
    assert (METER.told(person(id="u", x=other)).fields == METER.told(person(id="u", x=[other])).fields) is False


def test_of_very_many_fields_the_first_are_compared():
    assert len(METER.told(person(id="u", **{f"f{number}": 1 for number in range(500)})).fields) == 200
