"""What fits a vendor's schema goes as it is, what does not is refused with the place; small objects of a list."""

import pytest

from datafly.model.event import Event
from datafly.model.verdict import Ruling, Verdict
from datafly.spec.choices import given, tells_traits
from datafly.spec.conform import LIST, NUMBER, OBJECT, TEXT, WHOLE, Form, conforming
from datafly.spec.nodes import const, path
from datafly.spec.records import records
from datafly.spec.rule import compile_node
from datafly.spec.scope import Scope
from datafly.spec.whole import whole
from datafly.spec.words import Refusal

LINE = Form({"id": TEXT, "count": WHOLE})
BOUGHT = Form(
    {"total": NUMBER, "how": TEXT},
    {"more": OBJECT, "tags": LIST},
    {"lines": LINE},
    one_of={"how": ("add", "all")},
    needless={"total": ("how", ("add",))},
)
NODE = conforming(
    whole("properties"), path("event"), {"bought": BOUGHT}, Refusal(Verdict.REJECTED, "unfit", "Why.", "Do.")
)
FITS = {"total": 2.5, "how": "all", "lines": [{"id": "a", "count": 1}]}


def scope_of(**more):
    return Scope(Event("m", "track", "p", "k", 0, 0, "u", **more), 0)


@pytest.mark.parametrize(
    ("event", "properties", "said"),
    [
        ("bought", FITS, None),
        ("bought", {**FITS, "more": {"a": 1}, "tags": [1]}, None),
        ("bought", {"how": "add", "lines": FITS["lines"]}, None),
        ("sold", {"anything": 1}, None),
        ("bought", {}, "properties.total is missing, empty or too long."),
        ("bought", {**FITS, "total": "2.5"}, "properties.total must be a number."),
        ("bought", {**FITS, "total": True}, "properties.total must be a number."),
        ("bought", {**FITS, "how": "some"}, "properties.how must be one of add, all."),
        ("bought", {**FITS, "how": ""}, "properties.how must be a text."),
        ("bought", {**FITS, "more": "x"}, "properties.more must be an object."),
        ("bought", {**FITS, "tags": "x"}, "properties.tags must be a list."),
        ("bought", {**FITS, "colour": "red"}, "properties.colour is none of its properties."),
        ("bought", {**FITS, "lines": {"a": 1}}, "properties.lines must be a list that is not empty."),
        ("bought", {**FITS, "lines": ["x"]}, "properties.lines[0] must be an object."),
        ("bought", {**FITS, "lines": [{"id": "a", "count": 1.5}]}, "properties.lines[0].count must be a whole number."),
        ("bought", {**FITS, "lines": [{"count": 1}]}, "properties.lines[0].id is missing, empty or too long."),
    ],
)
def test_what_fits_goes_as_it_is_and_what_does_not_is_refused_with_its_place(event, properties, said):
    found = compile_node(NODE)(scope_of(event=event, properties=properties))
    if said is None:
        assert not isinstance(found, Ruling)
    else:
        assert (found.verdict, found.reason, found.cause) == (Verdict.REJECTED, "unfit", f"{said} Why.")


GROUPS = records(path("traits.groups"), {"id": (), "state": ("on", "off")}, 2)
ON, OFF = {"id": "a", "state": "on"}, {"id": "b", "state": "off"}


@pytest.mark.parametrize(
    ("sent", "kept", "warns"),
    [
        ([ON, OFF], [ON, OFF], False),
        ([{**ON, "more": 1}], [ON], False),
        (ON, [ON], False),
        (
            [ON, "x", {"id": "c"}, {"id": 7, "state": "on"}, {"id": "", "state": "on"}, {"id": "d", "state": "x"}],
            [ON],
            True,
        ),
        ([ON, OFF, ON], [ON, OFF], True),
        ("x", None, True),
        ([], None, False),
    ],
)
def test_objects_that_fit_are_kept_and_of_the_others_a_warning_tells(sent, kept, warns):
    scope = scope_of(traits={"groups": sent})
    assert compile_node(GROUPS)(scope) == kept
    assert bool(scope.warnings) is warns


def test_what_an_event_tells_of_the_user_is_what_it_tells_itself():
    told = compile_node(given(tells_traits(), const("told")))
    assert told(scope_of(traits={"plan": "gold"})) == "told"
    assert told(scope_of(known_traits={"plan": "gold"})) is None
