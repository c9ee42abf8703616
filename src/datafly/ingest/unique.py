"""What tells a key twice is refused: a body as a whole, of a batch the event."""

import re
from typing import Any, Final

import msgspec

from datafly.ingest.codes import Code, Refused
from datafly.model.unique import is_unique, told_twice

_decode: Final = msgspec.json.Decoder().decode
_BATCH: Final = re.compile(rb'"batch"\s*+:\s*+\[\s*+')
_COMMA: Final = re.compile(rb"\s*+,\s*+")
_END: Final = re.compile(rb"\s*+\]")
_PLACES: Final = 8
"""So many texts of a body are tried for its array “batch”; where it is none of them, somebody hid it."""
_MAX_PATH: Final = 200


def require_unique(body: bytes, value: Any) -> None:
    """Raises `Refused` naming the key."""
    if not is_unique(body, value):
        raise _refusal(told_twice(body))


def require_unique_around(body: bytes, items: list[bytes]) -> None:
    """As `require_unique` of a batch, without its events: each of them is looked at on its own. Raises `Refused`."""
    outer = _around(body, items)
    try:
        if outer is not None:
            require_unique(outer, _decode(outer))
        elif (path := told_twice(body, but="batch")) is not None:
            raise _refusal(path)
    except RecursionError:
        raise Refused(Code.TOO_DEEP) from None


def _around(body: bytes, items: list[bytes]) -> bytes | None:
    """The batch without its events; None if it cannot be told cheaply where they stand."""
    if not items:
        return body
    for place, _ in zip(_BATCH.finditer(body), range(_PLACES), strict=False):
        start = place.end()
        end = _end_of(body, items, start)
        if end is not None and _END.match(body, end):
            return body[:start] + body[end:]
    return None


def _end_of(body: bytes, items: list[bytes], start: int) -> int | None:
    for comma in (b",", b", "):
        whole = comma.join(items)
        if body.startswith(whole, start):
            return start + len(whole)
    return _end_step_by_step(body, items, start)


def _end_step_by_step(body: bytes, items: list[bytes], start: int) -> int | None:
    for index, item in enumerate(items):
        comma = _COMMA.match(body, start) if index else None
        start = comma.end() if comma else start
        if not body.startswith(item, start):
            return None
        start += len(item)
    return start


def _refusal(path: str | None) -> Refused:
    """Where nobody can say the path, the sentence alone."""
    if path is None:
        return Refused(Code.DUPLICATE_KEY)
    return Refused(Code.DUPLICATE_KEY, f"{path[:_MAX_PATH]}: the key is told twice.", field=path[:_MAX_PATH])
