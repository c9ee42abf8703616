"""Alerts: what is watched, whom it is told, and what was told."""

from typing import Final, Literal

import msgspec

from datafly.model.secret import Secret

Kind = Literal["delivery_success", "error_rate", "backlog_age", "zero_traffic", "suspended", "disk", "spend"]
EpisodeState = Literal["pending", "firing", "resolved"]
What = Literal["firing", "reminder", "resolved", "test"]
MessageState = Literal["due", "sending", "sent", "failed", "unknown"]

WEBHOOK: Final = "webhook"
EMAIL: Final = "email"


class AlertRule(msgspec.Struct, frozen=True, kw_only=True):
    """`threshold`: a share (0 to 1) for delivery_success, error_rate, disk and spend, seconds for backlog_age, else
    unused.

    It fires once it was so for `for_seconds`, ends once it was not so for `clear_seconds`, and is told again every
    `remind_seconds` (0: never). It looks back over `window_seconds`. `least`: fewer events, or requests, tell nothing.
    """

    id: str
    name: str
    kind: Kind
    threshold: float = 0.0
    window_seconds: int = 600
    least: int = 20
    for_seconds: int = 60
    clear_seconds: int = 60
    remind_seconds: int = 14_400
    pipeline_id: str | None = None
    installation_id: str | None = None
    enabled: bool = True
    version: int = 0
    created_ms: int = 0
    updated_ms: int = 0


class AlertChannel(msgspec.Struct, frozen=True, kw_only=True):
    """Whom alerts are told: a webhook (`url`, which itself may be a secret, and the `secret` that signs) or addresses.

    `rule_ids`: those rules only; empty for all.
    """

    id: str
    name: str
    kind: Literal["webhook", "email"]
    url: Secret | None = None
    secret: Secret | None = None
    to: tuple[str, ...] = ()
    rule_ids: tuple[str, ...] = ()
    enabled: bool = True
    version: int = 0
    created_ms: int = 0
    updated_ms: int = 0


class Episode(msgspec.Struct, frozen=True, kw_only=True):
    """One time that a rule held for one subject (an installation, a pipeline, or "" for the whole).

    `calm_ms`: since when it does not hold any more, while it waits to be resolved. `told_ms`: when it was last told.
    """

    id: str
    rule_id: str
    rule_name: str
    kind: Kind
    subject: str
    subject_name: str
    state: EpisodeState
    began_ms: int
    value: float
    sentence: str
    fired_ms: int | None = None
    resolved_ms: int | None = None
    calm_ms: int | None = None
    told_ms: int | None = None


class Mention(msgspec.Struct, frozen=True):
    """That an episode began, goes on, or ended, as it stood then."""

    what: What
    episode: Episode


class AlertMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One message to one channel, of all that happened at about one time.

    `unknown`: the process ended while it was sent, so it may have arrived; it is not sent again.
    """

    id: str
    channel_id: str
    state: MessageState
    due_ms: int
    mentions: tuple[Mention, ...]
    created_ms: int
    tries: int = 0
    error: str = ""
    ended_ms: int | None = None
