"""What Braze's documents ask of an object of /users/track (§2.3); the words that nobody has seen are ours."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from datafly.sandbox.braze.schemas import problem as schema_problem

NO_IDENTIFIER: Final = "'external_id', 'braze_id', 'user_alias', 'email' or 'phone' is required"
BAD_EMAIL: Final = "The value provided for the 'email' field is not a valid email."
STATES: Final = ("opted_in", "subscribed", "unsubscribed")
GROUP_STATES: Final = ("subscribed", "unsubscribed")
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
PHONE: Final = re.compile(r"\+[1-9]\d{1,14}")
_LONGEST: Final = 255
_MOST_OF_EVENT: Final = 100_000
_MOST_OF_PURCHASE: Final = 50_000
_MOST_PIECES: Final = 100
_RESERVED: Final = ("time", "event_name")

Object = Mapping[str, Any]


def is_alias(value: Any) -> bool:
    names = ("alias_name", "alias_label")
    return isinstance(value, dict) and all(isinstance(value.get(name), str) and value[name] for name in names)


def identified(one: Object) -> bool:
    texts = any(isinstance(one.get(name), str) and one[name] for name in ("external_id", "braze_id", "email", "phone"))
    return texts or is_alias(one.get("user_alias"))


def moment_of(sent: Any) -> datetime | None:
    """ISO 8601, also `2026-11-25T09:46:40:000Z`; without a zone it is UTC."""
    text = re.sub(r"(:\d\d):(\d{3})", r"\1.\2", sent) if isinstance(sent, str) else ""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def attributes(one: Object) -> str | None:
    """Why they are refused."""
    if not identified(one):
        return NO_IDENTIFIER
    email = one.get("email")
    if email is not None and not (isinstance(email, str) and _EMAIL.fullmatch(email)):
        return BAD_EMAIL
    for name in ("email_subscribe", "push_subscribe"):
        if one.get(name) is not None and one[name] not in STATES:
            return f"'{name}' is not valid"
    groups = one.get("subscription_groups", [])
    fits = isinstance(groups, list) and all(
        isinstance(group, dict)
        and isinstance(group.get("subscription_group_id"), str)
        and group.get("subscription_state") in GROUP_STATES
        for group in groups
    )
    return None if fits else "'subscription_groups' is not valid"


def event(one: Object) -> str | None:
    if not identified(one):
        return NO_IDENTIFIER
    if not isinstance(one.get("name"), str) or not one["name"]:
        return "'name' is not valid"
    if moment_of(one.get("time")) is None:
        return "'time' is not valid"
    properties = one.get("properties", {})
    return _properties(properties, _MOST_OF_EVENT) or schema_problem(one["name"], properties)


def purchase(one: Object) -> str | None:
    if not identified(one):
        return NO_IDENTIFIER
    product, currency, price, pieces = (one.get(name) for name in ("product_id", "currency", "price", "quantity"))
    fits = {
        "product_id": isinstance(product, str) and 0 < len(product) <= _LONGEST,
        "currency": isinstance(currency, str) and _CURRENCY.fullmatch(currency) is not None,
        "price": isinstance(price, int | float) and not isinstance(price, bool),
        "quantity": pieces is None or (type(pieces) is int and 1 <= pieces <= _MOST_PIECES),
        "time": moment_of(one.get("time")) is not None,
    }
    wrong = next((name for name, fitting in fits.items() if not fitting), None)
    return f"'{wrong}' is not valid" if wrong else _properties(one.get("properties", {}), _MOST_OF_PURCHASE)


def _properties(properties: Any, most: int) -> str | None:
    if not isinstance(properties, dict):
        return "'properties' is not valid"
    for name in properties:
        if not 0 < len(name) <= _LONGEST or name.startswith("$") or name in _RESERVED:
            return f"'properties' has a name that is not valid: {name[:80]}"
    if any(isinstance(value, str) and len(value) > _LONGEST for value in properties.values()):
        return f"'properties' has a text of more than {_LONGEST} characters"
    return "'properties' is too large" if len(msgspec.json.encode(properties)) > most else None
