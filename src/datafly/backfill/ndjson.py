"""Rows of newline-delimited JSON: one object a line."""

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from datafly.backfill.lines import Lines
from datafly.backfill.refusal import Reason, RowRefused
from datafly.backfill.rows import Fields, Row

_decode: Final = msgspec.json.Decoder().decode
_FAULTS: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class NdjsonTable:
    """Blank lines are no rows."""

    columns = None

    def __init__(self, path: Path) -> None:
        self._lines = Lines(path)

    def rows(self) -> Iterator[Row]:
        number = 0
        while (content := self._next()) is not None:
            if content:
                number += 1
                yield Row(number, self._lines.number, _read(content) if isinstance(content, bytes) else content)

    def fraction(self) -> float | None:
        return self._lines.fraction()

    def close(self) -> None:
        self._lines.close()

    def _next(self) -> bytes | RowRefused | None:
        try:
            line = next(self._lines, None)
        except RowRefused as refused:
            return refused
        if line is not None and self._lines.number == 1:
            line = line.removeprefix(codecs.BOM_UTF8)
        return None if line is None else line.strip()


def _read(line: bytes) -> Fields | RowRefused:
    try:
        value = _decode(line)
    except _FAULTS as fault:
        words = "it is nested too deeply" if isinstance(fault, RecursionError) else str(fault)
        return RowRefused(Reason.NOT_JSON, f"The line is not JSON: {words.removeprefix('JSON is malformed: ')}.")
    return value if isinstance(value, dict) else RowRefused(Reason.NOT_AN_OBJECT)
