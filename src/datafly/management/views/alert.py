"""Alerts as the API takes and shows them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET, UnsetType

from datafly.management.views.naming import Name
from datafly.management.views.times import moment, moment_or_none
from datafly.model.alert import AlertChannel, AlertMessage, AlertRule, Episode, Kind
from datafly.model.secret import MASK
from datafly.model.wording import patterned

Seconds = Annotated[int, msgspec.Meta(ge=0, le=604_800)]
Window = Annotated[int, msgspec.Meta(ge=60, le=86_400)]
Threshold = Annotated[float, msgspec.Meta(ge=0, le=31_536_000)]
Least = Annotated[int, msgspec.Meta(ge=0, le=10**9)]
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Mail = Annotated[
    str, patterned(r"^[^\s@<>,;]+@[^\s@<>,;]+$(?!\n)", "one e-mail address, such as ops@example.com", max_length=320)
]
Address = Annotated[str, msgspec.Meta(min_length=1, max_length=2_000)]
SigningSecret = Annotated[str, msgspec.Meta(min_length=16, max_length=256)]


class AlertBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`threshold`: the share (0 to 1) of events that must be delivered (delivery_success), of requests that may fail
    (error_rate), of the disk that must be free (disk), of a day's cap that may be spent (spend); the seconds that an
    event may wait (backlog_age); else unused.

    It fires once it was so for `for_seconds`, ends once it was not so for `clear_seconds`, and is told again every
    `remind_seconds` (0: never). `least`: with fewer events or requests in the window nothing is concluded.
    """

    name: Name
    kind: Kind
    threshold: Threshold = 0.0
    window_seconds: Window = 600
    least: Least = 20
    for_seconds: Seconds = 60
    clear_seconds: Seconds = 60
    remind_seconds: Seconds = 14_400
    pipeline_id: Id | None = None
    pipeline_integration_id: Id | None = None
    enabled: bool = True


class AlertChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fields that are not named stay as they are."""

    name: Name | UnsetType = UNSET
    threshold: Threshold | UnsetType = UNSET
    window_seconds: Window | UnsetType = UNSET
    least: Least | UnsetType = UNSET
    for_seconds: Seconds | UnsetType = UNSET
    clear_seconds: Seconds | UnsetType = UNSET
    remind_seconds: Seconds | UnsetType = UNSET
    pipeline_id: Id | UnsetType | None = UNSET
    pipeline_integration_id: Id | UnsetType | None = UNSET
    enabled: bool | UnsetType = UNSET


class EpisodeView(msgspec.Struct, frozen=True):
    """One time that an alert held. `state`: pending, firing, resolved.

    `subject`: a pipeline integration, a pipeline, or empty for the whole.
    """

    id: str
    alert_id: str
    alert_name: str
    kind: Kind
    subject: str
    subject_name: str
    state: str
    value: float
    sentence: str
    began_at: datetime
    fired_at: datetime | None
    resolved_at: datetime | None
    told_at: datetime | None


class AlertView(msgspec.Struct, frozen=True):
    """What is watched. `state`: ok, or the worst of what is `open` now (pending, firing)."""

    id: str
    name: str
    kind: Kind
    threshold: float
    window_seconds: int
    least: int
    for_seconds: int
    clear_seconds: int
    remind_seconds: int
    pipeline_id: str | None
    pipeline_integration_id: str | None
    enabled: bool
    state: str
    open: list[EpisodeView]
    created_at: datetime
    updated_at: datetime


class ChannelBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A webhook has a `url`, and a `secret` that signs (one is made if none is given); e-mail has addresses `to`.

    `alert_ids`: those alerts only; empty for all.
    """

    name: Name
    kind: Annotated[str, patterned("^(webhook|email)$", "webhook or email")]
    url: Address | None = None
    secret: SigningSecret | None = None
    to: Annotated[list[Mail], msgspec.Meta(max_length=50)] = []
    alert_ids: Annotated[list[Id], msgspec.Meta(max_length=100)] = []
    enabled: bool = True


class ChannelChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fields that are not named stay as they are."""

    name: Name | UnsetType = UNSET
    url: Address | UnsetType = UNSET
    secret: SigningSecret | UnsetType = UNSET
    to: Annotated[list[Mail], msgspec.Meta(max_length=50)] | UnsetType = UNSET
    alert_ids: Annotated[list[Id], msgspec.Meta(max_length=100)] | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET


class ChannelView(msgspec.Struct, frozen=True):
    """Of a webhook's address only the host is shown: the rest is often a secret."""

    id: str
    name: str
    kind: str
    url: str | None
    secret: str | None
    to: list[str]
    alert_ids: list[str]
    enabled: bool
    created_at: datetime
    updated_at: datetime


class NewChannel(ChannelView, frozen=True, kw_only=True):
    """`signing_secret`, where one was made, is shown this once."""

    signing_secret: str | None


class TestResult(msgspec.Struct, frozen=True):
    """What came of the test message at one channel; `error` says why it did not arrive."""

    channel_id: str
    channel_name: str
    ok: bool
    status: int | None
    error: str | None


class TestResults(msgspec.Struct, frozen=True):
    """One for each channel that the alert is told to."""

    data: list[TestResult]


class MentionView(msgspec.Struct, frozen=True):
    what: str
    episode: EpisodeView


class MessageView(msgspec.Struct, frozen=True):
    """`state`: due, sending, sent, failed, or unknown: it may have arrived, and is not sent again."""

    id: str
    channel_id: str
    state: str
    tries: int
    error: str | None
    due_at: datetime
    created_at: datetime
    ended_at: datetime | None
    alerts: list[MentionView]


def alert_view(rule: AlertRule, open_episodes: Sequence[Episode]) -> AlertView:
    mine = [one for one in open_episodes if one.rule_id == rule.id]
    states = {one.state for one in mine}
    return AlertView(
        id=rule.id,
        name=rule.name,
        kind=rule.kind,
        threshold=rule.threshold,
        window_seconds=rule.window_seconds,
        least=rule.least,
        for_seconds=rule.for_seconds,
        clear_seconds=rule.clear_seconds,
        remind_seconds=rule.remind_seconds,
        pipeline_id=rule.pipeline_id,
        pipeline_integration_id=rule.installation_id,
        enabled=rule.enabled,
        state=next((state for state in ("firing", "pending") if state in states), "ok"),
        open=[episode_view(one) for one in mine],
        created_at=moment(rule.created_ms),
        updated_at=moment(rule.updated_ms),
    )


def episode_view(one: Episode) -> EpisodeView:
    return EpisodeView(
        id=one.id,
        alert_id=one.rule_id,
        alert_name=one.rule_name,
        kind=one.kind,
        subject=one.subject,
        subject_name=one.subject_name,
        state=one.state,
        value=one.value,
        sentence=one.sentence,
        began_at=moment(one.began_ms),
        fired_at=moment_or_none(one.fired_ms),
        resolved_at=moment_or_none(one.resolved_ms),
        told_at=moment_or_none(one.told_ms),
    )


def channel_view(channel: AlertChannel) -> ChannelView:
    return ChannelView(**_shown(channel))


def new_channel_view(channel: AlertChannel, signing_secret: str | None) -> NewChannel:
    return NewChannel(**_shown(channel), signing_secret=signing_secret)


def _shown(channel: AlertChannel) -> dict[str, Any]:
    return {
        "id": channel.id,
        "name": channel.name,
        "kind": channel.kind,
        "url": None if channel.url is None else _host_of(channel.url.reveal()),
        "secret": None if channel.secret is None else MASK,
        "to": list(channel.to),
        "alert_ids": list(channel.rule_ids),
        "enabled": channel.enabled,
        "created_at": moment(channel.created_ms),
        "updated_at": moment(channel.updated_ms),
    }


def message_view(one: AlertMessage) -> MessageView:
    return MessageView(
        id=one.id,
        channel_id=one.channel_id,
        state=one.state,
        tries=one.tries,
        error=one.error or None,
        due_at=moment(one.due_ms),
        created_at=moment(one.created_ms),
        ended_at=moment_or_none(one.ended_ms),
        alerts=[MentionView(mention.what, episode_view(mention.episode)) for mention in one.mentions],
    )


def _host_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}/…"
