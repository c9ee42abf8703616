"""The event, as it was received (stream `raw`) and as it was governed (stream `events`)."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from datafly.model.consent import Consent

TYPES: Final = frozenset({"track", "page", "screen", "identify", "group", "alias", "consent"})
"""Types the gateway takes. `screen` and `alias` are those of Segment's SDKs; `consent` is ours: the posted decision of
a visitor (contracts/signal.md §18).
"""


class Received(msgspec.Struct, frozen=True, omit_defaults=True):
    """A record of `raw`: one event as the caller sent it, with what only the gateway could know.

    `body` is the event's JSON object, untouched. `anonymous_id` is the caller's (body beats cookie) or the one minted
    for a browser that had none. `type` is always known: the body's, or, where the body has none, that of the door.
    `historical`: it came by the door for imports. `trace`: the span of its request (`model.trace`), where that is
    traced. Milliseconds since the epoch.
    """

    pipeline_id: str
    message_id: str
    received_ms: int
    body: msgspec.Raw
    anonymous_id: str | None = None
    sent_ms: int | None = None
    ip: str | None = None
    user_agent: str | None = None
    door: str = ""
    type: str = ""
    historical: bool = False
    trace: str = ""


PII: Final = "pii"
"""The step that takes personal data out of an event, where that is decided."""


class Step(msgspec.Struct, frozen=True):
    """The effect of one step of `process` on one event, in words for a person."""

    name: str
    effect: str


STRIPPED: Final = Step(PII, "nothing is known of consent, so what tells who it is was taken out, but for its ids")


class Original(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was sent, where governing changed it."""

    event: str | None = None
    properties: dict[str, Any] | None = None
    traits: dict[str, Any] | None = None
    timestamp: str | None = None


class Event(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A record of `events`: one canonical event.

    `event` is the canonical Title Case name of a standard event (contracts/signal.md §5.4), else the name as sent.
    `properties` have canonical snake_case names where standard. No value anywhere is null.
    `user_id` is the id sent or, if none was, the one learnt from identify (`user_id_learnt`).
    `traits` came with the event, as its own or in its context, under canonical names where standard; of a group event
    they are the group's. `known_traits` were learnt from earlier identify calls of the same user, less what `traits`
    say anew; of a group event also those of the user in its context.
    `links`: the anonymous id that had no user until this identify or alias, and has `user_id` from it on.
    `previous_id`: of an alias, the id under which its user was known before.
    `integrations`: vendor, or `All` for the others → whether the sender wants it to get this; empty: all of them.
    `key` orders: events of one key are delivered in order.
    `behind_ms`: by how much the clock of its gateway was behind the order of the log, negative where it was ahead. What
    people decide is ordered by times with it added, which never go back (decisions 0084 and 0217).
    `trace`: the span of its processing (`model.trace`), where it is traced.
    What comes from JSON holds no cycle, so the collector need not look (delivery holds thousands: decision 0055).
    """

    message_id: str
    type: str
    pipeline_id: str
    key: str
    timestamp_ms: int
    received_ms: int
    user_id: str | None = None
    anonymous_id: str | None = None
    group_id: str | None = None
    event: str | None = None
    name: str | None = None
    properties: dict[str, Any] = {}
    traits: dict[str, Any] = {}
    known_traits: dict[str, Any] = {}
    context: dict[str, Any] = {}
    consent: Consent = Consent()
    user_id_learnt: bool = False
    historical: bool = False
    original: Original | None = None
    steps: tuple[Step, ...] = ()
    links: str | None = None
    previous_id: str | None = None
    integrations: dict[str, bool] = {}
    behind_ms: int = 0
    trace: str = ""

    @property
    def steady_ms(self) -> int:
        """When it was received, by a clock that never goes back."""
        return self.received_ms + self.behind_ms

    @property
    def happened_ms(self) -> int:
        """When it happened, by the same clock."""
        return self.timestamp_ms + self.behind_ms

    def with_choices(self, newer: Mapping[str, bool] | None) -> "Event":
        """With what the visitor said since, so that a vendor is told the newest word; `newer` None: nothing since."""
        if newer is None:
            return self
        return msgspec.structs.replace(self, consent=msgspec.structs.replace(self.consent, chosen=dict(newer)))

    @property
    def label(self) -> str:
        """The word that rules and people know it by: the event name of a track, else the type."""
        return self.event or self.type if self.type == "track" else self.type
