import pytest

from datafly.model.verdict import Verdict
from datafly.spec.choices import (
    absent,
    barred,
    capped,
    changed,
    given,
    keyed,
    lookup,
    refused,
    registered,
    setting,
    warned,
)
from datafly.spec.convert import email, phone
from datafly.spec.nodes import const, first, obj, path
from datafly.spec.parts import by_setting
from datafly.spec.source import Making, Source
from datafly.spec.words import Refusal

NOT_HERE = Refusal(Verdict.SKIPPED, "not_here", "Cause.", "Cure.")


def configured(**config):
    return Making(config=config)


@pytest.mark.parametrize(("config", "found"), [({"mode": "a"}, "a"), ({"mode": ""}, None), ({}, None)])
def test_a_setting_gives_what_the_config_says(read, config, found):
    assert read(setting("mode"), making=configured(**config)) == found


def test_a_choice_is_made_when_the_function_is_written():
    source = Source(configured(mode="b"))
    source.value(by_setting("mode", a=path("properties.a"), b=path("properties.b")))
    assert ("'a'" in source.text(), "'b'" in source.text()) == (False, True)


def test_a_flag_chooses_by_true_and_false(read):
    node = by_setting("on", true=const(1), false=const(2))
    assert [read(node, making=configured(on=on)) for on in (True, False)] == [1, 2]
    assert read(node) is None


def test_a_key_of_the_config_holds_a_value_where_both_are_there(read):
    node = keyed("called", path("anonymous_id"))
    assert read(node, making=configured(called="web'id"), anonymous_id="a") == {"web'id": "a"}
    assert read(node, making=configured(called="web_id")) is None
    assert read(node, anonymous_id="a") is None


def test_a_text_is_looked_up_whatever_its_case(read):
    node = first(lookup(path("name"), {"home": "home_view"}), const("other"))
    assert [read(node, name=name) for name in (" Home", "about", None)] == ["home_view", "other", "other"]


def test_a_part_may_depend_on_another(read):
    node = given(path("links"), obj(who=path("user_id")))
    assert read(node, links="a", user_id="u") == {"who": "u"}
    assert read(node, user_id="u") is None


def test_a_mapping_may_refuse_at_a_place(read):
    node = first(path("name"), refused(NOT_HERE))
    assert read(node, name="n") == "n"
    assert read(node).reason == "not_here"


def test_an_event_with_a_barred_value_is_not_sent(read):
    node = barred(path("name"), ("a", "b"), NOT_HERE)
    assert [read(node, name=name) for name in ("c", None)] == ["c", None]
    assert [read(node, name=name).reason for name in ("a", "b")] == ["not_here"] * 2


def test_a_value_may_be_sent_with_a_warning(read):
    assert read(warned(path("name"), "Why so?"), name="n") == "n"
    assert read.scope.warnings == ["Why so?"]
    read(warned(path("name"), "Why so?"))
    assert read.scope.warnings == []


@pytest.mark.parametrize(
    ("names", "warnings"),
    [(["plan"], ["tier is not registered."]), (["plan", "tier"], []), ([], []), (None, [])],
)
def test_names_that_are_not_registered_are_warned_of_and_sent(read, names, warnings):
    node = registered(path("traits.custom"), "registered_names", "{name} is not registered.")
    traits = {"custom": {"plan": 1, "tier": 2}}
    assert read(node, making=configured(registered_names=names), traits=traits) == {"plan": 1, "tier": 2}
    assert read.scope.warnings == warnings


@pytest.mark.parametrize(
    ("sent", "region", "found"),
    [
        ("07700 900123", "GB", "+447700900123"),
        ("+49 30 901820", "GB", "+4930901820"),
        (7700900123, "GB", "+447700900123"),
        ("07700 900123", None, None),
        (7700900123, None, None),
        ("call me", "GB", None),
    ],
)
def test_a_number_without_country_code_is_of_the_region_that_is_configured(read, sent, region, found):
    assert (
        read(phone(path("traits.phone"), "country"), making=configured(country=region), traits={"phone": sent}) == found
    )
    assert bool(read.scope.warnings) == (found is None)


def test_a_part_may_stand_in_for_another(read):
    node = absent(path("links"), obj(who=path("user_id")))
    assert read(node, user_id="u") == {"who": "u"}
    assert read(node, links="a", user_id="u") is None


def test_more_fields_than_a_vendor_keeps_are_sent_with_a_warning(read):
    node = capped(path("properties.o"), 2, "{count} are too many.")
    for fields, said in (({"a": 1, "b": 1}, []), ({"a": 1, "b": 1, "c": 1}, ["3 are too many."])):
        assert read(node, properties={"o": fields}) == fields
        assert read.scope.warnings == said
    assert read(node) is None


@pytest.mark.parametrize(
    ("name", "names", "said"),
    [
        ("own", [], ["own is unknown."]),
        ("own", ["c_own"], []),
        ("own", ["other"], ["own is not listed."]),
        ("theirs", [], []),
        ("theirs", ["other"], []),
    ],
)
def test_a_name_that_the_vendor_knows_anyway_need_not_be_listed(read, name, names, said):
    for of in (path("name"), const(name)):
        node = registered(
            of, "names", "{name} is not listed.", otherwise="{name} is unknown.", standard=("theirs",), prefix="c_"
        )
        assert read(node, name=name, making=configured(names=names)) == name
        assert read.scope.warnings == said


@pytest.mark.parametrize(
    ("known", "said"), [({}, []), ({"email": "A@b.c "}, []), ({"email": "x@y.z"}, ["Changed."]), ({"email": "x"}, [])]
)
def test_a_value_that_was_another_before_is_sent_with_a_warning(read, known, said):
    node = changed(email(path("traits.email")), "email", "email", "Changed.")
    assert read(node, traits={"email": "a@b.c"}, known_traits=known) == "a@b.c"
    assert read.scope.warnings == said
