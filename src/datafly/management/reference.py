"""The OpenAPI document laid out for people: operations by what they are about, and the shapes that they speak of."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

from datafly.management.document import UNTAGGED
from datafly.management.roles import Role, lowest_role

Words = tuple[tuple[str, str], ...]
"""A type in words, in pieces: (text, name of the shape that it is, or "")."""

_AT: Final = "#/components/schemas/"
_BOUNDS: Final = (
    ("minimum", "from {}"),
    ("maximum", "to {}"),
    ("minLength", "at least {} long"),
    ("maxLength", "at most {} long"),
    ("minItems", "at least {}"),
    ("maxItems", "at most {}"),
)


class Field(msgspec.Struct, frozen=True):
    """`where`: path, query, header; empty for a field of a body."""

    name: str
    words: Words
    required: bool
    description: str
    where: str = ""


class Operation(msgspec.Struct, frozen=True):
    """`role`: the lowest that may, or empty where anybody may. `answers`: status → what it means, with its shape."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    role: str
    parameters: tuple[Field, ...]
    body: Words
    answers: tuple[tuple[str, str, Words], ...]


class Shape(msgspec.Struct, frozen=True):
    name: str
    description: str
    fields: tuple[Field, ...]
    words: Words


class Reference(msgspec.Struct, frozen=True):
    """Operations by what they are about, shapes by name."""

    groups: Mapping[str, list[Operation]]
    shapes: Mapping[str, Shape]


def reference(document: Mapping[str, Any]) -> Reference:
    groups: dict[str, list[Operation]] = {}
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            tag = next(iter(told.get("tags", ())), UNTAGGED)
            groups.setdefault(tag, []).append(_operation(method.upper(), path, told))
    schemas = document["components"]["schemas"]
    return Reference(groups, {name: _shape(name, schemas[name]) for name in sorted(schemas)})


def shapes_of(found: Reference, operations: Iterable[Operation]) -> list[Shape]:
    """Those that the operations speak of, and those that these speak of, by name."""
    near = {name for one in operations for words in _spoken(one) for _, name in words if name}
    known: set[str] = set()
    while near:
        known |= near
        told = (found.shapes[name] for name in near)
        near = {name for one in told for words in _within(one) for _, name in words if name} - known
    return [found.shapes[name] for name in sorted(known)]


def _spoken(operation: Operation) -> Iterator[Words]:
    yield operation.body
    yield from (one.words for one in operation.parameters)
    yield from (words for _, _, words in operation.answers)


def _within(shape: Shape) -> Iterator[Words]:
    yield shape.words
    yield from (one.words for one in shape.fields)


def _operation(method: str, path: str, told: Mapping[str, Any]) -> Operation:
    lowest = lowest_role(method, path)
    return Operation(
        id=told["operationId"],
        method=method,
        path=path,
        summary=told.get("summary", ""),
        description=told.get("description", ""),
        role="" if lowest in {None, Role.ANYONE} else lowest.name.lower() if lowest else "",
        parameters=tuple(_parameter(one) for one in told.get("parameters", ())),
        body=_content(told.get("requestBody", {})),
        answers=tuple((status, said["description"], _content(said)) for status, said in told["responses"].items()),
    )


def _parameter(told: Mapping[str, Any]) -> Field:
    words = _words(told.get("schema", {}))
    return Field(told["name"], words, bool(told.get("required")), told.get("description") or "", told["in"])


def _content(told: Mapping[str, Any]) -> Words:
    found: list[tuple[str, str]] = []
    for media, said in told.get("content", {}).items():
        shown = _words(said.get("schema", {})) if media == "application/json" else ((media, ""),)
        found += [(" or ", ""), *shown] if found else shown
    return tuple(found)


def _shape(name: str, schema: Mapping[str, Any]) -> Shape:
    required = set(schema.get("required", ()))
    fields = tuple(
        Field(field, _words(said), field in required, _described(said))
        for field, said in schema.get("properties", {}).items()
    )
    return Shape(name, schema.get("description", ""), fields, () if fields else _words(schema))


def _described(schema: Mapping[str, Any]) -> str:
    bounds = [words.format(schema[key]) for key, words in _BOUNDS if key in schema]
    usual = schema.get("default")
    told = [schema.get("description", "").rstrip("."), ", ".join(bounds)]
    told += [f"usually {msgspec.json.encode(usual).decode()}"] if usual not in (None, {}, [], "") else []
    return "; ".join(part for part in told if part)


def _words(schema: Mapping[str, Any]) -> Words:
    return tuple(_pieces(schema))


def _pieces(schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(_AT)
        yield name, name
    elif choices := schema.get("anyOf") or schema.get("oneOf"):
        for number, one in enumerate(choices):
            yield from ((" or ", ""), *_pieces(one)) if number else _pieces(one)
    elif "enum" in schema:
        yield " | ".join("null" if one is None else str(one) for one in schema["enum"]), ""
    elif "const" in schema:
        yield str(schema["const"]), ""
    elif schema.get("type") == "array":
        yield from (("list of ", ""), *_pieces(schema.get("items") or {}))
    elif isinstance(within := schema.get("additionalProperties"), Mapping) and within:
        yield from (("name to ", ""), *_pieces(within))
    else:
        yield _simple(schema), ""


def _simple(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type", "anything")
    kinds = " or ".join(kind) if isinstance(kind, list) else str(kind)
    return {"date-time": "time"}.get(schema.get("format", ""), kinds)
