"""Parameters that several routes share, and the refusal of those that a route does not have."""

from datetime import datetime
from typing import Annotated, Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.params import HeaderParameter, QueryParameter

from datafly.management.views.times import milliseconds_of
from datafly.model.errors import Conflict, Invalid

IfMatch = Annotated[
    str | None, HeaderParameter(name="If-Match", description="The `ETag` that the change is meant for; else 412.")
]

When = Annotated[datetime | None, QueryParameter(description="With its offset from UTC, e.g. `2026-11-25T00:00:00Z`.")]


def milliseconds(when: datetime | None, field: str) -> int | None:
    """Raises `Invalid` where it does not say of which zone it is."""
    if when is None:
        return None
    if when.tzinfo is None:
        raise Invalid(f"{field}: give its offset from UTC, e.g. a Z at its end.", field=field)
    return milliseconds_of(when)


def expected(if_match: str | None) -> str | None:
    """The entity tag without its quotes; `*` stands for whatever is there. Empty quotes are a tag that nothing has."""
    text = (if_match or "").strip()
    if text in {"", "*"}:
        return None
    return text.removeprefix("W/").strip('"') or text


def require_match(tag: str, if_match: str | None) -> None:
    """Raises `Conflict`, 412 `STALE`."""
    if expected(if_match) not in {None, tag}:
        raise Conflict("It was changed meanwhile. Read it again, then repeat the change.", code="STALE", status=412)


def etag(value: str) -> dict[str, str]:
    return {"ETag": f'"{value}"'}


def require_known(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """A guard: a misspelt filter must not look like one that finds everything."""
    if not isinstance(connection, Request) or handler.opt.get("any_parameters"):
        return
    unknown = sorted(set(connection.query_params) - _query_names(handler))
    if unknown:
        raise Invalid(f"{unknown[0]}: no such parameter.", field=unknown[0], known=sorted(_query_names(handler)))


def _query_names(handler: BaseRouteHandler) -> set[str]:
    signature = handler.parsed_fn_signature.parameters
    return {name for name, field in signature.items() if isinstance(field.kwarg_definition, QueryParameter)}
