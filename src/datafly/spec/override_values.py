"""One mapping of an operator's → the node of its value, or what is wrong with it."""

import re
from collections.abc import Iterator
from typing import Any, Final

from datafly.model.overrides import FieldMapping
from datafly.spec.convert import CONVERTERS, Convert
from datafly.spec.integration import Overridable, Place
from datafly.spec.nodes import OBJECTS, ROOTS, Const, First, Node, Path
from datafly.spec.override_nodes import Overriding, Plain, ValueMapped, When
from datafly.spec.setting import Problem

_CAMEL: Final = {
    "".join([first, *(part.capitalize() for part in rest)]): root
    for root in ROOTS
    for first, *rest in [root.split("_")]
}
"""contracts/signal.md §5.3: `userId` and `user_id` are one."""
_DEEPEST: Final = 10


class WrongError(Exception):
    """`field`: of the mapping."""

    def __init__(self, field: str, problem: Problem) -> None:
        super().__init__(problem.says)
        self.field = field
        self.problem = problem


def place_of(overridable: Overridable, target: str) -> tuple[Place, str]:
    """The place that a target is in, and the name in it. Raises `WrongError`."""
    for place in sorted(overridable.places, key=lambda one: -len(one.path)):
        name = target.removeprefix(f"{place.path}.")
        if name == target:
            continue
        _require_name(place, name)
        return place, name
    known = ", ".join(f"{place.path}.…" for place in overridable.places)
    alike = " or ".join(f"{place.path}.{target}" for place in overridable.places if target in place.fields)
    says = f"{target} is no place for a value{f', {alike} is' if alike else ''}; there is {known}"
    raise WrongError("target", Problem("unknown", says))


def node_of(mapping: FieldMapping, kind: str | None, entry: str) -> Node | None:
    """None where the value is to be left out. `kind`: the converter of the vendor's own field, None for a name of the
    operator's own. Raises `WrongError`.
    """
    for field, problem in _contradictions(mapping):
        raise WrongError(field, problem)
    if mapping.omit:
        return None
    node: Node = _constant(mapping.value, kind, "value") if mapping.value is not None else _read(mapping, kind)
    if mapping.condition is not None:
        require_condition(mapping.condition)
        node = When(node, mapping.condition)
    return Overriding(node, entry)


def require_condition(text: str) -> None:
    from datafly.spec.condition import Fault, read_condition  # noqa: PLC0415 - as in `override_nodes`

    found = read_condition(text)
    if isinstance(found, Fault):
        raise WrongError("condition", Problem("condition", str(found)))


def source_of(text: str) -> str:
    """The path as the mapping language writes it. Raises `WrongError`."""
    root, *keys = text.split(".")
    root = _CAMEL.get(root, root)
    if root not in ROOTS:
        raise WrongError("source", Problem("unknown", f"{text} begins with none of {', '.join(sorted(ROOTS))}"))
    if (root in OBJECTS) != bool(keys) or len(keys) > _DEEPEST or not all(keys):
        right = f"{root}.name" if root in OBJECTS else root
        raise WrongError("source", Problem("form", f"{text} is no path of an event; it is written {right}"))
    return ".".join([root, *keys])


def _read(mapping: FieldMapping, kind: str | None) -> Node:
    node: Node = Path((source_of(mapping.source or ""),))
    if mapping.value_map:
        values = {sent: _constant(value, kind, "value_map").value for sent, value in mapping.value_map.items()}
        node = ValueMapped(node, values)
    if mapping.transform is not None:
        _require_transform(mapping.transform)
        node = Convert(mapping.transform, node)
    node = _kept(node, mapping, kind)
    if mapping.default_value is None:
        return node
    return First((node, _constant(mapping.default_value, kind, "default_value")))


def _kept(node: Node, mapping: FieldMapping, kind: str | None) -> Node:
    """As the vendor's own field must be."""
    if kind is None:
        return node if mapping.transform else Plain(node)
    return node if mapping.transform == kind else Convert(kind, node)


def _constant(value: Any, kind: str | None, field: str) -> Const:
    if kind is None:
        return Const(value)
    converter = CONVERTERS[kind]
    converted = converter.convert(value)
    if converted is None:
        raise WrongError(field, Problem("type", f"{value!r} is not {converter.says}"))
    return Const(converted)


def _contradictions(mapping: FieldMapping) -> Iterator[tuple[str, Problem]]:
    said = {"source": mapping.source is not None, "value": mapping.value is not None, "omit": mapping.omit}
    given = [name for name, is_given in said.items() if is_given]
    if len(given) != 1:
        yield "source", Problem("choice", "must be given, or value, or omit; exactly one of them")
    elif given != ["source"]:
        for field in ("transform", "value_map", "default_value"):
            if getattr(mapping, field):
                yield field, Problem("extra", f"goes with a source, not with {given[0]}")
        if mapping.omit and mapping.condition is not None:
            yield "condition", Problem("extra", "goes with a source or a value, not with omit")


def _require_name(place: Place, name: str) -> None:
    if name in place.fields or (place.own_names and re.fullmatch(place.own_names, name)):
        return
    own = f"; a name of your own {place.own_names_say}" if place.own_names else ""
    known = f"; there is {', '.join(place.fields)}" if place.fields else ""
    raise WrongError("target", Problem("unknown", f"{name} is no name in {place.path}{known}{own}"))


def _require_transform(name: str) -> None:
    if name not in CONVERTERS:
        raise WrongError("transform", Problem("choice", f"{name} is none of {', '.join(CONVERTERS)}"))
