"""What Klaviyo's schema and the words beside it ask of a request (§1.3–1.6); findings with pointers."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from datafly.sandbox.klaviyo.replies import Finding

IDENTIFIERS: Final = ("email", "phone_number", "external_id", "anonymous_id", "_kx")
_PHONE: Final = re.compile(r"\+[1-9]\d{1,14}")
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_MOST_PROPERTIES: Final = 400
_MOST_TEXT: Final = 100_000
_MOST_ENTRIES: Final = 4_000
_DEEPEST: Final = 10
_LONGEST_NAME: Final = 127
_AFTER: Final = 1990
_AHEAD: Final = timedelta(days=366)

Object = Mapping[str, Any]


def at(value: Any, *names: str) -> Any:
    """What stands there; None where the way is not of objects."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def resource(value: Any, kind: str, pointer: str) -> Iterator[Finding]:
    """`{type, attributes}`."""
    if not isinstance(value, dict):
        yield Finding(pointer, "This field is required.")
        return
    if value.get("type") != kind:
        yield Finding(f"{pointer}/type", f"type must be {kind}.")
    if not isinstance(value.get("attributes"), dict):
        yield Finding(f"{pointer}/attributes", "This field is required.")


def listed(value: Any, pointer: str, most: int) -> Iterator[Finding]:
    if not isinstance(value, list) or not value:
        yield Finding(pointer, "This field must be a list that is not empty.")
    elif len(value) > most:
        yield Finding(pointer, f"Ensure this field has no more than {most} elements.")


def profile(value: Any, pointer: str) -> Iterator[Finding]:
    """Of an event, or one that is written: at least one identifier, each in its form."""
    found = list(resource(value, "profile", pointer))
    yield from found
    if found:
        return
    attributes = value["attributes"]
    if not value.get("id") and not any(attributes.get(name) for name in IDENTIFIERS):
        yield Finding(f"{pointer}/attributes", "At least one profile identifier is required.")
    yield from contact(attributes, f"{pointer}/attributes")
    properties = attributes.get("properties")
    if properties is not None and not isinstance(properties, dict):
        yield Finding(f"{pointer}/attributes/properties", "This field must be an object.")


def contact(attributes: Object, pointer: str) -> Iterator[Finding]:
    for name in IDENTIFIERS:
        if attributes.get(name) is not None and not isinstance(attributes[name], str):
            yield Finding(f"{pointer}/{name}", "This field must be a string.")
    number, address = attributes.get("phone_number"), attributes.get("email")
    if isinstance(number, str) and not _PHONE.fullmatch(number):
        yield Finding(f"{pointer}/phone_number", "Invalid phone number format.")
    if isinstance(address, str) and not _EMAIL.fullmatch(address):
        yield Finding(f"{pointer}/email", "Invalid email address.")


def event(attributes: Object, pointer: str, now: datetime) -> Iterator[Finding]:
    """Without its profile."""
    properties = attributes.get("properties")
    if not isinstance(properties, dict):
        yield Finding(f"{pointer}/properties", "This field is required.")
    else:
        yield from _within(properties, f"{pointer}/properties")
    yield from _metric(at(attributes, "metric", "data"), f"{pointer}/metric/data")
    yield from _moment(attributes.get("time"), f"{pointer}/time", now)
    value, currency = attributes.get("value"), attributes.get("value_currency")
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        yield Finding(f"{pointer}/value", "A valid number is required.")
    if currency is not None and not (isinstance(currency, str) and _CURRENCY.fullmatch(currency)):
        yield Finding(f"{pointer}/value_currency", "This field must be an ISO 4217 currency code.")
    if not isinstance(attributes.get("unique_id", ""), str):
        yield Finding(f"{pointer}/unique_id", "This field must be a string.")
    if not isinstance(attributes.get("backfill", False), bool):
        yield Finding(f"{pointer}/backfill", "Must be a valid boolean.")


def _metric(metric: Any, pointer: str) -> Iterator[Finding]:
    found = list(resource(metric, "metric", pointer))
    yield from found
    if found:
        return
    name = metric["attributes"].get("name")
    if not isinstance(name, str) or not name:
        yield Finding(f"{pointer}/attributes/name", "This field is required.")
    elif len(name) > _LONGEST_NAME:
        yield Finding(f"{pointer}/attributes/name", "Must be less than 128 characters.")


def moment_of(sent: Any) -> datetime | None:
    """RFC 3339; without a zone it is none."""
    try:
        found = datetime.fromisoformat(sent) if isinstance(sent, str) else None
        return found.astimezone(UTC) if found and found.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _moment(sent: Any, pointer: str, now: datetime) -> Iterator[Finding]:
    if sent is None:
        return
    found = moment_of(sent)
    if found is None:
        yield Finding(pointer, "This field must be an ISO 8601 date and time with a zone.")
    elif found.year <= _AFTER or found > now + _AHEAD:
        yield Finding(pointer, "The time must be after the year 1990 and at most one year in the future.")


def _within(properties: Object, pointer: str) -> Iterator[Finding]:
    if len(properties) > _MOST_PROPERTIES:
        yield Finding(pointer, f"Events must not exceed {_MOST_PROPERTIES} properties.")
    for name, value in properties.items():
        if (said := _too_much(value, 1)) is not None:
            yield Finding(f"{pointer}/{name}", said)


def _too_much(value: Any, depth: int) -> str | None:
    if isinstance(value, str):
        return "A single string cannot exceed 100KB." if len(value.encode()) > _MOST_TEXT else None
    if not isinstance(value, dict | list):
        return None
    if depth >= _DEEPEST:
        return f"Objects may be nested {_DEEPEST} levels deep."
    if isinstance(value, list) and len(value) > _MOST_ENTRIES:
        return f"Arrays hold at most {_MOST_ENTRIES} items."
    inner = value.values() if isinstance(value, dict) else value
    return next((said for one in inner if (said := _too_much(one, depth + 1))), None)
