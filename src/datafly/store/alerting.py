"""What the store keeps of alerts. A part of `Control`."""

from collections.abc import Sequence
from typing import Protocol

from datafly.model.alert import AlertChannel, AlertMessage, AlertRule, Episode


class Alerting(Protocol):
    """Raises `NotFound`, and `Conflict` for a stale `if_match`."""

    def alert_rules(self) -> list[AlertRule]:
        """Oldest first."""

    def alert_rule(self, rule_id: str) -> AlertRule: ...

    def put_alert_rule(self, rule: AlertRule, *, if_match: str | None = None) -> AlertRule:
        """Adds it, where the id is empty, or replaces it. Its version is counted up."""

    def drop_alert_rule(self, rule_id: str, *, if_match: str | None = None) -> AlertRule: ...

    def ensure_alert_rules(self, rules: Sequence[AlertRule]) -> None:
        """Adds them, once in the life of a store: those that people remove stay away."""

    def alert_channels(self) -> list[AlertChannel]: ...

    def alert_channel(self, channel_id: str) -> AlertChannel: ...

    def put_alert_channel(self, channel: AlertChannel, *, if_match: str | None = None) -> AlertChannel: ...

    def drop_alert_channel(self, channel_id: str, *, if_match: str | None = None) -> AlertChannel: ...

    def open_episodes(self) -> list[Episode]:
        """Pending and firing."""

    def episodes(
        self, *, state: str | None = None, rule_id: str | None = None, before: str | None = None, limit: int = 50
    ) -> list[Episode]:
        """Newest first; `before`: an id to go on after."""

    def keep_alerts(
        self, episodes: Sequence[Episode], *, dropped: Sequence[str] = (), messages: Sequence[AlertMessage] = ()
    ) -> None:
        """In one transaction. `dropped`: ids of episodes that never fired. A message with no mentions is forgotten."""

    def alert_messages(
        self, *, state: str | None = None, channel_id: str | None = None, before: str | None = None, limit: int = 50
    ) -> list[AlertMessage]:
        """Newest first."""

    def forget_alerts(self, *, before_ms: int) -> None:
        """Episodes and messages that ended before then."""
