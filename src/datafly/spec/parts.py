"""Nodes that stand for what the rule at hand and the identity give to a request's body."""

from collections.abc import Iterator, Mapping
from typing import Any

from datafly.spec.nodes import Around, Node, obj
from datafly.spec.source import NOTHING, SCOPE, Making, Source


class Identified(Node, frozen=True, tag="identity"):
    field: str = ""

    def __str__(self) -> str:
        return f"identity.{self.field}" if self.field else "identity"

    def reads(self, making: Making) -> Iterator[str]:
        for node in making.identity.values():
            yield from node.reads(making)

    def write(self, source: Source) -> str:
        rows, identifiers = source.making.identity, source.making.identifiers
        if not self.field:
            identifying = {field: node for field, node in rows.items() if field in identifiers}
            return source.value(obj(identifying)) if identifying else NOTHING
        return source.value(rows[self.field]) if self.field in rows else NOTHING


class Params(Node, frozen=True, tag="params"):
    def __str__(self) -> str:
        return "the rule's parameters"

    def follows_line(self, making: Making) -> bool:
        return making.params is not None and making.params.follows_line(making)

    def reads(self, making: Making) -> Iterator[str]:
        if making.params:
            yield from making.params.reads(making)

    def write(self, source: Source) -> str:
        return source.value(source.making.params) if source.making.params else NOTHING


class EventName(Node, frozen=True, tag="event_name"):
    def __str__(self) -> str:
        return "the rule's event name"

    def follows_line(self, making: Making) -> bool:
        return making.event_name is not None and making.event_name.follows_line(making)

    def reads(self, making: Making) -> Iterator[str]:
        if making.event_name:
            yield from making.event_name.reads(making)

    def write(self, source: Source) -> str:
        return source.value(source.making.event_name) if source.making.event_name else NOTHING


class BySetting(Node, frozen=True, tag="by_setting"):
    setting: str
    options: Mapping[str, Node]

    def __str__(self) -> str:
        return "; ".join(f"{node} ({self.setting} is {option})" for option, node in self.options.items())

    def children(self) -> tuple[Node, ...]:
        return tuple(self.options.values())

    def follows_line(self, making: Making) -> bool:
        node = self.chosen(making)
        return node is not None and node.follows_line(making)

    def reads(self, making: Making) -> Iterator[str]:
        node = self.chosen(making)
        if node:
            yield from node.reads(making)

    def never(self, making: Making) -> bool:
        node = self.chosen(making)
        return node is None or node.never(making)

    def write(self, source: Source) -> str:
        node = self.chosen(source.making)
        return source.value(node) if node else NOTHING

    def chosen(self, making: Making) -> Node | None:
        return self.options.get(option_of(making.config.get(self.setting)))


class EachLine(Around, frozen=True, tag="each_line"):
    def __str__(self) -> str:
        return f"one per line: {self.of}"

    def follows_line(self, _making: Making) -> bool:
        return False

    def write(self, source: Source) -> str:
        made = source.name("each")
        if source.making.lines:
            source.line(f"{made} = []")
            with source.loop("for line_index, line in enumerate(lines)"):
                source.line(f"{SCOPE}.line_index = line_index")
                self._write_one(source, f"{made}.append({{}})")
            source.line(f"{made} = {made} or None")
        else:
            source.line(f"{made} = None")
            self._write_one(source, f"{made} = [{{}}]")
        return made

    def _write_one(self, source: Source, put: str) -> None:
        one = source.value(self.of)
        source.line(put.format(one) if source.is_sure(one) else f"if {one} is not None: {put.format(one)}")


def option_of(value: Any) -> str:
    """How an option of a setting is written: a flag is `true` or `false`."""
    return str(value).lower() if isinstance(value, bool) else str(value)


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
