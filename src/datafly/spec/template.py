"""A body of one's own: JSON in which texts have places to fill in. A closed language: it reads the event at hand and
nothing else, repeats only over lists of the event, and ends when what it made is too large.

    {"id": "{{ message_id }}", "who": "{{ user_id ?? anonymous_id ?? 'nobody' }}", "total": "{{ properties.total }}",
     "text": "{{ traits.email | lower }} bought", "lines": {"$each": "properties.products", "$as": {"sku":
     "{{ item.sku }}"}}}

A text that is one place is its value, whatever its kind; in a longer text values are written out. What has no value is
left out. `??` stands before what counts where nothing is, `|` before a converter of the mapping language, or `json`.
"""

import re
from collections.abc import Callable, Sequence
from math import isfinite
from operator import attrgetter
from typing import Any, Final

import msgspec

from datafly.spec.convert import CONVERTERS, as_text
from datafly.spec.nodes import OBJECTS, ROOTS
from datafly.spec.scope import Scope

MOST_CHARS: Final = 16_384
MOST_MADE: Final = 256_000
"""Characters that one event may become, with some for every value."""
EACH: Final = "$each"
AS: Final = "$as"
ITEM: Final = "item"
_DEEPEST: Final = 32
_OF_A_VALUE: Final = 8
_OF_A_CONVERTER: Final = 40
_PLAIN: Final = frozenset({*ROOTS, "timestamp"} - {*OBJECTS, "historical"})
_READ: Final[dict[str, Callable[[Scope], Any]]] = {
    **{name: attrgetter(f"event.{name}") for name in (*sorted(_PLAIN), "historical", "context")},
    **{name: attrgetter(name) for name in ("timestamp", "properties", "traits", "group_traits")},
    "consent": lambda scope: scope.event.consent.choices(),
}
_OBJECTS: Final = frozenset({"properties", "traits", "group_traits", "context", "consent", ITEM})
_TERM: Final = r"(?:'[^']*'|[a-z_]+(?:\.[\w$-]+)*)"
_PLACE: Final = re.compile(rf"({_TERM}(?:\s*\?\?\s*{_TERM})*)((?:\s*\|\s*[a-z0-9_]+)*)")
_ONE_TERM: Final = re.compile(_TERM)
Filter = Callable[[Any], Any]


class Fault(msgspec.Struct, frozen=True):
    """Why a text is no template: `what` completes "The template …". `where`: the way to it, such as `lines.sku`."""

    what: str
    where: str = ""

    def __str__(self) -> str:
        return f"{self.what} (at {self.where})" if self.where else self.what


class TooLarge:
    """What a template answers for an event of which it would make more than `MOST_MADE`."""


TOO_LARGE: Final = TooLarge()


class _TooLargeError(Exception):
    pass


class _FaultError(Exception):
    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what
        self.way: list[str] = []


class _Run:
    """One event while it is written."""

    __slots__ = ("item", "left", "scope")

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.item: Any = None
        self.left = MOST_MADE

    def spend(self, cost: int) -> None:
        self.left -= cost
        if self.left < 0:
            raise _TooLargeError


_Made = Callable[[_Run], Any]


class BodyTemplate:
    """`fill` is pure. It gives None where nothing has a value, and nothing that it gives is null."""

    def __init__(self, made: _Made) -> None:
        self._made = made

    def fill(self, scope: Scope) -> Any:
        try:
            return self._made(_Run(scope))
        except _TooLargeError:
            return TOO_LARGE


def read_template(text: str) -> BodyTemplate | Fault:
    if not text.strip() or len(text) > MOST_CHARS:
        return Fault(f"is empty or longer than {MOST_CHARS:,} characters")
    try:
        return BodyTemplate(_of(msgspec.json.decode(text), (), within=False))
    except _FaultError as error:
        return Fault(error.what, ".".join(error.way))
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        return Fault(f"is no JSON: {error}")


def _of(part: Any, way: tuple[str, ...], *, within: bool) -> _Made:
    """`within`: in the `$as` of a `$each`, where there is an item."""
    if len(way) > _DEEPEST:
        raise _FaultError(f"has more than {_DEEPEST} levels")
    if isinstance(part, str):
        return _located(lambda: _of_text(part, within=within), way)
    if isinstance(part, list):
        return _list([_of(one, (*way, str(index)), within=within) for index, one in enumerate(part)])
    if not isinstance(part, dict):
        return _constant(part)
    if EACH in part or AS in part:
        return _located(lambda: _of_each(part, way, within=within), way)
    return _object([(name, _of(one, (*way, name), within=within)) for name, one in part.items()], way)


def _located(make: Callable[[], _Made], way: tuple[str, ...]) -> _Made:
    try:
        return make()
    except _FaultError as error:
        error.way = error.way or list(way)
        raise


def _of_each(part: dict[str, Any], way: tuple[str, ...], *, within: bool) -> _Made:
    if part.keys() != {EACH, AS} or not isinstance(part[EACH], str):
        raise _FaultError(f"needs {EACH}, the list of the event, and {AS}, and nothing beside them")
    if not _ONE_TERM.fullmatch(part[EACH]) or part[EACH].startswith("'"):
        raise _FaultError(f"names {part[EACH]!r} under {EACH}, which is no path such as properties.products")
    found, each = _of_term(part[EACH], within=within), _of(part[AS], (*way, AS), within=True)

    def every(run: _Run) -> list[Any] | None:
        sent, outer = found(run), run.item
        made = []
        for run.item in sent if isinstance(sent, list) else ():
            run.spend(_OF_A_VALUE)
            if (value := each(run)) is not None:
                made.append(value)
        run.item = outer
        return made or None

    return every


def _of_text(text: str, *, within: bool) -> _Made:
    before, *rest = text.split("{{")
    parts: list[tuple[_Made, str]] = []
    for piece in rest:
        place, closed, after = piece.partition("}}")
        if not closed:
            raise _FaultError("has {{ without }}")
        parts.append((_of_place(place.strip(), within=within), after))
    if not parts:
        return _constant(text)
    return parts[0][0] if not before and len(parts) == 1 and not parts[0][1] else _joined(before, parts)


def _of_place(place: str, *, within: bool) -> _Made:
    found = _PLACE.fullmatch(place)
    if found is None:
        raise _FaultError(f"has {{{{ {place[:60]} }}}}, which is none of path, path ?? 'text', path | converter")
    terms = [_of_term(term, within=within) for term in _ONE_TERM.findall(found[1])]
    filters = [_filter(name.strip()) for name in found[2].split("|")[1:]]
    return _copied(terms[0] if len(terms) == 1 else _first(terms), filters)


def _of_term(term: str, *, within: bool) -> _Made:
    if term.startswith("'"):
        text = term[1:-1]
        return lambda _: text
    root, *names = term.split(".")
    if root not in _READ and root != ITEM:
        raise _FaultError(f"reads {root}, which no event has; there is {', '.join(sorted(_READ))}")
    if root == ITEM and not within:
        raise _FaultError(f"reads {ITEM} outside of {AS}")
    if names and root not in _OBJECTS:
        raise _FaultError(f"reads {term}, but {root} is one value")
    read: _Made = (lambda run: run.item) if root == ITEM else _root(_READ[root])
    return _below(read, names) if names else read


def _root(read: Callable[[Scope], Any]) -> _Made:
    return lambda run: read(run.scope)


def _below(read: _Made, names: Sequence[str]) -> _Made:
    def found(run: _Run) -> Any:
        run.spend(len(names))
        value = read(run)
        for name in names:
            if isinstance(value, dict):
                value = value.get(name)
            elif isinstance(value, list) and name.isdecimal() and len(name) < _OF_A_VALUE:
                value = value[int(name)] if int(name) < len(value) else None
            else:
                return None
        return value

    return found


def _first(terms: Sequence[_Made]) -> _Made:
    def first(run: _Run) -> Any:
        run.spend(len(terms))
        return next((value for term in terms if (value := term(run)) is not None and value != ""), None)

    return first


def _filter(name: str) -> Filter:
    if name == "json":
        return _as_json
    if name not in CONVERTERS:
        raise _FaultError(f"has the converter {name}; there is json, {', '.join(CONVERTERS)}")
    return CONVERTERS[name].convert


def _copied(read: _Made, filters: Sequence[Filter]) -> _Made:
    """Bounded before it is converted and after."""

    def copied(run: _Run) -> Any:
        value = _sendable(run, read(run), 0)
        for change in filters:
            run.spend(_OF_A_CONVERTER)
            value = None if value is None else _sendable(run, change(value), 0)
        return value

    return copied


def _joined(before: str, parts: Sequence[tuple[_Made, str]]) -> _Made:
    def joined(run: _Run) -> str:
        texts = [before]
        for made, after in parts:
            texts += (_written(made(run)), after)
        run.spend(sum(map(len, texts)))
        return "".join(texts)

    return joined


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return as_text(value) or ""


def _as_json(value: Any) -> str | None:
    try:
        return msgspec.json.encode(value).decode()
    except (UnicodeEncodeError, OverflowError):
        return None


def _list(made: Sequence[_Made]) -> _Made:
    def values(run: _Run) -> list[Any] | None:
        run.spend(1 + len(made))
        return [value for one in made if (value := one(run)) is not None] or None

    return values


def _object(fields: Sequence[tuple[str, _Made]], way: tuple[str, ...]) -> _Made:
    for name, _ in fields:
        if "{{" in name:
            error = _FaultError(f"has a place to fill in in the name {name[:60]!r}; only values may have one")
            error.way = list(way)
            raise error
    cost = 1 + sum(len(name) + 1 for name, _ in fields)

    def values(run: _Run) -> dict[str, Any] | None:
        run.spend(cost)
        return {name: value for name, made in fields if (value := made(run)) is not None} or None

    return values


def _constant(value: Any) -> _Made:
    cost = _OF_A_VALUE + (len(value) if isinstance(value, str) else 0)

    def constant(run: _Run) -> Any:
        run.spend(cost)
        return value

    return constant


def _sendable(run: _Run, value: Any, depth: int) -> Any:
    """A copy without nulls, NaN and infinities, and what lies too deep; None if nothing is left."""
    run.spend(_OF_A_VALUE + (len(value) if isinstance(value, str) else 0))
    if isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if isfinite(value) else None
    if depth == _DEEPEST:
        return None
    if isinstance(value, list | tuple):
        return [one for inner in value if (one := _sendable(run, inner, depth + 1)) is not None] or None
    if isinstance(value, dict):
        found = {name: one for name, inner in value.items() if (one := _sendable(run, inner, depth + 1)) is not None}
        run.spend(sum(map(len, found)))
        return found or None
    return None
