"""Outgoing → Reply. A transport never retries and never judges, and raises nothing for what a network can do."""

from typing import Final, Protocol

from datafly.model.delivery import Outgoing, Reply
from datafly.model.verdict import Ruling, Verdict

NOT_ALLOWED: Final = "not allowed: "
"""How the error of a request begins that may not be sent at all, whatever the network does: see `was_refused`."""

CURE: Final = (
    "a public https address; for a private or loopback one, name its host in DATAFLY_PRIVATE_HOSTS, or start Signal "
    "with DATAFLY_ALLOW_PRIVATE_ENDPOINTS=true."
)
"""What to give instead of an address that is not allowed."""


class Transport(Protocol):
    async def send(self, outgoing: Outgoing) -> Reply:
        """One request, no redirects followed. Every failure is a `Reply` with `status` None and `error` in words."""

    async def close(self) -> None: ...


def was_refused(reply: Reply) -> bool:
    """Whether we refused to send it (a private address, plain http, an unreadable URL): no retry can help."""
    return reply.status is None and reply.error.startswith(NOT_ALLOWED)


def address_not_allowed(reply: Reply) -> Ruling:
    """What a reply means that `was_refused`: the operator must act, no retry can help."""
    return Ruling(
        Verdict.SUSPENDED,
        "address_not_allowed",
        f"The request was not sent: {reply.error}.",
        f"Give the integration {CURE}",
    )
