"""The OpenAPI document: Litestar knows routes and parameters, msgspec the exact schemas, the role table who may."""

import inspect
import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec
from litestar import Litestar, Request, Response
from litestar.enums import OpenAPIMediaType
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, Schema, SecurityScheme
from litestar.plugins import OpenAPISchemaPlugin
from litestar.routes import HTTPRoute
from litestar.typing import FieldDefinition

from datafly import __version__
from datafly.management import cookie, repeating
from datafly.management.access import Role, lowest_role
from datafly.management.problems import ErrorAnswer

PATH: Final = "/v1/admin/openapi.json"
_ORDER: Final = ("get", "post", "put", "patch", "delete")
UNTAGGED: Final = "Health"
"""What operations without a tag are about."""
_SCHEMA: Final = "#/components/schemas/{name}"
_PAGE: Final = re.compile(r"Page_(\w+)_")
_TOKEN: Final = SecurityScheme(
    type="http",
    scheme="bearer",
    bearer_format="dft_… or JWT",
    description="An API token, made by `datafly token create`, or an access token, got by a log-in.",
)
_SESSION: Final = SecurityScheme(
    type="apiKey",
    name=cookie.NAME,
    security_scheme_in="cookie",
    description="The session of a browser, opened by the page `/login`; over HTTPS its name begins with `__Host-`.",
)
_KEY: Final = {
    "name": repeating.HEADER,
    "in": "header",
    "required": False,
    "description": "A call that is repeated with it within a day changes nothing more and is answered as the first.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}
_STREAM: Final = {"text/event-stream": {"schema": {"type": "string"}}}
_ETAG: Final = {"ETag": {"description": "For `If-Match`.", "schema": {"type": "string"}}}
MEANINGS: Final = {
    "400": "The request cannot be read, or its body is not JSON or tells a key twice.",
    "401": "No proof of who calls, or not a good one.",
    "403": "The role may not do this, or another site sent it.",
    "404": "There is no such thing.",
    "409": "It exists already, or stands in the way.",
    "412": "`If-Match` names a state that has changed meanwhile.",
    "413": "The body is too large.",
    "415": "The body is of another media type than JSON.",
    "422": "A field or parameter is wrong; `details.field` names it.",
    "429": "Too many requests; again after `Retry-After` seconds.",
    "500": "Signal failed; its log says why under `details.id`.",
    "503": "Not now; try again after `Retry-After` seconds.",
}


class Entry(msgspec.Struct, frozen=True):
    """An operation in the table of contents."""

    id: str
    method: str
    path: str
    summary: str


class BareStructs(OpenAPISchemaPlugin):
    """Litestar need not look into bodies and answers, which takes it most of the time: `describe` puts in msgspec's."""

    @staticmethod
    def is_plugin_supported_type(value: Any) -> bool:
        return isinstance(value, type) and issubclass(value, msgspec.Struct)

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: Any) -> Schema:  # noqa: ARG002
        return Schema()


class Document(JsonRenderPlugin):
    """Serves what `describe` makes, made once."""

    def __init__(self) -> None:
        super().__init__(path=("/", "/openapi.json"), media_type=OpenAPIMediaType.OPENAPI_JSON)
        self._encoded: bytes | None = None

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        if self._encoded is None:
            self._encoded = msgspec.json.encode(describe(openapi_schema, _routes(request.app)))
        return self._encoded


def config() -> OpenAPIConfig:
    return OpenAPIConfig(
        title="Signal management API",
        version=__version__,
        description="Pipelines, integrations, live events and dead letters of Signal.",
        path=PATH,
        render_plugins=[Document()],
        operation_id_creator=lambda handler, _method, _path: handler.handler_name,
        components=Components(security_schemes={"token": _TOKEN, "session": _SESSION}),
    )


def document_of(app: Litestar) -> dict[str, Any]:
    """Made anew each time it is asked for."""
    return describe(app.openapi_schema.to_schema(), _routes(app))


def contents_of(app: Litestar) -> dict[str, list[Entry]]:
    """Every operation by what it is about, in the order of their names. It takes no schema, and so no time."""
    found: dict[str, list[Entry]] = {}
    for path, method, handler in operations_of(app):
        entry = Entry(handler.handler_name, method.upper(), path, handler.summary or "")
        found.setdefault(tag_of(handler), []).append(entry)
    return dict(sorted(found.items()))


def describe(document: dict[str, Any], routes: list[HTTPRoute]) -> dict[str, Any]:
    """Litestar's document, with the schemas, errors and security of every operation filled in."""
    schemas = _Schemas(routes)
    for path, method, handler in _operations(routes):
        if operation := document.get("paths", {}).get(path, {}).get(method):
            _complete(operation, path, method, handler, schemas)
    document["components"]["schemas"] = schemas.components
    return document


def _routes(app: Litestar) -> list[HTTPRoute]:
    return [route for route in app.routes if isinstance(route, HTTPRoute)]


class _Schemas:
    """msgspec's schema of every body and answer."""

    def __init__(self, routes: list[HTTPRoute]) -> None:
        handlers = [handler for _, _, handler in _operations(routes)]
        types = {kind: None for handler in handlers for kind in (body_of(handler), answer_of(handler))}
        ordered = [*(kind for kind in types if kind is not None), ErrorAnswer]
        found, components = msgspec.json.schema_components(ordered, ref_template=_SCHEMA)
        names = {name: _named(name) for name in components}
        self.components = {names[name]: _under(told, names) for name, told in components.items()}
        self._by_type = {kind: _under(told, names) for kind, told in zip(ordered, found, strict=True)}

    def __getitem__(self, kind: Any) -> dict[str, Any]:
        found: dict[str, Any] = self._by_type[kind]
        return found


def _named(name: str) -> str:
    """`Page_PipelineView_` is PipelinePage. Where two types share a name msgspec has the module before it, of which the
    last word is enough.
    """
    if of := _PAGE.fullmatch(name):
        return f"{of[1].removesuffix('View')}Page"
    *_, module, kind = f".{name}".rsplit(".", 2)
    return kind if kind.startswith(module.capitalize()) else f"{module.capitalize()}{kind}"


def _under(told: Any, names: dict[str, str]) -> Any:
    """With what it refers to, and its own title, by these names."""
    if isinstance(told, list):
        return [_under(one, names) for one in told]
    if not isinstance(told, dict):
        return told
    found = {name: _under(one, names) for name, one in told.items()}
    if isinstance(at := told.get("$ref"), str):
        found["$ref"] = _SCHEMA.format(name=names[at.removeprefix(_SCHEMA.format(name=""))])
    if isinstance(title := told.get("title"), str) and title.startswith("Page["):
        found["title"] = _named(f"Page_{title[5:-1]}_")
    return found


def _complete(operation: dict[str, Any], path: str, method: str, handler: HTTPRouteHandler, schemas: _Schemas) -> None:
    body, answer = body_of(handler), answer_of(handler)
    if said := said_of(handler):
        operation["description"] = said
    if body is not None:
        operation["requestBody"] = {"required": True, "content": _json(schemas[body])}
    good = {status: said for status, said in operation["responses"].items() if status.startswith("2")}
    for said in good.values():
        said["headers"] = _ETAG if _has_etag(handler) else {}
        if media := handler.opt.get("media"):
            said["content"] = {kind.partition(";")[0]: {"schema": {"type": "string"}} for kind in media}
        elif answer is not None:
            said["content"] = _json(schemas[answer]) | (_STREAM if handler.opt.get("streams") else {})
    lowest = lowest_role(method.upper(), path)
    operation["security"] = [] if lowest is Role.ANYONE else [{"token": []}, {"session": []}]
    if repeatable := is_repeatable(method, path):
        operation["parameters"] = [*operation.get("parameters", []), _KEY]
    statuses = _failures(operation, path, handler, guarded=lowest is not Role.ANYONE)
    statuses = sorted({*statuses, "409", "413"}) if repeatable else statuses
    operation["responses"] = good | {status: _failure(status, schemas) for status in statuses}


def _failures(operation: dict[str, Any], path: str, handler: HTTPRouteHandler, *, guarded: bool) -> list[str]:
    """Which errors an operation can answer follows from what it takes."""
    parameters = {parameter["name"] for parameter in operation.get("parameters", [])}
    found = {"500", "503"} | ({"401", "403", "429"} if guarded else set())
    found |= {"404"} if "{" in path else set()
    found |= {"400", "413", "415", "422", "409"} if body_of(handler) is not None else set()
    found |= {"412", "409"} if "if-match" in {name.lower() for name in parameters} else set()
    found |= {"400", "422"} if guarded else set()
    return sorted(found | {str(status) for status in handler.opt.get("answers", ())})


def _failure(status: str, schemas: _Schemas) -> dict[str, Any]:
    return {"description": MEANINGS[status], "content": _json(schemas[ErrorAnswer])}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def operations_of(app: Litestar) -> Iterator[tuple[str, str, HTTPRouteHandler]]:
    """Path, method in small letters, handler, of what is in the document; by path, what reads before what changes."""
    yield from sorted(_operations(_routes(app)), key=lambda one: (one[0], _ORDER.index(one[1])))


def tag_of(handler: HTTPRouteHandler) -> str:
    """What it is about."""
    return next(iter(handler.resolve_tags()), UNTAGGED)


def said_of(handler: HTTPRouteHandler) -> str:
    """What its docstring says beyond its summary, paragraphs without line breaks in them."""
    said = getattr(handler.fn, "func", handler.fn).__doc__ or ""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in inspect.cleandoc(said).split("\n\n"))


def is_repeatable(method: str, path: str) -> bool:
    """Whether it may be sent again with an `Idempotency-Key`: a POST of somebody who is known."""
    return method.upper() == "POST" and lowest_role("POST", path) is not Role.ANYONE


def _operations(routes: list[HTTPRoute]) -> Iterator[tuple[str, str, HTTPRouteHandler]]:
    for route in routes:
        for method, (handler, _) in route.route_handler_map.items():
            if method != "OPTIONS" and handler.resolve_include_in_schema():
                yield route.path_format, method.lower(), handler


def _has_etag(handler: HTTPRouteHandler) -> bool:
    """Handlers make a `Response` of their own to give it one."""
    return handler.parsed_return_field.is_subclass_of(Response)


def body_of(handler: HTTPRouteHandler) -> Any:
    """The type of its body, or None."""
    return handler.parsed_data_field.annotation if handler.parsed_data_field else None


def answer_of(handler: HTTPRouteHandler) -> Any:
    """None where nothing, or no JSON, is answered: `opt["media"]` then says what is.

    `opt["answer"]` is for who may answer a stream instead.
    """
    if answer := handler.opt.get("answer"):
        return answer
    if "media" in handler.opt:
        return None
    field = handler.parsed_return_field
    if _has_etag(handler):
        field = field.inner_types[0]
    return None if field.is_none_type else field.annotation
