"""The settings as `datafly settings` prints them."""

import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence

import msgspec

from datafly.settings import Found

_GAP = "  "
_SENTENCE_WIDTH = 40
"""With less room than this beside a setting, its sentence stands below it."""


def as_json(found: Sequence[Found]) -> str:
    """One object: variable → value and source."""
    shown = {one.row.variable: {"value": one.shown(), "source": one.source} for one in found}
    return msgspec.json.format(msgspec.json.encode(shown), indent=2).decode()


def as_table(found: Sequence[Found], width: int | None) -> str:
    """`width` None: one line a setting, however long."""
    rows = [("setting", "value", "from", "what it is for")]
    rows += [(one.row.variable, one.shown(), one.source, one.row.sentence.text) for one in found]
    sizes = [max(len(row[column]) for row in rows) for column in range(3)]
    return "\n".join(line for row in rows for line in _lines(row, sizes, width))


def terminal_width() -> int | None:
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _lines(row: tuple[str, ...], sizes: Sequence[int], width: int | None) -> Iterator[str]:
    head = _GAP.join(cell.ljust(size) for cell, size in zip(row, sizes, strict=False))
    if width is None:
        yield head + _GAP + row[-1]
        return
    room = width - len(head) - len(_GAP)
    if room < _SENTENCE_WIDTH:
        yield head.rstrip()
        yield from textwrap.wrap(
            row[-1], width, initial_indent=_GAP * 2, subsequent_indent=_GAP * 2, break_on_hyphens=False
        )
        return
    first, *others = textwrap.wrap(row[-1], room, break_on_hyphens=False)
    yield head + _GAP + first
    yield from (" " * (len(head) + len(_GAP)) + line for line in others)
