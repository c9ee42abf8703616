"""Who is who: identify, aliases and merges (§2.2, §2.3)."""

import secrets
from collections.abc import Callable
from typing import Any, Final

import msgspec

from datafly.sandbox.braze.checks import Object, is_alias
from datafly.sandbox.braze.profiles import alias_key, body_of, found, has_label, keep, label, merge, of_list
from datafly.sandbox.braze.replies import TOO_MANY_IDS, Wrong, refused, said, with_verdicts
from datafly.sandbox.kit import Call, Outcome, Verdict

_MOST: Final = 50
_LISTS: Final = ("aliases_to_identify", "emails_to_identify", "phone_numbers_to_identify")
_NO_EXTERNAL_ID: Final = "'external_id' is required"
_NO_ALIAS: Final = "'user_alias' must have an 'alias_name' and an 'alias_label' that are strings"
_NO_SUCH: Final = "there is no such visitor: nothing to give to the user"
_SAME_LABEL: Final = "the user has an alias of that label already: nothing is merged"
_MERGES: Final = "'merge_updates' must be an array of objects"
_MANY_MERGES: Final = "a single request may not contain more than 50 merge updates"
_TWO: Final = "'merge_updates' must only have 'identifier_to_merge' and 'identifier_to_keep'"
_IDENTIFIERS: Final = (
    "identifiers must be objects with an 'external_id' property that is a string, 'user_alias' property that is an "
    "object, 'email' property that is a string, or 'phone' property that is a string"
)


def identify(call: Call, document: Any) -> Outcome:
    """A success tells of those that could not be; what nobody did is none."""
    told = document if isinstance(document, dict) else {}
    every = [(name, one) for name in _LISTS for one in of_list(told.get(name))]
    if not every:
        return refused(400, f"one of {', '.join(_LISTS)} must be an array of objects", ours="no_array")
    if len(every) > _MOST:
        return refused(400, TOO_MANY_IDS)
    merges = told.get("merge_behavior", "merge") == "merge"
    verdicts = [_identified(call, index, name, one, merges=merges) for index, (name, one) in enumerate(every)]
    return _processed(verdicts)


def _processed(verdicts: list[Verdict]) -> Outcome:
    wrong = [
        msgspec.structs.asdict(Wrong(one.said[0], "user_identifiers", index))
        for index, one in enumerate(verdicts)
        if not one.accepted
    ]
    done = sum(one.accepted for one in verdicts)
    return with_verdicts(said(201, {"aliases_processed": done, **({"errors": wrong} if wrong else {})}), verdicts)


def _identified(call: Call, index: int, listed: str, one: Any, *, merges: bool) -> Verdict:
    who = one if isinstance(one, dict) else {}
    problem = _unfit(listed, who)
    if problem:
        return Verdict(place=f"{listed}.{index}", accepted=False, who=label(who), said=(problem,))
    user = call.store.named("external_id", who["external_id"])
    visitor = found(call, {name: value for name, value in who.items() if name != "external_id"})
    ignored, key = _join(call, who, user, visitor, merges=merges)
    return Verdict(
        place=f"{listed}.{index}",
        accepted=True,
        who=label(who),
        kind="users" if key else "",
        id=key or "",
        said=ignored,
    )


def _unfit(listed: str, who: Object) -> str | None:
    if not isinstance(who.get("external_id"), str) or not who["external_id"]:
        return _NO_EXTERNAL_ID
    if listed == "aliases_to_identify":
        return None if is_alias(who.get("user_alias")) else _NO_ALIAS
    name = "email" if listed.startswith("emails") else "phone"
    return None if isinstance(who.get(name), str) and who[name] else f"'{name}' is required"


def _join(
    call: Call, who: Object, user: str | None, visitor: str | None, *, merges: bool
) -> tuple[tuple[str, ...], str | None]:
    if visitor is None or visitor == user:
        return ((_NO_SUCH,) if visitor is None else ()), user
    if user is None:
        call.store.name("external_id", who["external_id"], visitor)
        keep(call, visitor, body_of(call, visitor))
        return (), visitor
    if who.get("user_alias") and has_label(call, user, who["user_alias"]):
        return (_SAME_LABEL,), user
    merge(call, visitor, user, data=merges)
    return (), user


def new_alias(call: Call, document: Any) -> Outcome:
    """One that names a user who is not there adds nothing."""
    return _aliases(call, document, "user_aliases", _add_alias)


def _add_alias(call: Call, one: Object) -> tuple[str, ...] | str:
    if not is_alias(one):
        return _NO_ALIAS
    key = call.store.named("external_id", one["external_id"]) if one.get("external_id") else None
    if one.get("external_id") and key is None:
        return ("there is no such user: no alias is added",)
    if key and has_label(call, key, one):
        return (_SAME_LABEL,)
    if key is None and call.store.named("alias", alias_key(one)) is None:
        key = secrets.token_hex(12)
    if key is not None:
        call.store.name("alias", alias_key(one), key)
        keep(call, key, body_of(call, key))
    return ()


def rename_alias(call: Call, document: Any) -> Outcome:
    return _aliases(call, document, "alias_updates", _rename_alias)


def _rename_alias(call: Call, one: Object) -> tuple[str, ...] | str:
    names = ("alias_label", "old_alias_name", "new_alias_name")
    if not all(isinstance(one.get(name), str) and one[name] for name in names):
        return f"{', '.join(names)} are required"
    old = alias_key({"alias_label": one["alias_label"], "alias_name": one["old_alias_name"]})
    key = call.store.named("alias", old)
    if key is None:
        return (_NO_SUCH,)
    call.store.unname("alias", old)
    call.store.name("alias", alias_key({"alias_label": one["alias_label"], "alias_name": one["new_alias_name"]}), key)
    keep(call, key, body_of(call, key))
    return ()


def _aliases(call: Call, document: Any, name: str, do: Callable[[Call, Object], tuple[str, ...] | str]) -> Outcome:
    every = list(of_list(document.get(name) if isinstance(document, dict) else None))
    if not every:
        return refused(400, f"'{name}' must be an array of objects", ours="no_array")
    if len(every) > _MOST:
        return refused(400, TOO_MANY_IDS)
    verdicts = []
    for index, one in enumerate(every):
        came_of = do(call, one) if isinstance(one, dict) else "must be an object"
        place, who = f"{name}.{index}", label(one if isinstance(one, dict) else {})
        if isinstance(came_of, str):
            verdicts.append(Verdict(place=place, accepted=False, who=who, said=(came_of,)))
        else:
            verdicts.append(Verdict(place=place, accepted=True, who=who, said=came_of))
    return _processed(verdicts)


def merge_users(call: Call, document: Any) -> Outcome:
    """202: the work is done later; here it is done at once, and shown after the lag that is set."""
    updates = document.get("merge_updates") if isinstance(document, dict) else None
    if not isinstance(updates, list) or not all(isinstance(one, dict) for one in updates) or not updates:
        return refused(400, _MERGES)
    if len(updates) > _MOST:
        return refused(400, _MANY_MERGES)
    if any(one.keys() != {"identifier_to_merge", "identifier_to_keep"} for one in updates):
        return refused(400, _TWO)
    if not all(_is_identifier(who) for one in updates for who in one.values()):
        return refused(400, _IDENTIFIERS)
    return with_verdicts(said(202), [_merged(call, index, one) for index, one in enumerate(updates)])


def _is_identifier(who: Any) -> bool:
    if not isinstance(who, dict):
        return False
    return is_alias(who.get("user_alias")) or any(
        isinstance(who.get(name), str) and who[name] for name in ("external_id", "email", "phone")
    )


def _merged(call: Call, index: int, one: Object) -> Verdict:
    other, into = found(call, one["identifier_to_merge"]), found(call, one["identifier_to_keep"])
    place, who = f"merge_updates.{index}", label(one["identifier_to_merge"])
    if other is None or into is None or other == into:
        return Verdict(place=place, accepted=True, who=who, said=("one of the two is not there: nothing is merged",))
    for name in call.store.names_of(other).get("external_id", ()):
        call.store.unname("external_id", name)
    merge(call, other, into)
    return Verdict(place=place, accepted=True, who=who, kind="users", id=into)
