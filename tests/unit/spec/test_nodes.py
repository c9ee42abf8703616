import msgspec
import pytest

from datafly.model.verdict import Verdict
from datafly.spec.nodes import (
    ROOTS,
    Making,
    const,
    first,
    first_line,
    merged,
    obj,
    once,
    path,
    required,
    unless,
    wanted,
)
from datafly.spec.parts import each_line, identified, params, rule_event_name
from datafly.spec.words import Hint, Refusal


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
        path("user.email").build(Making())
    for root in ROOTS - {"properties", "traits", "context", "line"}:
        path(root).build(Making())


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
    read(node, properties={"b": 1})
    assert (read.scope.refusal.reason, read.scope.refusal.cause) == ("no_a", "cause")
    read(node)
    assert read.scope.refusal.reason == "no_a"
    read(node, properties={"a": 1, "b": 1})
    assert read.scope.refusal is None


def test_a_refusal_speaks_with_the_words_of_its_hint_and_names_the_line(read):
    hints = {"Nothing arrives": Hint("Nothing arrives", "No price", "Send one.")}
    node = required(path("line.price"), Refusal(Verdict.REJECTED, "no_price", hint="Nothing arrives"))
    read(node, line={}, making=Making(hints=hints))
    ruling = read.scope.refusal
    assert (ruling.symptom, ruling.cause, ruling.cure) == ("Nothing arrives", "No price (products[0])", "Send one.")


def test_a_wanted_value_that_is_missing_warns(read):
    assert read(wanted(path("line.sku"), "no sku."), line={}) is None
    assert read.scope.warnings == ["products[0]: no sku."]


def test_a_blocked_value_is_left_out_with_a_warning_whatever_its_case(read):
    node = unless(path("user_id"), ("null", "0"))
    assert read(node, user_id=" NULL ") is None
    assert "placeholder" in read.scope.warnings[0]
    assert read(node, user_id="00") == "00"


def test_lines_make_one_each_and_amounts_of_the_order_stand_on_the_first_only(read):
    node = each_line(obj(id=path("line.id"), fee=first_line(path("properties.fee")), total=once(path("properties.t"))))
    properties = {"fee": 3, "t": 9}
    read(node, properties=properties)
    scope = read.scope
    scope.lines = [{"id": 1}, {"id": 2}]
    assert node.build(Making())(scope) == [{"id": 1, "fee": 3, "total": 9}, {"id": 2, "total": 9}]


def test_parts_of_a_body_stand_for_the_rule_and_the_identity(read):
    making = Making(params=path("properties.a"), event_name=const("seen"))
    node = obj(who=identified(), mail=identified("email"), name=rule_event_name(), params=params())
    assert read(node, making=making, properties={"a": 1}) == {"name": "seen", "params": 1}
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
