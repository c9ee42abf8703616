"""The frame that the requests of all samples have in common."""

from typing import Any

AT = "2026-11-25T09:46:40Z"
"""When samples happen, see `faces.cases`."""


def request(
    *events: dict[str, Any], identifiers: dict[str, Any] | None = None, attributes: dict[str, Any] | None = None
) -> dict[str, Any]:
    user: dict[str, Any] = {"identifiers": identifiers or {"uuid": "user-123"}}
    if attributes:
        user["attributes"] = attributes
    user["not_append"] = True
    if events:
        user["events"] = list(events)
    return {"users": [user]}


def event(event_name: str, **params: Any) -> dict[str, Any]:
    said: dict[str, Any] = {"event_name": event_name, "timestamp": AT}
    return {**said, "event_params": params} if params else said
