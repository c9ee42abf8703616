"""Alerts and whom they are told, by names: as they stand and as a document wants them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

import msgspec

from datafly.model.alert import AlertChannel, AlertRule

Fields = dict[str, Any]
On = tuple[str, str]

ALERT_FIELDS: Final = (
    "kind",
    "threshold",
    "window_seconds",
    "least",
    "for_seconds",
    "clear_seconds",
    "remind_seconds",
    "enabled",
)
CHANNEL_FIELDS: Final = ("kind", "url", "secret", "to", "enabled")

V = TypeVar("V", AlertRule, AlertChannel)


class Alert(msgspec.Struct, frozen=True):
    """`pipeline`: that one alone; with `integration`, that integration there alone. The rule's own ids are not read."""

    rule: AlertRule
    pipeline: str | None = None
    integration: str | None = None

    def fields(self) -> Fields:
        told = {name: getattr(self.rule, name) for name in ALERT_FIELDS}
        return told | {"pipeline": self.pipeline, "integration": self.integration}


class Channel(msgspec.Struct, frozen=True):
    """`alerts`: those alone, by name; empty for all. The channel's own ids of them are not read."""

    channel: AlertChannel
    alerts: tuple[str, ...] = ()

    def fields(self) -> Fields:
        return {name: getattr(self.channel, name) for name in CHANNEL_FIELDS} | {"alerts": self.alerts}

    def without(self, gone: Callable[[str], bool]) -> "Channel":
        """Whom nothing is left to be told of is told nothing, and not everything."""
        left = tuple(name for name in self.alerts if not gone(name))
        enabled = self.channel.enabled and (bool(left) or not self.alerts)
        return Channel(msgspec.structs.replace(self.channel, enabled=enabled), left)


def alerts_of(rules: Sequence[AlertRule], pipelines: Mapping[str, str], on: Mapping[str, On]) -> dict[str, Alert]:
    """`pipelines`: id → name, `on`: id of an installation → where it is. A rule whose subject is gone is left out."""
    found: dict[str, Alert] = {}
    for name, rule in numbered(rules).items():
        integration, pipeline = on.get(rule.installation_id or "", (None, pipelines.get(rule.pipeline_id or "")))
        if (rule.installation_id and not integration) or (rule.pipeline_id and not pipeline):
            continue
        found[name] = Alert(rule, pipeline, integration)
    return found


def channels_of(channels: Sequence[AlertChannel], alerts: Mapping[str, Alert]) -> dict[str, Channel]:
    names = {one.rule.id: name for name, one in alerts.items()}
    found = {}
    for name, channel in numbered(channels).items():
        told = Channel(channel, tuple(names.get(rule_id, "") for rule_id in channel.rule_ids))
        found[name] = told.without(lambda one: not one)
    return found


def numbered(values: Iterable[V]) -> dict[str, V]:
    """By name; of those that share one, the oldest has it."""
    found: dict[str, V] = {}
    for one in values:
        name, number = one.name, 2
        while name in found:
            name, number = f"{one.name} {number}", number + 1
        found[name] = one
    return found
