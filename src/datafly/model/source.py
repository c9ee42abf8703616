"""Who may post signed requests to a pipeline."""

import msgspec

from datafly.model.secret import Secret

SIGNING = "events"
"""The kind of a server that signs what it posts (contracts/signal.md §4.3)."""


class Source(msgspec.Struct, frozen=True):
    """A sender with a secret of its own. `kind`: `events`, a server that signs as §4.3 says; else whose webhooks it
    sends (§4.8): `stripe`, `shopify`, `hubspot`, `custom`.

    `verify` and `header` are a custom one's: `hmac` of the body in that header, the `secret` itself, or `none`.
    `event_type_path`: where its payload names the event. `mappings`: path in the event → path in the payload.
    """

    id: str
    pipeline_id: str
    kind: str
    secret: Secret | None = None
    created_ms: int = 0
    verify: str = "hmac"
    header: str = ""
    event_type_path: str = ""
    mappings: dict[str, str] = {}


def signing_id(pipeline_id: str) -> str:
    """A pipeline has one signing secret."""
    return f"sig_{pipeline_id}"
