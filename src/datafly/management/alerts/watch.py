"""Looks every few seconds, and sends what is due. Of the processes of the management API one does it at a time."""

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec

from datafly.management.alerts.episodes import step
from datafly.management.alerts.messages import written
from datafly.management.alerts.readings import DEFAULTS, Look, readings
from datafly.management.alerts.telling import Told, tell
from datafly.management.services import Composed
from datafly.model.alert import AlertChannel, AlertMessage
from datafly.model.errors import NotFound
from datafly.observe import emit
from datafly.observe.management import (
    ManagementAlertChanged,
    ManagementAlertSendFailed,
    ManagementAlertSent,
    ManagementAlertWatchFailed,
)

LOOK_SECONDS: Final = 5.0
_FIRST_RETRY_MS: Final = 30_000
_LONGEST_RETRY_MS: Final = 3_600_000
_TRIES: Final = 8
_DUE_AT_ONCE: Final = 200
_KEPT_MS: Final = 90 * 86_400_000


class Watch:
    """All that it knows is in the store: another process goes on where this one ended, and tells nothing twice.

    `is_mine`: whether it is this process's turn; blocking, asked before each look.
    """

    def __init__(self, services: Composed, is_mine: Callable[[], bool] = lambda: True) -> None:
        self._services = services
        self._control = services.control
        self._is_mine = is_mine

    async def run(self) -> None:
        """Until cancelled."""
        begun = False
        while True:
            try:
                is_mine = await asyncio.to_thread(self._is_mine)
                if is_mine and not begun:
                    await asyncio.to_thread(self.begin)
                begun = is_mine
                if is_mine:
                    await self.look()
            except Exception as error:  # noqa: BLE001 - a watch that ends because of one look would tell nobody
                emit(ManagementAlertWatchFailed(error=f"{type(error).__name__}: {error}"))
            await self._services.clock.sleep(LOOK_SECONDS)

    def begin(self) -> None:
        """What was being sent when the process before ended may have arrived: it is not sent again."""
        self._control.ensure_alert_rules(DEFAULTS)
        now_ms = self._services.clock.now_ms()
        broken = self._control.alert_messages(state="sending", limit=_DUE_AT_ONCE)
        ended = [msgspec.structs.replace(one, state="unknown", ended_ms=now_ms) for one in broken]
        self._control.keep_alerts([], messages=ended)

    async def look(self) -> None:
        due = await asyncio.to_thread(self._evaluate)
        await asyncio.gather(*(self._send(message) for message in due))

    def _evaluate(self) -> list[AlertMessage]:
        """The messages that are due now."""
        control, now_ms = self._control, self._services.clock.now_ms()
        look = Look(self._services)
        read = {rule.id: (rule, readings(rule, look)) for rule in control.alert_rules() if rule.enabled}
        found = step(read, control.open_episodes(), now_ms)
        waiting = control.alert_messages(state="due", limit=_DUE_AT_ONCE)
        fresh = written(found.mentions, control.alert_channels(), waiting, now_ms) if found.mentions else []
        if found.episodes or found.dropped or fresh:
            control.keep_alerts(found.episodes, dropped=found.dropped, messages=fresh)
        for one in found.mentions:
            emit(ManagementAlertChanged(what=one.what, rule=one.episode.rule_name, subject=one.episode.subject))
        self._forget(now_ms)
        kept = {one.id: one for one in (*waiting, *fresh)}
        return [one for one in kept.values() if one.mentions and one.due_ms <= now_ms]

    def _forget(self, now_ms: int) -> None:
        self._control.forget_alerts(before_ms=now_ms - _KEPT_MS)

    async def _send(self, message: AlertMessage) -> None:
        """It is written down that it is sent before it is, and afterwards what came of it."""
        message = msgspec.structs.replace(message, state="sending", tries=message.tries + 1)
        channel = await asyncio.to_thread(self._claim, message)
        if channel is None:
            told = Told("The channel was removed or switched off.")
            message = msgspec.structs.replace(message, tries=_TRIES)
        else:
            told = await self._told(channel, message)
        ended = self._ended(message, told)
        await asyncio.to_thread(self._control.keep_alerts, [], messages=[ended])

    async def _told(self, channel: AlertChannel, message: AlertMessage) -> Told:
        services = self._services
        settings, now_ms = services.settings, services.clock.now_ms()
        told = await tell(channel, message, now_ms, send=services.send, smtp=settings.smtp, url=settings.public_url)
        if told.error:
            emit(ManagementAlertSendFailed(channel=channel.id, message=message.id, error=told.error))
        else:
            emit(ManagementAlertSent(channel=channel.id, message=message.id, alerts=len(message.mentions)))
        return told

    def _claim(self, message: AlertMessage) -> AlertChannel | None:
        try:
            channel = self._control.alert_channel(message.channel_id)
        except NotFound:
            return None
        if channel.enabled:
            self._control.keep_alerts([], messages=[message])
        return channel if channel.enabled else None

    def _ended(self, message: AlertMessage, told: Told) -> AlertMessage:
        now_ms = self._services.clock.now_ms()
        if not told.error:
            return msgspec.structs.replace(message, state="sent", error="", ended_ms=now_ms)
        if message.tries >= _TRIES:
            return msgspec.structs.replace(message, state="failed", error=told.error, ended_ms=now_ms)
        wait_ms = min(_FIRST_RETRY_MS * 2 ** (message.tries - 1), _LONGEST_RETRY_MS)
        return msgspec.structs.replace(message, state="due", error=told.error, due_ms=now_ms + wait_ms)
