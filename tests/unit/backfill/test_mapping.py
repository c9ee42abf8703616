"""mapping.yaml says what of a row becomes what of an event; whatever is wrong with it is told by its key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datafly.backfill.compile import compile_mapping
from datafly.backfill.files import FileIdentity
from datafly.backfill.mapping import parse_mapping, read_mapping
from datafly.backfill.refusal import RowRefused
from datafly.backfill.rows import Row
from datafly.backfill.run import event_of as event_of_row
from datafly.ingest.codes import Refused
from datafly.ingest.event import Checked, check
from datafly.ingest.settings import GatewaySettings
from datafly.model.errors import OperatorError


def event_of(row, columns=None, **told):
    return compile_mapping(parse_mapping(told), columns)(row)


def value_of(cell, **told):
    """What one cell becomes."""
    mappings = {"event": {"value": "E"}, "properties.x": {"column": "c", **told}}
    return event_of({"c": cell}, mappings=mappings).get("properties", {}).get("x")


# --- events and users -------------------------------------------------------------------------------------------------


def test_a_text_names_a_column_and_a_value_is_the_same_in_every_row():
    mappings = {"event": {"value": "Order Completed"}, "userId": "customer", "properties.tax": 5}
    found = event_of({"customer": 17, "other": "x"}, mappings=mappings)
    assert found == {"type": "track", "event": "Order Completed", "userId": "17", "properties": {"tax": 5}}


def test_a_row_of_users_is_an_identify_with_the_rest_as_traits():
    found = event_of(
        {"id": "7", "email": "a@example.com", "empty": ""}, kind="users", mappings={"userId": "id"}, rest="traits"
    )
    assert found == {"type": "identify", "userId": "7", "traits": {"email": "a@example.com"}}


def test_targets_may_be_nested_and_lists():
    mappings = {
        "event": {"value": "E"},
        "context.consent.marketing": {"value": True},
        "properties.products.0.name": "name",
        "properties.products.1.name": "second",
    }
    found = event_of({"name": "Mug", "second": "Cup"}, mappings=mappings)
    assert found["context"] == {"consent": {"marketing": True}}
    assert found["properties"] == {"products": [{"name": "Mug"}, {"name": "Cup"}]}


def test_columns_may_be_paths_and_a_column_that_is_called_so_comes_first():
    row = {"user": {"id": 5}, "lines": [{"sku": "a"}], "x.y": "own", "x": {"y": "path"}}
    mappings = {
        "event": {"value": "E"},
        "userId": "user.id",
        "properties.sku": "lines.0.sku",
        "properties.none": "lines.7.sku",
        "properties.own": "x.y",
    }
    found = event_of(row, mappings=mappings)
    assert (found["userId"], found["properties"]) == ("5", {"sku": "a", "own": "own"})


@pytest.mark.parametrize(
    ("only", "meant"),
    [
        ({"is": "paid"}, [True, False, False]),
        ({"is": ["paid", "open"]}, [True, True, False]),
        ({"is_not": "open"}, [True, False, True]),
        ({"filled": True}, [True, True, False]),
        ({"filled": False}, [False, False, True]),
    ],
)
def test_only_the_rows_that_are_meant_become_events(only, meant):
    rows = [{"state": "paid"}, {"state": "open"}, {"state": ""}]
    told = {"mappings": {"event": {"value": "E"}}, "only": {"column": "state", **only}}
    assert [event_of(row, **told) is not None for row in rows] == meant


def test_a_figure_is_meant_however_it_is_written():
    told = {"mappings": {"event": {"value": "E"}}, "only": {"column": "n", "is": 5}}
    assert [event_of({"n": cell}, **told) is not None for cell in ("5", 5, 5.0, "6")] == [True, True, True, False]


def test_yes_and_no_are_meant_in_every_spelling_though_yaml_reads_them_as_true_and_false():
    told = {"mappings": {"event": {"value": "E"}}, "only": {"column": "paid", "is": True}}
    assert [event_of({"paid": cell}, **told) is not None for cell in ("yes", "Yes", "TRUE", True, "no")] == [
        *[True] * 4,
        False,
    ]


# --- types ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "told", "value"),
    [
        ("19.99", {"type": "number"}, 19.99),
        ("1,250.00", {"type": "number"}, 1250.0),
        ("1.250,5", {"type": "number", "decimal": ","}, 1250.5),
        ("12 500", {"type": "number"}, 12500),
        ("-3", {"type": "number"}, -3),
        ("1e3", {"type": "number"}, 1000.0),
        (7.5, {"type": "number"}, 7.5),
        ("7", {"type": "integer"}, 7),
        ("7.0", {"type": "integer"}, 7),
        ("Yes", {"type": "boolean"}, True),
        ("0", {"type": "boolean"}, False),
        ('{"a": [1]}', {"type": "json"}, {"a": [1]}),
        (5.0, {"type": "text"}, "5"),
        (True, {"type": "text"}, "true"),
        ("as it is ", {}, "as it is "),
        ("m", {"map": {"m": "male", "*": "other"}}, "male"),
        ("x", {"map": {"m": "male", "*": "other"}}, "other"),
        ("", {"default": "none"}, "none"),
        ("  ", {"default": "none"}, "none"),
        ("", {}, None),
    ],
)
def test_a_cell_becomes_the_type_that_is_said(cell, told, value):
    assert value_of(cell, **told) == value


@pytest.mark.parametrize(
    ("cell", "told", "moment"),
    [
        ("2026-01-31T10:00:00Z", {}, "2026-01-31T10:00:00+00:00"),
        ("2026-01-31 10:00:00 UTC", {}, "2026-01-31T10:00:00+00:00"),
        ("2026-01-31", {}, "2026-01-31T00:00:00+00:00"),
        ("20260131", {}, "2026-01-31T00:00:00+00:00"),
        ("2026-07-31 10:00", {"zone": "Europe/London"}, "2026-07-31T09:00:00+00:00"),
        ("31/07/2026 10:00", {"format": "%d/%m/%Y %H:%M", "zone": "Europe/London"}, "2026-07-31T09:00:00+00:00"),
        ("1767225600", {}, "2026-01-01T00:00:00+00:00"),
        (1767225600000, {}, "2026-01-01T00:00:00+00:00"),
        ("1767225600000000", {}, "2026-01-01T00:00:00+00:00"),
        ("60", {"unit": "seconds"}, "1970-01-01T00:01:00+00:00"),
    ],
)
def test_times_are_told_as_iso_in_utc(cell, told, moment):
    assert value_of(cell, type="timestamp", **told) == moment


@pytest.mark.parametrize(
    ("cell", "told", "code", "words"),
    [
        ("12 apples", {"type": "number"}, "INVALID_VALUE", "c is no number, for properties.x."),
        ("1,5", {"type": "number"}, "INVALID_VALUE", "c is no number, for properties.x."),
        ("1e999", {"type": "number"}, "INVALID_VALUE", "c is no number"),
        ("7.5", {"type": "integer"}, "INVALID_VALUE", "c is no whole number"),
        ("maybe", {"type": "boolean"}, "INVALID_VALUE", "c is neither true nor false"),
        ("{", {"type": "json"}, "INVALID_VALUE", "c is no JSON"),
        ("yesterday", {"type": "timestamp"}, "INVALID_VALUE", "c is no time as ISO 8601 or a Unix time"),
        ("2026", {"type": "timestamp", "format": "%d/%m/%Y"}, "INVALID_VALUE", "c is no time in the format %d/%m/%Y"),
        ("", {"required": True}, "MISSING_VALUE", "c is empty, and must not be."),
        ("x", {"map": {"m": "male"}}, "UNMAPPED_VALUE", "`*` there stands for every other"),
    ],
)
def test_a_cell_that_does_not_fit_is_refused_by_its_column_and_never_shown(cell, told, code, words):
    with pytest.raises(RowRefused) as refused:
        value_of(cell, **told)
    assert refused.value.code == code
    assert words in refused.value.message
    assert len(cell) < 4 or cell not in refused.value.message


# --- what is wrong with a mapping -------------------------------------------------------------------------------------

EVENT = {"event": {"value": "E"}}


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ([], "The mapping must have keys, of kind, shape"),
        ({"mapings": {}}, "mapings: there is no such key; did you mean mappings?"),
        ({"kind": "orders"}, "kind: 'orders' cannot be; it must be one of events, users"),
        ({"shape": "mixpanel"}, "shape: 'mixpanel' cannot be; it must be one of segment, rudderstack"),
        ({}, "mappings needs event"),
        ({"mappings": {"userID": "x"}}, "mappings.userID: an event has no such field; did you mean userId?"),
        ({"mappings": {"total": "x"}}, "mappings.total: an event has no such field; it has userId"),
        ({"mappings": {**EVENT, "userId": {"colum": "x"}}}, "mappings.userId.colum: there is no such key; did you"),
        ({"mappings": {**EVENT, "userId": {}}}, "mappings.userId needs a column or a value, and not both"),
        ({"mappings": {**EVENT, "userId": ["x"]}}, "mappings.userId must have keys"),
        ({"mappings": {"event": {"column": "e", "type": "date"}}}, "mappings.event.type: 'date' cannot be; it must be"),
        ({"mappings": {**EVENT, "timestamp": {"column": "t", "zone": "Mars"}}}, "mappings.timestamp.zone: 'Mars' is"),
        ({"mappings": {**EVENT, "properties.a": "x", "properties.a.b": "y"}}, "properties.a is a value already"),
        ({"mappings": {**EVENT, "properties.a.0": "x", "properties.a.b": "y"}}, "properties.a is a list already"),
        ({"mappings": {"type": {"value": "sale"}}}, "mappings.type: 'sale' cannot be; it must be one of alias"),
        ({"kind": "users", "mappings": {"traits.email": "e"}}, "mappings needs userId or anonymousId"),
        ({"kind": "users", "mappings": EVENT}, "mappings.event: a row of users is always an identify"),
        ({"mappings": EVENT, "only": {"column": "x"}}, "only needs `is`, `is_not` or `filled`"),
        ({"mappings": EVENT, "only": {"is": "x"}}, "only needs `column`."),
        (
            {"mappings": EVENT, "csv": {"delimeter": ";"}},
            "csv.delimeter: there is no such key; did you mean",
        ),
        ({"mappings": EVENT, "csv": {"delimiter": "::"}}, "csv.delimiter: '::' cannot be; it must be one sign"),
        ({"mappings": EVENT, "csv": {"encoding": "klingon"}}, "csv.encoding: 'klingon' cannot be; Python knows no"),
        ({"mappings": EVENT, "csv": {"encoding": "utf-16"}}, "its lines cannot be told apart; make the file UTF-8"),
        ({"mappings": {**EVENT, "timestamp": {"column": "t", "format": "%Q"}}}, "timestamp.format: '%Q' is no format"),
        ({"mappings": {"event": {"column": "e", "map": {True: "x"}}}}, "event.map: words that YAML takes for true"),
        ({"shape": "segment", "rest": "traits"}, "rest: `shape: segment` says already where"),
        ({"mappings": EVENT, "table": "users"}, "table is for a `shape`"),
    ],
)
def test_a_mapping_that_cannot_work_is_told_by_its_key(told, words):
    with pytest.raises(OperatorError) as refused:
        parse_mapping(told)
    assert words in refused.value.message


def test_a_column_that_the_file_has_not_is_told_with_those_it_has():
    with pytest.raises(OperatorError, match=r"event: the file has no column 'Sale'; it has a, b.*{value: Sale}"):
        event_of({}, ("a", "b"), mappings={"event": "Sale"})


def test_a_constant_that_cannot_be_its_type_is_told_before_the_first_row():
    with pytest.raises(OperatorError, match=r"mappings.timestamp.value is no time"):
        event_of({}, mappings={**EVENT, "timestamp": {"value": "soon"}})


@pytest.mark.parametrize("text", ["a: [", "\t- x", "a: !!python/object:os.system {}", "a: \xff"])
def test_what_is_no_yaml_is_told_in_one_line(tmp_path, text):
    file = tmp_path / "mapping.yaml"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(OperatorError) as refused:
        read_mapping(file)
    assert "is not YAML" in refused.value.message
    assert "\n" not in refused.value.message


# --- whatever comes ---------------------------------------------------------------------------------------------------

CELLS = st.one_of(
    st.none(),
    st.text(max_size=30),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.recursive(
        st.integers() | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=5,
    ),
)
TYPES = st.sampled_from([None, "text", "number", "integer", "boolean", "timestamp", "json"])
EVERYTHING = {
    "event": "c0",
    "userId": "c1",
    "anonymousId": "c2.0",
    "timestamp": "c3",
    "messageId": {"column": "c4", "default": "m"},
    "context.a.0.b": "c5",
}


@given(
    cells=st.lists(CELLS, min_size=7, max_size=7), kind=TYPES, unit=st.sampled_from([None, "seconds", "microseconds"])
)
def test_whatever_a_row_holds_becomes_an_event_or_a_reason(cells, kind, unit):
    row = {f"c{index}": cell for index, cell in enumerate(cells)}
    target = {name: one for name, one in {"column": "c6", "type": kind, "unit": unit}.items() if one is not None}
    to_event = compile_mapping(parse_mapping({"mappings": {**EVERYTHING, "properties.x": target}}), None)
    outcome = outcome_of(row, to_event)
    assert isinstance(outcome, Checked) or outcome.message


def outcome_of(row, to_event):
    """As the import does: what cannot be written is refused as well, and the gateway has its say."""
    try:
        event = event_of_row(Row(1, 1, row), to_event, FileIdentity("f", 1, 1, "h"))
        return check(event, implied=None, settings=GatewaySettings(), lenient=True)
    except (RowRefused, Refused) as refused:
        return refused
