"""Reading attributes and event parameters alike: defaults at the root, the account's own names under `custom`."""

from collections.abc import Mapping

import msgspec

from datafly.sandbox.insider.findings import Findings
from datafly.sandbox.insider.kinds import CUSTOM, Kind
from datafly.sandbox.insider.rules import Rule

PREFIX = "c_"


class Fields(msgspec.Struct, frozen=True):
    defaults: dict[str, object] = {}
    custom: dict[str, object] = {}


class Taxonomy(msgspec.Struct, frozen=True):
    """The names that may stand at one place of a request, and the rules for what cannot be read at all."""

    defaults: Mapping[str, Kind]
    registered: tuple[str, ...] | None
    not_object: Rule
    custom_not_object: Rule


def read_fields(raw: object, taxonomy: Taxonomy, findings: Findings, *, at: str, under: str = "") -> Fields:
    """What would be kept of `raw`, which stands at `under` + `at` of the user.

    Wrong types, unknown and misplaced names are ignored, as by Insider: with a 200.
    """
    path = under + at
    if not isinstance(raw, dict):
        findings.refuse(taxonomy.not_object, under=under)
        return Fields()
    custom = {} if raw.get("custom") is None else raw["custom"]
    if not isinstance(custom, dict):
        findings.refuse(taxonomy.custom_not_object, under=under)
        return Fields()
    return Fields(
        _kept_defaults(raw, path, findings, taxonomy), _kept_custom(custom, f"{path}.custom", findings, taxonomy)
    )


def _kept_defaults(raw: dict[str, object], path: str, findings: Findings, taxonomy: Taxonomy) -> dict[str, object]:
    kept = {}
    for name, value in raw.items():
        if name == "custom":
            continue
        kind = taxonomy.defaults.get(name)
        reason = "not a default name: names of your own go under custom" if kind is None else _misfit(value, kind)
        if reason:
            findings.ignore(f"{path}.{name}", value, reason)
        else:
            kept[name] = value
    return kept


def _kept_custom(raw: dict[str, object], path: str, findings: Findings, taxonomy: Taxonomy) -> dict[str, object]:
    kept = {}
    for name, value in raw.items():
        reason = _misnamed(name, taxonomy.registered) or _misfit(value, CUSTOM)
        if reason:
            findings.ignore(f"{path}.{name}", value, reason)
        else:
            kept[name] = value
    return kept


def _misnamed(name: str, registered: tuple[str, ...] | None) -> str | None:
    if name.startswith(PREFIX):
        return "the c_ prefix is for reading only: send the name without it"
    if registered is not None and name not in registered:
        return "not registered in Attributes and Events"
    return None


def _misfit(value: object, kind: Kind) -> str | None:
    if value is None:
        return "null neither sets nor clears: use attribute delete"
    return None if kind.accepts(value) else f"expected {kind.words}"
