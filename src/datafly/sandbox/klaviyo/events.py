"""Events, alone and in jobs: what is stored of them, and what comes again (§1.3, §1.4)."""

import hashlib
from collections.abc import Iterator
from typing import Any, Final

from datafly.sandbox.kit import Call, Outcome, Verdict
from datafly.sandbox.klaviyo import checks
from datafly.sandbox.klaviyo.checks import Object, at
from datafly.sandbox.klaviyo.profiles import label, resolved, write
from datafly.sandbox.klaviyo.replies import Finding, refused, taken

_MOST_IN_A_JOB: Final = 1_000
_JOB: Final = "/data/attributes/events-bulk-create/data"
# Before, an event cannot say that it starts no flow.
_BACKFILL: Final = "2026-04-15"

One = tuple[str, Any, Any]
"""Where an event stands, its profile and its attributes."""


def create(call: Call, document: Any) -> Outcome:
    data = at(document, "data")
    findings = list(checks.resource(data, "event", "/data"))
    if findings:
        return refused(findings)
    attributes, who = data["attributes"], at(data, "attributes", "profile", "data")
    findings += checks.profile(who, "/data/attributes/profile/data")
    findings += checks.event(attributes, "/data/attributes", call.now)
    if findings:
        return refused(findings, [_verdict("data", who, attributes, findings)])
    return taken([_store(call, "data", who, attributes)])


def create_many(call: Call, document: Any) -> Outcome:
    """All or nothing."""
    data = at(document, "data")
    groups = at(data, "attributes", "events-bulk-create", "data")
    findings = [
        *checks.resource(data, "event-bulk-create-job", "/data"),
        *checks.listed(groups, _JOB, _MOST_IN_A_JOB),
    ]
    if findings:
        return refused(findings)
    events: list[One] = []
    for index, group in enumerate(groups):
        findings += _group(call, group, f"{_JOB}/{index}", events)
    if len(events) > _MOST_IN_A_JOB:
        findings.append(Finding(_JOB, f"Ensure there are no more than {_MOST_IN_A_JOB} events."))
    findings = findings or list(_repeated(call, events))
    if findings:
        return refused(findings, [_verdict(place, who, told, findings) for place, who, told in events])
    return taken([_store(call, place, who, told) for place, who, told in events])


def _group(call: Call, group: Any, pointer: str, events: list[One]) -> Iterator[Finding]:
    found = list(checks.resource(group, "event-bulk-create", pointer))
    yield from found
    if found:
        return
    who = at(group, "attributes", "profile", "data")
    yield from checks.profile(who, f"{pointer}/attributes/profile/data")
    inner = at(group, "attributes", "events", "data")
    yield from checks.listed(inner, f"{pointer}/attributes/events/data", _MOST_IN_A_JOB)
    for index, one in enumerate(inner if isinstance(inner, list) else ()):
        place = f"{pointer}/attributes/events/data/{index}"
        wrong = list(checks.resource(one, "event", place))
        told = {**at(one, "attributes")} if not wrong else {}
        if not wrong and at(group, "attributes", "backfill") is True:
            told.setdefault("backfill", True)
        yield from wrong or checks.event(told, f"{place}/attributes", call.now)
        events.append((place, who, told))


def _repeated(call: Call, events: list[One]) -> Iterator[Finding]:
    """In the job, or of an earlier request."""
    seen = set()
    for place, who, told in events:
        holder = _holder(call, who)
        once = _once(holder, told, call)
        if once in seen or call.store.get("events", once) is not None:
            words = "unique_id is repeated for the same profile and metric."
            yield Finding(f"{place}/attributes/unique_id", words, "repeated_unique_id")
        seen.add(once)


def _holder(call: Call, who: Object) -> str:
    attributes = who["attributes"]
    for name in checks.IDENTIFIERS:
        if attributes.get(name) and (found := call.store.named(name, str(attributes[name]))):
            return found
    return str(who.get("id") or label(attributes))


def _once(holder: str, told: Object, call: Call) -> str:
    """Without a unique_id, the second in which it happened tells it."""
    moment = checks.moment_of(told.get("time")) or call.now
    unique = told.get("unique_id") or moment.isoformat(timespec="seconds")
    digest = hashlib.sha256("\0".join((holder, metric_of(told), unique)).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:24]


def metric_of(told: Any) -> str:
    return str(at(told, "metric", "data", "attributes", "name") or "")


def _store(call: Call, place: str, who: Object, told: Object) -> Verdict:
    """The first of those that are alike is kept, and the others are ignored without a word."""
    attributes = who["attributes"]
    target = resolved(call, attributes, who.get("id"))
    write(call, target.key, {name: value for name, value in attributes.items() if value is not None})
    key = _once(target.key, told, call)
    said = tuple(f"{other} holds one of the identifiers, and keeps it" for other in target.others)
    if call.store.get("events", key) is not None:
        call.store.told_again("events", key)
        said = (*said, "it was there already, so it is ignored")
    else:
        call.put("events", key, _shown(call, told), owner=target.key, at=checks.moment_of(told.get("time")) or call.now)
    return Verdict(place=place, accepted=True, who=label(attributes), kind="profiles", id=target.key, said=said)


def _shown(call: Call, told: Object) -> dict[str, Any]:
    starts = told.get("backfill") is True and call.incoming.headers["revision"] >= _BACKFILL
    kept = {name: told[name] for name in ("value", "value_currency", "unique_id", "time") if told.get(name) is not None}
    return {"metric": metric_of(told), **kept, "flows": not starts, "properties": told["properties"]}


def _verdict(place: str, who: Any, told: Any, findings: list[Finding]) -> Verdict:
    said = tuple(found.detail for found in findings if found.pointer.startswith((f"/{place}", f"{place}/")))
    name, person = metric_of(told) or "an event", label(at(who, "attributes") or {})
    return Verdict(place=place, accepted=not said, who=f"{name} of {person}", said=said)
