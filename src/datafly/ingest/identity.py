"""Who an event is from: the caller's anonymous id, the cookie's, or a new one."""

import os
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

Ids = tuple[str | None, str | None]
"""(anonymous id, user id) as one event brought them."""


class Visitors(msgspec.Struct, frozen=True):
    """`anonymous`: one per event, None where a user id came alone. `minted`: what the cookie must become."""

    anonymous: list[str | None]
    minted: str | None = None


_VARIANT: Final = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


def mint() -> str:
    """A random UUID (RFC 9562, version 4). `uuid.uuid4` takes three times as long, which a batch of events notices."""
    digits = os.urandom(16).hex()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{_VARIANT[digits[16]]}{digits[17:20]}-{digits[20:]}"


def assign(
    events: Sequence[Ids], *, browser: bool, cookie: str | None, reset: bool, mint: Callable[[], str] = mint
) -> Visitors:
    """The body's id beats the cookie's beats a new one.

    A browser's request is one visitor: without cookie, one new id holds for all its events that bring none, also for
    those with a user id, or the next page of a person who identified at once would be a stranger's (decision 0044). So
    is a request of one event without any id, whoever sends it. Else a server's events without any id are strangers to
    each other, and a user id that came alone stays alone. `reset` makes a new visitor in any case.
    """
    minted = mint() if reset or (cookie is None and _one_visitor(events, browser=browser)) else None
    visitor = minted or cookie
    if visitor is not None:
        return Visitors([anonymous or visitor for anonymous, _ in events], minted)
    return Visitors([anonymous or (None if user else mint()) for anonymous, user in events])


def _one_visitor(events: Sequence[Ids], *, browser: bool) -> bool:
    if browser:
        return any(anonymous is None for anonymous, _ in events)
    return len(events) == 1 and events[0] == (None, None)
