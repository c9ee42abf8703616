"""Changes of a body at a place in it: the tree of nodes anew, with one value put in, replaced or left out."""

from collections.abc import Callable, Sequence

import msgspec

from datafly.spec.bounds import AtMost, Cut, Sized, Trimmed
from datafly.spec.choices import Absent, Barred, Capped, Given, Keyed, Refused, Registered
from datafly.spec.combine import Always, Joined, Several, Times, Where
from datafly.spec.convert import Convert
from datafly.spec.integration import More, Place, Rule
from datafly.spec.nodes import Around, Const, First, FirstLine, ListOf, Merged, Node, Obj, Required, Wanted
from datafly.spec.parts import BySetting, EachLine, EventName, Params
from datafly.spec.rest import Rest
from datafly.spec.source import Making

_STAY = (Required, Wanted, FirstLine, Registered, Barred, Capped, Cut, Always, Sized, AtMost, Trimmed)
"""What a vendor needs of a value, whoever says what the value is."""

Change = Callable[[Node], Node]


class NoPlaceError(Exception):
    """The body has no such place."""


class NeededError(Exception):
    """The vendor needs what is to be left out."""


def body_at(rule: Rule, place: Place, own: Node) -> Node | None:
    """What the place is looked for in: the rule's body, else `own`, or that of a further item; None if it has not."""
    if place.of:
        found: More | None = next((one for one in rule.more if one.key == place.of), None)
        return found.body if found else None
    has_it = place.routes is None or rule.route in place.routes
    return (rule.body or own) if has_it else None


def with_body_at(rule: Rule, place: Place, body: Node, former: Node) -> Rule:
    """What `former` read counts as read all the same."""
    read = First((rule.former, former)) if rule.former else former
    if not place.of:
        return msgspec.structs.replace(rule, body=body, former=read)
    more = tuple(msgspec.structs.replace(one, body=body) if one.key == place.of else one for one in rule.more)
    return msgspec.structs.replace(rule, more=more, former=read)


def chosen(node: Node, making: Making) -> Node:
    """With what the config chooses in the place of every choice."""
    found = node.chosen(making) if isinstance(node, BySetting) else None
    return chosen(found, making) if found is not None else with_children(node, lambda child: chosen(child, making))


def inlined(node: Node, params: Node | None) -> Node:
    """With the rule's parameters in their place."""
    if isinstance(node, Params):
        return params or node
    return with_children(node, lambda child: inlined(child, params))


def put(node: Node, steps: Sequence[str], new: Node) -> Node:
    """`new` at the end of `steps`, where the place before the last of them exists. Raises `NoPlaceError`."""
    if not steps:
        return msgspec.structs.replace(node, of=put(node.of, steps, new)) if isinstance(node, _STAY) else new
    if isinstance(node, Obj):
        return _put_in(node, steps, new)
    if isinstance(node, Merged):
        return _put_in_one(node, steps, new)
    if len(steps) == 1 and not isinstance(node, _STAY) and not _is_around_an_object(node):
        return Merged((_without_any(node, steps[0]), Obj({steps[0]: new})))
    return _inside(node, lambda child: put(child, steps, new))


def left_out(node: Node, steps: Sequence[str]) -> Node:
    """Without what is at the end of `steps`. Raises `NoPlaceError`, `NeededError`."""
    if isinstance(node, Obj):
        if steps[0] not in node.fields:
            raise NoPlaceError
        if len(steps) == 1:
            _require_free(node.fields[steps[0]])
            return Obj({name: child for name, child in node.fields.items() if name != steps[0]})
        return Obj({**node.fields, steps[0]: left_out(node.fields[steps[0]], steps[1:])})
    if isinstance(node, Merged):
        return Merged(_each(node.of, lambda part: left_out(part, steps)))
    if isinstance(node, Rest) and len(steps) == 1:
        return _without(node, steps[0])
    return _inside(node, lambda child: left_out(child, steps))


def renamed(node: Node, name: Node) -> Node:
    """Another name for an event; what a setting refuses stays refused."""
    if isinstance(node, BySetting):
        return BySetting(node.setting, {option: renamed(child, name) for option, child in node.options.items()})
    return node if isinstance(node, Refused) else name


def settled(template: Node, name: str) -> Node:
    """`name` for what the template makes of it, within what it says of names that are not registered."""
    if isinstance(template, Registered):
        return msgspec.structs.replace(template, of=Const(name))
    return Const(name)


def has_event_name(body: Node) -> bool:
    return any(isinstance(node, EventName) for node in body.walk())


def with_children(node: Node, change: Change) -> Node:
    """The same node around changed children."""
    if isinstance(node, Obj):
        return Obj({name: change(child) for name, child in node.fields.items()})
    if isinstance(node, BySetting):
        return BySetting(node.setting, {option: change(child) for option, child in node.options.items()})
    if isinstance(node, First | Merged | Joined | Times | Several):
        return msgspec.structs.replace(node, of=tuple(change(child) for child in node.of))
    if isinstance(node, Given | Absent | Where):
        return msgspec.structs.replace(node, condition=change(node.condition), of=change(node.of))
    if isinstance(node, Around | Convert | Keyed):
        return msgspec.structs.replace(node, of=change(node.of))
    return node


def _is_around_an_object(node: Node) -> bool:
    """A list of objects, or an object under a condition: the value goes into the object."""
    if isinstance(node, EachLine | ListOf | Given | Absent):
        return isinstance(node.of, Obj | Merged) or _is_around_an_object(node.of)
    return False


def _put_in(node: Obj, steps: Sequence[str], new: Node) -> Obj:
    name, *rest = steps
    if name in node.fields:
        return Obj({**node.fields, name: put(node.fields[name], rest, new)})
    if len(rest) > 1:
        raise NoPlaceError
    return Obj({**node.fields, name: Obj({rest[0]: new}) if rest else new})


def _put_in_one(node: Merged, steps: Sequence[str], new: Node) -> Merged:
    """Where it is already; else behind all parts, so that it counts."""
    if len(steps) == 1:
        parts = tuple(_without_any(part, steps[0]) for part in node.of)
        there = [index for index, part in enumerate(parts) if isinstance(part, Obj) and steps[0] in part.fields]
        if not there:
            return Merged((*parts, Obj({steps[0]: new})))
        last = there[-1]
        return Merged(tuple(put(part, steps, new) if index == last else part for index, part in enumerate(parts)))
    return Merged(_each(node.of, lambda part: put(part, steps, new)))


def _without_any(node: Node, name: str) -> Node:
    return _without(node, name) if isinstance(node, Rest) else node


def _without(node: Rest, name: str) -> Rest:
    return msgspec.structs.replace(node, but=(*node.but, name))


def _inside(node: Node, change: Change) -> Node:
    if isinstance(node, BySetting):
        options = zip(node.options, _each(tuple(node.options.values()), change), strict=True)
        return BySetting(node.setting, dict(options))
    if isinstance(node, First):
        return First((change(node.of[0]), *node.of[1:]))
    if isinstance(node, Given | Absent):
        return type(node)(node.condition, change(node.of))
    if isinstance(node, Around):
        return msgspec.structs.replace(node, of=change(node.of))
    raise NoPlaceError


def _each(nodes: tuple[Node, ...], change: Change) -> tuple[Node, ...]:
    """Wherever it can be; at least in one of them."""
    found, changed = list(nodes), False
    for index, node in enumerate(nodes):
        try:
            found[index], changed = change(node), True
        except NoPlaceError:
            continue
    if not changed:
        raise NoPlaceError
    return tuple(found)


def _require_free(node: Node) -> None:
    if any(isinstance(one, Required) for one in node.walk()):
        raise NeededError
