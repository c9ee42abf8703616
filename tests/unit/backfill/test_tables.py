"""Every format comes to the same rows, whatever is odd about the file; a bad row costs itself alone."""

import gzip
import json

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datafly.backfill.csv_rows import CsvDialect, CsvTable
from datafly.backfill.files import format_of, open_table
from datafly.backfill.lines import MAX_LINE_BYTES
from datafly.backfill.ndjson import NdjsonTable
from datafly.backfill.refusal import RowRefused
from datafly.model.errors import OperatorError


def told(table):
    """(number, line, fields or code) of each row."""
    try:
        rows = list(table.rows())
    finally:
        table.close()
    return [
        (row.number, row.line, row.content.code if isinstance(row.content, RowRefused) else row.content) for row in rows
    ]


def csv_of(tmp_path, content, **dialect):
    file = tmp_path / "rows.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return told(CsvTable(file, CsvDialect(**dialect)))


def ndjson_of(tmp_path, content):
    file = tmp_path / "rows.ndjson"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return told(NdjsonTable(file))


# --- CSV --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "dialect"),
    [
        ("a,b\n1,2\n", {}),
        ("a,b\r\n1,2", {}),
        ("\ufeffa,b\n1,2\n", {}),
        ("a;b\n1;2\n", {}),
        ("a\tb\n1\t2\n", {}),
        ("a|b\n1|2\n", {}),
        (" a , b \n1,2\n", {}),
        ("a:b\n1:2\n", {"delimiter": ":"}),
        ("1,2\n", {"header": ["a", "b"]}),
        ("'a','b'\n'1','2'\n", {"quote": "'"}),
    ],
)
def test_the_usual_dialects_are_read(tmp_path, content, dialect):
    ((number, _, fields),) = csv_of(tmp_path, content, **dialect)
    assert (number, fields) == (1, {"a": "1", "b": "2"})


def test_quotes_may_hold_delimiters_quotes_and_lines(tmp_path):
    content = 'a,b\n"x, ""y""","two\nlines"\n\n3,4\n'
    assert csv_of(tmp_path, content) == [(1, 2, {"a": 'x, "y"', "b": "two\nlines"}), (2, 5, {"a": "3", "b": "4"})]


def test_a_ragged_row_is_refused_alone(tmp_path):
    assert csv_of(tmp_path, "a,b\n1\n2,3,4\n5,6\n") == [
        (1, 2, "RAGGED_ROW"),
        (2, 3, "RAGGED_ROW"),
        (3, 4, {"a": "5", "b": "6"}),
    ]


def test_a_quote_that_is_never_closed_costs_its_own_line(tmp_path):
    assert csv_of(tmp_path, 'a,b\n"1,2\n3,4\n5,6\n') == [
        (1, 2, "INVALID_CSV"),
        (2, 3, {"a": "3", "b": "4"}),
        (3, 4, {"a": "5", "b": "6"}),
    ]


def test_a_quote_that_is_never_closed_in_a_large_file_costs_its_own_line(tmp_path):
    filler = "x" * 1000
    content = 'a,b\n"1,2\n' + f"3,{filler}\n" * 1500
    rows = csv_of(tmp_path, content)
    assert rows[0] == (1, 2, "INVALID_CSV")
    assert {json.dumps(one) for _, _, one in rows[1:]} == {json.dumps({"a": "3", "b": filler})}
    assert len(rows) == 1501


def test_what_follows_a_closing_quote_is_refused_not_guessed(tmp_path):
    assert csv_of(tmp_path, 'a,b\n"5" wood,1\n2,3\n') == [(1, 2, "INVALID_CSV"), (2, 3, {"a": "2", "b": "3"})]


def test_a_line_in_another_encoding_is_refused_alone_and_read_where_it_is_named(tmp_path):
    content = b"a,b\n1,2\n" + "Zoë,3\n".encode("latin-1") + b"4,5\n"
    assert csv_of(tmp_path, content)[1:] == [(2, 3, "INVALID_ENCODING"), (3, 4, {"a": "4", "b": "5"})]
    assert csv_of(tmp_path, content, encoding="latin-1")[1] == (2, 3, {"a": "Zoë", "b": "3"})


@pytest.mark.parametrize("quoted", [False, True])
def test_a_huge_row_is_refused_and_never_held(tmp_path, quoted):
    huge = ("x\n" if quoted else "x") * (MAX_LINE_BYTES + 5)
    rows = csv_of(tmp_path, f"a\n{huge}\nafter\n" if not quoted else 'a\n"' + "x" * (MAX_LINE_BYTES + 5) + '"\nafter\n')
    assert [content for _, _, content in rows] == ["ROW_TOO_LONG", {"a": "after"}]


@pytest.mark.parametrize(
    ("content", "words"),
    [("a,a\n1,2\n", "names a more than once"), ("\ufeffa,b\n".encode("utf-16"), "UTF-16. Make it UTF-8: iconv")],
)
def test_a_file_that_cannot_be_understood_is_told_before_the_first_row(tmp_path, content, words):
    with pytest.raises(OperatorError, match=words):
        csv_of(tmp_path, content)


@given(content=st.binary(max_size=200))
def test_whatever_bytes_a_csv_has_its_rows_are_fields_or_reasons(tmp_path_factory, content):
    try:
        rows = csv_of(tmp_path_factory.mktemp("csv"), b"a,b\n" + content)
    except OperatorError:
        return
    assert [number for number, _, _ in rows] == list(range(1, len(rows) + 1))
    assert all(isinstance(one, str) or set(one) == {"a", "b"} for _, _, one in rows)


@given(cells=st.lists(st.tuples(st.text(min_size=1), st.text()), max_size=5))
def test_what_a_csv_writer_writes_comes_back(tmp_path_factory, cells):
    import csv  # noqa: PLC0415

    file = tmp_path_factory.mktemp("csv") / "rows.csv"
    cells = [(one.encode("utf-8", "replace").decode(), two.encode("utf-8", "replace").decode()) for one, two in cells]
    with file.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows([("a", "b"), *cells])
    expected = [{"a": one, "b": two} for one, two in cells]
    assert [content for _, _, content in told(CsvTable(file, CsvDialect()))] == expected


# --- NDJSON -----------------------------------------------------------------------------------------------------------


def test_each_line_is_a_row_or_its_own_reason(tmp_path):
    deep = "[" * 5000 + "]" * 5000
    content = f'\ufeff{{"a": 1}}\n\n{{broken\n[1]\n{{"a": 1e999}}\n{{"a": {deep}}}\n  {{"a": 2}}  '
    assert ndjson_of(tmp_path, content) == [
        (1, 1, {"a": 1}),
        (2, 3, "NOT_JSON"),
        (3, 4, "NOT_AN_OBJECT"),
        (4, 5, "NOT_JSON"),
        (5, 6, "NOT_JSON"),
        (6, 7, {"a": 2}),
    ]


def test_a_huge_line_is_refused_and_the_next_is_read(tmp_path):
    content = '{"a": "' + "x" * (3 * MAX_LINE_BYTES) + '"}\n{"a": 1}\n'
    assert ndjson_of(tmp_path, content) == [(1, 1, "ROW_TOO_LONG"), (2, 2, {"a": 1})]


@given(content=st.binary(max_size=200))
def test_whatever_bytes_a_line_has_it_is_a_row_or_a_reason(tmp_path_factory, content):
    rows = ndjson_of(tmp_path_factory.mktemp("ndjson"), content)
    assert all(isinstance(one, dict | str) for _, _, one in rows)


def test_gzip_is_read_whatever_the_file_is_called(tmp_path):
    file = tmp_path / "segment-logs"
    file.write_bytes(gzip.compress(b'{"a": 1}\n') + gzip.compress(b'{"a": 2}\n'))
    assert format_of(file) == "ndjson"
    assert [one for _, _, one in told(open_table(file, "ndjson", CsvDialect()))] == [{"a": 1}, {"a": 2}]


def test_a_gzip_file_that_is_cut_off_gives_what_it_has_and_then_says_so(tmp_path):
    file = tmp_path / "rows.gz"
    lines = b"".join(b'{"a": %d}\n' % number for number in range(50_000))
    file.write_bytes(gzip.compress(lines)[:-2_000])
    table, rows = NdjsonTable(file), []
    with pytest.raises(OperatorError, match=r"breaks off after line [\d,]+: its gzip is damaged"):
        rows.extend(table.rows())
    table.close()
    assert [row.content["a"] for row in rows] == list(range(len(rows)))
    assert len(rows) > 40_000


@pytest.mark.parametrize(
    ("content", "kind"),
    [(b"PAR1....", "parquet"), (b'  {"a": 1}', "ndjson"), (b"\xef\xbb\xbf{}", "ndjson"), (b"a,b\n1,2", "csv")],
)
def test_a_format_is_known_by_what_is_in_the_file(tmp_path, content, kind):
    file = tmp_path / "file"
    file.write_bytes(content)
    assert format_of(file) == kind


def test_one_json_array_is_told_how_it_becomes_lines(tmp_path):
    file = tmp_path / "rows.json"
    file.write_text('[\n {"a": 1}]')
    with pytest.raises(OperatorError, match=r"one JSON array. Make it lines: jq -c"):
        format_of(file)


# --- Parquet ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def parquet(tmp_path):
    def make(select, name="rows.parquet"):
        file = tmp_path / name
        with duckdb.connect(":memory:") as connection:
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute(f"COPY ({select}) TO '{file}' (FORMAT parquet)")
        return file

    return make


def test_the_types_of_parquet_become_those_of_json(parquet):
    file = parquet(
        "SELECT 1::BIGINT n, 2.50::DECIMAL(10,2) d, 3::DECIMAL(10,2) w, 'nan'::DOUBLE nan, true b, NULL::TEXT nothing, "
        "DATE '2026-01-31' AS on_day, TIMESTAMP '2026-01-31 10:00:00' AS t, TIMESTAMPTZ '2026-01-31 10:00:00+00' AS z, "
        "{'a': 1, 'l': [1, 2]} s, '\\xFF'::BLOB raw, 'x'::BLOB txt, "
        "'0b2c3d4e-0000-4000-8000-000000000001'::UUID id, MAP {'k': 1} m"
    )
    ((number, line, fields),) = told(open_table(file, "parquet", CsvDialect()))
    assert (number, line) == (1, 0)
    assert fields == {
        "n": 1,
        "d": 2.5,
        "w": 3,
        "nan": None,
        "b": True,
        "nothing": None,
        "on_day": "2026-01-31",
        "t": "2026-01-31T10:00:00",
        "z": "2026-01-31T10:00:00+00:00",
        "s": {"a": 1, "l": [1, 2]},
        "raw": "/w==",
        "txt": "x",
        "id": "0b2c3d4e-0000-4000-8000-000000000001",
        "m": {"k": 1},
    }


def test_rows_of_parquet_come_in_their_order(parquet):
    file = parquet("SELECT range AS n FROM range(300000)", name="odd [name]*.parquet")
    table = open_table(file, "parquet", CsvDialect())
    assert table.columns == ("n",)
    assert [one["n"] for _, _, one in told(table)] == list(range(300_000))


def test_what_is_no_parquet_is_told_in_one_line(tmp_path):
    file = tmp_path / "broken.parquet"
    file.write_bytes(b"PAR1 and nothing more")
    with pytest.raises(OperatorError, match=r"broken.parquet cannot be read as Parquet: ") as refused:
        open_table(file, "parquet", CsvDialect())
    assert "\n" not in refused.value.message


def test_without_the_package_for_parquet_the_cure_is_told(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "duckdb", None)
    with pytest.raises(OperatorError, match=r"pip install 'datafly-signal\[parquet\]'"):
        open_table(tmp_path / "rows.parquet", "parquet", CsvDialect())
