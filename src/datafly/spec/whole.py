"""An object as it was sent, for vendors that read events by paths that somebody set up there."""

from functools import partial
from math import isfinite
from typing import Any, Final

import msgspec

from datafly.spec.nodes import Node
from datafly.spec.source import Making, Source

_DEEPEST: Final = 32
_TELLING: Final = (b"null", b"{}", b"[]")
_FAULTS: Final = (UnicodeEncodeError, OverflowError, TypeError, RecursionError)
_encode: Final = msgspec.json.Encoder().encode
_SCALARS: Final = frozenset({str, int, bool})


class Whole(Node, frozen=True, omit_defaults=True, tag="whole"):
    of: str
    deepest: int = _DEEPEST

    def __str__(self) -> str:
        return self.of

    def follows_line(self, _making: Making) -> bool:
        return self.of == "line"

    def write(self, source: Source) -> str:
        found, read = source.name("whole"), source.bind(partial(_whole, levels=self.deepest), "as_sent")
        source.line(f"{found} = {read}({source.root(self.of)})")
        return found


def whole(of: str, deepest: int = _DEEPEST) -> Whole:
    """All of `traits`, `properties`, `context` or `line`, names and lists as they are, without what no JSON can hold.

    Nothing where it is empty. What lies deeper than `deepest` objects and lists, the outermost counted, is left out.
    """
    return Whole(of, deepest)


def _whole(value: Any, levels: int) -> Any:
    """As `as_sent`. Nearly always nothing has to go, which C tells ten times faster than Python copies: a null, or what
    becomes one, would be seen in its JSON, and what has fewer braces than levels is not too deep.
    """
    try:
        shown = _encode(value)
    except _FAULTS:
        return as_sent(value, _DEEPEST - levels)
    if shown.count(b"{") + shown.count(b"[") > levels or any(mark in shown for mark in _TELLING):
        return as_sent(value, _DEEPEST - levels)
    return value


def as_sent(value: Any, depth: int = 0) -> Any:
    """Without nulls, NaN and infinities, and what lies deeper than anybody reads; None if nothing is left."""
    if type(value) in _SCALARS:
        return value
    if type(value) is float:
        return value if isfinite(value) else None
    if depth == _DEEPEST:
        return None
    if isinstance(value, list):
        return [item for item in (as_sent(item, depth + 1) for item in value) if item is not None] or None
    if isinstance(value, dict):
        told = ((name, as_sent(inner, depth + 1)) for name, inner in value.items())
        return {name: inner for name, inner in told if inner is not None} or None
    return None
