"""Draws the typed client of the management API: a module for each subject, a method for each operation.

`datafly docs` writes what it draws into `management/client/operations/`, and `datafly docs --check` holds it to the
routes. Nothing here may import the client: what cannot be imported any more is drawn anew by this.

A method loads what it answers when it is called: who asks for one thing does not wait for all that there is.
"""

import builtins
import textwrap
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin

import msgspec
from litestar.handlers import HTTPRouteHandler
from litestar.params import HeaderParameter, PathParameter, QueryParameter
from litestar.typing import FieldDefinition

from datafly.management.app import create_management
from datafly.management.document import answer_of, body_of, is_repeatable, operations_of, said_of, tag_of
from datafly.management.settings import ManagementSettings

FOLDER: Final = Path("src/datafly/management/client/operations")
_HEAD: Final = '"""{tag}: drawn by `datafly docs` from the routes; do not edit."""'
_WIDTH: Final = 120
_STREAMED: Final = {"follow", "last_event_id"}
"""Of what answers a stream: `Client.follow`."""
_PAGED: Final = {"limit", "cursor"}


class _Operation(msgspec.Struct, frozen=True):
    path: str
    method: str
    handler: HTTPRouteHandler

    @property
    def fields(self) -> dict[str, FieldDefinition]:
        return dict(self.handler.parsed_fn_signature.parameters)

    def names(self, kind: type[Any]) -> list[str]:
        left_out = _STREAMED | (_PAGED if self.is_paged else set())
        return [
            name
            for name, field in self.fields.items()
            if isinstance(field.kwarg_definition, kind) and name not in left_out
        ]

    @property
    def is_paged(self) -> bool:
        return "cursor" in self.fields

    @property
    def is_repeatable(self) -> bool:
        return is_repeatable(self.method, self.path)


@cache
def modules() -> dict[Path, str]:
    """Path in a checkout → source, as the formatter would leave it."""
    groups: dict[str, list[_Operation]] = {}
    for path, method, handler in operations_of(create_management(ManagementSettings())):
        groups.setdefault(tag_of(handler), []).append(_Operation(path, method.upper(), handler))
    drawn = {FOLDER / f"{_module(tag)}.py": _source(tag, groups[tag]) for tag in sorted(groups)}
    return drawn | {FOLDER / "__init__.py": _together(sorted(groups))}


def _module(tag: str) -> str:
    return tag.lower().replace(" ", "_").replace("-", "_")


def _class(tag: str) -> str:
    return "".join(word.capitalize() for word in [*tag.replace("-", " ").split(), "calls"])


def _together(tags: list[str]) -> str:
    imports = [f"from datafly.management.client.operations.{_module(tag)} import {_class(tag)}" for tag in tags]
    bases = [f"    {_class(tag)}," for tag in tags]
    words = '    """A method for each operation of the API, named as in its OpenAPI document."""'
    head = _HEAD.format(tag="Every operation")
    return "\n".join([head, "", *imports, "", "", "class Operations(", *bases, "):", words, ""])


def _source(tag: str, operations: list[_Operation]) -> str:
    methods = [line for one in operations for line in ("", *_method(one))][1:]
    imports = _imports(operations)
    base = f"class {_class(tag)}(Connection):"
    return "\n".join([_HEAD.format(tag=tag), "", *imports, "", "", base, *methods, ""])


def _imports(operations: list[_Operation]) -> Iterator[str]:
    used: dict[str, set[str]] = {}
    for one in operations:
        _use(used, *_kinds(one))
    text = "\n".join(line for one in operations for line in _method(one))
    standard = {"datetime": {"datetime"}} if "datetime" in text else {}
    standard |= {"collections.abc": {"Iterator"}} if "Iterator[" in text else {}
    typing = ({"TYPE_CHECKING"} if used else set()) | ({"Literal"} if "Literal[" in text else set())
    standard |= {"typing": typing} if typing else {}
    yield from ("from __future__ import annotations", "") if used else ()
    if standard:
        yield from (*_from(standard), "")
    own = {"Connection", *(name for name in ("matching", "quoted", "repeated") if f"{name}(" in text)}
    yield from _from({"datafly.management.client.connection": own})
    if used:
        yield from ("", "if TYPE_CHECKING:", *_from(used, "    "))


def _use(used: dict[str, set[str]], *kinds: type[Any]) -> None:
    for kind in kinds:
        used.setdefault(kind.__module__, set()).add(kind.__name__)


def _from(used: dict[str, set[str]], margin: str = "") -> Iterator[str]:
    for module in sorted(used):
        names = sorted(used[module], key=lambda name: (not name.isupper(), not name[0].isupper(), name))
        line = f"{margin}from {module} import {', '.join(names)}"
        exploded = [f"{margin}from {module} import (", *(f"{margin}    {one}," for one in names), f"{margin})"]
        yield from [line] if len(line) <= _WIDTH else exploded


def _kinds(one: _Operation) -> Iterator[type[Any]]:
    """The types that its method names, but for those that every module knows."""
    fields = [one.fields[name].annotation for name in (*one.names(PathParameter), *one.names(QueryParameter))]
    for kind in (body_of(one.handler), _answered(one), *fields):
        yield from _to_import(kind)


def _to_import(kind: Any) -> Iterator[type[Any]]:
    yield from (found for found in _within(kind) if found.__module__ not in {"builtins", "datetime", "pathlib"})


def _answered(one: _Operation) -> Any:
    """Of a page that goes on, what is on it."""
    answer = answer_of(one.handler)
    return get_args(answer)[0] if one.is_paged else answer


def _within(kind: Any) -> Iterator[type[Any]]:
    if get_origin(kind) is Literal:
        return
    for part in (get_origin(kind), *get_args(kind)) if get_args(kind) else (kind,):
        if get_args(part):
            yield from _within(part)
        elif isinstance(part, type) and part not in {NoneType, UnionType}:
            yield part


def _method(one: _Operation) -> Iterator[str]:
    yield from _listed(f"    def {one.handler.handler_name}", ["self", *_parameters(one)], f" -> {_returned(one)}:")
    yield from _docstring(one.handler)
    yield from _loaded(one)
    yield from _call(one)


def _listed(head: str, parts: list[str], tail: str = "") -> list[str]:
    """In a line where it fits, else each part in its own."""
    line, margin = f"{head}({', '.join(parts)}){tail}", " " * (len(head) - len(head.lstrip()))
    exploded = [f"{head}(", *(f"{margin}    {one}," for one in parts), f"{margin}){tail}"]
    return [line] if len(line) <= _WIDTH else exploded


def _parameters(one: _Operation) -> Iterator[str]:
    yield from (f"{name}: {_text(one.fields[name].annotation)}" for name in one.names(PathParameter))
    if (body := body_of(one.handler)) is not None:
        yield f"body: {_text(body)}"
    named = [_parameter(name, one.fields[name]) for name in one.names(QueryParameter)]
    named += [f"{name}: str | None = None" for name in one.names(HeaderParameter)]
    named += ["idempotency_key: str | None = None"] if one.is_repeatable else []
    yield from ["*", *named] if named else []


def _parameter(name: str, field: FieldDefinition) -> str:
    said = f"{_safe(name)}: {_text(field.annotation)}"
    return said if field.is_required else f"{said} = {_literal(field.default)}"


def _safe(name: str) -> str:
    return f"{name}_" if hasattr(builtins, name) else name


def _literal(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _returned(one: _Operation) -> str:
    answer = _answered(one)
    if one.is_paged:
        return f"Iterator[{_text(answer)}]"
    if "media" in one.handler.opt:
        return "Iterator[bytes]"
    return "None" if answer is None else _text(answer)


def _text(kind: Any) -> str:
    """As it is written in source."""
    origin, within = get_origin(kind), get_args(kind)
    if kind in {None, NoneType}:
        return "None"
    if kind is Path:  # a text that may hold slashes
        return "str"
    if origin is Literal:
        return f"Literal[{', '.join(_literal(one) for one in within)}]"
    if origin in {Union, UnionType}:
        return " | ".join(_text(one) for one in within)
    if origin is not None:
        return f"{origin.__name__}[{', '.join(_text(one) for one in within)}]"
    return str(kind.__name__)


def _docstring(handler: HTTPRouteHandler) -> Iterator[str]:
    said = said_of(handler).split("\n\n")
    paragraphs = [f"{handler.summary}.", *(textwrap.fill(one, _WIDTH - 8) for one in said if one)]
    lines = "\n\n".join(paragraphs).splitlines()
    lines = [f'"""{lines[0]}', *lines[1:]]
    closed = [*lines, '"""'] if len(lines) > 1 else [f'{lines[0]}"""']
    yield from (f"        {line}" if line else "" for line in closed)


def _loaded(one: _Operation) -> Iterator[str]:
    """What its call names of what it answers."""
    used: dict[str, set[str]] = {}
    if "media" not in one.handler.opt:
        _use(used, *_to_import(_answered(one)))
    if used:
        yield from (*_from(used, " " * 8), "")


def _call(one: _Operation) -> list[str]:
    answer, exports = _answered(one), "media" in one.handler.opt
    name = "each" if one.is_paged else "lines" if exports else "call"
    returns = "return " if answer is not None or exports else ""
    return _listed(f"        {returns}self.{name}", list(_arguments(one, name, answer)))


def _arguments(one: _Operation, name: str, answer: Any) -> Iterator[str]:
    yield from [f'"{one.method}"'] if name == "call" else []
    yield _path(one)
    yield from [] if name == "lines" else ["type(None)" if answer is None else _text(answer)]
    yield from _mapping("query", [f'"{name}": {_safe(name)}' for name in one.names(QueryParameter)])
    yield from ["body=body"] if body_of(one.handler) is not None else []
    headers = [f"**matching({name})" for name in one.names(HeaderParameter)]
    yield from _mapping("headers", [*headers, *(["**repeated(idempotency_key)"] if one.is_repeatable else [])])


def _mapping(name: str, entries: list[str]) -> list[str]:
    line = f"{name}={{{', '.join(entries)}}}"
    if not entries:
        return []
    exploded = "\n".join([f"{name}={{", *(f"                {one}," for one in entries), "            }"])
    return [line if len(line) + 13 <= _WIDTH else exploded]


def _path(one: _Operation) -> str:
    names = one.names(PathParameter)
    path = one.path
    for name in names:
        path = path.replace(f"{{{name}}}", f"{{quoted({name})}}")
    return f'{"f" if names else ""}"{path}"'


__all__ = ["FOLDER", "modules"]
