"""What a document asks for beside what events go through: alerts, whom they are told, and consent."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import UnsetType

from datafly.management.alerts.deciding import require_reachable, require_sense
from datafly.management.declared.document import Keys, Problems
from datafly.management.declared.references import References
from datafly.management.declared.shapes import Declaration, DeclaredAlert, DeclaredChannel
from datafly.management.declared.standing import On, Standing
from datafly.management.declared.watched import Alert, Channel
from datafly.management.views.consent import checked_consent
from datafly.model.alert import AlertChannel, AlertRule
from datafly.model.consent import ConsentSettings
from datafly.model.secret import Secret


class WantedAlerts:
    """One document. `pipelines` and `on`: those that it wants."""

    def __init__(
        self, said: Declaration, found: Standing, problems: Problems, pipelines: Mapping[str, Any], on: Mapping[On, Any]
    ) -> None:
        self._said, self._found, self._problems = said, found, problems
        self._pipelines, self._on = pipelines, on

    def alerts(self) -> dict[str, Alert]:
        """A section that is left out stays, but for what was about something that goes."""
        if not isinstance(self._said.alerts, dict):
            return {name: one for name, one in self._found.alerts.items() if not self._objection(one)}
        made = {name: self._alert(name, one) for name, one in self._said.alerts.items()}
        return {name: one for name, one in made.items() if one is not None}

    def channels(self, alerts: Mapping[str, Alert], references: References) -> dict[str, Channel]:
        if not isinstance(self._said.alert_channels, dict):
            return {name: one.without(lambda told: told not in alerts) for name, one in self._found.channels.items()}
        told = self._said.alert_channels
        made = {name: self._channel(name, one, alerts, references) for name, one in told.items()}
        return {name: one for name, one in made.items() if one is not None}

    def consent(self) -> ConsentSettings:
        said = self._said.consent
        if isinstance(said, UnsetType):
            return self._found.consent
        told = msgspec.structs.asdict(said)
        return ConsentSettings(**(told | (self._problems.attempt(("consent",), lambda: checked_consent(told)) or {})))

    def _alert(self, name: str, said: DeclaredAlert) -> Alert | None:
        keys: Keys = ("alerts", name)
        told = msgspec.structs.asdict(said)
        pipeline, integration = told.pop("pipeline"), told.pop("integration")
        wanted = Alert(AlertRule(id="", name=name, **told), pipeline, integration)
        before = self._found.alerts.get(name)
        if before is not None and not self._stays(before.rule.kind, said.kind, name, keys):
            return None
        if objection := self._objection(wanted):
            self._problems.add((*keys, objection[0]), objection[1])
            return None
        if said.kind == "zero_traffic" and integration is not None:
            self._problems.add((*keys, "integration"), "what comes in is of a pipeline: leave it out.")
            return None
        return self._problems.attempt(keys, lambda: _sensible(wanted))

    def _channel(
        self, name: str, said: DeclaredChannel, alerts: Mapping[str, Alert], references: References
    ) -> Channel | None:
        keys: Keys = ("alert_channels", name)
        before = self._found.channels.get(name)
        if before is not None and not self._stays(before.channel.kind, said.kind, name, keys):
            return None
        for one in said.alerts:
            if one not in alerts:
                self._problems.add((*keys, "alerts"), f"there is no alert {one}; there are: {', '.join(alerts)}.")
        told = msgspec.structs.asdict(said)
        names = told.pop("alerts")
        for field in ("url", "secret"):
            kept = getattr(before.channel, field) if before else None
            told[field] = self._secret(told[field], kept, (*keys, field), references)
        if any(getattr(said, field) and told[field] is None for field in ("url", "secret")):
            return None
        wanted = Channel(AlertChannel(id="", name=name, **told), names)
        return self._problems.attempt(keys, lambda: _reachable(wanted))

    def _secret(self, told: str | None, kept: Secret | None, keys: Keys, references: References) -> Secret | None:
        return None if told is None else references.secret(told, kept, keys)

    def _stays(self, was: str, wanted: str, name: str, keys: Keys) -> bool:
        if was != wanted:
            says = f"{name} is {was} here and cannot become {wanted}: give the new one another name."
            self._problems.add((*keys, "kind"), says)
        return was == wanted

    def _objection(self, one: Alert) -> tuple[str, str] | None:
        """At which field, and what is wrong with whom it is about."""
        if one.integration is not None and one.pipeline is None:
            return "pipeline", f"say on which pipeline {one.integration} is meant."
        if one.pipeline is not None and one.pipeline not in self._pipelines:
            return (
                "pipeline",
                f"there is no pipeline {one.pipeline}; there are: {', '.join(self._pipelines) or 'none'}.",
            )
        if one.integration is not None and (one.integration, one.pipeline) not in self._on:
            return "integration", f"{one.integration} is not on {one.pipeline}."
        return None


def _sensible(wanted: Alert) -> Alert:
    """Raises `Invalid`."""
    require_sense(wanted.rule)
    return wanted


def _reachable(wanted: Channel) -> Channel:
    """Raises `Invalid`."""
    require_reachable(wanted.channel)
    return wanted
