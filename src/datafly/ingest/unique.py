"""Keys that one object has twice: of two values only one would count, and nobody could say which was meant."""

import json
import re
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from datafly.ingest.codes import Code, Refused

_decode: Final = msgspec.json.Decoder().decode
_encode: Final = msgspec.json.Encoder().encode
_COLON: Final = re.compile(rb"\\u003a", re.IGNORECASE)
_BATCH: Final = re.compile(rb'"batch"\s*+:\s*+\[\s*+')
_COMMA: Final = re.compile(rb"\s*+,\s*+")
_END: Final = re.compile(rb"\s*+\]")
_PLACES: Final = 8
"""So many texts of a body are tried for its array “batch”; where it is none of them, somebody hid it."""
_MAX_PATH: Final = 200


def is_unique(body: bytes, value: Any) -> bool:
    """Whether no object of `body` has a key twice; `value` is what it decodes to, which has each key once.

    Written anew it has a colon less for each key that was dropped. Colons in texts stay, and most senders write as we
    do, so that there is nothing to count. An escaped colon could stand for the one that is missing.
    """
    anew = _encode(value)
    if anew == body:
        return True
    if b"\\" in body and _COLON.search(body):
        return told_twice(body) is None
    return anew.count(b":") == body.count(b":")


def require_unique(body: bytes, value: Any) -> None:
    """Raises `Refused` naming the key."""
    if not is_unique(body, value):
        raise _refusal(told_twice(body))


def require_unique_around(body: bytes, items: list[bytes]) -> None:
    """As `require_unique` of a batch, without its events: each of them is looked at on its own. Raises `Refused`."""
    outer = _around(body, items)
    if outer is None:
        if (path := told_twice(body, but="batch")) is not None:
            raise _refusal(path)
        return
    try:
        require_unique(outer, _decode(outer))
    except RecursionError:
        raise Refused(Code.TOO_DEEP) from None


def told_twice(body: bytes, *, but: str | None = None) -> str | None:
    """Where the first such key is, such as `properties.items[2].sku`; None if there is none, or it is too deep to be
    found. `but`: not within this field of the outermost object. Costs ten times as much as decoding.
    """
    try:
        front = [("", json.loads(body, object_pairs_hook=_object))]
    except (ValueError, RecursionError):
        return None
    while front:
        found = next((f"{path}.{node.twice}" for path, node in front if isinstance(node, _Twice)), None)
        if found is not None:
            return found.removeprefix(".")
        front = [child for path, node in front for child in _children(path, node) if child[0] != f".{but}"]
    return None


class _Twice(dict[str, Any]):
    """An object that had a key twice."""

    twice: str


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    marked = _Twice(found)
    marked.twice = _first_repeated(name for name, _ in pairs)
    return marked


def _first_repeated(names: Iterable[str]) -> str:
    seen: set[str] = set()
    name = ""
    for name in names:
        if name in seen:
            break
        seen.add(name)
    return name


def _children(path: str, node: Any) -> list[tuple[str, Any]]:
    if isinstance(node, dict):
        return [(f"{path}.{name}", inner) for name, inner in node.items() if isinstance(inner, dict | list)]
    inside = enumerate(node) if isinstance(node, list) else ()
    return [(f"{path}[{index}]", inner) for index, inner in inside if isinstance(inner, dict | list)]


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
    """Where the path is too deep to be found, the sentence alone."""
    if path is None:
        return Refused(Code.DUPLICATE_KEY)
    return Refused(Code.DUPLICATE_KEY, f"{path[:_MAX_PATH]}: the key is told twice.", field=path[:_MAX_PATH])
