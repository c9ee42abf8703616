"""Which page of a list is asked for, and which comes after it."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, TypeVar

import msgspec
from litestar.params import QueryParameter

from datafly.management.views.page import MAX_LIMIT, Page
from datafly.model.errors import Invalid

DEFAULT_LIMIT: Final = 50

V = TypeVar("V")
W = TypeVar("W")
Limit = Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT, description="How many at most.")]
Cursor = Annotated[str | None, QueryParameter(max_length=4_000, description="`next_cursor` of the page before.")]


def encode_cursor(place: Any) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def decode_cursor(
    cursor: str, kind: Any, *, field: str = "cursor", cure: str = "take `next_cursor` of the page before"
) -> Any:
    """Raises `Invalid` for what `encode_cursor` did not make of such a place."""
    try:
        text = base64.b64decode(cursor.encode() + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return msgspec.json.decode(text, type=kind)
    except (binascii.Error, UnicodeError, msgspec.DecodeError, RecursionError) as error:
        raise Invalid(f"{field}: no such place; {cure}.", field=field) from error


def page(data: list[V], place: Any) -> Page[V]:
    """`place` None: the last page."""
    return Page(data=data, next_cursor=None if place is None else encode_cursor(place), has_more=place is not None)


def newest_first(
    values: Sequence[V], key: Callable[[V], tuple[int, str]], cursor: str | None, limit: int
) -> tuple[list[V], tuple[int, str] | None]:
    """One page of a short list, and the place where the next goes on; `key` is (when, id)."""
    ordered = sorted(values, key=key, reverse=True)
    if cursor is not None:
        after = decode_cursor(cursor, tuple[int, str])
        ordered = [value for value in ordered if key(value) < after]
    more = len(ordered) > limit
    return ordered[:limit], key(ordered[limit - 1]) if more else None


__all__ = [
    "DEFAULT_LIMIT",
    "MAX_LIMIT",
    "Cursor",
    "Limit",
    "Page",
    "decode_cursor",
    "encode_cursor",
    "newest_first",
    "page",
]
