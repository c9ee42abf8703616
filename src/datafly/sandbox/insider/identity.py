"""`/api/user/v1/identity`: PATCH replaces the value of one identifier, DELETE removes one."""

from datafly.sandbox.insider import replies
from datafly.sandbox.insider.addressing import read_entry, sole_entry
from datafly.sandbox.insider.endpoints import Call, Endpoint, Outcome
from datafly.sandbox.insider.identifiers import Identifier
from datafly.sandbox.insider.replies import Answer
from datafly.sandbox.insider.state import State

_PATH = "/api/user/v1/identity"


def answer_patch(state: State, call: Call) -> Outcome:
    return Outcome(_patch(state, call).reply())


def answer_delete(state: State, call: Call) -> Outcome:
    return Outcome(_delete(state, call).reply())


def _patch(state: State, call: Call) -> Answer:
    change = _change(call)
    if isinstance(change, Answer):
        return change
    old, new = change
    holder = state.profiles.holder(call.account, old)
    if holder is None:
        return replies.NO_SUCH_OLD_USER
    if state.profiles.holder(call.account, new) is not None:
        return replies.TAKEN_IDENTIFIER
    state.identities.rename(call.account, holder, old, new, call.stamp)
    return replies.NOTHING


def _change(call: Call) -> tuple[Identifier, Identifier] | Answer:
    """What becomes what, if both are one value each of one type that identifies."""
    entries = [sole_entry(call.document.get(name)) for name in ("old_identifier", "new_identifier")]
    read = [replies.NOT_ONE_ENTRY if entry is None else read_entry(entry, call.account) for entry in entries]
    wrong = [each for each in read if isinstance(each, Answer)]
    if wrong:
        return replies.NOT_ONE_ENTRY if replies.NOT_ONE_ENTRY in wrong else wrong[0]
    old, new = (each for each in read if isinstance(each, Identifier))
    if old.type != new.type:
        return replies.OTHER_TYPE
    return replies.SAME_VALUES if old.value == new.value else (old, new)


def _delete(state: State, call: Call) -> Answer:
    entry = sole_entry(call.document.get("identifiers"))
    if entry is None:
        return replies.NOT_ONE_IDENTIFIER
    identifier = read_entry(entry, call.account)
    if isinstance(identifier, Answer):
        return identifier
    holder = state.profiles.holder(call.account, identifier)
    if holder is None:
        return replies.NO_SUCH_OLD_USER
    if sum(state.profiles.held([holder])[holder].values()) == 1:
        return replies.SOLE_IDENTIFIER
    state.identities.remove(call.account, holder, identifier, call.stamp)
    return replies.NOTHING


PATCH_IDENTITY = Endpoint(method="PATCH", path=_PATH, pool="identity", units_a_minute=2000, answer=answer_patch)
# One page of Insider's says 25,000 a minute, another 1,000: the stricter one is simulated.
DELETE_IDENTITY = Endpoint(
    method="DELETE", path=_PATH, pool="identity delete", units_a_minute=1000, answer=answer_delete
)
