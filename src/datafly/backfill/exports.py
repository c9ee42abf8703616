"""Rows as Segment and RudderStack export them, which need no mapping: their raw events, and their warehouse tables.

Raw events are what their storage destinations write, one JSON object a line. Tables are documented at
twilio.com/docs/segment/connections/storage/warehouses/schema and
rudderstack.com/docs/destinations/warehouse-destinations/warehouse-schema: reserved columns, `context_…`, and one column
for each trait or property.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from datafly.backfill.compile import put
from datafly.backfill.mapping import Shape, TableName
from datafly.backfill.refusal import Reason, RowRefused
from datafly.backfill.rows import Fields
from datafly.model.errors import OperatorError
from datafly.model.event import TYPES

Shaped = Callable[[Fields], dict[str, Any]]
"""A row as the event that it was. Raises `RowRefused`."""

TABLES: Final[dict[TableName, str]] = {
    "tracks": "track",
    "identifies": "identify",
    "users": "identify",
    "pages": "page",
    "screens": "screen",
    "groups": "group",
    "aliases": "alias",
}
_KEPT: Final = (
    *("type", "event", "name", "category", "userId", "anonymousId", "groupId", "previousId", "messageId"),
    *("properties", "traits", "context", "integrations"),
)
"""Not sentAt and receivedAt: their timestamp was corrected by them already."""
_TIMES: Final = ("timestamp", "originalTimestamp", "sentAt", "receivedAt")
_TABLE_TIMES: Final = ("timestamp", "original_timestamp", "sent_at", "received_at")
_IDS: Final = {
    "id": "messageId",
    "user_id": "userId",
    "anonymous_id": "anonymousId",
    "group_id": "groupId",
    "previous_id": "previousId",
}
_LEFT: Final = frozenset({*_TABLE_TIMES, *_IDS, "event", "event_text", "uuid", "uuid_ts", "loaded_at", "channel"})
"""What of a table is no property: reserved, or made by the loading of the warehouse."""
_CONTEXT: Final = (
    *("app", "campaign", "device", "library", "location", "network", "os", "page", "referrer", "screen", "traits"),
)
"""Objects of their context (the documented common fields); every other column below `context_` is a plain value."""
_MARKS: Final = frozenset({"received_at", "sent_at", "original_timestamp", "uuid_ts", "event_text"})


def recognise(path: Path, columns: tuple[str, ...]) -> tuple[Shape, TableName | None] | None:
    """`columns`: of the file, or of its first row. None: it is nobody's export that is known here."""
    names = set(columns)
    if "type" in names and names & {"messageId", "anonymousId", "userId"}:
        rudder = names & {"rudderId", "channel", "request_ip"}
        return ("rudderstack" if rudder else "segment"), None
    if names & _MARKS and names & {"id", "user_id", "anonymous_id"}:
        table = table_of(path, columns)
        return None if table is None else ("segment", table)
    return None


def table_of(path: Path, columns: tuple[str, ...]) -> TableName | None:
    """By the file's name, else by the columns that only one of them has."""
    stem = path.name.lower()
    named = next((name for name in TABLES if name in stem), None)
    if named:
        return named
    names = set(columns)
    if "event" in names or "event_text" in names:
        return "tracks"
    if "previous_id" in names:
        return "aliases"
    return "groups" if "group_id" in names else None


def compile_shape(shape: Shape, table: TableName | None, path: Path, columns: tuple[str, ...] | None) -> Shaped:
    """Raises `OperatorError` where nobody can tell which table it is."""
    if columns is None and table is None:
        return raw_event
    if columns is not None and "type" in columns and table is None:
        return raw_event
    found = table or table_of(path, columns or ())
    if found is None:
        raise OperatorError(f"{path}: which table of {shape} is it? Say --table {'|'.join(TABLES)}.")
    kind, is_users = TABLES[found], found == "users"
    return lambda row: table_event(row, kind, is_users=is_users)


def raw_event(row: Fields) -> dict[str, Any]:
    if row.get("type") not in TYPES:
        raise RowRefused(Reason.UNKNOWN_ROW, "type: a raw event has one of " + ", ".join(sorted(TYPES)) + ".")
    event = {name: _own(row[name]) for name in _KEPT if row.get(name) is not None}
    when = next((row[name] for name in _TIMES if row.get(name)), None)
    if when is not None:
        event["timestamp"] = _moment(when)
    return event


def _own(told: Any) -> Any:
    """What is put into the event later must not be put into the row."""
    return dict(told) if isinstance(told, dict) else told


def table_event(row: Fields, kind: str, *, is_users: bool) -> dict[str, Any]:
    """`is_users`: the table of users, whose `id` is the user's own, and not that of a call."""
    event: dict[str, Any] = {"type": kind}
    for column, name in ({"id": "userId", "anonymous_id": "anonymousId"} if is_users else _IDS).items():
        if _has(row, column):
            event[name] = str(row[column])
    if kind == "track":
        event["event"] = row.get("event_text") or row.get("event") or ""
    when = next((row[name] for name in _TABLE_TIMES if _has(row, name)), None)
    if when is not None:
        event["timestamp"] = _moment(when)
    _put_rest(event, row, kind)
    return event


def _put_rest(event: dict[str, Any], row: Fields, kind: str) -> None:
    own = "traits" if kind in ("identify", "group") else "properties"
    for column, told in row.items():
        if not _has(row, column) or column in _LEFT or column.startswith("_"):
            continue
        if column.startswith("context_"):
            put(event, ["context", *_context(column.removeprefix("context_"))], told)
        elif kind in ("page", "screen") and column in ("name", "category"):
            event[column] = told
        else:
            put(event, [own, column], _unpacked(told))


def _context(column: str) -> list[str]:
    """`page_url` → page, url; `user_agent` → userAgent."""
    head, _, rest = column.partition("_")
    return [head, _camel(rest)] if head in _CONTEXT and rest else [_camel(column)]


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word[:1].upper() + word[1:] for word in rest)


def _unpacked(told: Any) -> Any:
    """Arrays are text in a table."""
    if not isinstance(told, str) or told[:1] not in ("[", "{"):
        return told
    try:
        return msgspec.json.decode(told)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return told


def _moment(told: Any) -> Any:
    """Warehouses write the zone as a word, which ISO 8601 does not have."""
    return told.strip().removesuffix(" UTC") if isinstance(told, str) else told


def _has(row: Fields, column: str) -> bool:
    told = row.get(column)
    return told is not None and told != ""
