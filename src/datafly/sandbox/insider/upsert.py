"""`POST /api/user/v1/upsert`: each user is refused or written, and the answer counts users.

With eventual consistency a user that is accepted is written later, as 200 there means accepted and not yet unified.
"""

from datetime import datetime

import msgspec

from datafly.sandbox.insider import replies
from datafly.sandbox.insider.account import Account
from datafly.sandbox.insider.endpoints import Call, Endpoint, Outcome
from datafly.sandbox.insider.fields import Fields
from datafly.sandbox.insider.findings import Ignored
from datafly.sandbox.insider.kinds import shown
from datafly.sandbox.insider.objects import patched
from datafly.sandbox.insider.state import State
from datafly.sandbox.insider.state.history import Stamp
from datafly.sandbox.insider.state.pending import PendingUser
from datafly.sandbox.insider.state.requests import UserVerdict
from datafly.sandbox.insider.unify import Resolution, resolve
from datafly.sandbox.insider.users import AcceptedUser, Reading, RefusedUser, read_user, says_append
from datafly.sandbox.wire import Reply, json_reply

MOST_USERS = 1000


class _Upsert(msgspec.Struct, frozen=True):
    """What all users of one request have in common."""

    account: Account
    stamp: Stamp
    reading: Reading


def answer_upsert(state: State, call: Call) -> Outcome:
    users = call.document.get("users")
    if not isinstance(users, list) or not users:
        return Outcome(replies.NO_USERS.reply())
    if len(users) > MOST_USERS:
        return Outcome(replies.TOO_MANY_USERS.reply())
    appends = says_append(call.document, otherwise=True)
    reading = Reading(call.account.rules, call.stamp.received_at, appends)
    verdicts = [_judge(state, call, raw, index, reading) for index, raw in enumerate(users)]
    return Outcome(summary(verdicts), verdicts)


def write_due(state: State, now: datetime | None) -> None:
    """Write what was accepted earlier and is due by now; everything that waits for None."""
    late: dict[int, dict[int, UserVerdict]] = {}
    for waiting in state.pending.take(now):
        account = state.accounts.of_id(waiting.account_id)
        if account:
            reading = Reading(account.rules, waiting.stamp.received_at, waiting.appends)
            verdict = _judged(state, _Upsert(account, waiting.stamp, reading), waiting.user, waiting.place)
            late.setdefault(waiting.stamp.request_id, {})[waiting.place] = verdict
    for request_id, verdicts in late.items():
        state.requests.revise(request_id, verdicts)


def summary(verdicts: list[UserVerdict]) -> Reply:
    """A 200: a zero count is an empty object."""
    accepted = sum(verdict.accepted for verdict in verdicts)
    errors = {key: messages for verdict in verdicts for key, messages in verdict.errors.items()}
    refused = len(verdicts) - accepted
    body = {
        "data": {
            "successful": {"count": accepted} if accepted else {},
            "fail": {"count": refused, "errors": errors} if refused else {},
        }
    }
    return replies.marked(json_reply(200, body), (name for verdict in verdicts for name in verdict.ours.values()))


def who(raw: object) -> str:
    """The first identifier that was sent, for the inspector."""
    user = raw if isinstance(raw, dict) else {}
    identifiers = user.get("identifiers")
    sent = identifiers if isinstance(identifiers, dict) and identifiers else {"insider_id": user.get("insider_id")}
    name, value = next(iter(sent.items()))
    return "" if value is None else f"{name} {shown(value)}"[:120]


def _judge(state: State, call: Call, raw: object, index: int, reading: Reading) -> UserVerdict:
    if not call.lag_seconds:
        return _judged(state, _Upsert(call.account, call.stamp, reading), raw, index)
    user = read_user(raw, index, reading)
    if isinstance(user, RefusedUser):
        return _refused(user, raw, index)
    waiting = PendingUser(account_id=call.account.id, stamp=call.stamp, place=index, appends=reading.appends, user=raw)
    due_at = state.pending.add(waiting, call.lag_seconds)
    return UserVerdict(index=index, accepted=True, who=who(raw), due_at=due_at)


def _judged(state: State, upsert: _Upsert, raw: object, index: int) -> UserVerdict:
    user = read_user(raw, index, upsert.reading)
    if isinstance(user, RefusedUser):
        return _refused(user, raw, index)
    return msgspec.structs.replace(_write(state, upsert.account, user, upsert.stamp, index), who=who(raw))


def _refused(user: RefusedUser, raw: object, index: int) -> UserVerdict:
    return UserVerdict(index=index, accepted=False, who=who(raw), errors=user.errors, ours=user.ours)


def _write(state: State, account: Account, user: AcceptedUser, stamp: Stamp, index: int) -> UserVerdict:
    resolution = _resolve(state, account, user)
    if resolution is None:
        nobody = Ignored(f"users.{index}", "", "nothing in it identifies a user: no profile is written")
        return UserVerdict(index=index, accepted=True, ignored=(*user.ignored, nobody))
    profile_id = state.profiles.settle(account, resolution, stamp)
    state.profiles.set_fields(account, profile_id, user.attributes, stamp, appends=user.appends)
    _patch(state, profile_id, user, stamp)
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


def _patch(state: State, profile_id: int, user: AcceptedUser, stamp: Stamp) -> None:
    if not user.patches:
        return
    held = state.profiles.fields(profile_id)
    written = {name: patched(held.custom.get(name), steps) for name, steps in user.patches.items()}
    state.profiles.replace_fields(profile_id, Fields(held.defaults, {**held.custom, **written}), stamp)


def _resolve(state: State, account: Account, user: AcceptedUser) -> Resolution | None:
    named = state.profiles.of_insider_id(account, user.insider_id) if user.insider_id else None
    if named is None and not user.identifiers:
        return None
    target = named.id if named else None
    holders = [(identifier, state.profiles.holder(account, identifier)) for identifier in user.identifiers]
    known = {holder for _, holder in holders if holder is not None} | ({target} if target else set())
    return resolve(holders, state.profiles.held(known), account.rules.limit_of, target=target)


UPSERT = Endpoint(
    method="POST",
    path="/api/user/v1/upsert",
    pool="upsert",
    units_a_minute=25_000,
    answer=answer_upsert,
)
