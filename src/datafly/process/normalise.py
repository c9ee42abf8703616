"""Step 3, normalise: nulls are absent, standard events, properties and traits get their canonical names."""

from functools import lru_cache
from typing import Any, Final

import msgspec

from datafly.model.taxonomy import Rename, canonical_event, canonical_properties
from datafly.model.traits import canonical_traits, supersede
from datafly.process.body import Body

NAME: Final = "normalise"
SHOWN: Final = 8
"""So many renamed properties are told by name."""


class Normal(msgspec.Struct, gc=False):
    """What was sent only where it was changed; `effect` empty when nothing was.

    `of_user`: traits of the user that came in the context of a group event, whose own are the group's.
    """

    event: str | None
    properties: dict[str, Any]
    traits: dict[str, Any]
    context: dict[str, Any]
    name: str | None = None
    sent_event: str | None = None
    sent_properties: dict[str, Any] | None = None
    sent_traits: dict[str, Any] | None = None
    of_user: dict[str, Any] = {}
    effect: str = ""


def normalise(body: Body, *, may_have_nulls: bool = True) -> Normal:
    """Pure: `body` stays as it is."""
    properties, traits, context = body.properties or {}, body.traits or {}, body.context or {}
    if may_have_nulls:
        properties, traits, context = without_nulls(properties), without_nulls(traits), without_nulls(context)
    normal = Normal(body.event, properties, traits, context, body.name)
    renames = _name_event(normal, body) if body.type == "track" and body.event is not None else []
    if body.type in ("page", "screen"):
        _name_page(normal, body)
    if traits or "traits" in context:
        renames = renames + _name_traits(normal, body.type == "group")
    if normal.sent_event or renames:
        normal.effect = _tell(normal.sent_event, normal.event or "", tuple(renames))
    return normal


def _name_page(normal: Normal, body: Body) -> None:
    """SDKs differ in where they tell the name and the category: beside the properties, among them, or both."""
    if isinstance(body.category, str):
        normal.properties = {"category": body.category, **normal.properties}
    name = normal.properties.get("name")
    if normal.name is None and isinstance(name, str):
        normal.name = name


def _name_event(normal: Normal, body: Body) -> list[Rename]:
    sent = body.event or ""
    normal.event = canonical_event(sent)
    named, renames = canonical_properties(normal.event, normal.properties)
    if normal.event != sent:
        normal.sent_event = sent
    if renames:
        normal.sent_properties, normal.properties = normal.properties, named
    return renames


def _name_traits(normal: Normal, of_group: bool) -> list[Rename]:  # noqa: FBT001 - one caller, one line above
    """Server libraries tell of the user in `context.traits`; what the event itself says is the newer word."""
    named, renames = canonical_traits(normal.traits)
    if renames:
        normal.sent_traits = normal.traits
    beside = normal.context.get("traits")
    if isinstance(beside, dict) and beside:
        other, more = canonical_traits(beside)
        renames += [rename for rename in more if rename not in renames]
        if of_group:
            normal.of_user = other
        else:
            named = {**supersede(other, named), **named}
    normal.traits = named
    return renames


def without_nulls(value: Any) -> Any:
    """The value without anything null in it, at any depth; what is left empty stays, as empty."""
    if isinstance(value, dict):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value if item is not None]
    return value


@lru_cache(maxsize=4_096)
def _tell(sent_event: str | None, event: str, renames: tuple[Rename, ...]) -> str:
    """Senders repeat themselves."""
    words = [f"“{sent_event}” is {event}"] if sent_event else []
    words += [f"{sent} → {name}" for sent, name in renames[:SHOWN]]
    if len(renames) > SHOWN:
        words.append(f"{len(renames) - SHOWN} more")
    return ", ".join(words)
