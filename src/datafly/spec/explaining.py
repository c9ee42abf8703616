"""Where each value of what is sent for an event comes from. It looks at one node after the other; nothing is quick."""

from collections.abc import Callable, Iterator
from typing import Any, Final, TypeGuard

import msgspec

from datafly.model.verdict import Ruling
from datafly.spec.bounds import Cut, Trimmed
from datafly.spec.choices import Absent, Configured, Given, Keyed, Lookup
from datafly.spec.combine import Distinct
from datafly.spec.consenting import Choices, Chosen
from datafly.spec.convert import Convert
from datafly.spec.integration import Integration, Rule
from datafly.spec.names import snake_key
from datafly.spec.nodes import Around, Const, First, ListOf, Merged, Node, Obj, Path
from datafly.spec.override_nodes import Overriding, Plain, ValueMapped, When
from datafly.spec.parts import BySetting, EachLine, EventName, Identified, Params
from datafly.spec.records import Records
from datafly.spec.rest import Rest
from datafly.spec.rule import LineFinder, compile_node, making_of
from datafly.spec.scope import Scope
from datafly.spec.source import SCOPE, Making, Source

EVENT: Final = "event"
SETTING: Final = "setting"
CONSTANT: Final = "constant"
DEFAULT: Final = "default"
CONSENT: Final = "consent"
DERIVED: Final = "derived"


class Origin(msgspec.Struct, frozen=True):
    """`path`: of the value in the item. `kind`: event, setting, constant, default (for want of another), consent,
    derived. `source`: the path of the event, the setting, the category, or the words of the mapping. `sent`: the value
    as it was sent, where it was changed on the way, by `steps`. `override`: the entry that says so.
    """

    path: str
    value: Any
    kind: str
    source: str
    sent: Any = None
    steps: tuple[str, ...] = ()
    override: str | None = None


class ExplainedItem(msgspec.Struct, frozen=True):
    """`route` and `part` as the item's; `group`: of what it has in common with others."""

    route: str
    part: str
    origins: tuple[Origin, ...]
    group: tuple[Origin, ...] = ()


Explained = tuple[ExplainedItem, ...]
"""Of the items of an event, in sending order."""


def explain_rule(integration: Integration, rule: Rule, making: Making) -> Callable[[Scope], Explained | Ruling]:
    """Like `write_rule`, for where values come from."""

    def explained(scope: Scope) -> Explained | Ruling:
        whole = making_of(integration, rule, making)
        explaining = _Explaining(whole, scope)
        if rule.lines:
            lines = LineFinder(rule.lines, whole).lines(scope, explaining.value(rule.lines.of))
            if isinstance(lines, Ruling):
                return lines
            explaining.lines = lines
        group = tuple(explaining.origins(rule.group, "")) if rule.group else ()
        bodies = [(one.route, "", one.body, False) for one in rule.ahead]
        is_history = scope.event.historical and rule.historical_route is not None
        route = (rule.historical_route or "") if is_history else rule.route
        bodies += [(route, rule.part, rule.body or integration.body, False)]
        bodies += [(one.route, one.part, one.body, one.spread) for one in rule.more]
        found = [
            (route, part, origins)
            for route, part, body, is_list in bodies
            for origins in explaining.items(body, is_list=is_list)
        ]
        return tuple(ExplainedItem(route, part, origins, group) for route, part, origins in found if origins)

    return explained


class _Seen(msgspec.Struct, frozen=True):
    """What was said of a value by the nodes around the one at hand; `value` counts once `is_known`."""

    value: Any = None
    is_known: bool = False
    steps: tuple[str, ...] = ()
    override: str | None = None
    is_fallback: bool = False


_NOTHING_SEEN: Final = _Seen()
_MADE: Final[dict[type[Node], Callable[[Any], str]]] = {
    Lookup: lambda _: "looked up",
    ValueMapped: lambda _: "by the value map",
    Plain: lambda _: "",
    When: lambda node: f"if {node.condition}",
    Records: lambda node: f"objects of {', '.join(node.fields)}",
    Convert: lambda node: f"as {node.to.replace('_', ' ')}",
}


class _Explaining:
    def __init__(self, making: Making, scope: Scope) -> None:
        self.lines: list[dict[str, Any]] | None = None
        self._making = making
        self._scope = scope
        self._compiled: dict[str, Callable[[Scope], Any]] = {}

    def value(self, node: Node) -> Any:
        key = repr(node)
        run = self._compiled.get(key)
        if run is None:
            run = self._compiled[key] = self._function(node)
        found = run(self._scope)
        return None if isinstance(found, Ruling) else found

    def items(self, body: Node, *, is_list: bool) -> list[tuple[Origin, ...]]:
        """Of each item; the value of `body`, or what is in it where it is a list."""
        origins = tuple(self.origins(body, ""))
        if not is_list:
            return [origins]
        each: dict[str, list[Origin]] = {}
        for origin in origins:
            place, _, path = origin.path.partition("].")
            each.setdefault(place, []).append(msgspec.structs.replace(origin, path=path))
        return [tuple(own) for own in each.values()]

    def origins(self, node: Node, path: str, seen: _Seen = _NOTHING_SEEN) -> Iterator[Origin]:
        if self.value(node) is None:
            return
        if isinstance(node, Overriding):
            seen = msgspec.structs.replace(seen, override=node.entry)
        stood_for = self._stood_for(node)
        if stood_for is not None:
            yield from self.origins(stood_for, path, seen)
        elif type(node) in _MADE:
            yield from self._changed(node, path, seen)
        else:
            yield from self._by_kind(node, path, seen)

    def _by_kind(self, node: Node, path: str, seen: _Seen) -> Iterator[Origin]:
        if isinstance(node, Obj):
            for name, child in node.fields.items():
                yield from self.origins(child, _joined(path, name), seen)
        elif isinstance(node, Merged):
            yield from self._merged(node, path, seen)
        elif isinstance(node, EachLine | ListOf):
            yield from self._listed(node, path, seen)
        elif isinstance(node, First):
            yield from self._first(node, path, seen)
        elif isinstance(node, Trimmed | Cut):
            yield from self._left(node, path, seen)
        else:
            yield from self._leaves(node, path, seen)

    def _stood_for(self, node: Node) -> Node | None:
        """The node whose value it is."""
        making: Making = self._making
        found: Any = None
        if isinstance(node, Identified):
            found = self._identity(node)
        elif isinstance(node, Params):
            found = making.params
        elif isinstance(node, EventName):
            found = making.event_name
        elif isinstance(node, BySetting):
            found = node.chosen(making)
        elif isinstance(node, Keyed):
            found = Obj({str(making.config.get(node.name)): node.of})
        elif isinstance(node, Given | Absent) or _is_passed(node):
            found = node.of
        return found  # type: ignore[no-any-return]

    def _identity(self, node: Identified) -> Any:
        rows = self._making.identity
        if node.field:
            return rows.get(node.field)
        return Obj({field: one for field, one in rows.items() if field in self._making.identifiers})

    def _changed(self, node: Any, path: str, seen: _Seen) -> Iterator[Origin]:
        """A node that makes another value of one; of a path with several names, the one that it was made of."""
        of = node.of
        if isinstance(node, Convert) and isinstance(of, Path) and len(of.names) > 1:
            each = (msgspec.structs.replace(node, of=Path((name,))) for name in of.names)
            node = next((one for one in each if self.value(one) is not None), node)
            of = node.of
        value = seen.value if seen.is_known else self.value(node)
        said = _MADE[type(node)](node)
        changes = said and not (isinstance(node, Convert) and self.value(of) == value)
        steps = (said, *seen.steps) if changes else seen.steps
        yield from self.origins(of, path, msgspec.structs.replace(seen, value=value, is_known=True, steps=steps))

    def _left(self, node: Trimmed | Cut, path: str, seen: _Seen) -> Iterator[Origin]:
        """Of an object, what is left of it."""
        left = self.value(node)
        for origin in self.origins(node.of, path, seen):
            name = origin.path.removeprefix(path).removeprefix(".")
            if not name:
                yield msgspec.structs.replace(origin, value=left)
            elif name in left:
                yield msgspec.structs.replace(origin, value=left[name])
            elif _head(name) in left:
                yield origin

    def _merged(self, node: Merged, path: str, seen: _Seen) -> Iterator[Origin]:
        """Of a name that several parts have, the last one's."""
        parts = [(part, self.value(part) or {}) for part in node.of]
        for index, (part, _) in enumerate(parts):
            later = {name for _, value in parts[index + 1 :] for name in value}
            for origin in self.origins(part, path, seen):
                name = _head(origin.path.removeprefix(path).removeprefix("."))
                if name not in later:
                    yield origin

    def _listed(self, node: EachLine | ListOf, path: str, seen: _Seen) -> Iterator[Origin]:
        if isinstance(node, ListOf):
            yield from self.origins(node.of, f"{path}[0]", seen)
            return
        place = 0
        for index in range(len(self.lines) if self.lines is not None else 1):
            self._scope.line_index = index
            if self.value(node.of) is not None:
                yield from self.origins(node.of, f"{path}[{place}]", seen)
                place += 1

    def _first(self, node: First, path: str, seen: _Seen) -> Iterator[Origin]:
        for index, one in enumerate(node.of):
            if self.value(one) is not None:
                yield from self.origins(one, path, msgspec.structs.replace(seen, is_fallback=index > 0))
                return

    def _leaves(self, node: Node, path: str, seen: _Seen) -> Iterator[Origin]:
        found = self.value(node)
        if isinstance(node, Rest):
            for key, value in found.items():
                yield Origin(_joined(path, key), value, EVENT, self._named(f"{node.of}.{self._sent_name(node, key)}"))
        elif isinstance(node, Choices):
            for key, value in found.items():
                yield Origin(_joined(path, key), value, CONSENT, key.removeprefix(node.prefix))
        else:
            value = seen.value if seen.is_known else found
            sent = found if seen.is_known and found != value else None
            kind, source = self._kind(node, seen)
            yield Origin(path, value, kind, source, sent, seen.steps, seen.override)

    def _kind(self, node: Node, seen: _Seen) -> tuple[str, str]:
        if isinstance(node, Path):
            names = [name for name in node.names if self.value(Path((name,))) not in (None, "")]
            return EVENT, self._named((names or [*node.names])[0])
        if isinstance(node, Const):
            return (DEFAULT if seen.is_fallback else CONSTANT), str(node)
        if isinstance(node, Configured):
            return SETTING, node.name
        return (CONSENT, node.category) if isinstance(node, Chosen) else (DERIVED, str(node))

    def _named(self, words: str) -> str:
        return self._scope.name(words)

    def _sent_name(self, node: Rest, key: str) -> str:
        """The name under which it came; of what was laid flat, its path."""
        outer = {"line": self._line(), "properties": self._scope.properties, "traits": self._scope.traits}
        sent = outer.get(node.of, self._scope.group_traits)
        return next((name for name in _flat(sent) if snake_key(f"{node.prefix}{name.replace('.', '_')}") == key), key)

    def _line(self) -> dict[str, Any]:
        return self.lines[self._scope.line_index] if self.lines else self._scope.properties

    def _function(self, node: Node) -> Callable[[Scope], Any]:
        if not self._making.lines:
            return compile_node(node, self._making)
        source = Source(self._making)
        source.line(f"lines, line_index = {source.bind(self._all_lines, 'lines')}(), {SCOPE}.line_index")
        source.line(f"line = {source.bind(self._line, 'line')}()")
        source.line(f"return {source.value(node)}")
        return source.function("a node")

    def _all_lines(self) -> list[dict[str, Any]]:
        return self.lines or []


def _is_passed(node: Node) -> TypeGuard[Around]:
    """A node around another's value, which it checks and does not change."""
    own = EachLine | ListOf | Distinct | Trimmed | Cut
    return isinstance(node, Around) and type(node) not in _MADE and not isinstance(node, own)


def _flat(sent: dict[str, Any], outer: str = "") -> Iterator[str]:
    for name, value in sent.items():
        yield outer + name
        if isinstance(value, dict):
            yield from _flat(value, f"{outer}{name}.")


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _head(path: str) -> str:
    return path.split(".", 1)[0].split("[", 1)[0]
