"""What people decide about alerts: rules, channels, a test message. Pages and API alike."""

import base64
import secrets
from collections.abc import Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET

from datafly.management.alerts.telling import Told, tell
from datafly.management.services import Composed
from datafly.management.views.alert import AlertBody, AlertChange, ChannelBody, ChannelChange
from datafly.model.alert import EMAIL, WEBHOOK, AlertChannel, AlertMessage, AlertRule, Episode, Mention
from datafly.model.errors import Conflict, Invalid
from datafly.model.secret import Secret
from datafly.store.base import Control
from datafly.store.ids import fresh_id

V = TypeVar("V", AlertRule, AlertChannel)
_SHARES = frozenset({"delivery_success", "error_rate", "disk", "spend"})


def new_rule(services: Composed, body: AlertBody) -> AlertRule:
    """Durable. Raises `Invalid`; `NotFound` for a pipeline or integration that is not there; `Conflict` for a name that
    another one has.
    """
    told = _renamed(msgspec.structs.asdict(body))
    rule = AlertRule(id="", **told)
    _require_place(services, rule)
    return services.control.put_alert_rule(rule)


def changed_rule(services: Composed, rule_id: str, change: AlertChange, if_match: str | None) -> AlertRule:
    told = {name: value for name, value in msgspec.structs.asdict(change).items() if value is not UNSET}
    rule = msgspec.structs.replace(services.control.alert_rule(rule_id), **_renamed(told))
    _require_place(services, rule)
    return services.control.put_alert_rule(rule, if_match=if_match)


def new_channel(services: Composed, body: ChannelBody) -> tuple[AlertChannel, str | None]:
    """And the secret that was made for it, if one was."""
    made = _fresh_secret() if body.kind == WEBHOOK and body.secret is None else None
    secret = body.secret or made
    channel = AlertChannel(
        id="",
        name=body.name,
        kind="webhook" if body.kind == WEBHOOK else "email",
        url=Secret(body.url) if body.url else None,
        secret=Secret(secret) if secret else None,
        to=tuple(body.to),
        rule_ids=tuple(body.alert_ids),
        enabled=body.enabled,
    )
    _require_known(services, channel)
    return services.control.put_alert_channel(channel), made


def changed_channel(services: Composed, channel_id: str, change: ChannelChange, if_match: str | None) -> AlertChannel:
    told: dict[str, Any] = {name: value for name, value in msgspec.structs.asdict(change).items() if value is not UNSET}
    told |= {name: Secret(told[name]) for name in ("url", "secret") if name in told}
    told |= {"rule_ids": tuple(told.pop("alert_ids"))} if "alert_ids" in told else {}
    told |= {"to": tuple(told["to"])} if "to" in told else {}
    channel = msgspec.structs.replace(services.control.alert_channel(channel_id), **told)
    _require_known(services, channel)
    return services.control.put_alert_channel(channel, if_match=if_match)


def channels_of(services: Composed, rule: AlertRule) -> list[AlertChannel]:
    """Whom the rule is told."""
    every = services.control.alert_channels()
    return [one for one in every if one.enabled and (not one.rule_ids or rule.id in one.rule_ids)]


async def try_out(services: Composed, channel: AlertChannel, rule: AlertRule | None = None) -> Told:
    """Sends a message at once that says that it is a test. It is told once, and kept nowhere."""
    now_ms = services.clock.now_ms()
    episode = Episode(
        id=fresh_id("eps", now_ms),
        rule_id=rule.id if rule else "",
        rule_name=rule.name if rule else "A test of this channel",
        kind=rule.kind if rule else "suspended",
        subject="",
        subject_name="",
        state="firing",
        began_ms=now_ms,
        value=0.0,
        sentence="This is a test: nothing is wrong.",
    )
    message = AlertMessage(
        id=fresh_id("alm", now_ms),
        channel_id=channel.id,
        state="sending",
        due_ms=now_ms,
        mentions=(Mention("test", episode),),
        created_ms=now_ms,
    )
    settings = services.settings
    return await tell(channel, message, now_ms, send=services.send, smtp=settings.smtp, url=settings.public_url)


def _renamed(told: dict[str, Any]) -> dict[str, Any]:
    if "pipeline_integration_id" in told:
        told["installation_id"] = told.pop("pipeline_integration_id")
    return told


def forget_rule(control: Control, rule_id: str, if_match: str | None) -> tuple[AlertRule, list[AlertChannel]]:
    """What it was, and the channels that were told of it alone: they are switched off, not told everything."""
    rule = control.drop_alert_rule(rule_id, if_match=if_match)
    silent = []
    for channel in control.alert_channels():
        if rule_id in channel.rule_ids:
            left = tuple(one for one in channel.rule_ids if one != rule_id)
            kept = control.put_alert_channel(
                msgspec.structs.replace(channel, rule_ids=left, enabled=channel.enabled and bool(left))
            )
            silent += [] if left else [kept]
    return rule, silent


def require_sense(rule: AlertRule) -> None:
    """Raises `Invalid`."""
    if rule.kind in _SHARES and not 0 <= rule.threshold <= 1:
        raise Invalid("threshold: is a share, from 0 to 1.", field="threshold")
    if rule.kind == "zero_traffic" and rule.installation_id is not None:
        raise Invalid(
            "pipeline_integration_id: what comes in is of a pipeline. Give pipeline_id.",
            field="pipeline_integration_id",
        )


def _require_place(services: Composed, rule: AlertRule) -> None:
    require_sense(rule)
    _require_own_name(services.control.alert_rules(), rule, "alert")
    if rule.pipeline_id is not None:
        services.control.pipeline(rule.pipeline_id)
    if rule.installation_id is not None:
        services.control.installation(rule.installation_id)


def _require_known(services: Composed, channel: AlertChannel) -> None:
    require_reachable(channel)
    _require_own_name(services.control.alert_channels(), channel, "channel")
    for rule_id in channel.rule_ids:
        services.control.alert_rule(rule_id)


def _require_own_name(known: Sequence[V], one: V, what: str) -> None:
    if any(other.name == one.name and other.id != one.id for other in known):
        raise Conflict(f'There is another {what} named "{one.name}" already.', field="name")


def require_reachable(channel: AlertChannel) -> None:
    """Raises `Invalid`. Whether a webhook may be called is judged before (`management.allowing`), and at each call."""
    if channel.kind == EMAIL and (channel.url or channel.secret):
        raise Invalid("url: is of a webhook; e-mail has addresses `to`.", field="url")
    if channel.kind == EMAIL and not channel.to:
        raise Invalid("to: give at least one e-mail address.", field="to")
    if channel.kind == WEBHOOK and channel.to:
        raise Invalid("to: is of e-mail; a webhook has a `url`.", field="to")
    if channel.kind == WEBHOOK:
        _require_address(channel.url.reveal() if channel.url else "")


def _require_address(url: str) -> None:
    try:
        parts = urlsplit(url)
        fits = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits = False
    if not fits or parts.username is not None or any(sign.isspace() for sign in url):
        raise Invalid("url: is no address such as https://example.com/hook.", field="url")


def _fresh_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
