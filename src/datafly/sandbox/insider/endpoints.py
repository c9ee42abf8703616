"""What an endpoint of the API is given, and what it gives back."""

from collections.abc import Callable

import msgspec

from datafly.sandbox.insider.account import Account
from datafly.sandbox.insider.state import State
from datafly.sandbox.insider.state.history import Stamp
from datafly.sandbox.insider.state.requests import UserVerdict
from datafly.sandbox.wire import Reply


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A request that passed every check that endpoints have in common.

    `lag_seconds` is how long what it writes stays invisible; `units_used` is what its key spent of the endpoint's pool
    in this window, this request included.
    """

    account: Account
    document: dict[str, object]
    stamp: Stamp
    lag_seconds: float = 0.0
    units_used: float = 0.0


class Outcome(msgspec.Struct, frozen=True):
    reply: Reply
    verdicts: list[UserVerdict] = []


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """`pool` is what the rate limit counts, in `units`; endpoints may share one."""

    method: str
    path: str
    pool: str
    units_a_minute: int
    answer: Callable[[State, Call], Outcome]
    units: float = 1.0
