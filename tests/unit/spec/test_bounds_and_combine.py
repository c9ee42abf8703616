"""Nodes that keep a value within bounds, and those that make one of several."""

import pytest

from datafly.model.verdict import Verdict
from datafly.spec.bounds import at_most, cut, sized, timely, trimmed
from datafly.spec.choices import told
from datafly.spec.combine import always, distinct, joined, line_number, several, times, where
from datafly.spec.convert import flag
from datafly.spec.nodes import const, list_of, obj, path
from datafly.spec.parts import each_line
from datafly.spec.rest import rest
from datafly.spec.whole import whole
from datafly.spec.words import Refusal

NO = Refusal(Verdict.SKIPPED, "no", "Cause.", "Cure.")


def test_a_text_that_is_too_long_is_left_out_with_a_warning_or_refuses(read):
    assert read(sized(path("user_id"), 3), user_id="abc") == "abc"
    assert read(sized(path("user_id"), 3), user_id="abcd") is None
    assert read.scope.warnings == ["user_id has more than 3 characters; it was left out."]
    assert read(sized(path("user_id"), 3, NO), user_id="abcd").reason == "no"
    assert read(sized(path("user_id"), 3, NO)) is None


def test_of_too_many_fields_the_first_ones_are_kept(read):
    node = cut(obj(a=path("user_id"), b=const(1), c=const(2)), 2, "{count} fields.")
    assert read(node, user_id="u") == {"a": "u", "b": 1}
    assert read.scope.warnings == ["3 fields."]
    assert read(node) == {"b": 1, "c": 2}
    assert read.scope.warnings == []


def test_a_number_beyond_a_bound_refuses(read):
    assert read(at_most(path("timestamp_ms"), 5, NO), timestamp_ms=5) == 5
    assert read(at_most(path("timestamp_ms"), 5, NO), timestamp_ms=6).reason == "no"
    assert read(at_most(path("properties.a"), 5, NO)) is None


def test_names_and_texts_that_a_vendor_does_not_take_are_left_out_and_said(read):
    node = trimmed(whole("properties"), 3, 4, reserved=("time",), prefix="$")
    fine = {"a": "abc", "b": 1, "c": {"time": "x", "d": ["abc"]}}
    for _ in range(2):
        assert read(node, properties=fine) == fine
        assert read.scope.warnings == []
    odd = {"time": 1, "$a": 1, "": 1, "abcde": 1, "a": "abcd", "c": {"d": ["abc", "abcd"], "e": "abcd"}, "f": ["abcd"]}
    for _ in range(2):
        assert read(node, properties=odd) == {"c": {"d": ["abc"]}}
        assert len(read.scope.warnings) == 8
    assert read(node, properties={"time": 1}) is None
    assert read(trimmed(rest("properties"), 3, 4)) is None


def test_a_list_holds_those_that_are_there(read):
    node = several(path("user_id"), path("group_id"), const(1))
    assert read(node, user_id="u") == ["u", 1]
    assert read(several(path("user_id"), path("group_id"))) is None


@pytest.mark.parametrize(("when", "refused"), [(99, True), (100, False), (210, False), (211, True)])
def test_an_event_is_sent_if_it_happened_in_time(read, when, refused):
    found = read(timely(100, 10, NO), timestamp_ms=when, received_ms=200)
    assert getattr(found, "reason", None) == ("no" if refused else None)


def test_values_are_joined_where_all_are_there(read):
    node = joined(":", path("user_id"), const("x"), path("timestamp_ms"))
    assert read(node, user_id="u", timestamp_ms=5) == "u:x:5"
    assert read(node) is None


def test_numbers_are_multiplied_without_the_error_of_floats(read):
    node = times(path("properties.price"), path("properties.quantity"))
    assert read(node, properties={"price": 10.1, "quantity": 3}) == 30.3
    assert read(node, properties={"price": 10.1}) is None


def test_lines_are_numbered_from_one(read):
    assert read(each_line(line_number()), lines=[{}, {}]) == [1, 2]
    assert read(line_number()) == 1


@pytest.mark.parametrize("sent", [["a", "b", "a"], [["a", "b"], ["a"], ("b",)]])
def test_each_text_is_there_once_also_those_of_lists(read, sent):
    assert read(distinct(each_line(path("line.c"))), lines=[{"c": one} for one in sent]) == ["a", "b"]
    assert read(distinct(list_of(path("user_id")))) is None


def test_an_object_may_be_there_even_if_it_is_empty(read):
    assert read(always(obj(a=path("user_id")))) == {}
    assert read(always(obj(a=path("user_id"))), user_id="u") == {"a": "u"}


@pytest.mark.parametrize(("sent", "found"), [("yes", 1), (True, 1), (False, None), ("?", None)])
def test_a_part_may_depend_on_a_value(read, sent, found):
    node = where(flag(path("traits.ok")), value=True, of=const(1))
    assert read(node, traits={"ok": sent}) == found


@pytest.mark.parametrize(
    ("own", "known", "is_told", "is_new"),
    [({"ok": "yes"}, {}, True, True), ({"ok": True}, {"ok": "no"}, True, True), ({"ok": 1}, {"ok": True}, True, False)],
)
def test_what_is_told_again_is_no_news(read, own, known, is_told, is_new):
    ok = flag(path("traits.ok"))
    assert (read(told(ok, "ok"), traits=own, known_traits=known) is not None) == is_told
    assert (read(told(ok, "ok", "flag"), traits=own, known_traits=known) is not None) == is_new


def test_what_is_only_known_is_not_told(read):
    assert read(told(flag(path("traits.ok")), "ok"), known_traits={"ok": True}) is None
