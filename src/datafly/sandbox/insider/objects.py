"""Patching arrays of objects: `object_attributes.custom.<attribute>`, a list of add, merge, replace and remove."""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from datafly.sandbox.insider.findings import Findings

_SHAPE = "expected {action, match, value}: add has a value, merge and replace have both, remove has at most a match"


class Patch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One step; without a `match`, remove empties the array."""

    action: Literal["add", "merge", "replace", "remove"]
    match: dict[str, Any] | None = None
    value: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        wants_match, wants_value = self.action in {"merge", "replace"}, self.action != "remove"
        if (self.match is None and wants_match) or (self.value is not None) != wants_value:
            raise ValueError(_SHAPE)


Patches = dict[str, tuple[Patch, ...]]


def read_patches(raw: object, findings: Findings) -> Patches:
    """Steps by attribute. What cannot be read is ignored: how Insider refuses it is not published."""
    custom = raw.get("custom") if isinstance(raw, dict) else None
    if not isinstance(custom, dict):
        findings.ignore("object_attributes", raw, "expected {custom: {<attribute>: [{action, match, value}]}}")
        return {}
    read: Patches = {}
    for name, steps in custom.items():
        try:
            read[name] = msgspec.convert(steps, tuple[Patch, ...])
        except msgspec.ValidationError:
            findings.ignore(f"object_attributes.custom.{name}", steps, _SHAPE)
    return read


def patched(held: object, patches: Sequence[Patch]) -> list[Any]:
    """The array after every step, in order; what was held and is no array counts as an empty one."""
    items: list[Any] = list(held) if isinstance(held, list) else []
    for patch in patches:
        items = _step(items, patch)
    return items


def _step(items: list[Any], patch: Patch) -> list[Any]:
    if patch.action == "add":
        return [*items, patch.value]
    if patch.action == "remove":
        return [item for item in items if patch.match is not None and not _is_meant(item, patch.match)]
    given = patch.value or {}
    merges = patch.action == "merge"
    return [({**item, **given} if merges else given) if _is_meant(item, patch.match or {}) else item for item in items]


def _is_meant(item: object, match: dict[str, Any]) -> bool:
    return isinstance(item, dict) and all(name in item and item[name] == value for name, value in match.items())
