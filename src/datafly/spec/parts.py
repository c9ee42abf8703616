"""Nodes that stand for what the rule at hand and the identity give to a request's body."""

from collections.abc import Mapping
from typing import Any

from datafly.spec.nodes import Making, Node
from datafly.spec.scope import Read, Scope


class Identified(Node, frozen=True, tag="identity"):
    field: str = ""

    def __str__(self) -> str:
        return f"identity.{self.field}" if self.field else "identity"

    def build(self, _making: Making) -> Read:
        field = self.field
        if field:
            return lambda scope: scope.identity.get(field)
        return lambda scope: scope.identity or None


class Params(Node, frozen=True, tag="params"):
    def __str__(self) -> str:
        return "the rule's parameters"

    def build(self, making: Making) -> Read:
        return making.params.build(making) if making.params else _nothing


class EventName(Node, frozen=True, tag="event_name"):
    def __str__(self) -> str:
        return "the rule's event name"

    def build(self, making: Making) -> Read:
        return making.event_name.build(making) if making.event_name else _nothing


class BySetting(Node, frozen=True, tag="by_setting"):
    setting: str
    options: Mapping[str, Node]

    def __str__(self) -> str:
        return "; ".join(f"{node} ({self.setting} is {option})" for option, node in self.options.items())

    def children(self) -> tuple[Node, ...]:
        return tuple(self.options.values())

    def build(self, making: Making) -> Read:
        node = self.options.get(making.config.get(self.setting, ""))
        return node.build(making) if node else _nothing


class EachLine(Node, frozen=True, tag="each_line"):
    of: Node

    def __str__(self) -> str:
        return f"one per line: {self.of}"

    def children(self) -> tuple[Node, ...]:
        return (self.of,)

    def build(self, making: Making) -> Read:
        read_one = self.of.build(making)

        def read(scope: Scope) -> Any:
            if scope.lines is None:
                return _filled([read_one(scope)])
            made = []
            for index, line in enumerate(scope.lines):
                scope.line_index, scope.line = index, line
                made.append(read_one(scope))
            return _filled(made)

        return read


def _filled(made: list[Any]) -> list[Any] | None:
    return [one for one in made if one is not None] or None


def _nothing(_: Scope) -> None:
    return None


def identified(field: str = "") -> Identified:
    """The identity of the user: one field of it, or all that have a value."""
    return Identified(field)


def by_setting(setting: str, **options: Node) -> BySetting:
    """What the installation's `setting` chooses, decided when it is compiled; nothing for an option not named."""
    return BySetting(setting, options)


def params() -> Params:
    return Params()


def rule_event_name() -> EventName:
    return EventName()


def each_line(of: Node) -> EachLine:
    """A list with one of these per line of the event; with one if the rule knows no lines."""
    return EachLine(of)
