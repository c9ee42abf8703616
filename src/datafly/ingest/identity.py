"""Who an event is from: the caller's anonymous id, the cookie's, or a new one."""

import uuid
from collections.abc import Callable, Sequence

import msgspec

Ids = tuple[str | None, str | None]
"""(anonymous id, user id) as one event brought them."""


class Visitors(msgspec.Struct, frozen=True):
    """`anonymous`: one per event, None where a user id came alone. `minted`: what the cookie must become."""

    anonymous: list[str | None]
    minted: str | None = None


def mint() -> str:
    return str(uuid.uuid4())


def assign(
    events: Sequence[Ids], *, browser: bool, cookie: str | None, reset: bool, mint: Callable[[], str] = mint
) -> Visitors:
    """The body's id beats the cookie's beats a new one.

    A new one is made only for who has none, never where a user id came alone; but a browser's request is one visitor,
    so what was made for one of its events holds for all of them. A server's events without any id are strangers to
    each other. `reset` makes a new visitor in any case.
    """
    minted = mint() if reset or (browser and cookie is None and _nameless(events)) else None
    visitor = minted or cookie
    if visitor is not None:
        return Visitors([anonymous or visitor for anonymous, _ in events], minted)
    return Visitors([anonymous or (None if user else mint()) for anonymous, user in events])


def _nameless(events: Sequence[Ids]) -> bool:
    return any(anonymous is None and user is None for anonymous, user in events)
