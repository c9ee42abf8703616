"""What is left of an object once the named parts are taken: custom fields, with clean names and typed values."""

from collections.abc import Iterable
from math import isfinite
from typing import Any, Final

from datafly.spec.convert import as_text
from datafly.spec.names import USUAL_LENGTH, snake_key
from datafly.spec.nodes import Node
from datafly.spec.scope import Scope
from datafly.spec.source import SCOPE, Making, Source

_SCALARS: Final = frozenset({str, int, bool})
_DEEPEST: Final = 8
_REMEMBERED: Final = 2048
_TAKEN: Final = "*"
_SHOWN: Final = 80


class Rest(Node, frozen=True, tag="rest"):
    of: str
    but: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.of}.*, but {', '.join(self.but)}" if self.but else f"{self.of}.*"

    def follows_line(self, _making: Making) -> bool:
        return self.of == "line"

    def write(self, source: Source) -> str:
        found, read = source.name("rest"), source.bind(_Reader(self.of, self.but).read, "rest_of")
        source.line(f"{found} = {read}({SCOPE}, {source.root(self.of)})")
        return found


class _Reader:
    """What the function of a `Rest` calls."""

    def __init__(self, of: str, but: tuple[str, ...]) -> None:
        self._of = of
        self._but = frozenset(but)
        self._keys = _Keys(self._but)

    def read(self, scope: Scope, sent: dict[str, Any]) -> dict[str, Any] | None:
        keys, found = self._keys, dict[str, Any]()
        usual = keys.get
        for name, value in sent.items():
            key = usual(name)
            if key is None:
                key = keys[name]
            if key is _TAKEN:
                if name not in self._but:
                    _Where(scope, self._of, name, self._but).warn("is not read in this spelling")
                continue
            if type(value) in _SCALARS and key and key not in found:
                found[key] = value
            else:
                _put(found, key, value, _Where(scope, self._of, name, self._but))
        return found or None


def rest(of: str, but: Iterable[str] = ()) -> Rest:
    """All of `traits`, `properties` or `line` except `but`, which names what others read, in every spelling they know.

    Keys become snake_case, objects are laid flat (`address.city` → `address_city`). Lists keep what has a value and are
    of one kind: texts, numbers or objects; any other scalars become texts. What would be a name of `but` is left out.
    """
    return Rest(of, tuple(but))


class _Keys(dict[str, str]):
    """Name as sent → key: `_TAKEN` where it is not for here, "" where nothing is left. Remembers what is usual."""

    def __init__(self, taken: frozenset[str]) -> None:
        super().__init__()
        self._taken = taken

    def __missing__(self, name: str) -> str:
        key = "" if len(name) > USUAL_LENGTH else snake_key(name) or ""
        key = _TAKEN if key in self._taken or name in self._taken else key
        if len(self) < _REMEMBERED and len(name) <= USUAL_LENGTH:
            self[name] = key
        return key


class _Where:
    """The place of a value, written out only if there is something to say about it."""

    __slots__ = ("_outer", "_scope", "name", "taken")

    def __init__(self, scope: Scope, outer: "str | _Where", name: str, taken: frozenset[str]) -> None:
        self._scope = scope
        self._outer = outer
        self.name = name
        self.taken = taken

    def __str__(self) -> str:
        return f"{self._outer}.{self.name if len(self.name) <= _SHOWN else self.name[:_SHOWN] + '…'}"

    def inside(self, name: str) -> "_Where":
        return _Where(self._scope, self, name, self.taken)

    def warn(self, what: str) -> None:
        self._scope.warn(f"{self._scope.name(str(self))} {what}; it was left out.")


def _put(found: dict[str, Any], key: str | None, value: Any, where: _Where, depth: int = 0) -> None:
    if value is None:
        return
    if type(value) in _SCALARS and key and key not in found and key not in where.taken:
        found[key] = value
    elif len(where.name) > USUAL_LENGTH:
        where.warn("has too long a name")
    elif not key:
        where.warn("has no letter or digit of a-z, 0-9 in its name")
    elif isinstance(value, dict):
        _put_flat(found, key, value, where, depth)
    elif key in where.taken:
        where.warn(f"would be {key}, which stands elsewhere")
    elif key in found:
        where.warn(f"becomes {key}, as another field already did")
    else:
        _put_value(found, key, value, where)


def _put_flat(found: dict[str, Any], key: str, value: dict[str, Any], where: _Where, depth: int) -> None:
    if depth == _DEEPEST:
        where.warn("is nested too deep")
        return
    for name, inner in value.items():
        if len(key) + len(name) > USUAL_LENGTH:
            where.inside(name).warn("has too long a name")
            continue
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
        return _alike([item for item in (clean(item, depth + 1) for item in value) if item is not None])
    if isinstance(value, dict):
        return _clean_object(value, depth)
    return None


def _alike(items: list[Any]) -> list[Any] | None:
    """Platforms keep lists of one kind and drop any other without a word."""
    kinds = set(map(type, items))
    if kinds <= {str} or kinds <= {int, float} or kinds <= {dict}:
        return items or None
    texts = [str(item).lower() if type(item) is bool else as_text(item) for item in items]
    return None if None in texts else texts


def _clean_object(value: dict[str, Any], depth: int) -> dict[str, Any] | None:
    cleaned = ((snake_key(name), clean(inner, depth + 1)) for name, inner in value.items())
    return {key: inner for key, inner in cleaned if key and inner is not None} or None
