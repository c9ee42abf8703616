"""Rows of a CSV file, in the dialect that its header shows or the mapping names."""

import codecs
import csv
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from datafly.backfill.lines import MAX_LINE_BYTES, Lines, head_of
from datafly.backfill.refusal import Reason, RowRefused
from datafly.backfill.rows import Fields, Row
from datafly.model.errors import OperatorError

_DELIMITERS: Final = (",", ";", "\t", "|")
_UTF16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_HEAD_BYTES: Final = 65_536


class CsvDialect(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the file is written. `delimiter` empty: found in the header. `header`: the columns of a file without one."""

    delimiter: str = ""
    quote: str = '"'
    encoding: str = "utf-8"
    header: list[str] = []


class CsvTable:
    """A quote that is never closed costs its own line, not those behind it."""

    def __init__(self, path: Path, dialect: CsvDialect) -> None:
        self._path, self._dialect = path, dialect
        head = head_of(path, _HEAD_BYTES)
        if head.startswith(_UTF16):
            raise OperatorError(f"{path} is UTF-16. Make it UTF-8: iconv -f utf-16 -t utf-8 {path} > utf8.csv")
        csv.field_size_limit(MAX_LINE_BYTES)
        self._lines = _Text(Lines(path), dialect.encoding)
        delimiter = dialect.delimiter or _likely_delimiter(head)
        self._reader = csv.reader(self._lines, delimiter=delimiter, quotechar=dialect.quote or None, strict=True)
        try:
            self.columns = self._header()
        except OperatorError:
            self.close()
            raise

    def rows(self) -> Iterator[Row]:
        number = 0
        while True:
            self._lines.begin()
            content = self._next()
            if content is None:
                return
            if content:
                number += 1
                yield Row(number, self._lines.first, content)

    def fraction(self) -> float | None:
        return self._lines.lines.fraction()

    def close(self) -> None:
        self._lines.lines.close()

    def _header(self) -> tuple[str, ...]:
        told = self._dialect.header or self._read_header()
        names = tuple(name.strip() for name in told)
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise OperatorError(
                f"{self._path}: the header names {', '.join(twice)} more than once; rename one of them."
            )
        return names

    def _read_header(self) -> list[str]:
        try:
            return next(self._reader, [])
        except (RowRefused, csv.Error) as fault:
            raise OperatorError(f"{self._path}: the header cannot be read: {fault}") from fault

    def _next(self) -> Fields | RowRefused | None:
        """An empty line is an empty row."""
        try:
            fields = next(self._reader, None)
        except RowRefused as refused:
            return refused
        except csv.Error as fault:
            self._lines.return_all_but_first()
            return RowRefused(Reason.INVALID_CSV, f"The row is not CSV: {fault}.")
        if not fields:
            return None if fields is None else {}
        if len(fields) != len(self.columns):
            return self._ragged(len(fields))
        return dict(zip(self.columns, fields, strict=True))

    def _ragged(self, count: int) -> RowRefused:
        first, last = self._lines.first, self._lines.number
        where = f"Lines {first:,} to {last:,} are one row that" if last > first else "The row"
        return RowRefused(Reason.RAGGED_ROW, f"{where} has {count:,} fields; the header has {len(self.columns):,}.")


class _Text:
    """Lines as text, for the CSV reader. It remembers those of the row that is being read, so that they can be given
    back; `first` is the number of its first line, `number` of its last.
    """

    def __init__(self, lines: Lines, encoding: str) -> None:
        self.lines, self._encoding = lines, encoding
        self._row: list[tuple[int, str]] = []
        self._again: deque[tuple[int, str]] = deque()
        self._bytes = 0
        self.first = self.number = 0

    def __iter__(self) -> "_Text":
        return self

    def __next__(self) -> str:
        number, text = self._again.popleft() if self._again else self._read()
        self.number = number
        self.first = self.first or number
        self._row.append((number, text))
        self._bytes += len(text)
        if self._bytes > MAX_LINE_BYTES:
            raise csv.Error("a quote is not closed within 1 MB")
        return text

    def begin(self) -> None:
        self._row, self._bytes, self.first = [], 0, 0

    def return_all_but_first(self) -> None:
        self._again.extendleft(reversed(self._row[1:]))

    def _read(self) -> tuple[int, str]:
        try:
            line = next(self.lines)
        except RowRefused:
            self.first = self.first or self.lines.number
            raise
        if self.lines.number == 1:
            line = line.removeprefix(codecs.BOM_UTF8)
        try:
            return self.lines.number, line.decode(self._encoding)
        except UnicodeDecodeError:
            self.first = self.first or self.lines.number
            words = f"The line is not {self._encoding}; `csv: {{encoding: …}}` in the mapping names another encoding."
            raise RowRefused(Reason.INVALID_ENCODING, words) from None


def _likely_delimiter(head: bytes) -> str:
    """That of which the first line has most; a comma where it has none."""
    first = head.split(b"\n", 1)[0].decode("latin-1")
    return max(_DELIMITERS, key=first.count)
