"""The mapping language: nodes that explain themselves by `str` and compile once to plain closures."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from datafly.spec.scope import Read, Scope
from datafly.spec.words import Hint, Refusal

_MAPPINGS: Final = ("properties", "traits", "context", "line")
_OF_EVENT: Final = ("user_id", "anonymous_id", "group_id", "message_id", "name", "event", "type")
Scalar = str | int | float | bool

ROOTS: Final = frozenset((*_MAPPINGS, *_OF_EVENT, "timestamp"))
"""What a path may start with. `traits` are those known of the user and those of the event, the latter winning."""


class Node(msgspec.Struct, frozen=True):
    """A part of a mapping. It gives None where there is nothing to send; nothing it gives is null."""

    def build(self, making: "Making") -> Read:
        raise NotImplementedError

    def children(self) -> tuple["Node", ...]:
        return ()

    def walk(self) -> Iterator["Node"]:
        yield self
        for child in self.children():
            yield from child.walk()


class Making(msgspec.Struct, frozen=True):
    """What a node may know while it is compiled: the installation's config, and the rule that it is compiled for."""

    config: Mapping[str, Any] = {}
    hints: Mapping[str, Hint] = {}
    params: Node | None = None
    event_name: Node | None = None


class Path(Node, frozen=True, tag="path"):
    names: tuple[str, ...]

    def __str__(self) -> str:
        return " or ".join(self.names)

    def build(self, _making: Making) -> Read:
        reads = [_reader(name) for name in self.names]
        return reads[0] if len(reads) == 1 else _first_filled(reads)

    def field(self) -> tuple[str, str] | None:
        """Root and key, where it is one field of an event's objects and no more."""
        root, _, key = self.names[0].partition(".")
        plain = len(self.names) == 1 and root in _MAPPINGS and key and "." not in key
        return (root, key) if plain else None


class Const(Node, frozen=True, tag="const"):
    value: Scalar

    def __str__(self) -> str:
        return msgspec.json.encode(self.value).decode()

    def build(self, _making: Making) -> Read:
        value = self.value
        return lambda _: value


class First(Node, frozen=True, tag="first"):
    of: tuple[Node, ...]

    def __str__(self) -> str:
        return ", else ".join(str(node) for node in self.of)

    def children(self) -> tuple[Node, ...]:
        return self.of

    def build(self, making: Making) -> Read:
        reads = tuple(node.build(making) for node in self.of)

        def read(scope: Scope) -> Any:
            for read_one in reads:
                value = read_one(scope)
                if value is not None:
                    return value
            return None

        return read


class Obj(Node, frozen=True, tag="object"):
    fields: Mapping[str, Node]

    def __str__(self) -> str:
        return "{" + ", ".join(f"{name}: {node}" for name, node in self.fields.items()) + "}"

    def children(self) -> tuple[Node, ...]:
        return tuple(self.fields.values())

    def build(self, making: Making) -> Read:
        reads = tuple((name, node.build(making)) for name, node in self.fields.items())

        def read(scope: Scope) -> Any:
            found = {}
            for name, read_one in reads:
                value = read_one(scope)
                if value is not None:
                    found[name] = value
            return found or None

        return read


class Merged(Node, frozen=True, tag="merged"):
    of: tuple[Node, ...]

    def __str__(self) -> str:
        return "; ".join(str(node) for node in self.of)

    def children(self) -> tuple[Node, ...]:
        return self.of

    def build(self, making: Making) -> Read:
        reads = tuple(node.build(making) for node in self.of)

        def read(scope: Scope) -> Any:
            found: dict[str, Any] = {}
            for read_one in reads:
                found.update(read_one(scope) or ())
            return found or None

        return read


class Required(Node, frozen=True, tag="required"):
    of: Node
    refusal: Refusal

    def __str__(self) -> str:
        return f"{self.of} (required)"

    def children(self) -> tuple[Node, ...]:
        return (self.of,)

    def build(self, making: Making) -> Read:
        read_one = self.of.build(making)
        ruling = self.refusal.ruling(making.hints)

        def read(scope: Scope) -> Any:
            value = read_one(scope)
            if value is None and scope.refusal is None:
                scope.refusal = ruling if scope.lines is None else _placed(ruling, scope)
            return value

        return read


class Wanted(Node, frozen=True, tag="wanted"):
    of: Node
    warning: str

    def __str__(self) -> str:
        return str(self.of)

    def children(self) -> tuple[Node, ...]:
        return (self.of,)

    def build(self, making: Making) -> Read:
        read_one = self.of.build(making)
        warning = self.warning

        def read(scope: Scope) -> Any:
            value = read_one(scope)
            if value is None:
                scope.warn(f"{scope.place}: {warning}")
            return value

        return read


class Unless(Node, frozen=True, tag="unless"):
    of: Node
    values: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.of}, unless it is one of {', '.join(self.values)}"

    def children(self) -> tuple[Node, ...]:
        return (self.of,)

    def build(self, making: Making) -> Read:
        read_one = self.of.build(making)
        blocked = frozenset(self.values)
        source = self.of

        def read(scope: Scope) -> Any:
            value = read_one(scope)
            if value is None or str(value).strip().lower() not in blocked:
                return value
            scope.warn(f"{source} is “{value}”, a placeholder that identifies nobody; it was left out.")
            return None

        return read


class FirstLine(Node, frozen=True, tag="first_line"):
    of: Node

    def __str__(self) -> str:
        return f"{self.of} (first line only)"

    def children(self) -> tuple[Node, ...]:
        return (self.of,)

    def build(self, making: Making) -> Read:
        read_one = self.of.build(making)
        return lambda scope: None if scope.line_index else read_one(scope)


class Once(Node, frozen=True, tag="once"):
    of: Node

    def __str__(self) -> str:
        return str(self.of)

    def children(self) -> tuple[Node, ...]:
        return (self.of,)

    def build(self, making: Making) -> Read:
        read_one = self.of.build(making)
        mark = object()

        def read(scope: Scope) -> Any:
            if scope.line_index == 0:
                scope.memo[mark] = read_one(scope)
            return scope.memo[mark]

        return read


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


def first_line(of: Node) -> FirstLine:
    """On the first line only, so that sums over lines are not multiplied."""
    return FirstLine(of)


def once(of: Node) -> Once:
    """The same on every line, so worked out on the first."""
    return Once(of)


def _placed(ruling: Any, scope: Scope) -> Any:
    return msgspec.structs.replace(ruling, cause=f"{ruling.cause} ({scope.place})")


def _first_filled(reads: list[Read]) -> Read:
    def read(scope: Scope) -> Any:
        for read_one in reads:
            value = read_one(scope)
            if value is not None and value != "":
                return value
        return None

    return read


def _reader(name: str) -> Read:
    root, *keys = name.split(".")
    if root in _MAPPINGS and keys:
        return _of_mapping(root, keys)
    if root == "timestamp" and not keys:
        return lambda scope: scope.timestamp
    if root in _OF_EVENT and not keys:
        return lambda scope: getattr(scope.event, root)
    raise ValueError(f"a path starts with one of {', '.join(sorted(ROOTS))}, not {name}")


def _of_mapping(root: str, keys: list[str]) -> Read:
    if len(keys) > 1:
        return _deep(root, keys)
    key = keys[0]
    if root == "line":
        return lambda scope: scope.line.get(key)
    if root == "properties":
        return lambda scope: scope.properties.get(key)
    if root == "traits":
        return lambda scope: scope.traits.get(key)
    return lambda scope: scope.context.get(key)


def _deep(root: str, keys: list[str]) -> Read:
    def read(scope: Scope) -> Any:
        value = getattr(scope, root)
        for key in keys:
            if not isinstance(value, dict):
                return None
            value = value.get(key)
        return value

    return read
