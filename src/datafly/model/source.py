"""Who may post signed requests to a pipeline."""

from collections.abc import Collection
from typing import Final, Literal, get_args

import msgspec

from datafly.model.errors import Invalid
from datafly.model.secret import Secret

SIGNING = "events"
"""The kind of a server that signs what it posts (contracts/signal.md §4.3)."""

WebhookKind = Literal["stripe", "shopify", "hubspot", "custom"]
WebhookVerify = Literal["hmac", "secret", "none"]
KINDS: Final[tuple[str, ...]] = get_args(WebhookKind)
_TARGETS: Final = frozenset({"type", "event", "name", "userId", "anonymousId", "groupId", "previousId", "messageId"})
_OBJECTS: Final = ("properties.", "traits.", "context.")


class Source(msgspec.Struct, frozen=True):
    """A sender with a secret of its own. `kind`: `events`, a server that signs as §4.3 says; else whose webhooks it
    sends (§4.8): `stripe`, `shopify`, `hubspot`, `custom`.

    `verify` and `header` are a custom one's: `hmac` of the body in that header, the `secret` itself, or `none`.
    `event_type_path`: where its payload names the event. `mappings`: path in the event → path in the payload.
    `name`: for people; may be empty.
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
    name: str = ""


def signing_id(pipeline_id: str) -> str:
    """A pipeline has one signing secret."""
    return f"sig_{pipeline_id}"


def require_workable(source: Source) -> Source:
    """Itself. Raises `Invalid` for a webhook source that could never work; `field` is the one to change."""
    if source.kind not in KINDS:
        raise Invalid(
            f"{source.kind!r} sends no webhooks that are known here: choose {', '.join(KINDS)}.", field="kind"
        )
    verifies: Collection[str] = get_args(WebhookVerify)
    if source.verify not in verifies:
        raise Invalid(f"verify: {source.verify!r} is none of {', '.join(verifies)}.", field="verify")
    open_door = source.kind == "custom" and source.verify == "none"
    if source.kind == "custom" and not open_door and not source.header:
        says = 'header: the config must name the header of its signature or secret, as {"header": "X-Signature"}.'
        raise Invalid(says, field="header")
    if not source.secret and not open_door:
        raise Invalid("secret: the source needs the secret that its sender signs with.", field="secret")
    wrong = [name for name in source.mappings if name not in _TARGETS | {"timestamp"} and not _in_object(name)]
    if wrong:
        known = ", ".join(sorted(_TARGETS))
        raise Invalid(f"mappings: an event has no {', '.join(wrong)}; it has {known} …", field="mappings")
    return source


def _in_object(name: str) -> bool:
    return name.startswith(_OBJECTS)
