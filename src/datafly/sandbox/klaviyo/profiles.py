"""Profiles: by which identifiers one is found, what is written to it, what conflicts (§1.5)."""

import secrets
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec

from datafly.sandbox.kit import Call, Outcome, Verdict
from datafly.sandbox.klaviyo import checks
from datafly.sandbox.klaviyo.checks import IDENTIFIERS, Object, at
from datafly.sandbox.klaviyo.replies import Finding, conflict, error, listing, refused, resource, taken

_MOST_BYTES: Final = 100_000
_MOST_IMPORTED: Final = 10_000
_ERRORS_A_PAGE: Final = 20
# Since then a profile that is written has no anonymous_id.
_NO_ANONYMOUS_ID: Final = "2025-10-15"
_IMPORTED: Final = "/data/attributes/profiles/data"


class Resolved(msgspec.Struct, frozen=True):
    """`key`: the profile, made if nobody had these. `others`: profiles that hold further ones of the identifiers."""

    key: str
    is_new: bool
    others: tuple[str, ...] = ()


def label(attributes: Object) -> str:
    return next((str(attributes[name]) for name in IDENTIFIERS if attributes.get(name)), "nobody")


def resolved(call: Call, attributes: Object, key: Any = None) -> Resolved:
    """The holder of the first identifier that anybody holds; a visitor whom only an anonymous id names is joined."""
    held = [
        found
        for name in IDENTIFIERS
        if attributes.get(name) and (found := call.store.named(name, str(attributes[name])))
    ]
    holders = list(dict.fromkeys([*([key] if key else []), *held]))
    if not holders:
        return Resolved(f"01{secrets.token_hex(12).upper()}", is_new=True)
    others = [one for one in holders[1:] if not _joined(call, one, holders[0])]
    return Resolved(holders[0], is_new=False, others=tuple(others))


def _joined(call: Call, other: str, to: str) -> bool:
    if call.store.names_of(other).keys() - {"anonymous_id"}:
        return False
    call.store.rename(other, to)
    call.store.give(other, to)
    call.store.drop("profiles", other)
    return True


def write(call: Call, key: str, attributes: Object) -> dict[str, Any]:
    """What is given takes the place of what was, null clears. An identifier that another profile holds stays there."""
    before = call.store.get("profiles", key)
    known = dict(before.body) if before else {}
    given = {name: value for name, value in attributes.items() if name != "meta"}
    for name in IDENTIFIERS:
        if not _led(call, key, name, given.get(name), known.get(name)):
            given.pop(name, None)
    properties = {**known.get("properties", {}), **(given.pop("properties", None) or {})}
    made = {**known, **given, "properties": {name: value for name, value in properties.items() if value is not None}}
    made = {name: value for name, value in made.items() if value is not None}
    call.put("profiles", key, made)
    return made


def _led(call: Call, key: str, name: str, value: Any, before: Any) -> bool:
    """Whether that identifier leads to the profile from now on; a new one takes the place of the one before."""
    if not value:
        return True
    holder = call.store.named(name, value)
    if holder not in (None, key):
        return False
    if before and before != value and name != "anonymous_id":
        call.store.unname(name, before)
    call.store.name(name, value, key)
    return True


def import_profile(call: Call, document: Any) -> Outcome:
    """201 created, 200 updated; identifiers of different profiles are a conflict."""
    if len(call.incoming.body) > _MOST_BYTES:
        return error(413, "The maximum allowed payload size is 100KB.", ours="too_large")
    data = at(document, "data")
    findings = list(_writable(call, data, "/data"))
    if findings:
        return refused(findings)
    if data.get("id") and call.store.get("profiles", data["id"]) is None:
        return error(404, "A profile with that id does not exist.")
    found = resolved(call, data["attributes"], data.get("id"))
    if found.others:
        if data.get("id"):
            return error(404, "A profile with that id does not exist.")
        return conflict(found.key if call.mode["conflicts"] == "named" else "")
    return _written(call, found, data["attributes"])


def create_profile(call: Call, document: Any) -> Outcome:
    data = at(document, "data")
    findings = list(_writable(call, data, "/data"))
    if findings:
        return refused(findings)
    found = resolved(call, data["attributes"])
    return _written(call, found, data["attributes"]) if found.is_new else conflict(found.key)


def update_profile(call: Call, document: Any) -> Outcome:
    """By Klaviyo's id alone; an identifier that another profile holds is a conflict."""
    data, key = at(document, "data"), call.match["id"]
    if call.store.get("profiles", key) is None:
        return error(404, "A profile with that id does not exist.")
    findings = list(_writable(call, {**data, "id": key} if isinstance(data, dict) else data, "/data"))
    if findings:
        return refused(findings)
    found = resolved(call, data["attributes"], key)
    return conflict(found.others[0]) if found.others else _written(call, found, data["attributes"])


def _written(call: Call, found: Resolved, attributes: Object) -> Outcome:
    made = write(call, found.key, attributes)
    verdict = Verdict(place="data", accepted=True, who=label(attributes), kind="profiles", id=found.key)
    shown = {name: value for name, value in made.items() if name not in ("subscriptions", "lists")}
    told = {"type": "profile", "id": found.key, "attributes": shown}
    return resource(201 if found.is_new else 200, told, [verdict])


def _writable(call: Call, data: Any, pointer: str) -> Iterator[Finding]:
    is_late = call.incoming.headers["revision"] >= _NO_ANONYMOUS_ID
    if is_late and at(data, "attributes", "anonymous_id"):
        yield Finding(f"{pointer}/attributes/anonymous_id", "'anonymous_id' is not a valid field.", "anonymous_id")
    yield from checks.profile(data, pointer)


def import_many(call: Call, document: Any) -> Outcome:
    """202 and a job; what is wrong with single profiles is told by the job alone."""
    data = at(document, "data")
    profiles = at(data, "attributes", "profiles", "data")
    findings = [
        *checks.resource(data, "profile-bulk-import-job", "/data"),
        *checks.listed(profiles, _IMPORTED, _MOST_IMPORTED),
    ]
    if findings:
        return refused(findings)
    key = secrets.token_urlsafe(16)
    verdicts, errors = _import_each(call, profiles)
    to = [one.get("id") for one in at(data, "relationships", "lists", "data") or () if isinstance(one, dict)]
    told = {"status": "complete", "total_count": len(profiles), "failed_count": len(errors), "lists": to}
    call.put("jobs", key, {**told, "errors": errors, "ready_at": call.visible_at.isoformat()})
    queued = {"status": "queued", "total_count": len(profiles), "completed_count": 0, "failed_count": 0}
    return resource(202, {"type": "profile-bulk-import-job", "id": key, "attributes": queued}, verdicts)


def _import_each(call: Call, profiles: list[Any]) -> tuple[list[Verdict], list[dict[str, Any]]]:
    verdicts, errors = [], []
    for index, one in enumerate(profiles):
        found = list(_writable(call, one, f"{_IMPORTED}/{index}"))
        who = at(one, "attributes") or {}
        target = None if found else resolved(call, who, one.get("id"))
        if target and target.others:
            found = [Finding(f"{_IMPORTED}/{index}", "A profile already exists with one of these identifiers.")]
        if target and not found:
            write(call, target.key, who)
        errors += [_import_error(one, finding) for finding in found]
        verdicts.append(
            Verdict(
                place=f"profiles.{index}",
                accepted=not found,
                who=label(who),
                kind="profiles" if target and not found else "",
                id=target.key if target and not found else "",
                said=tuple(finding.detail for finding in found),
            )
        )
    return verdicts, errors


def _import_error(payload: Any, found: Finding) -> dict[str, Any]:
    told = {"code": "invalid", "title": "Invalid input.", "detail": found.detail, "source": {"pointer": found.pointer}}
    return {"type": "import-error", "id": secrets.token_hex(8), "attributes": {**told, "original_payload": payload}}


def job_of(call: Call) -> Outcome:
    record = call.store.get("jobs", call.match["id"])
    if record is None:
        return error(404, "A job with that id does not exist.")
    shown = {name: record.body[name] for name in ("status", "total_count", "failed_count")}
    if call.now < datetime.fromisoformat(record.body["ready_at"]):
        shown = {**shown, "status": "processing", "failed_count": 0}
    return resource(200, {"type": "profile-bulk-import-job", "id": record.id, "attributes": shown})


def errors_of(call: Call) -> Outcome:
    """Pages of 20; the cursor is the number of the first."""
    record = call.store.get("jobs", call.match["id"])
    if record is None:
        return error(404, "A job with that id does not exist.")
    asked = parse_qs(call.incoming.query).get("page[cursor]", ["0"])[0]
    first = int(asked) if asked.isdecimal() else 0
    errors = record.body["errors"]
    rest = f"?page%5Bcursor%5D={first + _ERRORS_A_PAGE}" if len(errors) > first + _ERRORS_A_PAGE else None
    here = f"https://a.klaviyo.com{call.incoming.path.removeprefix('/klaviyo')}"
    links = {"self": here, "next": rest and here + rest}
    return listing(errors[first : first + _ERRORS_A_PAGE], links)


def lists(call: Call) -> Outcome:
    """Those that somebody was subscribed to; the sandbox takes any id."""
    found = {one for record in call.store.arrivals("profiles", now=call.now) for one in record.body.get("lists", ())}
    return resource(200, [{"type": "list", "id": one, "attributes": {"name": one}} for one in sorted(found)])


def delete_profile(call: Call, document: Any) -> Outcome:
    """Exactly one of id, email and phone_number; 202 whether there is such a profile or not."""
    data = at(document, "data")
    profile = at(data, "attributes", "profile", "data")
    findings = [
        *checks.resource(data, "data-privacy-deletion-job", "/data"),
        *checks.resource(profile, "profile", "/data/attributes/profile/data"),
    ]
    if findings:
        return refused(findings)
    who = profile["attributes"]
    given = [value for value in (profile.get("id"), who.get("email"), who.get("phone_number")) if value]
    if len(given) != 1:
        words = "Exactly one of id, email and phone_number is required."
        return refused([Finding("/data/attributes/profile/data", words)])
    key = profile.get("id") or call.store.named("email" if who.get("email") else "phone_number", given[0])
    if key:
        for event in call.store.of_owner(key, ("events",), now=call.now, limit=100_000):
            call.store.drop("events", event.id)
        call.store.drop("profiles", key)
    return taken([Verdict(place="data", accepted=True, who=str(given[0]))])
