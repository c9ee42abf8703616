"""Reading the `identifiers` of one user: what refuses her, what identifies her, what does neither."""

from collections.abc import Callable

import msgspec

from datafly.sandbox.insider import rules as refused
from datafly.sandbox.insider.account import AccountRules
from datafly.sandbox.insider.findings import Findings
from datafly.sandbox.insider.kinds import is_email, is_number, is_phone, is_text
from datafly.sandbox.insider.rules import Rule

_ALIASES = {"em": "email", "pn": "phone_number"}
_DEFAULTS: dict[str, tuple[Callable[[object], bool], Rule]] = {
    "email": (is_email, refused.BAD_EMAIL),
    "phone_number": (is_phone, refused.BAD_PHONE),
    "uuid": (is_text, refused.UUID_NOT_TEXT),
}


class Identifier(msgspec.Struct, frozen=True):
    """`type` is `uuid`, `email`, `phone_number` or `custom.<name>`."""

    type: str
    value: str


class ReadIdentifiers(msgspec.Struct, frozen=True):
    """`identifying`, by the account's priority; the rest stays an attribute, default or custom."""

    identifying: tuple[Identifier, ...] = ()
    attributes: dict[str, object] = {}
    custom: dict[str, object] = {}


def read_identifiers(raw: object, findings: Findings, rules: AccountRules) -> ReadIdentifiers:
    """What identifies, of those that the account lets identify; refusals go to `findings`."""
    if not isinstance(raw, dict):
        findings.refuse(refused.IDENTIFIERS_NOT_OBJECT)
        return ReadIdentifiers()
    found = [*_defaults(raw, findings), *_customs(raw.get("custom", {}), findings)]
    return _sorted_out(found, findings, rules)


def _defaults(raw: dict[str, object], findings: Findings) -> list[Identifier]:
    found = []
    for key, value in raw.items():
        identifier_type = _ALIASES.get(key, key)
        if key == "custom":
            continue
        if identifier_type not in _DEFAULTS:
            findings.refuse(refused.UNKNOWN_IDENTIFIER)
            continue
        accepts, rule = _DEFAULTS[identifier_type]
        if accepts(value):
            found.append(Identifier(identifier_type, str(value)))
        else:
            findings.refuse(rule, value=value)
    return found


def _customs(raw: object, findings: Findings) -> list[Identifier]:
    if not isinstance(raw, dict):
        findings.refuse(refused.CUSTOM_IDENTIFIERS_NOT_OBJECT)
        return []
    found = []
    for name, value in raw.items():
        if is_text(value) or is_number(value):
            found.append(Identifier(f"custom.{name}", str(value)))
        else:
            findings.ignore(f"identifiers.custom.{name}", value, "expected a string or a number")
    return found


def _sorted_out(found: list[Identifier], findings: Findings, rules: AccountRules) -> ReadIdentifiers:
    identifying: list[Identifier] = []
    attributes: dict[str, object] = {}
    custom: dict[str, object] = {}
    for each in found:
        path = f"identifiers.{each.type}"
        if each.value in rules.blocked_values:
            findings.ignore(path, each.value, "blocked identifier value")
        elif each.type in rules.identifier_types:
            identifying.append(each)
        else:
            findings.ignore(path, each.value, "this type does not identify in the account; kept as an attribute")
            home = custom if each.type.startswith("custom.") else attributes
            home[each.type.removeprefix("custom.")] = each.value
    identifying.sort(key=lambda each: rules.identifier_types.index(each.type))
    return ReadIdentifiers(tuple(identifying), attributes, custom)
