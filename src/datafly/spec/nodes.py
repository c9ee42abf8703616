"""The mapping language: nodes that explain themselves by `str` and write themselves as source once."""

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from datafly.model.verdict import Ruling
from datafly.spec.scope import Scope
from datafly.spec.source import NOTHING, SCOPE, Making, Source, literal
from datafly.spec.words import Refusal

OBJECTS: Final = ("properties", "traits", "group_traits", "context", "line")
"""Roots that are objects: a path goes on with a name in them."""
_OF_EVENT: Final = (
    "user_id",
    "anonymous_id",
    "links",
    "previous_id",
    "group_id",
    "message_id",
    "name",
    "event",
    "type",
)
Scalar = str | int | float | bool

_WRITTEN: Final = {
    "timestamp": f"{SCOPE}.timestamp",
    "timestamp_ms": f"{SCOPE}.event.timestamp_ms",
    "historical": f"{SCOPE}.event.historical or None",
    **{name: f"{SCOPE}.event.{name}" for name in _OF_EVENT},
}
_SURE: Final = frozenset({"timestamp", "timestamp_ms", "message_id", "type"})

ROOTS: Final = frozenset((*OBJECTS, *_WRITTEN))
"""What a path may start with. `traits` are those known of the user and those of the event, the latter winning;
`group_traits` those that a group event tells of its group.
"""


class Node(msgspec.Struct, frozen=True):
    """A part of a mapping. It gives None where there is nothing to send; nothing it gives is null.

    `write` adds the statements that find the value and answers with its expression, see `Source`. `follows_line` says
    whether the value may differ from line to line of one event.
    """

    def write(self, source: Source) -> str:
        raise NotImplementedError

    def children(self) -> tuple["Node", ...]:
        return ()

    def follows_line(self, making: Making) -> bool:
        return any(child.follows_line(making) for child in self.children())

    def never(self, _making: Making) -> bool:
        """Whether it has no value whatever the event, as the config chooses."""
        return False

    def reads(self, making: Making) -> Iterator[str]:
        """The paths of the event that are read, as the config chooses; what `spec.rest` leaves out."""
        for child in self.children():
            yield from child.reads(making)

    def walk(self) -> Iterator["Node"]:
        yield self
        for child in self.children():
            yield from child.walk()


class Around(Node, frozen=True):
    """A node that does something with one other."""

    of: Node

    def children(self) -> tuple[Node, ...]:
        return (self.of,)


class Path(Node, frozen=True, tag="path"):
    names: tuple[str, ...]

    def __str__(self) -> str:
        return " or ".join(self.names)

    def follows_line(self, _making: Making) -> bool:
        return any(name.partition(".")[0] == "line" for name in self.names)

    def reads(self, _making: Making) -> Iterator[str]:
        yield from self.names

    def write(self, source: Source) -> str:
        if len(self.names) == 1:
            return _write_path(self.names[0], source)
        found = source.name("found")
        source.line(f"{found} = {source.value(Path(self.names[:1]))}")
        for name in self.names[1:]:
            with source.when(f'{found} is None or {found} == ""'):
                source.line(f"{found} = {source.value(Path((name,)))}")
        return found


class Const(Node, frozen=True, tag="const"):
    value: Scalar

    def __str__(self) -> str:
        return msgspec.json.encode(self.value).decode()

    def write(self, source: Source) -> str:
        return source.sure(literal(self.value))


class First(Node, frozen=True, tag="first"):
    of: tuple[Node, ...]

    def __str__(self) -> str:
        return ", else ".join(str(node) for node in self.of)

    def children(self) -> tuple[Node, ...]:
        return self.of

    def write(self, source: Source) -> str:
        first_found = source.value(self.of[0])
        if source.is_sure(first_found):
            return first_found
        found, sure = source.name("first"), False
        source.line(f"{found} = {first_found}")
        for node in self.of[1:]:
            if source.is_nothing(node):
                continue
            with source.when(f"{found} is None"):
                other = source.value(node)
                source.line(f"{found} = {other}")
            sure = sure or source.is_sure(other)
        return source.sure(found) if sure else found


class Obj(Node, frozen=True, tag="object"):
    fields: Mapping[str, Node]

    def __str__(self) -> str:
        return "{" + ", ".join(f"{name}: {node}" for name, node in self.fields.items()) + "}"

    def children(self) -> tuple[Node, ...]:
        return tuple(self.fields.values())

    def write(self, source: Source) -> str:
        every = [(literal(name), source.value(node)) for name, node in self.fields.items()]
        values = [(name, value) for name, value in every if value != NOTHING]
        made, sure = source.name("made"), [source.is_sure(value) for _, value in values]
        ahead = sure.index(False) if False in sure else len(sure)
        source.line(f"{made} = {{{', '.join(f'{name}: {value}' for name, value in values[:ahead])}}}")
        for name, value in values[ahead:]:
            put = f"{made}[{name}] = {value}"
            source.line(put if source.is_sure(value) else f"if {value} is not None: {put}")
        if any(sure):
            return source.sure(made)
        source.line(f"{made} = {made} or None")
        return made


class Merged(Node, frozen=True, tag="merged"):
    of: tuple[Node, ...]

    def __str__(self) -> str:
        return "; ".join(str(node) for node in self.of)

    def children(self) -> tuple[Node, ...]:
        return self.of

    def write(self, source: Source) -> str:
        every = [source.value(node) for node in self._parts(source.making)]
        values = [value for value in every if value != NOTHING] or every[:1]
        if len(values) == 1:
            return values[0]
        found = source.name("merged")
        source.line(f"{found} = {values[0]}")
        for value in values[1:]:
            source.line(f"if {value} is not None: {found} = {value} if {found} is None else {{**{found}, **{value}}}")
        return source.sure(found) if any(map(source.is_sure, values)) else found

    def _parts(self, making: Making) -> tuple[Node, ...]:
        """What is the same for every line is merged once."""
        same = next((index for index, node in enumerate(self.of) if node.follows_line(making)), 0)
        return (Merged(self.of[:same]), *self.of[same:]) if same > 1 else self.of


class Required(Around, frozen=True, tag="required"):
    refusal: Refusal

    def __str__(self) -> str:
        return f"{self.of} (required)"

    def write(self, source: Source) -> str:
        value = source.value(self.of)
        if source.is_sure(value):
            return value
        ruling = source.bind(self.refusal.ruling(source.making.hints), "ruling")
        placed = f"{source.bind(_placed, 'placed')}({ruling}, {SCOPE})"
        source.line(f"if {value} is None: return {placed if self.follows_line(source.making) else ruling}")
        return source.sure(value)


class Wanted(Around, frozen=True, tag="wanted"):
    warning: str

    def __str__(self) -> str:
        return str(self.of)

    def write(self, source: Source) -> str:
        value = source.value(self.of)
        if source.is_sure(value):
            return value
        warning = source.bind(self.warning, "warning")
        source.line(f'if {value} is None: {SCOPE}.warn(f"{{{SCOPE}.place}}: {{{warning}}}")')
        return value


class Unless(Around, frozen=True, tag="unless"):
    values: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.of}, unless it is one of {', '.join(self.values)}"

    def write(self, source: Source) -> str:
        value, found = source.value(self.of), source.name("allowed")
        blocked = source.bind(frozenset(self.values), "blocked")
        warn = source.bind(_Blocked(str(self.of)).warn, "warn")
        source.line(f"{found} = {value}")
        with source.when(f"{value} is not None and str({value}).strip().lower() in {blocked}"):
            source.line(f"{warn}({SCOPE}, {value})")
            source.line(f"{found} = None")
        return found


class FirstLine(Around, frozen=True, tag="first_line"):
    def __str__(self) -> str:
        return f"{self.of} (first line only)"

    def follows_line(self, _making: Making) -> bool:
        return True

    def write(self, source: Source) -> str:
        value, found = source.value(self.of), source.name("at_first")
        first_line = "line_index == 0" if source.making.lines else f"{SCOPE}.line_index == 0"
        source.line(f"{found} = {value} if {first_line} else None")
        return found


class ListOf(Around, frozen=True, tag="list_of"):
    def __str__(self) -> str:
        return f"a list of {self.of}"

    def write(self, source: Source) -> str:
        value, found = source.value(self.of), source.name("listed")
        source.line(f"{found} = None if {value} is None else [{value}]")
        return found


def path(*names: str) -> Path:
    """The first of these that is there and not empty: `path("traits.phone", "traits.phone_number")`."""
    return Path(names)


def const(value: Scalar) -> Const:
    return Const(value)


def first(*of: Node) -> First:
    """The first of these that gives a value."""
    return First(of)


def obj(given: Mapping[str, Node] | None = None, /, **fields: Node) -> Obj:
    """An object of the fields that have a value, in this order; nothing at all if none has."""
    return Obj({**(given or {}), **fields})


def merged(*of: Node) -> Merged:
    """One object of several; of a name that several have, the last one's."""
    return Merged(of)


def required(of: Node, refusal: Refusal) -> Required:
    """Without a value the event is not sent."""
    return Required(of, refusal)


def wanted(of: Node, warning: str) -> Wanted:
    """Without a value the event is sent with a warning."""
    return Wanted(of, warning)


def unless(of: Node, values: tuple[str, ...]) -> Unless:
    """Blocked values, in lower case; they are left out with a warning."""
    return Unless(of, values)


def list_of(of: Node) -> ListOf:
    """A list of this one value."""
    return ListOf(of)


def first_line(of: Node) -> FirstLine:
    """On the first line only, so that sums over lines are not multiplied."""
    return FirstLine(of)


class _Blocked(msgspec.Struct, frozen=True):
    source: str

    def warn(self, scope: Scope, value: str) -> None:
        scope.warn(f"{self.source} is “{value}”, a placeholder that identifies nobody; it was left out.")


def _placed(ruling: Ruling, scope: Scope) -> Ruling:
    if scope.lines is None:
        return ruling
    return msgspec.structs.replace(ruling, cause=f"{ruling.cause} ({scope.place})")


def _write_path(name: str, source: Source) -> str:
    root, *keys = name.split(".")
    if root in OBJECTS and keys:
        return _write_field(name, keys[-1], source)
    if root in _WRITTEN and not keys:
        found = source.name(root)
        source.line(f"{found} = {_WRITTEN[root]}")
        return source.sure(found) if root in _SURE else found
    raise ValueError(f"a path starts with one of {', '.join(sorted(ROOTS))}, not {name}")


def _write_field(name: str, key: str, source: Source) -> str:
    """`context.page.url` is the field `url` of what `context.page` is, if that is an object."""
    whole, found = name.rpartition(".")[0], source.name("sent")
    if whole in OBJECTS:
        source.line(f"{found} = {source.root(whole)}.get({literal(key)})")
        return found
    outer = source.value(Path((whole,)))
    source.line(f"{found} = {outer}.get({literal(key)}) if type({outer}) is dict else None")
    return found
