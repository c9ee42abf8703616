"""Keys that one object of a JSON text has twice: of two values only one would count, and nobody could say which was
meant.
"""

import json
import re
from collections.abc import Iterable
from typing import Any, Final

import msgspec

_encode: Final = msgspec.json.Encoder().encode
_COLON: Final = re.compile(rb"\\u003a", re.IGNORECASE)


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


def told_twice(body: bytes, *, but: str | None = None) -> str | None:
    """Where the first such key is, such as `properties.items[2].sku`; None if there is none. `but`: not within
    this field of the outermost object. Costs ten times as much as decoding. Raises `RecursionError` where it is too
    deep.
    """
    try:
        front = [("", json.loads(body, object_pairs_hook=_object))]
    except ValueError:
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
