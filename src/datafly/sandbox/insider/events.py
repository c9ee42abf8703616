"""Reading one event of a user: its name, its moment, its parameters, its age."""

from datetime import datetime, timedelta

import msgspec

from datafly.sandbox.insider import reference
from datafly.sandbox.insider import rules as refused
from datafly.sandbox.insider.account import AccountRules
from datafly.sandbox.insider.fields import Fields, Taxonomy, read_fields
from datafly.sandbox.insider.findings import Findings
from datafly.sandbox.insider.kinds import moment

_NAME_FIRST = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
# The printed pattern allows capitals after the first letter, but the captured refusal is of `homepageView`.
_NAME_REST = _NAME_FIRST | frozenset("._-")


class ReadEvent(msgspec.Struct, frozen=True):
    name: str
    moment: datetime
    parameters: Fields


def read_event(
    raw: object, position: int, findings: Findings, *, rules: AccountRules, now: datetime
) -> ReadEvent | None:
    """The event to keep, or None where it is refused (in `findings.errors`) or ignored."""
    under = f"events.{position}."
    if not isinstance(raw, dict):
        findings.refuse(refused.EVENT_NOT_OBJECT, under=under)
        return None
    name = _read_name(raw.get("event_name"), findings, under)
    when = _read_moment(raw, findings, under)
    parameters = _read_parameters(raw.get("event_params"), name, findings, under=under, rules=rules)
    if name is None or when is None:
        return None
    event = ReadEvent(name, when, parameters)
    reason = _why_not_kept(event, rules, now)
    if reason:
        findings.ignore(under.rstrip("."), name, reason)
    return None if reason else event


def is_event_name(name: object) -> bool:
    return isinstance(name, str) and name[:1] in _NAME_FIRST and name != "" and _NAME_REST.issuperset(name)


def _read_name(raw: object, findings: Findings, under: str) -> str | None:
    if is_event_name(raw):
        return str(raw)
    rule = refused.EVENT_NAME_MISSING if raw is None else refused.BAD_EVENT_NAME
    findings.refuse(rule, under=under, value="" if raw is None else raw)
    return None


def _read_moment(raw: dict[str, object], findings: Findings, under: str) -> datetime | None:
    value = raw.get("timestamp")
    when = moment(value)
    if value is None:
        findings.refuse(refused.TIMESTAMP_REQUIRED, under=under)
    elif when is None:
        findings.refuse(refused.TIMESTAMP_NOT_DATETIME, under=under, value=value)
    return when


def _read_parameters(raw: object, name: str | None, findings: Findings, *, under: str, rules: AccountRules) -> Fields:
    given = raw if isinstance(raw, dict) else {}
    for parameter in _required(name, strict=rules.strict_parameters):
        if given.get(parameter) in (None, ""):
            documented = parameter in reference.DOCUMENTED_PARAMETERS.get(name or "", ())
            rule = refused.PARAMETER_REQUIRED if documented else refused.PARAMETER_ASSUMED
            findings.refuse(rule, under=under, parameter=parameter, event=name)
    taxonomy = Taxonomy(
        reference.PARAMETERS,
        rules.parameters,
        refused.PARAMETERS_NOT_OBJECT,
        refused.CUSTOM_PARAMETERS_NOT_OBJECT,
    )
    return read_fields({} if raw is None else raw, taxonomy, findings, at="event_params", under=under)


def _required(name: str | None, *, strict: bool) -> tuple[str, ...]:
    always = reference.REQUIRED_PARAMETERS.get(name or "", ())
    return (*always, *reference.STRICTLY_REQUIRED_PARAMETERS.get(name or "", ())) if strict else always


def _why_not_kept(event: ReadEvent, rules: AccountRules, now: datetime) -> str | None:
    known = reference.EVENTS.get(event.name)
    if known is None and rules.events is not None and event.name not in rules.events:
        return "not registered in Attributes and Events"
    days = (known or reference.CUSTOM_EVENT).days_kept
    if event.moment < now - timedelta(days=days):
        return f"older than the {days} days that this event is kept"
    return None
