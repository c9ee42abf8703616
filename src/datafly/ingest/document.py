"""The OpenAPI document of the gateway, drawn from its doors, its fields and its codes."""

from collections.abc import Iterable
from functools import cache
from typing import Any, Final

import msgspec

from datafly import __version__
from datafly.ingest.codes import Code
from datafly.ingest.event import Fields
from datafly.ingest.paths import DOORS, Door
from datafly.ingest.pixel import KINDS
from datafly.model.event import TYPES

PATH: Final = "/openapi.json"
MOST_EVENTS: Final = 500

_SIGNED: Final = frozenset({code for code in Code if "SIGNATURE" in code.name or code is Code.NO_SIGNING_SECRET})
_ELSEWHERE: Final = frozenset({Code.NOT_BUILT, Code.NO_PIPELINE, Code.UNKNOWN_SOURCE, Code.NOT_FOUND})
_BATCHES: Final = frozenset({Code.TOO_MANY_EVENTS, Code.BATCH_TOO_LARGE})
_ASKED: Final = frozenset(
    {code for code in Code if "PIPELINE_KEY" in code.name}
    | {Code.ORIGIN_NOT_ALLOWED, Code.RATE_LIMITED, Code.NOT_READY}
)
_ANYWHERE: Final = frozenset(
    {Code.METHOD_NOT_ALLOWED, Code.TOO_MANY_HEADERS, Code.HEADERS_TOO_LARGE, Code.NOT_HTTP, Code.INTERNAL}
)
_KEYS: Final[list[dict[str, list[str]]]] = [{"bearer": []}, {"basic": []}, {"query": []}, {"header": []}, {}]
"""The last: the body may have it."""

_Json = dict[str, Any]


@cache
def encoded() -> bytes:
    """As it is served; made when it is first asked for."""
    return msgspec.json.encode(document())


def document() -> _Json:
    paths = {door.path: {"post": _post(door)} for door in DOORS}
    paths |= {**_webhook(), **_pixel(), **_settings(), **_health()}
    responses = _shared(paths)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Signal gateway",
            "version": __version__,
            "description": "Takes events and answers 200 when they are durable. Drawn from src/datafly/ingest.",
        },
        "paths": paths,
        "components": {"schemas": _schemas(), "responses": responses, "securitySchemes": _security()},
    }


def _shared(paths: _Json) -> _Json:
    """Takes out what several operations answer alike, and leaves references; the answers by their names."""
    names: dict[bytes, str] = {}
    found: _Json = {}
    for operation in (one for item in paths.values() for one in item.values()):
        for status, answer in operation["responses"].items():
            alike = sum(name.startswith(f"{_word(status)}_") for name in found)
            name = names.setdefault(msgspec.json.encode(answer), f"{_word(status)}_{alike + 1}")
            found[name] = answer
            operation["responses"][status] = {"$ref": f"#/components/responses/{name}"}
    return found


def _word(status: str) -> str:
    return "Answer" if status == "200" else f"Refusal{status}"


def _post(door: Door) -> _Json:
    word = "a batch of events" if door.batch else f"a {door.kind} event" if door.kind else "an event of any type"
    refusals = set(Code) - _ELSEWHERE - (set() if door.signed is not None else _SIGNED)
    refusals -= {Code.PAYLOAD_TOO_LARGE} if door.batch else _BATCHES
    return {
        "operationId": _name(door.path),
        "summary": f"Send {word}",
        "security": _KEYS,
        "parameters": _signature(required=door.signed) if door.signed is not None else [],
        "requestBody": {"required": True, "content": _json(_ref("Batch" if door.batch else "Event"))},
        "responses": {"200": _good("BatchTaken" if door.batch else "Taken")} | _refused(refusals, flat=door.flat),
    }


def _signature(*, required: bool) -> list[_Json]:
    names = ("X-Timestamp", "X-Signature")
    return [{"name": name, "in": "header", "required": required, "schema": {"type": "string"}} for name in names]


def _webhook() -> _Json:
    source = {"name": "source", "in": "query", "required": True, "schema": {"type": "string"}}
    refusals = set(Code) - _ELSEWHERE - {Code.PAYLOAD_TOO_LARGE} | {Code.UNKNOWN_SOURCE}
    operation = {
        "operationId": "webhook",
        "summary": "What another product tells",
        "security": [{}],
        "parameters": [source],
        "requestBody": {"required": True, "content": _json({"type": ["object", "array"]})},
        "responses": {"200": _good("BatchTaken")} | _refused(refusals),
    }
    return {"/v1/webhook": {"post": operation}}


def _pixel() -> _Json:
    kind = {"name": "type", "in": "path", "required": True, "schema": {"type": "string", "enum": list(KINDS)}}
    told = ("wk", "e", "uid", "aid", "mid", "ts", "cb")
    query = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in told]
    header = {"X-Error": {"description": "The code of what was wrong.", "schema": _enum(Code)}}
    picture = {"description": "A picture, whatever was wrong.", "content": {"image/gif": {}}, "headers": header}
    operation = {
        "operationId": "pixel",
        "summary": "An event as a picture",
        "security": [{"query": []}],
        "parameters": [kind, *query],
        "responses": {"200": picture} | _refused({Code.METHOD_NOT_ALLOWED, Code.NOT_HTTP, Code.HEADERS_TOO_LARGE}),
    }
    return {"/v1/pixel/{type}": {"get": operation}}


def _settings() -> _Json:
    key = {"name": "writeKey", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
    asked = key | {"in": "query"}
    return {
        "/v1/projects/{writeKey}/settings": {"get": _ask("segment_settings", [key], _ASKED | {Code.NOT_FOUND})},
        "/sourceConfig/": {"get": _ask("rudder_settings", [asked], _ASKED)},
    }


def _health() -> _Json:
    return {
        "/healthz": {"get": _ask("healthz", [], set())},
        "/readyz": {"get": _ask("readyz", [], {Code.NOT_READY})},
    }


def _ask(name: str, parameters: list[_Json], refusals: Iterable[Code]) -> _Json:
    good = {"description": "As asked.", "content": _json({"type": "object"})}
    return {
        "operationId": name,
        "summary": name.replace("_", " "),
        "security": [{}],
        "parameters": parameters,
        "responses": {"200": good} | _refused({*refusals, *_ANYWHERE}),
    }


def _refused(codes: Iterable[Code], *, flat: bool = False) -> _Json:
    """One answer for each status, with the codes that it may have."""
    by_status: dict[int, list[Code]] = {}
    for code in sorted(codes, key=lambda one: (one.status, one.name)):
        by_status.setdefault(code.status, []).append(code)
    return {str(status): _failure(found, flat=flat) for status, found in by_status.items()}


def _failure(codes: list[Code], *, flat: bool) -> _Json:
    described = " ".join(f"`{code.name}`: {code.sentence} {code.cure}" for code in codes)
    problem = {
        "type": "object",
        "required": ["code", "message", "details"],
        "properties": {"code": _enum(codes), "message": {"type": "string"}, "details": {"type": "object"}},
    }
    top: _Json = {"error": problem}
    if flat:
        top |= {"success": {"const": False}, "code": _enum(codes), "message": {"type": "string"}}
    # Who sends no HTTP is hung up on before anybody knows which door it was for.
    required = ["error"] if {Code.NOT_HTTP, Code.HEADERS_TOO_LARGE} & set(codes) else list(top)
    return {"description": described, "content": _json({"type": "object", "required": required, "properties": top})}


def _schemas() -> _Json:
    (_, found) = msgspec.json.schema_components([Fields], ref_template="#/components/schemas/{name}")
    event = found["Fields"] | {"title": "Event", "additionalProperties": True}
    event["properties"]["type"] = {"anyOf": [{"enum": sorted(TYPES)}, {"type": "null"}], "default": None}
    batch = {"type": "array", "maxItems": MOST_EVENTS, "items": _ref("Event")}
    shared = {name: {"type": ["object", "null"]} for name in ("context", "integrations")}
    told = {"sentAt": {"type": ["string", "null"]}, "reset": {"type": ["boolean", "null"]}}
    keys = {name: {"type": ["string", "null"]} for name in ("pipelineKey", "writeKey", "wk")}
    success = {"success": {"const": True}}
    problem = {"index": {"type": "integer"}, "code": _enum(Code), "message": {"type": "string"}}
    errors = {"type": "array", "items": {"type": "object", "required": list(problem), "properties": problem}}
    counted = success | {"accepted": {"type": "integer", "minimum": 0}}
    return {
        "Event": event,
        "Batch": {"type": "object", "required": ["batch"], "properties": {"batch": batch} | told | shared | keys},
        "Taken": {"type": "object", "required": ["success"], "properties": success},
        "BatchTaken": {"type": "object", "required": list(counted), "properties": counted | {"errors": errors}},
    }


def _security() -> _Json:
    return {
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "dk_…"},
        "basic": {"type": "http", "scheme": "basic"},
        "query": {"type": "apiKey", "in": "query", "name": "wk"},
        "header": {"type": "apiKey", "in": "header", "name": "X-Write-Key"},
    }


def _good(name: str) -> _Json:
    return {"description": "Durable.", "content": _json(_ref(name))}


def _json(schema: _Json) -> _Json:
    return {"application/json": {"schema": schema}}


def _ref(name: str) -> _Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _enum(codes: Iterable[Code]) -> _Json:
    return {"type": "string", "enum": [code.name for code in codes]}


def _name(path: str) -> str:
    return path.strip("/").replace("/", "_").replace("v1_", "", 1)
