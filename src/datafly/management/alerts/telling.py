"""Sends one message to one channel."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

import msgspec

from datafly.management.alerts.mail import MailFailure, send_mail
from datafly.management.settings import SmtpSettings
from datafly.management.views.times import moment, moment_or_none
from datafly.model.alert import EMAIL, AlertChannel, AlertMessage, Mention
from datafly.model.delivery import Outgoing, Reply
from datafly.spec.signature import as_key, identified, standard_headers

_TIMEOUT_SECONDS: Final = 10.0
_HEADINGS: Final = {"firing": "Firing", "reminder": "Still firing", "resolved": "Resolved", "test": "Test"}
Send = Callable[[Outgoing], Awaitable[Reply]]


class Told(msgspec.Struct, frozen=True):
    """`error` says in words why it did not arrive; empty where it did."""

    error: str
    status: int | None = None


class _Alert(msgspec.Struct, frozen=True):
    what: str
    episode_id: str
    rule_id: str
    rule_name: str
    kind: str
    subject: str
    subject_name: str
    state: str
    value: float
    sentence: str
    began_at: datetime
    fired_at: datetime | None
    resolved_at: datetime | None


class _Body(msgspec.Struct, frozen=True):
    id: str
    sent_at: datetime
    text: str
    alerts: list[_Alert]
    url: str


async def tell(
    channel: AlertChannel, message: AlertMessage, now_ms: int, *, send: Send, smtp: SmtpSettings | None, url: str
) -> Told:
    """`url`: where Signal's pages are, or empty. Failures are told, not raised."""
    if channel.kind == EMAIL:
        return await _tell_by_mail(channel, message, smtp, url)
    reply = await send(webhook_request(channel, message, now_ms, url))
    if reply.status is None:
        return Told(reply.error)
    return Told("" if 200 <= reply.status < 300 else f"It answered with status {reply.status}.", reply.status)


def webhook_request(channel: AlertChannel, message: AlertMessage, now_ms: int, url: str) -> Outgoing:
    """Signed as Standard Webhooks has it, as what goes to vendors is."""
    alerts = [_alert(one) for one in message.mentions]
    body = msgspec.json.encode(_Body(message.id, moment(now_ms), words(message), alerts, url))
    keys = [as_key(channel.secret.reveal())] if channel.secret else []
    told = standard_headers(keys, message.id, now_ms // 1000, body) if keys else identified(message.id, now_ms // 1000)
    headers = {"Content-Type": "application/json", **told}
    address = channel.url.reveal() if channel.url else ""
    return Outgoing("POST", address, headers, body, timeout_seconds=_TIMEOUT_SECONDS)


def subject_line(message: AlertMessage) -> str:
    first = message.mentions[0]
    where = f": {first.episode.subject_name}" if first.episode.subject_name else ""
    more = f" and {len(message.mentions) - 1} more" if len(message.mentions) > 1 else ""
    return f"[Signal] {_HEADINGS[first.what]}: {first.episode.rule_name}{where}{more}"


def words(message: AlertMessage) -> str:
    return "\n".join(_line(one) for one in message.mentions)


async def _tell_by_mail(channel: AlertChannel, message: AlertMessage, smtp: SmtpSettings | None, url: str) -> Told:
    if smtp is None:
        return Told("No mail server is set: give DATAFLY_SMTP_HOST and DATAFLY_SMTP_FROM.")
    text = words(message) + (f"\n\n{url}" if url else "")
    try:
        await asyncio.to_thread(send_mail, smtp, channel.to, subject_line(message), text, message.id)
    except MailFailure as failure:
        return Told(str(failure))
    return Told("")


def _line(one: Mention) -> str:
    told = one.episode
    return f"{_HEADINGS[one.what]}: {told.rule_name} ({told.subject_name or 'Signal'}). {told.sentence}"


def _alert(one: Mention) -> _Alert:
    episode = one.episode
    return _Alert(
        what=one.what,
        episode_id=episode.id,
        rule_id=episode.rule_id,
        rule_name=episode.rule_name,
        kind=episode.kind,
        subject=episode.subject,
        subject_name=episode.subject_name,
        state=episode.state,
        value=episode.value,
        sentence=episode.sentence,
        began_at=moment(episode.began_ms),
        fired_at=moment_or_none(episode.fired_ms),
        resolved_at=moment_or_none(episode.resolved_ms),
    )
