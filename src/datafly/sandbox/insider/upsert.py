"""`POST /api/user/v1/upsert`: each user is refused or written, and the answer counts users."""

import msgspec

from datafly.sandbox.insider import replies
from datafly.sandbox.insider.account import Account
from datafly.sandbox.insider.endpoints import Call, Endpoint, Outcome
from datafly.sandbox.insider.findings import Ignored
from datafly.sandbox.insider.kinds import shown
from datafly.sandbox.insider.state import State
from datafly.sandbox.insider.state.profiles import Stamp
from datafly.sandbox.insider.state.requests import UserVerdict
from datafly.sandbox.insider.unify import Resolution, resolve
from datafly.sandbox.insider.users import AcceptedUser, Reading, RefusedUser, read_user, says_append
from datafly.sandbox.wire import json_reply

MOST_USERS = 1000


def answer_upsert(state: State, call: Call) -> Outcome:
    users = call.document.get("users")
    if not isinstance(users, list) or not users:
        return Outcome(replies.NO_USERS.reply())
    if len(users) > MOST_USERS:
        return Outcome(replies.TOO_MANY_USERS.reply())
    appends = says_append(call.document, otherwise=True)
    reading = Reading(call.account.rules, call.stamp.received_at, appends)
    verdicts = [_judge(state, call, raw, index, reading) for index, raw in enumerate(users)]
    return Outcome(json_reply(200, summary(verdicts)), verdicts)


def summary(verdicts: list[UserVerdict]) -> dict[str, object]:
    """The body of a 200: a zero count is an empty object."""
    accepted = sum(verdict.accepted for verdict in verdicts)
    errors = {key: messages for verdict in verdicts for key, messages in verdict.errors.items()}
    refused = len(verdicts) - accepted
    return {
        "data": {
            "successful": {"count": accepted} if accepted else {},
            "fail": {"count": refused, "errors": errors} if refused else {},
        }
    }


def _judge(state: State, call: Call, raw: object, index: int, reading: Reading) -> UserVerdict:
    user = read_user(raw, index, reading)
    if isinstance(user, RefusedUser):
        return UserVerdict(index=index, accepted=False, who=_who(raw), errors=user.errors)
    verdict = _write(state, call.account, user, call.stamp, index)
    return msgspec.structs.replace(verdict, who=_who(raw))


def _write(state: State, account: Account, user: AcceptedUser, stamp: Stamp, index: int) -> UserVerdict:
    resolution = _resolve(state, account, user)
    if resolution is None:
        nobody = Ignored(f"users.{index}", "", "nothing in it identifies a user: no profile is written")
        return UserVerdict(index=index, accepted=True, ignored=(*user.ignored, nobody))
    profile_id = state.profiles.settle(account, resolution, stamp)
    state.profiles.set_fields(account, profile_id, user.attributes, stamp, appends=user.appends)
    stored = state.profiles.append(account, profile_id, user.events, stamp)
    left = (
        Ignored(f"users.{index}.identifiers.{identifier.type}", identifier.value, reason)
        for identifier, reason in resolution.left
    )
    ignored = (*user.ignored, *left)
    state.profiles.note_ignored(profile_id, ignored, stamp)
    return UserVerdict(
        index=index,
        accepted=True,
        profile_id=profile_id,
        ignored=ignored,
        stored_events=stored,
        duplicate_events=len(user.events) - stored,
    )


def _resolve(state: State, account: Account, user: AcceptedUser) -> Resolution | None:
    named = state.profiles.of_insider_id(account, user.insider_id) if user.insider_id else None
    if named is None and not user.identifiers:
        return None
    target = named.id if named else None
    holders = [(identifier, state.profiles.holder(account, identifier)) for identifier in user.identifiers]
    known = {holder for _, holder in holders if holder is not None} | ({target} if target else set())
    return resolve(holders, state.profiles.held(known), account.rules.limit_of, target=target)


def _who(raw: object) -> str:
    """The first identifier that was sent, for the inspector."""
    user = raw if isinstance(raw, dict) else {}
    identifiers = user.get("identifiers")
    sent = identifiers if isinstance(identifiers, dict) and identifiers else {"insider_id": user.get("insider_id")}
    name, value = next(iter(sent.items()))
    return "" if value is None else f"{name} {shown(value)}"[:120]


UPSERT = Endpoint(
    method="POST",
    path="/api/user/v1/upsert",
    pool="upsert",
    requests_a_minute=25_000,
    answer=answer_upsert,
)
