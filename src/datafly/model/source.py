"""Who may post signed requests to a pipeline."""

import msgspec

from datafly.model.secret import Secret

SIGNING = "events"
"""The kind of a server that signs what it posts (contracts/signal.md §4.3)."""


class Source(msgspec.Struct, frozen=True):
    """A sender with a secret of its own. `kind`: `events`, a server that signs as §4.3 says; else whose webhooks it
    sends (§4.8).
    """

    id: str
    pipeline_id: str
    kind: str
    secret: Secret | None = None
    created_ms: int = 0


def signing_id(pipeline_id: str) -> str:
    """A pipeline has one signing secret."""
    return f"sig_{pipeline_id}"
