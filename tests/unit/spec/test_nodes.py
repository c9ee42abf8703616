import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datafly.model.event import Event
from datafly.model.verdict import Verdict
from datafly.spec.convert import amount, currency
from datafly.spec.nodes import (
    ROOTS,
    const,
    first,
    first_line,
    merged,
    obj,
    path,
    required,
    unless,
    wanted,
)
from datafly.spec.parts import each_line, identified, params, rule_event_name
from datafly.spec.rest import rest
from datafly.spec.rule import compile_node
from datafly.spec.scope import Scope
from datafly.spec.source import Making, Source
from datafly.spec.words import Hint, Refusal

EVENT = Event(message_id="m", type="track", pipeline_id="pl", key="k", timestamp_ms=0, received_ms=0)


def test_a_path_takes_the_first_that_is_there_and_not_empty(read):
    node = path("traits.phone", "traits.phone_number", "properties.phone")
    assert read(node, traits={"phone": "", "phone_number": "1"}) == "1"
    assert read(node, properties={"phone": "2"}) == "2"
    assert read(node) is None


def test_traits_of_the_event_win_over_those_known_of_the_user(read):
    known = {"plan": "free", "city": "Leeds"}
    assert read(path("traits.plan"), known_traits=known, traits={"plan": "pro"}) == "pro"
    assert read(path("traits.city"), known_traits=known, traits={"plan": "pro"}) == "Leeds"


def test_a_deep_path_ends_where_there_is_no_object(read):
    node = path("context.page.url")
    assert read(node, context={"page": {"url": "u"}}) == "u"
    assert read(node, context={"page": "home"}) is None
    assert read(node) is None


@pytest.mark.parametrize(
    ("at_ms", "written"),
    [
        (1_795_600_000_000, "2026-11-25T09:46:40Z"),
        (1_795_600_000_120, "2026-11-25T09:46:40.120Z"),
        (-5, "1970-01-01T00:00:00Z"),
        (10**18, "9999-12-31T23:59:59Z"),
    ],
)
def test_a_timestamp_is_rfc_3339_in_utc_and_never_out_of_range(read, at_ms, written):
    assert read(path("timestamp"), timestamp_ms=at_ms) == written


def test_a_path_that_starts_with_nothing_an_event_has_is_refused_when_it_is_compiled():
    with pytest.raises(ValueError, match="starts with one of"):
        compile_node(path("user.email"))
    for root in ROOTS - {"properties", "traits", "group_traits", "context", "line"}:
        compile_node(path(root))


def test_an_object_leaves_out_what_has_no_value_and_is_nothing_without_any(read):
    node = obj(a=path("properties.a"), b=obj(c=path("properties.c")))
    assert read(node, properties={"a": 0, "x": 1}) == {"a": 0}
    assert read(node) is None


def test_of_merged_objects_the_last_wins(read):
    node = merged(obj(a=const(1), b=const(1)), obj(c=path("properties.c")), obj(b=const(2)))
    assert read(node) == {"a": 1, "b": 2}


def test_a_required_value_that_is_missing_refuses_and_the_first_reason_stands(read):
    node = obj(
        a=required(path("properties.a"), Refusal(Verdict.REJECTED, "no_a", "cause", "cure")),
        b=required(path("properties.b"), Refusal(Verdict.SKIPPED, "no_b")),
    )
    ruling = read(node, properties={"b": 1})
    assert (ruling.reason, ruling.cause) == ("no_a", "cause")
    assert read(node).reason == "no_a"
    assert read(node, properties={"a": 1, "b": 1}) == {"a": 1, "b": 1}


def test_a_refusal_speaks_with_the_words_of_its_hint_and_names_the_line(read):
    hints = {"Nothing arrives": Hint("Nothing arrives", "No price", "Send one.")}
    node = each_line(required(path("line.price"), Refusal(Verdict.REJECTED, "no_price", hint="Nothing arrives")))
    ruling = read(node, lines=[{"price": 1}, {}], making=Making(hints=hints, lines=True))
    assert (ruling.symptom, ruling.cause, ruling.cure) == ("Nothing arrives", "No price (products[1])", "Send one.")


def test_a_refusal_for_the_whole_event_names_no_line(read):
    node = each_line(obj(id=required(path("properties.id"), Refusal(Verdict.REJECTED, "no_id", "It is missing."))))
    assert read(node, lines=[{}]).cause == "It is missing."


def test_a_wanted_value_that_is_missing_warns(read):
    assert read(each_line(wanted(path("line.sku"), "no sku.")), lines=[{}]) is None
    assert read.scope.warnings == ["products[0]: no sku."]


def test_a_blocked_value_is_left_out_with_a_warning_whatever_its_case(read):
    node = unless(path("user_id"), ("null", "0"))
    assert read(node, user_id=" NULL ") is None
    assert "placeholder" in read.scope.warnings[0]
    assert read(node, user_id="00") == "00"


def test_lines_make_one_each_and_amounts_of_the_order_stand_on_the_first_only(read):
    node = each_line(obj(id=path("line.id"), fee=first_line(path("properties.fee")), total=path("properties.t")))
    made = read(node, lines=[{"id": 1}, {"id": 2}], properties={"fee": 3, "t": 9})
    assert made == [{"id": 1, "fee": 3, "total": 9}, {"id": 2, "total": 9}]
    assert read(each_line(obj(id=path("line.id"))), lines=[{}, {}]) is None


def test_what_is_the_same_for_every_line_is_found_once_and_before_the_lines():
    source = Source(Making(lines=True))
    total, price = amount(path("properties.total")), amount(path("line.price"))
    source.value(
        each_line(obj(total=total, custom=merged(rest("properties"), obj(t=total), rest("line")), price=price))
    )
    before, _, inside = source.text().partition("for line_index, line in enumerate(lines):")
    assert ("'total'" in before, "REST_OF" in before) == (True, True)
    assert ("properties" in inside, inside.count("REST_OF"), inside.count(".get('price')")) == (False, 1, 1)


def test_what_only_some_lines_need_is_found_only_for_them(read):
    node = each_line(obj(currency=first(currency(path("line.currency")), currency(path("properties.currency")))))
    assert read(node, lines=[{"currency": "GBP"}], properties={"currency": "pounds"}) == [{"currency": "GBP"}]
    assert read.scope.warnings == []
    made = read(node, lines=[{}, {"currency": "EUR"}, {}], properties={"currency": "usd"})
    assert made == [{"currency": "USD"}, {"currency": "EUR"}, {"currency": "USD"}]


def test_a_part_that_stands_twice_is_found_once():
    source = Source(Making())
    price = amount(path("line.price"))
    source.value(obj(sold_at=price, listed_at=first(amount(path("line.list_price")), price)))
    assert source.text().count(".get('price')") == 1


def test_what_a_branch_found_is_not_taken_for_known_outside_of_it(read):
    price = amount(path("line.price"))
    node = obj(listed_at=first(amount(path("line.list_price")), price), sold_at=price)
    assert read(node, properties={"price": 2, "list_price": 3}) == {"listed_at": 3, "sold_at": 2}
    assert read(node, properties={"price": 2}) == {"listed_at": 2, "sold_at": 2}


def test_constants_that_are_equal_but_not_the_same_stay_apart(read):
    node = obj(flag=first(path("properties.a"), const(value=True)), count=first(path("properties.a"), const(1)))
    assert [type(value) for value in read(node).values()] == [bool, int]


@given(keys=st.lists(st.text(min_size=1), min_size=1, max_size=4, unique=True))
def test_a_key_or_a_constant_can_hold_any_text_without_becoming_code(keys):
    node = obj({key: first(path(f"properties.{key.replace('.', '_')}"), const(key)) for key in keys})
    assert compile_node(node)(Scope(EVENT, 0)) == {key: key for key in keys}


def test_parts_of_a_body_stand_for_the_rule_and_the_identity(read):
    identity = {"email": path("traits.email")}
    making = Making(
        params=path("properties.a"), event_name=const("seen"), identity=identity, identifiers=frozenset(identity)
    )
    node = obj(who=identified(), mail=identified("email"), name=rule_event_name(), params=params())
    assert read(node, making=making, properties={"a": 1}) == {"name": "seen", "params": 1}
    known = read(node, making=making, traits={"email": "e"})
    assert known == {"who": {"email": "e"}, "mail": "e", "name": "seen"}
    assert read(node) is None


@pytest.mark.parametrize(
    ("node", "words"),
    [
        (path("traits.email"), "traits.email"),
        (path("traits.phone", "traits.mobile"), "traits.phone or traits.mobile"),
        (const("x"), '"x"'),
        (first(path("line.a"), const(1)), "line.a, else 1"),
        (obj(a=path("line.a")), "{a: line.a}"),
        (required(path("line.a"), Refusal(Verdict.REJECTED, "r")), "line.a (required)"),
        (first_line(path("line.a")), "line.a (first line only)"),
        (unless(path("user_id"), ("0",)), "user_id, unless it is one of 0"),
        (identified("uuid"), "identity.uuid"),
    ],
)
def test_a_node_says_what_it_does_and_is_data(node, words):
    assert str(node) == words
    assert msgspec.json.decode(msgspec.json.encode(node))["type"]
