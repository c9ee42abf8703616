"""`/v1/admin/audit-log`"""

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Router, get
from litestar.params import FromQuery, QueryParameter
from litestar.response import Stream

from datafly.management.paging import Cursor, Limit, Page, decode_cursor, page
from datafly.management.parameters import When, milliseconds
from datafly.management.services import Composed, Services
from datafly.management.views.times import moment
from datafly.model.people import AuditEntry

Text = Annotated[str | None, QueryParameter(max_length=1_000)]
_CHUNK: Final = 500
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
MEDIA: Final = {"ndjson": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}


class Change(msgspec.Struct, frozen=True):
    old: Any
    new: Any


class AuditView(msgspec.Struct, frozen=True):
    """Who (a user or an API token; neither on the command line), what, on what, from where, when."""

    id: str
    action: str
    user_id: str | None
    user_email: str | None
    token_id: str | None
    token_name: str | None
    resource_type: str
    resource_id: str
    changes: dict[str, Change]
    ip_address: str
    user_agent: str
    timestamp: datetime


@get("/", summary="Who changed what, and who came in", sync_to_thread=True)
def list_audit_log(
    *,
    services: Services,
    action: Text = None,
    user_id: Text = None,
    token_id: Text = None,
    resource_type: Text = None,
    resource_id: Text = None,
    since: When = None,
    until: When = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[AuditView]:
    """Newest first; filters are exact. `until` is not included."""
    before = None if cursor is None else decode_cursor(cursor, str)
    wanted = _wanted(
        since,
        until,
        action=action,
        user_id=user_id,
        token_id=token_id,
        resource_type=resource_type,
        resource_id=resource_id,
    )
    found = services.control.audit_log(before=before, limit=limit + 1, **wanted)
    more = len(found) > limit
    return page([_view(entry) for entry in found[:limit]], found[limit - 1].id if more else None)


@get(
    "/export",
    summary="The audit log as a file",
    opt={"media": tuple(MEDIA.values())},
    sync_to_thread=True,
)
def export_audit_log(
    *,
    services: Services,
    format: FromQuery[Literal["ndjson", "csv"]] = "ndjson",  # noqa: A002 - the word for it
    action: Text = None,
    user_id: Text = None,
    token_id: Text = None,
    resource_type: Text = None,
    resource_id: Text = None,
    since: When = None,
    until: When = None,
) -> Stream:
    """All of it that fits, newest first: a JSON object on each line, or CSV with a line of names."""
    wanted = _wanted(
        since,
        until,
        action=action,
        user_id=user_id,
        token_id=token_id,
        resource_type=resource_type,
        resource_id=resource_id,
    )
    entries = _all(services, wanted)
    return Stream(
        _as_csv(entries) if format == "csv" else _as_ndjson(entries),
        media_type=MEDIA[format],
        headers={"Content-Disposition": f'attachment; filename="audit-log.{format}"'},
    )


def _wanted(since: datetime | None, until: datetime | None, **like: str | None) -> dict[str, Any]:
    wanted: dict[str, Any] = {name: value for name, value in like.items() if value is not None}
    for name, when in {"since": since, "until": until}.items():
        if (at_ms := milliseconds(when, name)) is not None:
            wanted[f"{name}_ms"] = at_ms
    return wanted


def _all(services: Composed, wanted: dict[str, Any]) -> Iterator[AuditView]:
    before = None
    while chunk := services.control.audit_log(before=before, limit=_CHUNK, **wanted):
        yield from (_view(entry) for entry in chunk)
        before = chunk[-1].id


def _as_ndjson(entries: Iterator[AuditView]) -> Iterator[bytes]:
    return (msgspec.json.encode(entry) + b"\n" for entry in entries)


def _as_csv(entries: Iterator[AuditView]) -> Iterator[str]:
    yield _line(list(AuditView.__struct_fields__))
    for entry in entries:
        told = msgspec.to_builtins(entry)
        changes = msgspec.json.encode(told["changes"]).decode()
        yield _line([_harmless(value) for value in (told | {"changes": changes}).values()])


def _line(cells: list[str]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow(cells)
    return written.getvalue()


def _harmless(value: Any) -> str:
    """A spreadsheet would run what begins like a formula, and names may come from strangers."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _view(entry: AuditEntry) -> AuditView:
    return AuditView(
        id=entry.id,
        action=entry.action,
        user_id=entry.user_id,
        user_email=entry.user_email,
        token_id=entry.token_id,
        token_name=entry.token_name,
        resource_type=entry.resource_type,
        resource_id=entry.resource_id,
        changes={name: Change(old=change["old"], new=change["new"]) for name, change in entry.changes.items()},
        ip_address=entry.ip_address,
        user_agent=entry.user_agent,
        timestamp=moment(entry.timestamp_ms),
    )


router = Router("/v1/admin/audit-log", route_handlers=[list_audit_log, export_audit_log], tags=["Audit log"])
