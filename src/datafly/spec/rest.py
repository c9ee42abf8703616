"""What is left of an object once the named parts are taken: custom fields, with clean names and typed values."""

from collections.abc import Iterable
from math import isfinite
from typing import Any, Final

import msgspec

from datafly.spec.convert import as_text
from datafly.spec.names import USUAL_LENGTH, snake_key
from datafly.spec.nodes import Node
from datafly.spec.scope import Scope
from datafly.spec.source import SCOPE, Making, Source

_SCALARS: Final = frozenset({str, int, bool})
_DEEPEST: Final = 8
_REMEMBERED: Final = 2048
_MOST_NAMES: Final = 64
_SHOWN: Final = 80


class Rest(Node, frozen=True, omit_defaults=True, tag="rest"):
    of: str
    but: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    prefix: str = ""
    unread: str = ""
    lists: bool = True

    def __str__(self) -> str:
        return f"{self.of}.*, but {', '.join(self.but)}" if self.but else f"{self.of}.*"

    def follows_line(self, _making: Making) -> bool:
        return self.of == "line"

    def write(self, source: Source) -> str:
        found, read = source.name("rest"), source.bind(_Reader(self, source.making).read, "rest_of")
        source.line(f"{found} = {read}({SCOPE}, {source.root(self.of)})")
        return found

    def taken(self, making: Making) -> frozenset[str]:
        """What others read of the same object, by the name or path in it. Without lines, the event is its one line."""
        same = ("line", "properties") if self.of in ("line", "properties") and not making.lines else (self.of,)
        read = (name.partition(".") for name in making.reads)
        return frozenset(inner for root, _, inner in read if root in same and inner) - {*self.keep} | {*self.but}


def rest(
    of: str,
    but: Iterable[str] = (),
    *,
    keep: Iterable[str] = (),
    prefix: str = "",
    unread: str = "",
    lists: bool = True,
) -> Rest:
    """All of `traits`, `group_traits`, `properties` or `line`, but what the same rule reads of it elsewhere.

    `but` is left out as well, `keep` is not. Keys become snake_case, `prefix` before them; objects are laid flat
    (`address.city` → `address_city`). Lists keep what has a value and are of one kind: texts, numbers or objects; any
    other scalars become texts. What would be a name that is left out is left out, too. Keys that begin with `unread`
    are sent with a warning that the vendor does not read them. Without `lists` a list is left out with a warning.
    """
    return Rest(of, tuple(but), tuple(keep), prefix, unread, lists)


class _Plan(msgspec.Struct, frozen=True, gc=False):
    """Of objects with the same names: (name, key) of what is kept; `strange`: there is something to say about them."""

    kept: tuple[tuple[str, str], ...]
    strange: bool


class _Reader:
    """What the function of a `Rest` calls. Senders repeat themselves: what an object's names mean is remembered."""

    def __init__(self, rest: Rest, making: Making) -> None:
        self._of, self._prefix, self._unread = rest.of, rest.prefix, rest.unread
        self._lists = rest.lists
        self._taken = rest.taken(making)
        self._plans: dict[tuple[str, ...], _Plan] = {}

    def read(self, scope: Scope, sent: dict[str, Any]) -> dict[str, Any] | None:
        if not sent:
            return None
        names = tuple(sent)
        plan = self._plans.get(names) or self._planned(names)
        if plan.strange:
            return self._carefully(scope, sent)
        found: dict[str, Any] = {}
        for name, key in plan.kept:
            value = sent[name]
            if type(value) in _SCALARS or (type(value) is float and isfinite(value)):
                found[key] = value
            else:
                return self._carefully(scope, sent)
        return found or None

    def _planned(self, names: tuple[str, ...]) -> _Plan:
        kept = [(name, self._key(name)) for name in names if name not in self._taken]
        keys = [key for _, key in kept]
        odd = any(not key or key in self._taken or self._is_unread(key) for key in keys)
        plan = _Plan(tuple((name, key or "") for name, key in kept), odd or len(set(keys)) < len(keys))
        short = len(names) <= _MOST_NAMES and all(len(name) <= USUAL_LENGTH for name in names)
        if short and len(self._plans) < _REMEMBERED:
            self._plans[names] = plan
        return plan

    def _carefully(self, scope: Scope, sent: dict[str, Any]) -> dict[str, Any] | None:
        found: dict[str, Any] = {}
        for name, value in sent.items():
            if name in self._taken:
                continue
            where = _Where(scope, self._of, name, self._taken)
            key = self._key(name)
            if key in self._taken:
                where.warn("is not read in this spelling")
            else:
                _put(found, key, value, where)
        for key in [] if self._lists else [key for key, value in found.items() if isinstance(value, list)]:
            del found[key]
            scope.warn(f"{self._of}: {key} is a list, which the vendor does not take; it was left out.")
        for key in found if self._unread else ():
            if self._is_unread(key):
                scope.warn(f"{self._of}: {key} is sent, and is not read: names must not begin with {self._unread}")
        return found or None

    def _key(self, name: str) -> str | None:
        return None if len(name) > USUAL_LENGTH else _keyed(self._prefix, name)

    def _is_unread(self, key: str) -> bool:
        return bool(self._unread) and key.startswith(self._unread)


def _keyed(prefix: str, name: str) -> str | None:
    return snake_key(f"{prefix}{name}" if prefix else name) if snake_key(name) else None


class _Where:
    """The place of a value, written out only if there is something to say about it. `taken`: what is left out."""

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

    @property
    def is_read(self) -> bool:
        """Whether another part of the mapping reads it."""
        return str(self).partition(".")[2] in self.taken

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
        inside = where.inside(name)
        if inside.is_read:
            continue
        if len(key) + len(name) > USUAL_LENGTH:
            inside.warn("has too long a name")
            continue
        _put(found, _keyed(f"{key}_", name), inner, inside, depth + 1)


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
