"""What a request holds, read by the shape that the definition declares (marks of `spec.frame` and `spec.calls`)."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from datafly.spec.frame import GROUP, ITEM, ITEMS
from datafly.spec.integration import Route
from datafly.spec.request import TEMPLATE

_GIVEN: Final = re.compile(r"\$(\w+)(?:\.(\w+))?")


class Arrived(msgspec.Struct, frozen=True):
    """One item of a request. `group`: what it has in common with others; `part`: the list that it stands in."""

    place: str
    item: Any
    group: Any = None
    part: str = ""


class Unlike(ValueError):
    """The body is not of the declared shape; the text says where, and what is declared there."""


def items_in(route: Route, body: Any) -> list[Arrived]:
    """Raises `Unlike`. Fields of a request of historical events may be there or not."""
    try:
        return _items_in(route, route.also, body)
    except Unlike:
        if not _tells(route.historical, body):
            raise
        return _items_in(route, {**route.also, **route.historical}, body)


def _tells(fields: Mapping[str, Any], body: Any) -> bool:
    return bool(fields) and isinstance(body, dict) and fields.keys() <= body.keys()


def given_in(template: Any, body: Any, place: str = "the body") -> dict[str, Any]:
    """What stands in a call beside events for each `$name`. Raises `Unlike`."""
    if isinstance(template, str) and (mark := _GIVEN.fullmatch(template)):
        name, field = mark.groups()
        return {name: {field: body} if field else body}
    if isinstance(template, dict):
        return _given_in_object(template, _object(body, place), place)
    if isinstance(template, list):
        found = _list(body, place)
        return _joined(given_in(template[0], one, f"{place}[{index}]") for index, one in enumerate(found))
    _require_same(template, body, place)
    return {}


def _given_in_object(template: Mapping[str, Any], body: Mapping[str, Any], place: str) -> dict[str, Any]:
    _require_no_other(body, template.keys(), place)
    return _joined(given_in(template[name], value, f"{place}.{name}") for name, value in body.items())


def _joined(found: Iterator[dict[str, Any]]) -> dict[str, Any]:
    """Fields of one thing may stand in several places."""
    joined: dict[str, Any] = {}
    for one in found:
        for name, value in one.items():
            both = isinstance(value, dict) and isinstance(joined.get(name), dict)
            joined[name] = {**joined[name], **value} if both else value
    return joined


def _items_in(route: Route, also: Mapping[str, Any], body: Any) -> list[Arrived]:
    if route.parts:
        return list(_in_parts(route, also, _object(body, "the body")))
    template = {**route.wrap, **also} if route.wrap else {**also, route.items_key: [ITEMS]}
    if not route.has_list:
        return [_one(route.item, body, "the body", None)]
    found: list[Arrived] = []
    for place, one in _listed(template, body, "the body"):
        if not route.group:
            found.append(_one(route.item, one, place, None))
            continue
        group: list[Any] = [None]
        inner = list(_listed(route.group, one, place, group))
        found += [_one(route.item, each, at, group[0]) for at, each in inner]
    if not found:
        raise Unlike("the body holds no item")
    return found


def _in_parts(route: Route, also: Mapping[str, Any], body: Mapping[str, Any]) -> Iterator[Arrived]:
    lists = {name: value for name, value in body.items() if name in route.parts}
    _require_no_other(body, {*also, *route.parts}, "the body")
    for name, value in also.items():
        _require_same(value, body.get(name), f"the body.{name}")
    if not lists:
        raise Unlike(f"the body holds none of {', '.join(route.parts)}")
    for part, value in lists.items():
        for index, one in enumerate(_list(value, part)):
            yield Arrived(f"{part}[{index}]", one, part=part)


def _listed(template: Any, body: Any, place: str, group: list[Any] | None = None) -> Iterator[tuple[str, Any]]:
    """What stands where the items do, with its place; what the group has in common is put into `group`."""
    if isinstance(template, list) and ITEMS in template:
        yield from ((f"{place}[{index}]", one) for index, one in enumerate(_list(body, place)))
    elif isinstance(template, dict):
        known = _object(body, place)
        _require_no_other(known, template.keys(), place)
        for name, inner in template.items():
            yield from _listed(inner, known.get(name), f"{place}.{name}", group)
    elif template == GROUP and group is not None:
        group[0] = body
    else:
        _require_same(template, body, place)


def _one(template: Mapping[str, Any], body: Any, place: str, group: Any) -> Arrived:
    """The item in what stands around it."""
    if not template:
        return Arrived(place, body, group)
    held: dict[str, Any] = {}
    _unwrap(template, _object(body, place), place, held)
    return Arrived(place, held.get(ITEM), held.get(GROUP, group))


def _unwrap(template: Mapping[str, Any], body: Mapping[str, Any], place: str, held: dict[str, Any]) -> None:
    own = {name: value for name, value in body.items() if name not in template}
    if ITEM in template:
        held[ITEM] = own
    elif own:
        _require_no_other(body, template.keys(), place)
    for name, inner in template.items():
        if inner in (ITEM, GROUP):
            held[inner] = body.get(name)
        elif isinstance(inner, dict):
            _unwrap(inner, _object(body.get(name), f"{place}.{name}"), f"{place}.{name}", held)
        elif name != ITEM:
            _require_same(inner, body.get(name), f"{place}.{name}")


def _require_same(declared: Any, found: Any, place: str) -> None:
    """A text with a setting in it may be any text: which, only the installation knows."""
    if isinstance(declared, str) and TEMPLATE.search(declared) and isinstance(found, str):
        return
    if declared != found:
        raise Unlike(f"{place} must be {msgspec.json.encode(declared).decode()}")


def _require_no_other(body: Mapping[str, Any], declared: Any, place: str) -> None:
    if others := sorted(body.keys() - set(declared)):
        raise Unlike(f"{place} has {', '.join(others)}, which nothing declares")


def _object(body: Any, place: str) -> Mapping[str, Any]:
    if not isinstance(body, dict):
        raise Unlike(f"{place} must be an object")
    return body


def _list(body: Any, place: str) -> list[Any]:
    if not isinstance(body, list):
        raise Unlike(f"{place} must be a list")
    return body
