"""A rule, with the identity and body that it stands in → one function from an event to what is sent for it."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from datafly.model.taxonomy import is_single
from datafly.model.verdict import Ruling
from datafly.spec.compiled import Shaped
from datafly.spec.integration import Integration, Lines, Rule
from datafly.spec.items import Itemiser
from datafly.spec.nodes import Const, Node
from datafly.spec.scope import Scope
from datafly.spec.source import NOTHING, SCOPE, Making, Source

Written = Callable[[Scope], Shaped]
_DAY_MS: Final = 86_400_000


def write_rule(integration: Integration, rule: Rule, making: Making) -> Written:
    """`making` holds the config and the hints. What the function gives is in sending order, or a ruling."""
    source = Source(making_of(integration, rule, making))
    for gate in rule.gates:
        source.value(gate)
    _write_identity(integration, source)
    _write_age(integration, rule, source)
    _write_preparation(rule, source)
    body = source.value(rule.body or integration.body)
    group = source.value(rule.group) if rule.group else NOTHING
    ahead = [one for one in rule.ahead if not one.body.never(source.making)]
    more = [one for one in rule.more if not one.body.never(source.making)]
    bodies = [source.value(one.body) for one in ahead] + [source.value(one.body) for one in more]
    items = source.bind(Itemiser(integration, rule, ahead, more).items, "items")
    source.line(f"return {items}({', '.join([SCOPE, body, group, *bodies])})")
    return source.function(f"{integration.slug}: {rule.event}")


def making_of(integration: Integration, rule: Rule, making: Making) -> Making:
    """`making` with what a rule and the identity give."""
    name = Const(rule.name) if isinstance(rule.name, str) else rule.name
    at_hand = msgspec.structs.replace(
        making, params=rule.params, event_name=name if rule.name else None, lines=bool(rule.lines)
    )
    return _with_reads(integration, rule, _with_identity(integration, at_hand))


def _with_identity(integration: Integration, making: Making) -> Making:
    rows = [row for row in integration.identity if row.value]
    identifying = (row.field for row in rows if not row.identifies_if or making.config.get(row.identifies_if) is True)
    identity = {row.field: row.value for row in rows}
    return msgspec.structs.replace(making, identity=identity, identifiers=frozenset(identifying))


def _with_reads(integration: Integration, rule: Rule, making: Making) -> Making:
    nodes = [rule.body or integration.body, *(one.body for one in rule.others), *making.identity.values()]
    nodes += [rule.group] if rule.group else []
    nodes += [rule.former] if rule.former else []
    if rule.lines:
        nodes.append(rule.lines.of)
    read = {name for node in nodes for name in node.reads(making)}
    return msgspec.structs.replace(making, reads=frozenset(read | {f"properties.{name}" for name in rule.ignores}))


def _write_identity(integration: Integration, source: Source) -> None:
    for row in integration.identity:
        if row.value is None:
            continue
        value = source.value(row.value)
        if row.required is not None:
            ruling = source.bind(row.required.ruling(source.making.hints), "ruling")
            source.line(f"if {value} is None: return {ruling}")
            source.sure(value)


def _write_age(integration: Integration, rule: Rule, source: Source) -> None:
    if rule.kept_days is not None and integration.too_old is not None:
        ruling = source.bind(integration.too_old.ruling(source.making.hints), "ruling")
        kept_ms = rule.kept_days * _DAY_MS
        source.line(f"if {SCOPE}.now_ms - {SCOPE}.event.timestamp_ms > {kept_ms}: return {ruling}")


def _write_preparation(rule: Rule, source: Source) -> None:
    if rule.ignores:
        ignored = source.bind(_Ignored(rule.event, frozenset(rule.ignores)), "ignored")
        source.line(f"if not {ignored}.names.isdisjoint({source.root('properties')}): {ignored}.warn({SCOPE})")
    if rule.lines:
        finder = source.bind(LineFinder(rule.lines, source.making).lines, "lines_of")
        source.line(f"lines = {finder}({SCOPE}, {source.value(rule.lines.of)})")
        source.line("if type(lines) is not list: return lines")
        source.line(f"{source.root('properties')} = {SCOPE}.properties")


class _Ignored(msgspec.Struct, frozen=True):
    event: str
    names: frozenset[str]

    def warn(self, scope: Scope) -> None:
        for name in sorted(self.names & scope.properties.keys()):
            if name == "products" and is_single(self.event):
                scope.warn(f"A {self.event} event is about one product: of properties.products the first is sent.")
            else:
                scope.warn(f"properties.{name} is not sent with a {self.event} event.")


class LineFinder:
    """The lines of an event; of one without, itself as its only line, if it may be; else the ruling."""

    def __init__(self, lines: Lines, making: Making) -> None:
        self._of = str(lines.of)
        self._none: list[dict[str, Any]] | Ruling = lines.none.ruling(making.hints) if lines.none else [{}]
        self._stand_in = lines.stand_in if making.config.get(lines.stand_in_if) is True else {}
        self._alone = frozenset(lines.alone)
        self._alone_if = frozenset(lines.alone_if)

    def lines(self, scope: Scope, sent: Any) -> list[dict[str, Any]] | Ruling:
        found = [line for line in sent if type(line) is dict] if type(sent) is list else []
        if not found:
            return self._itself(scope)
        scope.lines = found
        if len(found) < len(sent):
            scope.warn(f"{self._of} holds something that is no object; it was left out.")
        return found

    def _itself(self, scope: Scope) -> list[dict[str, Any]] | Ruling:
        own = scope.properties
        if not self._alone_if or not self._alone_if <= own.keys():
            return self._stood_in(own)
        scope.properties = {name: value for name, value in own.items() if name not in self._alone}
        return [{name: value for name, value in own.items() if name in self._alone}]

    def _stood_in(self, own: dict[str, Any]) -> list[dict[str, Any]] | Ruling:
        found = {
            field: next((own[name] for name in names if name in own), None) for field, names in self._stand_in.items()
        }
        return [found] if found else self._none


def compile_node(node: Node, making: Making | None = None) -> Callable[[Scope], Any]:
    """One node as a function of its own: its value, or the ruling with which it refuses. For lint and tests."""
    source = Source(making or Making())
    if source.making.lines:
        source.line(f"lines = {SCOPE}.lines")
    source.line(f"return {source.value(node)}")
    return source.function("a node")
