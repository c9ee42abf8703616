"""Step 3, normalise: nulls are absent, standard events and properties get their canonical names."""

from functools import lru_cache
from typing import Any, Final

import msgspec

from datafly.model.taxonomy import Rename, canonical_event, canonical_properties
from datafly.process.body import Body

NAME: Final = "normalise"
SHOWN: Final = 8
"""So many renamed properties are told by name."""


class Normal(msgspec.Struct, gc=False):
    """`sent_event` and `sent_properties` only where they were changed; `effect` empty when nothing was."""

    event: str | None
    properties: dict[str, Any]
    traits: dict[str, Any]
    context: dict[str, Any]
    sent_event: str | None = None
    sent_properties: dict[str, Any] | None = None
    effect: str = ""


def normalise(body: Body, *, may_have_nulls: bool = True) -> Normal:
    """Pure: `body` stays as it is."""
    properties, traits, context = body.properties or {}, body.traits or {}, body.context or {}
    if may_have_nulls:
        properties, traits, context = without_nulls(properties), without_nulls(traits), without_nulls(context)
    if body.type != "track" or body.event is None:
        return Normal(body.event, properties, traits, context)
    event = canonical_event(body.event)
    named, renames = canonical_properties(event, properties)
    normal = Normal(event, named, traits, context)
    if event != body.event:
        normal.sent_event = body.event
    if renames:
        normal.sent_properties = properties
    if normal.sent_event or renames:
        normal.effect = _tell(normal.sent_event, event, tuple(renames))
    return normal


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
