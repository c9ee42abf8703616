"""A profile whose identifiers belong to several: written otherwise rather than not at all (§1.5; decision 0186)."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from datafly.model.delivery import Item, Reply
from datafly.spec.judging import json_of

NAMED: Final = "named_profile"
"""The route of a profile that is written by Klaviyo's own id."""
_PROFILE: Final = "profiles"
_IDENTIFIERS: Final = ("email", "phone_number", "external_id")
_LONGEST: Final = 100
_BY_ID: Final = (
    "Klaviyo says that the identifiers of this profile belong to different ones (409), so it is written to the one "
    "that Klaviyo named, and each keeps the identifiers that it has. Merge them at Klaviyo if they are one person."
)
_NO_PHONE: Final = (
    "Klaviyo says that the identifiers of this profile belong to different ones (409) and names none, so it was sent "
    "again without the phone number, as a property instead. Merge them at Klaviyo if they are one person."
)


def amend(config: Mapping[str, Any], reply: Reply, item: Item) -> Item | None:
    """What is sent in place of a profile that conflicts: first by the id that Klaviyo names, else without the weakest
    identifier; None where neither is left.
    """
    if reply.status != 409 or item.route != _PROFILE or config.get("on_conflict") != "write":
        return None
    attributes: dict[str, Any] = msgspec.json.decode(item.body)
    known = _named(json_of(reply))
    if known:
        kept = {name: value for name, value in attributes.items() if name not in _IDENTIFIERS}
        return _written(item, NAMED, {"type": "profile", "id": known, "attributes": kept}, _BY_ID)
    number = attributes.pop("phone_number", None)
    if number is None or not any(name in attributes for name in _IDENTIFIERS):
        return None
    attributes["properties"] = {**(attributes.get("properties") or {}), "phone": number}
    return _written(item, item.route, attributes, _NO_PHONE)


def _written(item: Item, route: str, body: Mapping[str, Any], warning: str) -> Item:
    return msgspec.structs.replace(
        item, route=route, body=msgspec.json.encode(body), warnings=(*item.warnings, warning)
    )


def _named(body: Any) -> str | None:
    errors = body.get("errors") if isinstance(body, dict) else None
    for error in errors if isinstance(errors, list) else ():
        meta = error.get("meta") if isinstance(error, dict) else None
        found = meta.get("duplicate_profile_id") if isinstance(meta, dict) else None
        if isinstance(found, str) and 0 < len(found) <= _LONGEST:
            return found
    return None
