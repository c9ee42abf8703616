"""Who may post signed requests to a pipeline."""

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Final, Literal, get_args

import msgspec

from datafly.model.errors import Invalid
from datafly.model.secret import Secret

SIGNING = "events"
"""The kind of a server that signs what it posts (contracts/signal.md §4.3)."""

WebhookKind = Literal["stripe", "shopify", "hubspot", "custom"]
WebhookVerify = Literal["hmac", "secret", "none"]
KINDS: Final[tuple[str, ...]] = get_args(WebhookKind)
CUSTOM: Final = "custom"
_TARGETS: Final = frozenset({"type", "event", "name", "userId", "anonymousId", "groupId", "previousId", "messageId"})
_OBJECTS: Final = ("properties.", "traits.", "context.")
_OPEN: Final = "none"
_HEADER: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}")
_NAME: Final = r"[^.\[\]\x00-\x1f]+"
_INDEX: Final = r"\[[0-9]{1,9}\]"
_PATH: Final = re.compile(rf"(?!\$\Z)\$?(\.?{_NAME}|{_INDEX})(\.{_NAME}|\.?{_INDEX})*")

WEBHOOK_PATH: Final = "/v1/webhook"
"""Of the gateway, where webhook sources post (contracts/signal.md §4.8)."""


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


def webhook_path(source: Source) -> str:
    """Where its sender must post to, from the gateway's root on."""
    return f"{WEBHOOK_PATH}?source={source.id}"


def named(sources: Sequence[Source]) -> dict[str, Source]:
    """By their names, in the order given; those that have none are called by their kind, the oldest first."""
    found = {one.name: one for one in sources if one.name}
    for one in sources:
        if not one.name:
            found[free_name(one.kind, found)] = one
    return {name: one for one in sources for name, known in found.items() if known is one}


def free_name(kind: str, taken: Iterable[str]) -> str:
    """`stripe`, `stripe 2`, …"""
    known, name, number = set(taken), kind, 2
    while name in known:
        name, number = f"{kind} {number}", number + 1
    return name


def require_workable(source: Source) -> Source:
    """Itself. Raises `Invalid` for a webhook source that could never work; `field` is the one to change."""
    if source.kind not in KINDS:
        raise Invalid(
            f"{source.kind!r} sends no webhooks that are known here: choose {', '.join(KINDS)}.", field="kind"
        )
    verifies: Collection[str] = get_args(WebhookVerify)
    if source.verify not in verifies:
        raise Invalid(f"verify: {source.verify!r} is none of {', '.join(verifies)}.", field="verify")
    open_door = source.kind == CUSTOM and source.verify == _OPEN
    if source.kind == CUSTOM and not open_door:
        _require_header(source.header)
    if source.kind != CUSTOM:
        _require_usual(source)
    if not source.secret and not open_door:
        raise Invalid("secret: the source needs the secret that its sender signs with.", field="secret")
    wrong = [name for name in source.mappings if name not in _TARGETS | {"timestamp"} and not _in_object(name)]
    if wrong:
        known = ", ".join(sorted(_TARGETS))
        raise Invalid(f"mappings: an event has no {', '.join(wrong)}; it has {known} …", field="mappings")
    _require_paths(source)
    return source


def _require_header(header: str) -> None:
    if not header:
        says = 'header: the config must name the header of its signature or secret, as {"header": "X-Signature"}.'
        raise Invalid(says, field="header")
    if not _HEADER.fullmatch(header):
        raise Invalid(f"header: {header[:100]!r} is no name of a header, such as X-Signature.", field="header")


def _require_usual(source: Source) -> None:
    """What would count for nothing is not taken as if it did."""
    for field, is_own in (("verify", source.verify != "hmac"), ("header", source.header != "")):
        if is_own:
            says = f"{field}: {source.kind} signs in its own way. Leave it out, or make the source a {CUSTOM} one."
            raise Invalid(says, field=field)


def _require_paths(source: Source) -> None:
    """One that is no path would never find anything, and nobody would be told."""
    told = [("event_type_path", source.event_type_path)] if source.event_type_path else []
    for field, path in [*told, *(("mappings", path) for path in source.mappings.values())]:
        if not _PATH.fullmatch(path):
            says = f"{field}: {path[:100]!r} is no path into what is sent, such as $.data.items[0].id."
            raise Invalid(says, field=field)


def _in_object(name: str) -> bool:
    return name.startswith(_OBJECTS)
