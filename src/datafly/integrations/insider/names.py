"""Which names an account has registered, from its metadata call (contracts/insider.md §1)."""

from typing import Any

from datafly.model.delivery import Reply
from datafly.spec.asking import Check, Names
from datafly.spec.judging import json_of

_COLUMNS = "/api/user/v3/metadata/columns"
NAMES = Names(
    into="registered_names",
    requests=tuple(Check(_COLUMNS, method="POST", body={"table": table}) for table in ("contacts", "events")),
)


def read_names(reply: Reply) -> list[str] | None:
    """A bare list of columns; events have their parameters as such lists. Custom ones begin with c_ there."""
    columns = json_of(reply)
    if not isinstance(columns, list):
        return None
    return [name for column in columns for name in _names_of(column)]


def _names_of(column: Any) -> list[str]:
    if not isinstance(column, dict):
        return []
    inner = column.get("params")
    params = [name for each in inner for name in _names_of(each)] if isinstance(inner, list) else []
    key = column.get("key")
    return [key.removeprefix("c_"), *params] if isinstance(key, str) and key.removeprefix("c_") else params
