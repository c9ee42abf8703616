"""Alerts in SQL: each value is one document, its secrets sealed."""

from collections.abc import Sequence
from typing import Any, Final, TypeVar

import msgspec
import sqlalchemy as sa

from datafly.model.alert import AlertChannel, AlertMessage, AlertRule, Episode
from datafly.store import rows
from datafly.store.database import Database
from datafly.store.dialect import upsert
from datafly.store.ids import fresh_id
from datafly.store.schema import alert_channels, alert_episodes, alert_messages, alert_rules, facts
from datafly.store.seal import Sealer

_DEFAULTS: Final = "alert_rules"
_SECRETS: Final = ("url", "secret")

V = TypeVar("V", AlertRule, AlertChannel)


class Alerts:
    """The part of `Control` that keeps alerts."""

    _database: Database
    _sealer: Sealer

    def alert_rules(self) -> list[AlertRule]:
        return [msgspec.convert(row["document"], AlertRule) for row in self._all(alert_rules)]

    def alert_rule(self, rule_id: str) -> AlertRule:
        return msgspec.convert(self._one(alert_rules, rule_id, "alert")["document"], AlertRule)

    def put_alert_rule(self, rule: AlertRule, *, if_match: str | None = None) -> AlertRule:
        with self._database.change() as connection:
            rule = self._next(rule, "alr", self.alert_rule if rule.id else None, if_match)
            document = msgspec.to_builtins(rule)
            upsert(connection, alert_rules, [_row(rule, document)])
        return rule

    def drop_alert_rule(self, rule_id: str, *, if_match: str | None = None) -> AlertRule:
        with self._database.change() as connection:
            rule = self.alert_rule(rule_id)
            rows.require_match(rule, if_match)
            connection.execute(sa.delete(alert_rules).where(alert_rules.c.id == rule_id))
        return rule

    def ensure_alert_rules(self, rules: Sequence[AlertRule]) -> None:
        known = sa.select(facts.c.value).where(facts.c.name == _DEFAULTS)
        with self._database.read() as connection:
            if connection.execute(known).scalar() is not None:
                return
        with self._database.change() as connection:
            if connection.execute(known).scalar() is None:
                connection.execute(sa.insert(facts).values(name=_DEFAULTS, value="made"))
                for rule in rules:
                    self.put_alert_rule(rule)

    def alert_channels(self) -> list[AlertChannel]:
        return [self._channel(row) for row in self._all(alert_channels)]

    def alert_channel(self, channel_id: str) -> AlertChannel:
        return self._channel(self._one(alert_channels, channel_id, "alert channel"))

    def put_alert_channel(self, channel: AlertChannel, *, if_match: str | None = None) -> AlertChannel:
        with self._database.change() as connection:
            channel = self._next(channel, "alc", self.alert_channel if channel.id else None, if_match)
            document = self._sealer.seal(msgspec.structs.asdict(channel), template_id=channel.id)
            upsert(connection, alert_channels, [_row(channel, document)])
        return channel

    def drop_alert_channel(self, channel_id: str, *, if_match: str | None = None) -> AlertChannel:
        with self._database.change() as connection:
            channel = self.alert_channel(channel_id)
            rows.require_match(channel, if_match)
            connection.execute(sa.delete(alert_channels).where(alert_channels.c.id == channel_id))
        return channel

    def open_episodes(self) -> list[Episode]:
        select = sa.select(alert_episodes).where(alert_episodes.c.state.in_(["pending", "firing"]))
        with self._database.read() as connection:
            found = connection.execute(select.order_by(alert_episodes.c.id)).mappings()
            return [msgspec.convert(row["document"], Episode) for row in found]

    def episodes(
        self, *, state: str | None = None, rule_id: str | None = None, before: str | None = None, limit: int = 50
    ) -> list[Episode]:
        found = self._newest(alert_episodes, {"state": state, "rule_id": rule_id}, before, limit)
        return [msgspec.convert(row["document"], Episode) for row in found]

    def keep_alerts(
        self, episodes: Sequence[Episode], *, dropped: Sequence[str] = (), messages: Sequence[AlertMessage] = ()
    ) -> None:
        empty = [one.id for one in messages if not one.mentions]
        with self._database.write() as connection:
            upsert(connection, alert_episodes, [_episode_row(one) for one in episodes])
            upsert(connection, alert_messages, [_message_row(one) for one in messages if one.mentions])
            connection.execute(sa.delete(alert_episodes).where(alert_episodes.c.id.in_(dropped)))
            connection.execute(sa.delete(alert_messages).where(alert_messages.c.id.in_(empty)))

    def alert_messages(
        self, *, state: str | None = None, channel_id: str | None = None, before: str | None = None, limit: int = 50
    ) -> list[AlertMessage]:
        found = self._newest(alert_messages, {"state": state, "channel_id": channel_id}, before, limit)
        return [msgspec.convert(row["document"], AlertMessage) for row in found]

    def forget_alerts(self, *, before_ms: int) -> None:
        with self._database.write() as connection:
            for table in (alert_episodes, alert_messages):
                connection.execute(sa.delete(table).where(table.c.ended_ms < before_ms))

    def _all(self, table: sa.Table) -> Sequence[rows.Row]:
        with self._database.read() as connection:
            return connection.execute(sa.select(table).order_by(table.c.created_ms, table.c.id)).mappings().all()

    def _one(self, table: sa.Table, its_id: str, what: str) -> rows.Row:
        with self._database.read() as connection:
            return rows.first(connection, sa.select(table).where(table.c.id == its_id), f"There is no {what} {its_id}.")

    def _newest(
        self, table: sa.Table, like: dict[str, str | None], before: str | None, limit: int
    ) -> Sequence[rows.Row]:
        where = [table.c[name] == value for name, value in like.items() if value is not None]
        where += [] if before is None else [table.c.id < before]
        select = sa.select(table).where(*where).order_by(table.c.id.desc()).limit(limit)
        with self._database.read() as connection:
            return connection.execute(select).mappings().all()

    def _next(self, value: V, prefix: str, known: Any, if_match: str | None) -> V:
        """With its id, times and version; `known` gives the one that it replaces."""
        now_ms = self._database.now_ms()
        if known is None:
            fresh = {"id": fresh_id(prefix, now_ms), "version": 1, "created_ms": now_ms, "updated_ms": now_ms}
            return msgspec.structs.replace(value, **fresh)
        before = known(value.id)
        rows.require_match(before, if_match)
        kept = {"version": before.version + 1, "created_ms": before.created_ms, "updated_ms": now_ms}
        return msgspec.structs.replace(value, **kept)

    def _channel(self, row: rows.Row) -> AlertChannel:
        told = self._sealer.unseal(row["document"], template_id=row["id"])
        secrets = {name: told.pop(name) for name in _SECRETS}
        return msgspec.structs.replace(msgspec.convert(told, AlertChannel), **secrets)


def _row(value: AlertRule | AlertChannel, document: dict[str, Any]) -> dict[str, Any]:
    return {"id": value.id, "created_ms": value.created_ms, "document": document}


def _episode_row(one: Episode) -> dict[str, Any]:
    return {
        "id": one.id,
        "rule_id": one.rule_id,
        "state": one.state,
        "ended_ms": one.resolved_ms,
        "document": msgspec.to_builtins(one),
    }


def _message_row(one: AlertMessage) -> dict[str, Any]:
    return {
        "id": one.id,
        "channel_id": one.channel_id,
        "state": one.state,
        "ended_ms": one.ended_ms,
        "document": msgspec.to_builtins(one),
    }
