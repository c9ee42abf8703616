import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datafly.model.event import Event
from datafly.spec import contact, convert, names
from datafly.spec.contact import email_address, phone_number
from datafly.spec.names import snake_key, snake_name
from datafly.spec.nodes import obj, path
from datafly.spec.parts import each_line
from datafly.spec.rest import rest
from datafly.spec.rule import compile_node
from datafly.spec.scope import MOST_WARNINGS, Scope
from datafly.spec.source import Making

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["GBP", " usd", "1.5"])
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3))


@pytest.mark.parametrize(
    ("name", "sent", "expected"),
    [
        ("text", " Mug ", "Mug"),
        ("text", 4711, "4711"),
        ("text", 2**63 - 1, "9223372036854775807"),
        ("text", 2.5, "2.5"),
        ("text", 3.0, "3"),
        ("text", True, None),
        ("text", "  ", None),
        ("text", {"a": 1}, None),
        ("identifier", " a", " a"),
        ("identifier", " ", None),
        ("number", "-1.50", -1.5),
        ("number", "12", 12),
        ("number", "1,299.00", None),
        ("number", "£10", None),
        ("number", math.nan, None),
        ("number", math.inf, None),
        ("number", False, None),
        ("number", 10**30, None),
        ("amount", 0, 0),
        ("amount", -0.01, None),
        ("amount", math.nan, None),
        ("amount_text", 3.95, "3.95"),
        ("amount_text", "4.90", "4.9"),
        ("amount_text", 5.0, "5"),
        ("integer", "3", 3),
        ("integer", 3.0, 3),
        ("integer", 3.5, None),
        ("quantity", 0, None),
        ("quantity", "2", 2),
        ("quantity", True, None),
        ("upper", "eu", "EU"),
        ("currency", " gbp ", "GBP"),
        ("currency", "pounds", None),
        ("currency", 826, None),
        ("list", "a", ["a"]),
        ("list", ["a", 1, None, {}], ["a", "1"]),
        ("taxonomy", "Home > Kitchen/Bar > Mugs", ("Home", "Kitchen/Bar", "Mugs")),
        ("taxonomy", "Home/ Kitchen /", ("Home", "Kitchen")),
        ("taxonomy", "Home", ("Home",)),
        ("taxonomy", ["A > B", "C"], ["A > B", "C"]),
        ("taxonomy", " > ", None),
        ("taxonomy", [], None),
        ("event_name", "Café Visité!", "caf_visit"),
        ("event_name", ["a"], None),
        ("flag", "Yes", True),
        ("flag", 0, False),
        ("flag", "maybe", None),
        ("day", "1993-03-12", "1993-03-12T00:00:00Z"),
        ("day", "1993-03-12T23:30:00-05:00", "1993-03-12T00:00:00Z"),
        ("day", "12.03.1993", None),
        ("day", 731894400, None),
        ("language", "en-gb", "en_GB"),
        ("language", "zh-Hans-CN", "zh_CN"),
        ("language", "DE", "de"),
        ("language", "English", None),
        ("country", "gb", "GB"),
        ("country", "GBR", "GB"),
        ("country", "United Kingdom", "GB"),
        ("country", "Atlantis", None),
        ("country", 44, None),
    ],
)
def test_a_value_becomes_what_is_asked_for_or_nothing(name, sent, expected):
    converted = convert.CONVERTERS[name].convert(sent)
    assert converted == expected
    assert type(converted) is type(expected)


@given(st.sampled_from(sorted(convert.CONVERTERS)), JSON)
def test_the_quick_way_to_convert_gives_what_the_careful_one_gives(name, sent):
    written = compile_node(convert.Convert(name, path("properties.sent")))
    event = Event("m", "track", "pl", "k", 0, 0, properties={"sent": sent})
    expected = None if sent is None else convert.CONVERTERS[name].convert(sent)
    found = written(Scope(event, 0))
    assert (found, type(found)) == (expected, type(expected))


def test_what_cannot_be_converted_is_left_out_with_a_warning_that_names_it(read):
    assert read(each_line(convert.amount(path("line.price"))), lines=[{"price": "free"}]) is None
    assert read.scope.warnings == ["products[0].price is not an amount (a number, not negative); it was left out."]
    assert read(convert.amount(path("properties.price")), properties={"price": -1}) is None
    assert read.scope.warnings == ["properties.price is not an amount (a number, not negative); it was left out."]


def test_of_several_names_the_first_that_can_be_converted_counts_and_the_others_are_warned_of_by_name(read):
    node = convert.text(path("properties.cart_id", "message_id"))
    assert [read(node, properties={"cart_id": sent}) for sent in ("c", "", " ", {}, None)] == ["c", "m", "m", "m", "m"]
    read(node, properties={"cart_id": {}})
    assert read.scope.warnings == ["properties.cart_id is not text; it was left out."]


def test_a_field_that_only_ends_like_a_line_keeps_its_name(read):
    read(convert.amount(path("properties.online.price")), properties={"online": {"price": "x"}})
    assert read.scope.warnings[0].startswith("properties.online.price is not")


def test_what_is_missing_or_empty_is_no_warning(read):
    assert read(convert.email(path("traits.email"))) is None
    assert read.scope.warnings == []
    assert read(convert.email(path("traits.email")), traits={"email": ""}) is None
    assert read.scope.warnings == []


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (" Jane@Example.COM ", "jane@example.com"),
        ("jane@example", None),
        ("@example.com", None),
        ("jane", None),
        (7, None),
        ("a\n@b.c", None),
        (f"{'j' * 242}@example.com", f"{'j' * 242}@example.com"),
        (f"{'j' * 243}@example.com", None),
        ("@" * 500_000, None),
    ],
)
def test_an_address_is_trimmed_and_in_lower_case(sent, expected):
    assert email_address(sent) == expected


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("+447700900123", "+447700900123"),  # reserved for drama, hence possible but not valid
        ("+44 (0) 7700 900-123", "+447700900123"),
        ("+1 212-555-0123", "+12125550123"),
        ("07700 900123", None),
        ("447700900123", None),
        ("+44", None),
        ("+4477009001234567890", None),
        ("call me", None),
        ("+44 7700 9OO123", None),  # two letters O: read past them it would be the number of somebody else
        ("+1-800-FLOWERS", None),
        ("+44 7700 900123 ext. 5", None),
        ("abc+447700900123", None),
        ("tel:+44-7700-900123", "+447700900123"),
        ("+" + "1" * 100_000, None),
        (447700900123, None),
    ],
)
def test_a_phone_number_that_is_possible_becomes_e164(sent, expected):
    assert phone_number(sent) == expected


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("loyaltyTier", "loyalty_tier"),
        ("Loyalty tier", "loyalty_tier"),
        ("orderID", "order_id"),
        ("HTMLParser", "html_parser"),
        ("a--b__c", "a_b_c"),
        ("2nd", "n_2nd"),
        ("_x_", "x"),
        ("日本", None),
        ("", None),
    ],
)
def test_a_key_is_lower_case_with_underscores_and_begins_with_a_letter(sent, expected):
    assert snake_key(sent) == expected


@pytest.mark.parametrize(
    ("sent", "expected"),
    [("Newsletter Signed-Up!", "newsletter_signed_up"), ("2nd Visit", "2nd_visit"), ("videoPlayed", "videoplayed")],
)
def test_an_event_name_is_lower_case_with_underscores(sent, expected):
    assert snake_name(sent) == expected


def test_the_rest_is_what_nobody_took_with_clean_names_and_typed_values(read):
    traits = {
        "email": "x",
        "Email": "y",
        "loyaltyTier": "gold",
        "age": 3,
        "vip": False,
        "score": 1.5,
        "tags": ["a", None, "b", math.nan],
        "sizes": [1, 2.5, None],
        "mixed": ["a", 2, 2.5, True],
        "boxes": [{"Big One": 1, "none": None}],
        "address": {"city": "Leeds", "geo": {"lat": 1.0}},
        "gone": None,
    }
    assert read(rest("traits", ("email",)), traits=traits) == {
        "loyalty_tier": "gold",
        "age": 3,
        "vip": False,
        "score": 1.5,
        "tags": ["a", "b"],
        "sizes": [1, 2.5],
        "mixed": ["a", "2", "2.5", "true"],
        "boxes": [{"big_one": 1}],
        "address_city": "Leeds",
        "address_geo_lat": 1.0,
    }
    assert read.scope.warnings == ["traits.Email is not read in this spelling; it was left out."]


def test_what_others_read_is_no_part_of_the_rest_in_any_shape(read):
    sent = {"user": {"id": "u", "Name": "n"}, "user_id": "v", "userID": "w"}
    assert read(rest("traits", ("user_id",)), traits=sent) == {"user_name": "n"}
    assert read.scope.warnings == [
        "traits.user.id would be user_id, which stands elsewhere; it was left out.",
        "traits.userID is not read in this spelling; it was left out.",
    ]


def test_the_rest_says_what_it_leaves_out(read):
    deep = {"a": 1}
    for _ in range(12):
        deep = {"a": deep}
    sent = {"aB": 1, "a_b": 2, "?": 3, "empty": [], "nan": math.nan, "odd": [[1], "a"], "deep": deep}
    assert read(rest("properties"), properties=sent) == {"a_b": 1}
    assert [warning.partition(" ")[0] for warning in read.scope.warnings[:5]] == [
        "properties.a_b",
        "properties.?",
        "properties.empty",
        "properties.nan",
        "properties.odd",
    ]
    assert "nested too deep" in read.scope.warnings[5]
    assert read(rest("properties"), properties={}) is None


def test_what_is_very_long_is_not_remembered():
    """Whoever sends events could fill the memory otherwise."""
    caches = (
        names._usual_key,
        names._usual_name,
        convert._usual_split,
        convert._currency,
        contact.address_of,
        contact.number_of,
    )
    before = [cache.cache_info().currsize for cache in caches]
    long = "Aa>" * 1_000
    assert (snake_key(long), snake_name(long)) == ("aa_" * 999 + "aa", "aa_" * 999 + "aa")
    assert convert.as_taxonomy(long) == ("Aa",) * 1_000
    assert (convert.as_currency(long), email_address(long), phone_number(long)) == (None, None, None)
    assert [cache.cache_info().currsize for cache in caches] == before


def test_names_and_warnings_have_a_limit_so_that_no_event_makes_more_of_itself(read):
    sent = {"k" * 250: {"a" * 10: 1, "b": 2}, "x" * 60_000: 3, **{chr(0x4E00 + number): 4 for number in range(200)}}
    assert read(rest("properties"), properties=sent) == {f"{'k' * 250}_b": 2}
    assert read.scope.warnings[0] == f"properties.{'k' * 80}….{'a' * 10} has too long a name; it was left out."
    assert read.scope.warnings[1] == f"properties.{'x' * 80}… has too long a name; it was left out."
    assert len(read.scope.warnings) == MOST_WARNINGS
    assert read.scope.warnings[-1] == "There is more like this; it is not told."


def test_the_rest_leaves_out_what_the_rule_reads_elsewhere_and_keeps_what_it_is_told_to(read):
    making = Making(reads=frozenset({"traits.email", "traits.address.city", "traits.sku", "properties.plan"}))
    sent = {"email": "e", "sku": "s", "plan": "pro", "address": {"city": "Leeds", "zip": "LS1"}}
    found = {"sku": "s", "plan": "pro", "address_zip": "LS1"}
    assert read(rest("traits", keep=("sku",)), traits=sent, making=making) == found
    assert read.scope.warnings == []


@pytest.mark.parametrize(("lines", "left"), [(False, {}), (True, {"sku": "s"})])
def test_without_lines_what_is_read_of_the_line_is_read_of_the_event(read, lines, left):
    making = Making(reads=frozenset({"line.sku"}), lines=lines)
    assert (read(rest("properties"), properties={"sku": "s"}, lines=[], making=making) or {}) == left


def test_keys_may_get_a_prefix_and_those_that_are_not_read_are_told(read):
    assert read(rest("properties", prefix="group_"), properties={"planName": "pro", "id": 1}) == {
        "group_plan_name": "pro",
        "group_id": 1,
    }
    assert read(rest("properties", unread="c_"), properties={"c_plan": "pro", "C": {"x": 1}, "d": 1}) == {
        "c_plan": "pro",
        "c_x": 1,
        "d": 1,
    }
    assert len(read.scope.warnings) == 2


def test_traits_of_a_group_are_none_of_the_user(read):
    told = {"traits": {"name": "Acme"}, "known_traits": {"name": "Jane"}}
    node = obj(user=path("traits.name"), group=path("group_traits.name"))
    assert read(node, type="group", **told) == {"user": "Jane", "group": "Acme"}
    assert read(node, type="identify", **told) == {"user": "Acme"}
