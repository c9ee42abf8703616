"""Whose an item is, and what it is called: by where the definition's body puts identity and event name."""

from collections.abc import Iterator
from typing import Any

import msgspec

from datafly.spec.integration import Integration
from datafly.spec.nodes import Node, Obj
from datafly.spec.parts import EventName, Identified

Place = tuple[str, ...]


class Naming(msgspec.Struct, frozen=True):
    """`fields`: identifiers in the order of the definition, each with the places in an item where it may stand."""

    fields: tuple[tuple[str, tuple[Place, ...]], ...]
    names: tuple[Place, ...]

    def identifiers(self, *found: Any) -> dict[str, str]:
        """Those that are told in any of them."""
        told = ((field, _first(places, found)) for field, places in self.fields)
        return {field: value for field, value in told if value}

    def event_name(self, item: Any) -> str:
        return _first(self.names, (item,))


def naming_of(integration: Integration) -> Naming:
    bodies = [integration.body, *(node for rule in integration.rules for node in (rule.body, rule.group) if node)]
    bodies += [other.body for rule in integration.rules for other in rule.others]
    told: dict[str, dict[Place, None]] = {row.field: {} for row in integration.identity}
    names: dict[Place, None] = {}
    for at, mark in (one for body in bodies for one in _marks(body, ())):
        if isinstance(mark, EventName):
            names[at] = None
            continue
        for field in told if not mark.field else {mark.field} & told.keys():
            told[field][at if mark.field else (*at, field)] = None
    return Naming(tuple((field, tuple(places)) for field, places in told.items() if places), tuple(names))


def _marks(node: Node, at: Place) -> Iterator[tuple[Place, Identified | EventName]]:
    if isinstance(node, Identified | EventName):
        yield at, node
    elif isinstance(node, Obj):
        for name, child in node.fields.items():
            yield from _marks(child, (*at, name))
    else:
        for child in node.children():
            yield from _marks(child, at)


def _first(places: tuple[Place, ...], found: tuple[Any, ...]) -> str:
    values = (_at(one, place) for one in found for place in places)
    return next((str(value) for value in values if isinstance(value, str | int) and value != ""), "")


def _at(value: Any, place: Place) -> Any:
    for name in place:
        value = value.get(name) if isinstance(value, dict) else None
    return value
