"""What samples have in common: who, and the frame of a request."""

from typing import Any

AT = "2026-11-25T09:46:40Z"
"""When samples happen, see `faces.cases`."""


JANE = {"email": "jane@example.com", "phone": "+447700900123"}
KNOWN = {"uuid": "user-123", "email": "jane@example.com", "phone_number": "+447700900123"}
CONTACT = {"email": "jane@example.com", "phone_number": "+447700900123"}
OUTSIDE = "Predictive segments not updating: Event name not in Insider’s taxonomy"


def track(name: str, /, **properties: Any) -> dict[str, Any]:
    return {"type": "track", "event": name, "user_id": "user-123", "properties": properties}


def identify(**traits: Any) -> dict[str, Any]:
    return {"type": "identify", "user_id": "user-123", "traits": traits}


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
