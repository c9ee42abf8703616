"""Who is subscribed to what (§1.6): validation of both jobs, and what becomes of a profile."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from datafly.sandbox.kit import Call, Outcome, Verdict
from datafly.sandbox.klaviyo import checks
from datafly.sandbox.klaviyo.checks import Object, at
from datafly.sandbox.klaviyo.profiles import label, resolved, write
from datafly.sandbox.klaviyo.replies import Finding, refused, taken

_NEEDS: Final = {"email": "email", "sms": "phone_number", "whatsapp": "phone_number"}
_KINDS: Final = {"email": ("marketing", "open_tracking"), "push": ("marketing",)}
_PLATFORMS: Final = ("android", "ios")
_VENDORS: Final = ("apns", "fcm")
_BOTH: Final = ("marketing", "transactional")
_PROFILES: Final = "/data/attributes/profiles/data"
# Until then a job without subscriptions meant every channel.
_SUBSCRIPTIONS_REQUIRED: Final = "2025-01-15"


def subscribe(call: Call, document: Any) -> Outcome:
    return _job(call, document, "profile-subscription-bulk-create-job", "SUBSCRIBED", 1_000)


def unsubscribe(call: Call, document: Any) -> Outcome:
    return _job(call, document, "profile-subscription-bulk-delete-job", "UNSUBSCRIBED", 100)


def _job(call: Call, document: Any, kind: str, said: str, most: int) -> Outcome:
    data = at(document, "data")
    profiles = at(data, "attributes", "profiles", "data")
    findings = [*checks.resource(data, kind, "/data"), *checks.listed(profiles, _PROFILES, most)]
    if findings:
        return refused(findings)
    is_history = at(data, "attributes", "historical_import") is True
    for index, one in enumerate(profiles):
        pointer = f"{_PROFILES}/{index}"
        findings += _profile(one, pointer, said, call, is_history=is_history)
    if findings:
        return refused(findings, [_verdict(index, one, findings) for index, one in enumerate(profiles)])
    to = at(data, "relationships", "list", "data", "id")
    return taken([_change(call, index, one, said, to) for index, one in enumerate(profiles)])


def _profile(value: Any, pointer: str, said: str, call: Call, *, is_history: bool) -> Iterator[Finding]:
    found = list(checks.resource(value, "profile", pointer))
    yield from found
    if found:
        return
    attributes, pointer = value["attributes"], f"{pointer}/attributes"
    yield from checks.contact(attributes, pointer)
    channels = attributes.get("subscriptions")
    if not isinstance(channels, dict) or not channels:
        if channels is not None or call.incoming.headers["revision"] >= _SUBSCRIPTIONS_REQUIRED:
            yield Finding(f"{pointer}/subscriptions", "This field is required.")
        return
    for channel, told in channels.items():
        needed = _NEEDS.get(channel)
        if needed and not attributes.get(needed):
            words = f"'{needed}' must not be empty when the {channel} channel is included in 'subscriptions'."
            yield Finding(pointer, words, "")
        yield from _channel(channel, told, f"{pointer}/subscriptions/{channel}", said, call.now, is_history=is_history)
    push = channels.get("push")
    if isinstance(push, dict):
        yield from _push(push, attributes, f"{pointer}/subscriptions/push", said)


def _channel(channel: str, told: Any, pointer: str, said: str, now: datetime, *, is_history: bool) -> Iterator[Finding]:
    if channel not in (*_NEEDS, "push") or not isinstance(told, dict) or not told:
        yield Finding(pointer, "This is no channel, or it says nothing.")
        return
    for kind in (kind for kind in _KINDS.get(channel, _BOTH) if told.get(kind) is not None):
        if at(told, kind, "consent") != said:
            yield Finding(f"{pointer}/{kind}/consent", f"consent must be {said}.")
        yield from _consented(
            at(told, kind, "consented_at"), f"{pointer}/{kind}/consented_at", now, is_history=is_history
        )


def _push(told: Object, attributes: Object, pointer: str, said: str) -> Iterator[Finding]:
    """Tokens of devices, and whose they are."""
    tokens = told.get("tokens")
    if told.get("marketing") is None:
        yield Finding(f"{pointer}/marketing", "This field is required.")
    if tokens is None and said == "UNSUBSCRIBED":
        yield Finding(f"{pointer}/tokens", "This field is required.")
    for index, one in enumerate(tokens if isinstance(tokens, list) else ()):
        fits = isinstance(at(one, "token"), str) and at(one, "platform") in _PLATFORMS and at(one, "vendor") in _VENDORS
        if not fits:
            yield Finding(f"{pointer}/tokens/{index}", "token, platform and vendor are required.")
    if not any((attributes.get("email"), attributes.get("phone_number"), told.get("anonymous_id"))):
        yield Finding(pointer, "At least one profile identifier is required.")


def _consented(sent: Any, pointer: str, now: datetime, *, is_history: bool) -> Iterator[Finding]:
    if sent is None and not is_history:
        return
    moment = checks.moment_of(sent)
    if not is_history:
        yield Finding(pointer, "consented_at is only allowed with historical_import.")
    elif moment is None or moment >= now:
        yield Finding(pointer, "consented_at is required with historical_import, and must be in the past.")


def _change(call: Call, index: int, value: Object, said: str, to: Any) -> Verdict:
    attributes = value["attributes"]
    channels = attributes.get("subscriptions") or {"email": {}, "sms": {}}
    who = {name: attributes[name] for name in ("email", "phone_number") if attributes.get(name)}
    push = at(channels, "push") or {}
    if not who and push.get("anonymous_id"):
        who = {"anonymous_id": push["anonymous_id"]}
    key = resolved(call, who, value.get("id")).key
    before = call.store.get("profiles", key)
    known = dict(before.body) if before else {}
    stands = {**known.get("subscriptions", {}), **dict.fromkeys(channels, said)}
    lists = set(known.get("lists", ())) | ({to} if to and said == "SUBSCRIBED" else set())
    if said == "UNSUBSCRIBED" and to:
        lists.discard(to)
    tokens = _tokens(known.get("push_tokens", ()), push.get("tokens") or (), said)
    write(call, key, {**who, "subscriptions": stands, "lists": sorted(lists), "push_tokens": tokens or None})
    return Verdict(place=f"profiles.{index}", accepted=True, who=label(who), kind="profiles", id=key)


def _tokens(known: Sequence[Object], told: Sequence[Object], said: str) -> list[Object]:
    """Each once; those that unsubscribe go."""
    others = [one for one in known if one["token"] not in {new["token"] for new in told}]
    return [*others, *told] if said == "SUBSCRIBED" else others


def _verdict(index: int, value: Any, findings: list[Finding]) -> Verdict:
    mine = f"{_PROFILES}/{index}/"
    said = tuple(found.detail for found in findings if f"{found.pointer}/".startswith(mine))
    return Verdict(place=f"profiles.{index}", accepted=not said, who=label(at(value, "attributes") or {}), said=said)
