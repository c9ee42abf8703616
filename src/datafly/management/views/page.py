"""Lists come in pages: `{"data", "next_cursor", "has_more"}`, newest first."""

from typing import Final, Generic, TypeVar

import msgspec

MAX_LIMIT: Final = 100

V = TypeVar("V")


class Page(msgspec.Struct, Generic[V], frozen=True):
    """`next_cursor` is null on the last page. A page may hold fewer than asked for although more follow."""

    data: list[V]
    next_cursor: str | None
    has_more: bool
