"""What a webhook says, as an event: by the source's paths, and by what is known of its sender."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final

import msgspec

from datafly.model.source import Source

_STEP: Final = re.compile(r"\[(\d+)\]|([^.\[\]]+)")
_SECONDS_UNTIL: Final = 100_000_000_000
"""A Unix time below it is in seconds, as Stripe's; one above in milliseconds, as HubSpot's."""
_TYPE_PATHS: Final = {"stripe": "type", "hubspot": "subscriptionType"}
_TIME_PATHS: Final = {"stripe": "created", "hubspot": "occurredAt"}
_DELIVERY: Final = frozenset({"attemptNumber"})
"""HubSpot counts the tries of one event in it."""


def event_of(source: Source, payload: Any, headers: Mapping[bytes, bytes]) -> dict[str, Any]:
    """The event. Without mappings the whole payload is its properties."""
    event: dict[str, Any] = {
        "type": "track",
        "event": _event_name(source, payload, headers),
        "messageId": _message_id(source, payload, headers),
        "timestamp": find(payload, _TIME_PATHS.get(source.kind, "")),
    }
    for target, path in source.mappings.items():
        value = find(payload, path)
        if value is not None:
            _put(event, target.split("."), value)
    if not source.mappings:
        event["properties"] = payload
    event["timestamp"] = _moment(event["timestamp"])
    return {name: value for name, value in event.items() if value is not None}


def find(payload: Any, path: str) -> Any:
    """The value at `$.a.b[0]` or `a.b[0]`; None if there is none, or no path."""
    steps = _steps(path)
    if not steps:
        return None
    for step in steps:
        if isinstance(step, str):
            payload = payload.get(step) if isinstance(payload, dict) else None
        else:
            payload = payload[step] if isinstance(payload, list) and step < len(payload) else None
    return payload


@lru_cache(maxsize=1024)
def _steps(path: str) -> tuple[str | int, ...]:
    return tuple(int(index) if index else name for index, name in _STEP.findall(path.removeprefix("$")))


def _event_name(source: Source, payload: Any, headers: Mapping[bytes, bytes]) -> Any:
    if source.kind == "shopify" and not source.event_type_path:
        return headers.get(b"x-shopify-topic", b"").decode("latin-1") or None
    return find(payload, source.event_type_path or _TYPE_PATHS.get(source.kind, "type"))


def _message_id(source: Source, payload: Any, headers: Mapping[bytes, bytes]) -> str:
    """The same for each delivery of one event, so that it counts once."""
    known = headers.get(b"x-shopify-webhook-id") if source.kind == "shopify" else None
    told = known.decode("latin-1") if known else find(payload, "id") if source.kind == "stripe" else None
    if isinstance(told, str) and told:
        return f"{source.kind}-{told}"[:255]
    if isinstance(payload, dict):
        payload = {name: value for name, value in payload.items() if name not in _DELIVERY}
    return f"{source.id}-{sha256(msgspec.json.encode(payload, order='sorted')).hexdigest()}"


def _moment(told: Any) -> Any:
    if not isinstance(told, int | float) or isinstance(told, bool):
        return told
    try:
        return datetime.fromtimestamp(told if told < _SECONDS_UNTIL else told / 1000, UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return None


def _put(into: dict[str, Any], names: list[str], value: Any) -> None:
    """What is written into is a copy: a part of the payload that is mapped twice would come to hold itself."""
    for name in names[:-1]:
        inner = into.get(name)
        into[name] = into = dict(inner) if isinstance(inner, dict) else {}
    into[names[-1]] = value
