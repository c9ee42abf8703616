"""`POST /api/user/v1/attribute/delete`: whole attributes, or single values of arrays."""

from typing import Any

import msgspec

from datafly.sandbox.insider import reference, replies
from datafly.sandbox.insider import rules as refused
from datafly.sandbox.insider.account import Account
from datafly.sandbox.insider.endpoints import Call, Endpoint, Outcome
from datafly.sandbox.insider.fields import PREFIX, Fields
from datafly.sandbox.insider.findings import Findings
from datafly.sandbox.insider.identifiers import Identifier
from datafly.sandbox.insider.state import State
from datafly.sandbox.insider.state.requests import UserVerdict
from datafly.sandbox.insider.upsert import MOST_USERS, summary, who
from datafly.sandbox.insider.users import read_identity


class Deletion(msgspec.Struct, frozen=True):
    """What goes at one place: names, and values by the name of their array."""

    whole: tuple[str, ...] = ()
    partial: dict[str, list[Any]] = {}


def answer_attribute_delete(state: State, call: Call) -> Outcome:
    users = call.document.get("users")
    if not isinstance(users, list) or not users:
        return Outcome(replies.NO_USERS.reply())
    if len(users) > MOST_USERS:
        return Outcome(replies.TOO_MANY_USERS.reply())
    verdicts = [_judge(state, call, raw, index) for index, raw in enumerate(users)]
    return Outcome(summary(verdicts), verdicts)


def _judge(state: State, call: Call, raw: object, index: int) -> UserVerdict:
    findings = Findings(index)
    verdict = UserVerdict(index=index, accepted=False, who=who(raw))
    if not isinstance(raw, dict):
        findings.refuse(refused.USER_NOT_OBJECT)
    else:
        identifiers = read_identity(raw, findings, call.account.rules).identifying
        defaults, custom = _read(raw, findings)
        if not findings.errors:
            profile_id = _holder(state, call.account, raw, identifiers)
            _delete(state, call, profile_id, _allowed(defaults, custom, call.account, findings), findings)
            return msgspec.structs.replace(
                verdict, accepted=True, profile_id=profile_id, ignored=tuple(findings.ignored)
            )
    return msgspec.structs.replace(verdict, errors=findings.errors, ours=findings.ours)


def _read(raw: dict[str, object], findings: Findings) -> tuple[Deletion, Deletion]:
    custom = {} if raw.get("custom") is None else raw["custom"]
    if not isinstance(custom, dict):
        findings.refuse(refused.DELETION_NOT_CUSTOM)
        custom = {}
    elif not (raw.get("whole") or raw.get("partial") or custom.get("whole") or custom.get("partial")):
        findings.refuse(refused.NOTHING_TO_DELETE)
    return _read_place(raw, findings), _read_place(custom, findings)


def _read_place(raw: dict[str, object], findings: Findings) -> Deletion:
    whole, partial = raw.get("whole") or (), raw.get("partial") or {}
    try:
        names = msgspec.convert(whole, tuple[str, ...])
    except msgspec.ValidationError:
        findings.refuse(refused.DELETION_NOT_NAMES)
        names = ()
    try:
        return Deletion(names, msgspec.convert(partial, dict[str, list[Any]]))
    except msgspec.ValidationError:
        findings.refuse(refused.DELETION_NOT_VALUES)
        return Deletion(names)


def _holder(state: State, account: Account, raw: dict[str, object], identifiers: tuple[Identifier, ...]) -> int | None:
    if isinstance(insider_id := raw.get("insider_id"), str):
        profile = state.profiles.of_insider_id(account, insider_id)
        return profile.id if profile else None
    holders = (state.profiles.holder(account, identifier) for identifier in identifiers)
    return next((holder for holder in holders if holder is not None), None)


def _allowed(defaults: Deletion, custom: Deletion, account: Account, findings: Findings) -> tuple[Deletion, Deletion]:
    """What may go; the rest is told as ignored."""

    def default_problem(name: str) -> str | None:
        if name in account.rules.identifier_types:
            return "it identifies in this account: attribute delete does not take it"
        return None if name in reference.ATTRIBUTES else "not a default name: names of your own go under custom"

    def custom_problem(name: str) -> str | None:
        return "the c_ prefix is for reading only: send the name without it" if name.startswith(PREFIX) else None

    def kept(deletion: Deletion, problem: Any, at: str) -> Deletion:
        problems = {name: problem(name) for name in (*deletion.whole, *deletion.partial)}
        for name, reason in problems.items():
            if reason:
                findings.ignore(f"{at}{name}", "", reason)
        return Deletion(
            tuple(name for name in deletion.whole if not problems[name]),
            {name: values for name, values in deletion.partial.items() if not problems[name]},
        )

    return kept(defaults, default_problem, ""), kept(custom, custom_problem, "custom.")


def _delete(
    state: State, call: Call, profile_id: int | None, deletions: tuple[Deletion, Deletion], findings: Findings
) -> None:
    if profile_id is None:
        findings.ignore("identifiers", "", "nobody has these identifiers: nothing is deleted")
        return
    held = state.profiles.fields(profile_id)
    left = Fields(_without(held.defaults, deletions[0]), _without(held.custom, deletions[1]))
    state.profiles.replace_fields(profile_id, left, call.stamp)
    state.profiles.note_ignored(profile_id, findings.ignored, call.stamp)


def _without(held: dict[str, object], deletion: Deletion) -> dict[str, object]:
    left = {name: value for name, value in held.items() if name not in deletion.whole}
    for name, values in deletion.partial.items():
        array = left.get(name)
        if isinstance(array, list):
            left[name] = [item for item in array if item not in values]
    return left


ATTRIBUTE_DELETE = Endpoint(
    method="POST",
    path="/api/user/v1/attribute/delete",
    pool="upsert",
    units_a_minute=25_000,
    answer=answer_attribute_delete,
)
