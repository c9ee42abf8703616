"""Profiles of users: how one is found, made, written to and merged (§2.3)."""

import secrets
from collections.abc import Iterator, Mapping
from typing import Any, Final

from datafly.sandbox.braze.checks import Object
from datafly.sandbox.kit import Call

FEEDS: Final = ("events", "purchases")
_STANDARD: Final = frozenset(
    {
        "first_name",
        "last_name",
        "email",
        "phone",
        "dob",
        "gender",
        "country",
        "language",
        "home_city",
        "time_zone",
        "current_location",
        "image_url",
        "date_of_first_session",
        "date_of_last_session",
        "email_subscribe",
        "push_subscribe",
        "push_tokens",
        "email_open_tracking_disabled",
        "email_click_tracking_disabled",
        "marked_email_as_spam_at",
        "facebook",
        "twitter",
    }
)
_WHO: Final = frozenset({"external_id", "braze_id", "user_alias", "_update_existing_only", "_merge_objects", "app_id"})
_MARK: Final = "\x1f"


def alias_key(alias: Object) -> str:
    return f"{alias['alias_label']}{_MARK}{alias['alias_name']}"


def label(one: Object) -> str:
    alias = one.get("user_alias")
    if isinstance(alias, dict) and not one.get("external_id"):
        return f"{alias.get('alias_label')}: {alias.get('alias_name')}"
    return str(next((one[name] for name in ("external_id", "braze_id", "email", "phone") if one.get(name)), "nobody"))


def found(call: Call, one: Object) -> str | None:
    """By the first of its identifiers; an e-mail address comes before a phone number."""
    if one.get("external_id"):
        return call.store.named("external_id", one["external_id"])
    if one.get("user_alias"):
        return call.store.named("alias", alias_key(one["user_alias"]))
    if one.get("braze_id"):
        return one["braze_id"] if call.store.get("users", one["braze_id"]) else None
    space = "email" if one.get("email") else "phone"
    return call.store.named(space, one[space])


def resolved(call: Call, one: Object) -> str | None:
    """Made where it is not there; an alias alone only where that is asked for, None else."""
    key = found(call, one)
    if key is not None or not _may_be_made(one):
        return key
    key = secrets.token_hex(12)
    if one.get("external_id"):
        call.store.name("external_id", one["external_id"], key)
    elif one.get("user_alias"):
        call.store.name("alias", alias_key(one["user_alias"]), key)
    keep(call, key, {})
    return key


def _may_be_made(one: Object) -> bool:
    told = one.get("_update_existing_only")
    if one.get("external_id"):
        return told is not True
    if one.get("user_alias"):
        return told is False
    return not one.get("braze_id") and told is not True


def keep(call: Call, key: str, body: Mapping[str, Any]) -> None:
    """With the identifiers that lead to it."""
    names = call.store.names_of(key)
    aliases = [
        dict(zip(("alias_label", "alias_name"), one.split(_MARK), strict=True)) for one in names.get("alias", ())
    ]
    who = {"external_id": next(iter(names.get("external_id", ())), None), "user_aliases": aliases or None}
    rest = {name: value for name, value in body.items() if name not in who}
    call.put("users", key, {name: value for name, value in {**who, **rest}.items() if value is not None})


def body_of(call: Call, key: str) -> dict[str, Any]:
    record = call.store.get("users", key)
    return dict(record.body) if record else {}


def write(call: Call, key: str, one: Object) -> None:
    """Standard attributes beside custom ones; null takes away."""
    body = body_of(call, key)
    custom = dict(body.get("custom_attributes", {}))
    for name, value in one.items():
        if name == "subscription_groups":
            told = {group["subscription_group_id"]: group["subscription_state"] for group in value}
            body[name] = {**body.get(name, {}), **told}
        elif name not in _WHO:
            holder = body if name in _STANDARD else custom
            holder[name] = _changed(holder.get(name), value)
    body["custom_attributes"] = {name: value for name, value in custom.items() if value is not None} or None
    for space in ("email", "phone"):
        if isinstance(body.get(space), str):
            call.store.name(space, body[space], key)
    keep(call, key, body)


def _changed(before: Any, told: Any) -> Any:
    if isinstance(told, dict) and len(told) == 1:
        (how, value), *_ = told.items()
        known = before if isinstance(before, list) else []
        if how == "inc" and isinstance(value, int):
            return (before if isinstance(before, int) else 0) + value
        if how == "add" and isinstance(value, list):
            return [*known, *(one for one in value if one not in known)]
        if how == "remove" and isinstance(value, list):
            return [one for one in known if one not in value]
    return told


def has_label(call: Call, key: str, alias: Object) -> bool:
    """One alias of a label is all that a user has."""
    named = call.store.names_of(key).get("alias", ())
    return any(one.startswith(f"{alias['alias_label']}{_MARK}") for one in named)


def merge(call: Call, other: str, into: str, *, data: bool = True) -> None:
    """What belonged to the one belongs to the other, which keeps its own attributes."""
    body, before = body_of(call, into), body_of(call, other)
    custom = {**before.get("custom_attributes", {}), **body.get("custom_attributes", {})}
    call.store.rename(other, into)
    if data:
        call.store.give(other, into)
        body = {**before, **body, **({"custom_attributes": custom} if custom else {})}
    call.store.drop("users", other)
    keep(call, into, body)


def erase(call: Call, key: str) -> None:
    for record in call.store.of_owner(key, FEEDS, now=call.now, limit=100_000):
        call.store.drop(record.kind, record.id)
    call.store.drop("users", key)


def of_list(value: Any) -> Iterator[Any]:
    yield from value if isinstance(value, list) else ()
