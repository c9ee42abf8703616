"""What every format of a file comes to: rows, one after the other."""

from collections.abc import Iterator
from typing import Any, Protocol

import msgspec

from datafly.backfill.refusal import RowRefused

Fields = dict[str, Any]


class Row(msgspec.Struct):
    """`number`: from 1, the header not counted. `line`: of the file, from 1; 0 where the format has no lines."""

    number: int
    line: int
    content: Fields | RowRefused


class Table(Protocol):
    """A file that can be read once."""

    @property
    def columns(self) -> tuple[str, ...] | None:
        """None where each row has names of its own. Raises `OperatorError` where the file cannot be read."""

    def rows(self) -> Iterator[Row]:
        """Every row in its order, the same ones each time. Raises `OperatorError` where the file breaks off."""

    def fraction(self) -> float | None:
        """How much of the file was read, from 0 to 1; None where nobody can know."""

    def close(self) -> None: ...
