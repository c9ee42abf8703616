"""What a document would change: wanted against what stands, by names, field by field."""

import hashlib
from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from datafly.management.auditing import differences, shown
from datafly.management.declared.references import References
from datafly.management.declared.standing import (
    Fields,
    On,
    Standing,
    flat,
    installation_fields,
    pipeline_fields,
    webhook_fields,
)
from datafly.management.declared.wanting import WantedInstallation, WantedPipeline, WantedWebhook, Wants
from datafly.management.declared.watched import Alert, Channel
from datafly.model.consent import ConsentSettings
from datafly.model.installation import JsBuilderConfig
from datafly.model.pii import NO_RULES

Action = Literal["add", "change", "remove"]
Kind = Literal["pipeline", "integration", "webhook", "alert", "alert_channel", "consent"]
_ORDER: Final[tuple[Kind, ...]] = ("pipeline", "integration", "webhook", "alert", "alert_channel", "consent")
CONSENT: Final = "for all pipelines"
"""There is one."""
_USUAL: Final = flat({"js_builder_config": JsBuilderConfig(), "pii_rules": NO_RULES})


class FieldChange(msgspec.Struct, frozen=True):
    """Secrets are `***`, before and after."""

    field: str
    old: Any
    new: Any


class ChangeView(msgspec.Struct, frozen=True):
    """`pipeline`: on which an integration is, else null."""

    action: Action
    kind: Kind
    name: str
    pipeline: str | None
    fields: list[FieldChange]


class Change(msgspec.Struct, frozen=True):
    """`name`: of a pipeline or webhook, or (integration, pipeline). `fields`: old and new, secrets as `Secret`."""

    action: Action
    kind: Kind
    name: str | On
    fields: Mapping[str, tuple[Any, Any]]

    def view(self) -> ChangeView:
        name, pipeline = self.name if isinstance(self.name, tuple) else (self.name, None)
        told = [FieldChange(field, shown(old), shown(new)) for field, (old, new) in self.fields.items()]
        return ChangeView(self.action, self.kind, name, pipeline, told)


class PlanView(msgspec.Struct, frozen=True):
    """`id` names these changes: an application of this plan and no other can be asked for."""

    id: str
    changes: list[ChangeView]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Empty `changes`: all is as the document says. `watches`: the document says which alerts there are."""

    changes: list[Change]
    standing: Standing
    pipelines: Mapping[str, WantedPipeline]
    installations: Mapping[On, WantedInstallation]
    webhooks: Mapping[str, WantedWebhook]
    alerts: Mapping[str, Alert]
    channels: Mapping[str, Channel]
    consent: ConsentSettings
    watches: bool

    def of(self, kind: Kind, action: Action) -> list[Any]:
        """The names."""
        return [one.name for one in self.changes if (one.kind, one.action) == (kind, action)]

    def view(self) -> PlanView:
        changes = [one.view() for one in self.changes]
        return PlanView(hashlib.blake2b(msgspec.json.encode(changes), digest_size=12).hexdigest(), changes)


def make_plan(found: Standing, wants: Wants, references: References) -> Plan:
    """Raises nothing: what is wrong is told to the `Problems` of `wants`."""
    pipelines = wants.pipelines(references)
    installations = wants.installations(references)
    webhooks = wants.webhooks(references)
    beside = wants.beside(installations)
    alerts, consent = beside.alerts(), beside.consent()
    channels = beside.channels(alerts, references)
    changes = [
        *_section("pipeline", _pipelines(found), {name: one.fields() for name, one in pipelines.items()}),
        *_section(
            "integration",
            {on: installation_fields(one) for on, one in found.installations.items()},
            {on: one.fields() for on, one in installations.items()},
        ),
        *_section("webhook", _webhooks(found), {name: one.fields() for name, one in webhooks.items()}),
        *_section("alert", _fields(found.alerts), _fields(alerts)),
        *_section("alert_channel", _fields(found.channels), _fields(channels)),
        *_section("consent", _consent(found.consent), _consent(consent)),
    ]
    return Plan(
        changes=sorted(changes, key=_place),
        standing=found,
        pipelines=pipelines,
        installations=installations,
        webhooks=webhooks,
        alerts=alerts,
        channels=channels,
        consent=consent,
        watches=wants.says_alerts(),
    )


def _place(change: Change) -> tuple[int, str | On]:
    return _ORDER.index(change.kind), change.name


def _pipelines(found: Standing) -> dict[str, Fields]:
    return {name: pipeline_fields(one, found.signing.get(name)) for name, one in found.pipelines.items()}


def _webhooks(found: Standing) -> dict[str, Fields]:
    names = {one.id: one.name for one in found.pipelines.values()}
    return {name: webhook_fields(one, names[one.pipeline_id]) for name, one in found.webhooks.items()}


def _fields(named: Mapping[str, Alert] | Mapping[str, Channel]) -> dict[str, Fields]:
    return {name: one.fields() for name, one in named.items()}


def _consent(settings: ConsentSettings) -> dict[str, Fields]:
    return {CONSENT: msgspec.structs.asdict(settings)}


def _section(kind: Kind, before: Mapping[Any, Fields], after: Mapping[Any, Fields]) -> list[Change]:
    names = dict.fromkeys([*before, *after])
    made = [_change(kind, name, before.get(name), after.get(name)) for name in names]
    return [one for one in made if one is not None]


def _change(kind: Kind, name: str | On, before: Fields | None, after: Fields | None) -> Change | None:
    fields = differences(before or {}, after or {})
    if before is None:
        told = {field: pair for field, pair in fields.items() if pair[1] not in (None, {}, (), "", _USUAL.get(field))}
        return Change("add", kind, name, told)
    if after is None:
        return Change("remove", kind, name, {})
    return Change("change", kind, name, fields) if fields else None
