"""What is left of an object once the named parts are taken: custom fields, with clean names and typed values."""

from collections.abc import Iterable
from math import isfinite
from typing import Any, Final

from datafly.spec.names import snake_key
from datafly.spec.nodes import Making, Node
from datafly.spec.scope import Read, Scope

_SCALARS: Final = frozenset({str, int, bool})
_DEEPEST: Final = 8
_REMEMBERED: Final = 2048
_TAKEN: Final = "*"


class Rest(Node, frozen=True, tag="rest"):
    of: str
    but: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.of}.*, but {', '.join(self.but)}" if self.but else f"{self.of}.*"

    def build(self, _making: Making) -> Read:
        of, keys = self.of, _Keys(self.but)
        usual = keys.get

        def read(scope: Scope) -> Any:
            found: dict[str, Any] = {}
            for name, value in getattr(scope, of).items():
                key = usual(name)
                if key is None:
                    key = keys[name]
                if key is _TAKEN:
                    continue
                if type(value) in _SCALARS and key and key not in found:
                    found[key] = value
                else:
                    _put(found, key, value, _Where(scope, of, name))
            return found or None

        return read


def rest(of: str, but: Iterable[str] = ()) -> Rest:
    """All of `traits`, `properties` or `line` except `but`, which names keys in the spelling that is sent.

    Keys become snake_case, objects are laid flat (`address.city` → `address_city`), lists keep what has a value.
    """
    return Rest(of, tuple(but))


class _Keys(dict[str, str]):
    """Name as sent → key: `_TAKEN` where it is not for here, "" where nothing is left. Remembers what is usual."""

    def __init__(self, taken: Iterable[str]) -> None:
        super().__init__()
        self._taken = frozenset(taken)

    def __missing__(self, name: str) -> str:
        key = snake_key(name) or ""
        key = _TAKEN if key in self._taken else key
        if len(self) < _REMEMBERED:
            self[name] = key
        return key


class _Where:
    """The place of a value, written out only if there is something to say about it."""

    __slots__ = ("_outer", "_scope", "name")

    def __init__(self, scope: Scope, outer: "str | _Where", name: str) -> None:
        self._scope = scope
        self._outer = outer
        self.name = name

    def __str__(self) -> str:
        return f"{self._outer}.{self.name}"

    def inside(self, name: str) -> "_Where":
        return _Where(self._scope, self, name)

    def warn(self, what: str) -> None:
        self._scope.warn(f"{self._scope.name(str(self))} {what}; it was left out.")


def _put(found: dict[str, Any], key: str | None, value: Any, where: _Where, depth: int = 0) -> None:
    if value is None:
        return
    if type(value) in _SCALARS and key and key not in found:
        found[key] = value
    elif not key:
        where.warn("has no letter or digit of a-z, 0-9 in its name")
    elif isinstance(value, dict):
        _put_flat(found, key, value, where, depth)
    elif key in found:
        where.warn(f"becomes {key}, as another field already did")
    else:
        _put_value(found, key, value, where)


def _put_flat(found: dict[str, Any], key: str, value: dict[str, Any], where: _Where, depth: int) -> None:
    if depth == _DEEPEST:
        where.warn("is nested too deep")
        return
    for name, inner in value.items():
        inner_key = snake_key(f"{key}_{name}") if snake_key(name) else None
        _put(found, inner_key, inner, where.inside(name), depth + 1)


def _put_value(found: dict[str, Any], key: str, value: Any, where: _Where) -> None:
    cleaned = clean(value)
    if cleaned is None:
        where.warn("holds no value that can be sent")
    else:
        found[key] = cleaned


def clean(value: Any, depth: int = 0) -> Any:
    """`value` without nulls, NaN, infinities and what is empty for that; None if nothing is left."""
    if type(value) in _SCALARS:
        return value
    if type(value) is float:
        return value if isfinite(value) else None
    if depth == _DEEPEST:
        return None
    if isinstance(value, list):
        return [item for item in (clean(item, depth + 1) for item in value) if item is not None] or None
    if isinstance(value, dict):
        return _clean_object(value, depth)
    return None


def _clean_object(value: dict[str, Any], depth: int) -> dict[str, Any] | None:
    cleaned = ((snake_key(name), clean(inner, depth + 1)) for name, inner in value.items())
    return {key: inner for key, inner in cleaned if key and inner is not None} or None
