"""What else is asked about users: export, deletion, subscription groups (§2.2, §2.5)."""

from collections.abc import Iterator
from typing import Any, Final

from datafly.sandbox.braze.checks import GROUP_STATES, PHONE, STATES, Object, is_alias
from datafly.sandbox.braze.profiles import body_of, erase, found, keep, label, of_list
from datafly.sandbox.braze.replies import TOO_MANY_IDS, refused, said, with_verdicts
from datafly.sandbox.kit import Call, Outcome, Verdict

_MOST: Final = 50
_DELETES: Final = ("external_ids", "user_aliases", "braze_ids", "email_addresses", "phone_numbers")


def export(call: Call, document: Any) -> Outcome:
    """Who is not there is listed; whoever is shows what she has."""
    told = document if isinstance(document, dict) else {}
    asked = [*_identifiers(told, "external_ids"), *_identifiers(told, "user_aliases")]
    if not asked:
        return refused(400, "external_ids or user_aliases must be an array", ours="no_array")
    if len(asked) > _MOST:
        return refused(400, TOO_MANY_IDS)
    fields = told.get("fields_to_export")
    keys = {label(one): found(call, one) for one in asked}
    users = [_shown(call, key, fields) for key in keys.values() if key]
    gone = [name for name, key in keys.items() if key is None]
    return said(201, {"users": users, **({"invalid_user_ids": gone} if gone else {})})


def _shown(call: Call, key: str, fields: Any) -> dict[str, Any]:
    body = {"braze_id": key, **body_of(call, key)}
    return {name: value for name, value in body.items() if not isinstance(fields, list) or name in fields}


def delete(call: Call, document: Any) -> Outcome:
    """One kind of identifier in a request."""
    told = document if isinstance(document, dict) else {}
    given = [name for name in _DELETES if told.get(name)]
    if len(given) != 1:
        return refused(400, f"exactly one of {', '.join(_DELETES)} must be given", ours="one_kind")
    asked = list(_identifiers(told, given[0]))
    if len(asked) > _MOST:
        return refused(400, TOO_MANY_IDS)
    keys = [found(call, one) for one in asked]
    for key in dict.fromkeys(keys):
        if key is not None:
            erase(call, key)
    verdicts = [
        Verdict(place=f"{given[0]}.{index}", accepted=True, who=label(one), said=() if key else ("nobody is there",))
        for index, (one, key) in enumerate(zip(asked, keys, strict=True))
    ]
    return with_verdicts(said(201, {"deleted": len({key for key in keys if key})}), verdicts)


def _identifiers(told: Object, name: str) -> Iterator[dict[str, Any]]:
    kinds = {"external_ids": "external_id", "braze_ids": "braze_id"}
    for one in of_list(told.get(name)):
        if name in kinds and isinstance(one, str) and one:
            yield {kinds[name]: one}
        elif name == "user_aliases" and is_alias(one):
            yield {"user_alias": one}
        elif name in ("email_addresses", "phone_numbers") and isinstance(one, dict):
            kind = "email" if name == "email_addresses" else "phone"
            if isinstance(one.get(kind), str):
                yield {kind: one[kind]}


def set_groups(call: Call, document: Any) -> Outcome:
    """By an address it is set for whoever has it."""
    groups = list(of_list(document.get("subscription_groups") if isinstance(document, dict) else None))
    problem = "subscription_groups must be an array of objects" if not groups else None
    problem = problem or next((found for one in groups if (found := _unfit(one))), None)
    if problem:
        return refused(400, problem, ours="subscription_groups")
    return with_verdicts(said(201), [verdict for one in groups for verdict in _set(call, one)])


def set_email_status(call: Call, document: Any) -> Outcome:
    """Of whoever has the address; the body is ours, since the document that we have names the call alone."""
    told = document if isinstance(document, dict) else {}
    emails = [told["email"]] if isinstance(told.get("email"), str) else [*of_list(told.get("email"))]
    state = told.get("subscription_state")
    if not emails or not all(isinstance(one, str) and one for one in emails) or state not in STATES:
        return refused(400, f"email and a subscription_state of {', '.join(STATES)} are required", ours="email_status")
    if len(emails) > _MOST:
        return refused(400, TOO_MANY_IDS)
    return with_verdicts(said(201), [_stated(call, index, email, state) for index, email in enumerate(emails)])


def _stated(call: Call, index: int, email: str, state: str) -> Verdict:
    key = found(call, {"email": email})
    if key is None:
        return Verdict(place=f"email.{index}", accepted=True, who=email, said=("nobody is there",))
    keep(call, key, {**body_of(call, key), "email_subscribe": state})
    return Verdict(place=f"email.{index}", accepted=True, who=email, kind="users", id=key)


def _unfit(one: Any) -> str | None:
    if not isinstance(one, dict) or not isinstance(one.get("subscription_group_id"), str):
        return "subscription_group_id is required"
    if one.get("subscription_state") not in GROUP_STATES:
        return "subscription_state must be subscribed or unsubscribed"
    if one.get("emails") and one.get("phones"):
        return "emails and phones must not be given together"
    if not all(isinstance(phone, str) and PHONE.fullmatch(phone) for phone in of_list(one.get("phones"))):
        return "phones must be in E.164 format"
    return TOO_MANY_IDS if not 0 < len(list(_members(one))) <= _MOST else None


def _members(one: Object) -> Iterator[dict[str, str]]:
    for name, kind in (("external_ids", "external_id"), ("emails", "email"), ("phones", "phone")):
        for value in of_list(one.get(name)):
            yield {kind: str(value)}


def _set(call: Call, one: Object) -> Iterator[Verdict]:
    for index, who in enumerate(_members(one)):
        key = found(call, who)
        if key is not None:
            body = body_of(call, key)
            known = {**body.get("subscription_groups", {}), one["subscription_group_id"]: one["subscription_state"]}
            keep(call, key, {**body, "subscription_groups": known})
        said_of = () if key else ("nobody is there",)
        place = f"subscription_groups.{index}"
        yield Verdict(
            place=place, accepted=True, who=label(who), kind="users" if key else "", id=key or "", said=said_of
        )
