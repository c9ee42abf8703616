import json
import sys
import tracemalloc

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datafly.model.event import Event
from datafly.spec.scope import Scope
from datafly.spec.template import MOST_CHARS, MOST_MADE, TOO_LARGE, Fault, read_template

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=True) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=15,
)


def scope(**fields):
    given_fields = {"type": "track", "event": "Order Completed", "user_id": "user-1", **fields}
    return Scope(Event("m-1", pipeline_id="p", key="k", timestamp_ms=0, received_ms=0, **given_fields), 0)


def filled(template, **fields):
    made = read_template(template if isinstance(template, str) else json.dumps(template))
    assert not isinstance(made, Fault), made
    return made.fill(scope(**fields))


def fault(template):
    made = read_template(template if isinstance(template, str) else json.dumps(template))
    assert isinstance(made, Fault), made
    return str(made)


def test_a_text_that_is_one_place_is_its_value_and_one_that_is_more_is_text():
    properties = {"total": 30.5, "gift": True, "tags": ["a"], "count": 3}
    assert filled(
        {
            "a": "{{ properties.total }}",
            "b": "{{properties.gift}}",
            "c": "{{ properties.tags }}",
            "d": "{{ properties }}",
        },
        properties=properties,
    ) == {"a": 30.5, "b": True, "c": ["a"], "d": properties}
    assert filled(
        '"{{ event }}: {{ properties.count }} at {{ properties.total }}, {{ properties.gift }}"', properties=properties
    ) == ("Order Completed: 3 at 30.5, true")


def test_what_the_event_says_is_never_read_as_a_template():
    sent = "{{ user_id }} {{ properties.a }}"
    assert filled({"a": "{{ properties.a }}", "b": "x {{ properties.a }}"}, properties={"a": sent}) == {
        "a": sent,
        "b": f"x {sent}",
    }


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("", "is empty"),
        ("{", "is no JSON"),
        ('{"a": "{{ properties.a"}', "has {{ without }} (at a)"),
        ({"a": {"b": "{{ }}"}}, "(at a.b)"),
        ({"a": "{{ self }}"}, "reads self, which no event has; there is anonymous_id"),
        ({"a": "{{ __class__.__init__ }}"}, "reads __class__"),
        ({"a": "{{ properties.__class__() }}"}, "which is none of path"),
        ({"a": "{{ properties['a'] }}"}, "which is none of path"),
        ({"a": "{{ 7 * 7 }}"}, "which is none of path"),
        ({"a": "{% for x in y %}{{ x }}"}, "reads x"),
        ({"a": "{{ user_id.secret }}"}, "is one value"),
        ({"a": "{{ properties.a | eval }}"}, "has the converter eval; there is json"),
        ({"a": "{{ properties.a | }}"}, "which is none of path"),
        ({"a": "{{ item.a }}"}, "reads item outside of $as"),
        ({"{{ event }}": 1}, "in the name"),
        ({"a": {"$each": "properties.a"}}, "needs $each"),
        ({"a": {"$each": "properties.a", "$as": 1, "b": 2}}, "needs $each"),
        ({"a": {"$each": ["x"], "$as": 1}}, "needs $each"),
        ({"a": {"$each": "'text'", "$as": 1}}, "is no path"),
        ({"a": {"$each": "{{ properties.a }}", "$as": 1}}, "is no path"),
        ({"a": {"$each": "item.a", "$as": 1}}, "reads item outside of $as"),
        ("[" * 5_000 + "]" * 5_000, "is no JSON"),
        ("[" * 40 + "]" * 40, "levels"),
        (json.dumps("x" * MOST_CHARS), "longer than"),
    ],
)
def test_what_is_no_template_is_told_when_it_is_saved_with_its_place(template, why):
    assert why in fault(template)


@pytest.mark.parametrize(
    "place",
    [
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ config }}",
        "{% include '/etc/passwd' %}{{ x }}",
        "{{ open('/etc/passwd') }}",
        "{{ range(10 ** 9) }}",
        "${{ env.HOME }}",
        "{{#each x}}{{/each}}",
        "{{{ properties }}}",
        "{{ constructor.constructor('return process')() }}",
    ],
)
def test_what_other_template_languages_can_be_made_to_run_is_refused(place):
    assert isinstance(read_template(json.dumps({"a": place})), Fault)


def test_attributes_of_values_are_out_of_reach():
    assert filled({"a": "{{ properties.a.__class__ }}", "b": "{{ context.keys }}", "c": 1}, properties={"a": "x"}) == {
        "c": 1
    }


HOSTILE = [
    {"$each": "properties.many", "$as": "{{ properties }}"},
    {"$each": "properties.many", "$as": {"$each": "properties.many", "$as": {"$each": "properties.many", "$as": 1}}},
    {"$each": "properties.many", "$as": {"$each": "properties.many", "$as": "{{ properties.none }}"}},
    {"$each": "properties.many", "$as": [[]] * 4_000},
    {"$each": "properties.many", "$as": "{{ " + " ?? ".join(["''"] * 2_000) + " }}"},
    {"$each": "properties.many", "$as": "{{ properties" + ".a" * 7_000 + " }}"},
    {"$each": "properties.many", "$as": "{{ properties.text | lower" + " | upper | lower" * 500 + " }}"},
    {"$each": "properties.many", "$as": "{{ properties.text | phone" + " | phone" * 500 + " }}"},
    {"$each": "properties.many", "$as": "{{ properties.text | json" + " | json" * 800 + " }}"},
    ["{{ properties }}"] * 800,
    ["{{ properties.text }}{{ properties.text }}"] * 300,
]


def calls_of(run):
    """What it gives, and how many functions were called for it: the work, whatever the load of the machine."""
    count = 0

    def note(_frame, happened, _argument):
        nonlocal count
        count += happened in ("call", "c_call")

    sys.setprofile(note)
    try:
        return run(), count
    finally:
        sys.setprofile(None)


@pytest.mark.parametrize("template", HOSTILE, ids=[str(number) for number in range(len(HOSTILE))])
def test_a_hostile_template_ends_soon_and_takes_little_memory(template):
    text = json.dumps(template)
    assert len(text) <= MOST_CHARS
    made = read_template(text)
    assert not isinstance(made, Fault), made
    event = scope(properties={"many": list(range(100_000)), "text": "x" * 1_000})
    answer, calls = calls_of(lambda: made.fill(event))
    assert answer is TOO_LARGE
    assert calls < 4 * MOST_MADE
    tracemalloc.start()
    try:
        made.fill(event)
        assert tracemalloc.get_traced_memory()[1] < 40 * MOST_MADE
    finally:
        tracemalloc.stop()


@given(JSON, JSON)
def test_whatever_the_event_holds_what_is_made_can_be_sent_and_holds_no_null(one, other):
    template = {
        "a": "{{ properties.one }}",
        "b": "x {{ properties.other }}",
        "c": {
            "$each": "properties.other",
            "$as": {"i": "{{ item }}", "n": "{{ item.name ?? item.0 ?? properties.one }}"},
        },
        "d": "{{ properties | json }}",
    }
    made = filled(template, properties={"one": one, "other": other})
    if made is None:
        return
    sent = msgspec.json.encode(made)
    assert json.loads(sent) == json.loads(json.dumps(made))
    assert not any(value is None for value in every_value(made))


def every_value(found):
    if isinstance(found, dict | list):
        for inner in found.values() if isinstance(found, dict) else found:
            yield from every_value(inner)
    else:
        yield found


@given(st.text(max_size=200))
def test_any_text_is_a_template_or_told_why_not(text):
    for one in (text, json.dumps({"a": text}), json.dumps({"a": "{{" + text + "}}"})):
        made = read_template(one)
        assert isinstance(made, Fault) or made.fill(scope()) is not TOO_LARGE
