"""Nodes that keep a value within bounds, and those that make one of several."""

import pytest

from datafly.model.verdict import Verdict
from datafly.spec.bounds import cut, sized, timely
from datafly.spec.choices import told
from datafly.spec.combine import always, distinct, joined, line_number, times, where
from datafly.spec.convert import flag
from datafly.spec.nodes import const, list_of, obj, path
from datafly.spec.parts import each_line
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
