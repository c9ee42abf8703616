"""Reading one user object of an upsert: refused with Insider's words, or what is to be written."""

from datetime import datetime

import msgspec

from datafly.sandbox.insider import reference
from datafly.sandbox.insider import rules as refused
from datafly.sandbox.insider.account import AccountRules
from datafly.sandbox.insider.events import ReadEvent, read_event
from datafly.sandbox.insider.fields import Fields, Taxonomy, read_fields
from datafly.sandbox.insider.findings import Findings, Ignored
from datafly.sandbox.insider.identifiers import Identifier, ReadIdentifiers, read_identifiers
from datafly.sandbox.insider.objects import Patches, read_patches


class RefusedUser(msgspec.Struct, frozen=True):
    """Nothing of this user is written; `errors` as in `data.fail.errors`."""

    errors: dict[str, list[str]]
    ours: dict[str, str] = {}


class AcceptedUser(msgspec.Struct, frozen=True):
    """What is to be written; `appends` tells whether arrays are added to or overwritten."""

    insider_id: str | None
    identifiers: tuple[Identifier, ...]
    attributes: Fields
    events: tuple[ReadEvent, ...]
    patches: Patches
    appends: bool
    ignored: tuple[Ignored, ...]


class Reading(msgspec.Struct, frozen=True):
    """What a user object is read against."""

    rules: AccountRules
    now: datetime
    appends: bool = True


def read_user(raw: object, index: int, reading: Reading) -> RefusedUser | AcceptedUser:
    findings = Findings(index)
    if not isinstance(raw, dict):
        findings.refuse(refused.USER_NOT_OBJECT)
        return RefusedUser(findings.errors, findings.ours)
    user = _read_parts(raw, findings, reading)
    return RefusedUser(findings.errors, findings.ours) if findings.errors else user


def says_append(raw: dict[str, object], *, otherwise: bool) -> bool:
    """`append` wins over `not_append`; where neither is a boolean, `otherwise` holds."""
    append, not_append = raw.get("append"), raw.get("not_append")
    if isinstance(append, bool):
        return append
    return not not_append if isinstance(not_append, bool) else otherwise


def _read_parts(raw: dict[str, object], findings: Findings, reading: Reading) -> AcceptedUser:
    identifiers = read_identity(raw, findings, reading.rules)
    attributes = _read_attributes(raw.get("attributes"), findings, reading.rules)
    events = _read_events(raw.get("events"), findings, reading)
    _check_something_to_write(raw, findings)
    patches = read_patches(raw["object_attributes"], findings) if raw.get("object_attributes") is not None else {}
    insider_id = raw.get("insider_id")
    return AcceptedUser(
        insider_id=insider_id if isinstance(insider_id, str) else None,
        identifiers=identifiers.identifying,
        attributes=Fields(
            {**identifiers.attributes, **attributes.defaults}, {**identifiers.custom, **attributes.custom}
        ),
        events=events,
        patches=patches,
        appends=says_append(raw, otherwise=reading.appends),
        ignored=tuple(findings.ignored),
    )


def read_identity(raw: dict[str, object], findings: Findings, rules: AccountRules) -> ReadIdentifiers:
    identifiers, insider_id = raw.get("identifiers"), raw.get("insider_id")
    if identifiers in (None, {}) and insider_id in (None, ""):
        findings.refuse(refused.NO_IDENTIFIERS)
        findings.refuse(refused.NO_INSIDER_ID)
        return ReadIdentifiers()
    if insider_id is not None and not isinstance(insider_id, str):
        findings.refuse(refused.INSIDER_ID_NOT_TEXT, value=insider_id)
    return ReadIdentifiers() if identifiers is None else read_identifiers(identifiers, findings, rules)


def _read_attributes(raw: object, findings: Findings, rules: AccountRules) -> Fields:
    taxonomy = Taxonomy(
        reference.ATTRIBUTES,
        rules.attributes,
        refused.ATTRIBUTES_NOT_OBJECT,
        refused.CUSTOM_ATTRIBUTES_NOT_OBJECT,
    )
    return read_fields({} if raw is None else raw, taxonomy, findings, at="attributes")


def _read_events(raw: object, findings: Findings, reading: Reading) -> tuple[ReadEvent, ...]:
    if raw is None:
        return ()
    if not isinstance(raw, list):
        findings.refuse(refused.EVENTS_NOT_ARRAY)
        return ()
    read = (
        read_event(event, position, findings, rules=reading.rules, now=reading.now)
        for position, event in enumerate(raw)
    )
    return tuple(event for event in read if event is not None)


def _check_something_to_write(raw: dict[str, object], findings: Findings) -> None:
    """Empty attributes are tolerated beside events, and are nothing by themselves."""
    attributes = raw.get("attributes")
    says_nothing = attributes in (None, {}, {"custom": {}})
    if says_nothing and not raw.get("events") and not raw.get("object_attributes"):
        findings.refuse(refused.NOTHING_TO_WRITE)
