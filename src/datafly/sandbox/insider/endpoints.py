"""What an endpoint of the API is given, and what it gives back."""

from collections.abc import Callable

import msgspec

from datafly.sandbox.insider.account import Account
from datafly.sandbox.insider.state import State
from datafly.sandbox.insider.state.profiles import Stamp
from datafly.sandbox.insider.state.requests import UserVerdict
from datafly.sandbox.wire import Reply


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A request that passed every check that endpoints have in common."""

    account: Account
    document: dict[str, object]
    stamp: Stamp


class Outcome(msgspec.Struct, frozen=True):
    reply: Reply
    verdicts: list[UserVerdict] = []


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """`pool` is what the rate limit counts; endpoints may share one."""

    method: str
    path: str
    pool: str
    requests_a_minute: int
    answer: Callable[[State, Call], Outcome]
