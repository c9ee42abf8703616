"""The mapping of one installation as a person sees it: each event, and each value with the words of its node."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from datafly.spec.choices import Absent, Given, Refused
from datafly.spec.integration import Integration, Rule
from datafly.spec.nodes import Around, First, FirstLine, Merged, Node, Obj, Required, Wanted
from datafly.spec.override_nodes import Holds, Overriding
from datafly.spec.parts import BySetting, EachLine, EventName, Identified, Params
from datafly.spec.rule import making_of
from datafly.spec.source import Making


class MappedValue(msgspec.Struct, frozen=True):
    """`path`: in the item, `[]` for any place of a list; of what stands beside others, e.g. all custom fields, its
    object; of a further item it begins with its key. `source`: the mapping's words. `override`: the entry of the
    overrides that says so.
    """

    path: str
    source: str
    required: bool
    override: str | None


class MappedEvent(msgspec.Struct, frozen=True):
    """`name`: what it is called at the vendor, null where it has no name there. `conditions`: of the overrides."""

    event: str
    concept: str
    note: str
    name: str | None
    enabled: bool
    conditions: tuple[str, ...]
    values: tuple[MappedValue, ...]


def mapped_events(integration: Integration, config: Mapping[str, Any]) -> tuple[MappedEvent, ...]:
    """`integration` as overrides made it, `config` complete; rules that the config switches off are left out."""
    return tuple(_event(integration, rule, config) for rule in integration.rules if rule.holds(config))


def _event(integration: Integration, rule: Rule, config: Mapping[str, Any]) -> MappedEvent:
    making = making_of(integration, rule, Making(config=config))
    looking = _Looking(making)
    name = looking.chosen(making.event_name) if making.event_name is not None else None
    return MappedEvent(
        event=rule.event,
        concept=rule.concept,
        note=rule.note,
        name=None if name is None else str(name).strip('"'),
        enabled=not any(isinstance(gate, Refused) for gate in rule.gates),
        conditions=tuple(gate.condition for gate in rule.gates if isinstance(gate, Holds)),
        values=(
            *looking.values(rule.body or integration.body, ""),
            *(value for one in rule.more if one.key for value in looking.values(one.body, one.key)),
        ),
    )


class _Looking:
    def __init__(self, making: Making) -> None:
        self._making = making

    def chosen(self, node: Node) -> Node | None:
        """What the config chooses."""
        return node.chosen(self._making) if isinstance(node, BySetting) else node

    def values(
        self, node: Node, path: str, *, required: bool = False, override: str | None = None
    ) -> Iterator[MappedValue]:
        if node.never(self._making):
            return
        if isinstance(node, Overriding):
            override = node.entry
        required = required or isinstance(node, Required)
        inner = list(self._inner(node, path))
        for child, place in inner:
            yield from self.values(child, place, required=required and len(inner) == 1, override=override)
        if not inner:
            yield MappedValue(path, str(node), required, override)

    def _inner(self, node: Node, path: str) -> Iterator[tuple[Node, str]]:
        """Children that stand for themselves, and where; none of a node that makes a value."""
        making: Making = self._making
        if isinstance(node, Obj):
            yield from ((child, f"{path}.{name}" if path else name) for name, child in node.fields.items())
        elif isinstance(node, Merged):
            yield from ((child, path) for child in node.of)
        elif isinstance(node, EachLine):
            yield node.of, f"{path}[]"
        elif isinstance(node, Params) and making.params:
            yield making.params, path
        elif isinstance(node, EventName) and making.event_name:
            yield making.event_name, path
        elif isinstance(node, Identified):
            yield from self._identity(node, path)
        elif isinstance(node, BySetting) and (found := self.chosen(node)):
            yield found, path
        elif isinstance(node, Around) and (isinstance(node, Overriding) or self._is_object(node.of) or _checks(node)):
            yield node.of, path
        elif isinstance(node, Given | Absent | First) and self._is_object(node):
            yield (node.of[0] if isinstance(node, First) else node.of), path

    def _identity(self, node: Identified, path: str) -> Iterator[tuple[Node, str]]:
        rows: Mapping[str, Any] = self._making.identity
        if node.field:
            yield from ((rows[node.field], path) for _ in [0] if node.field in rows)
        else:
            yield from ((one, f"{path}.{name}") for name, one in rows.items() if name in self._making.identifiers)

    def _is_object(self, node: Node) -> bool:
        return any(isinstance(one, Obj) for one in node.walk())


def _checks(node: Around) -> bool:
    return isinstance(node, Required | Wanted | FirstLine)
