"""What stands in the store, as the document speaks of it: by names, field by field."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from datafly.management.declared.watched import Alert, Channel, alerts_of, channels_of
from datafly.model.consent import ConsentSettings
from datafly.model.installation import Installation, Pipeline
from datafly.model.source import SIGNING, Source, named
from datafly.store.base import Control

Fields = dict[str, Any]
"""Field → value, flat; secrets as `Secret`."""
PIPELINE_FIELDS: Final = (
    "type",
    "enabled",
    "domain_allowlist",
    "rate_limit_rps",
    "consent_defaults",
    "parameters",
    "js_builder_config",
    "pii_rules",
)
_PARTS: Final = ("js_builder_config", "pii_rules")
WEBHOOK_FIELDS: Final = ("kind", "secret", "verify", "header", "event_type_path", "mappings")
On = tuple[str, str]
"""An integration, on a pipeline."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """`signing`: by the pipeline's name."""

    pipelines: Mapping[str, Pipeline]
    signing: Mapping[str, Source]
    installations: Mapping[On, Installation]
    webhooks: Mapping[str, Source]
    alerts: Mapping[str, Alert]
    channels: Mapping[str, Channel]
    consent: ConsentSettings


def standing(control: Control) -> Standing:
    """Names of webhooks that have none are made of their kinds, the oldest first."""
    pipelines = control.pipelines()
    names = {one.id: one.name for one in pipelines}
    sources = [one for one in control.sources() if one.pipeline_id in names]
    installations = {(one.name, names[one.pipeline_id]): one for one in control.installations()}
    alerts = alerts_of(control.alert_rules(), names, {one.id: on for on, one in installations.items()})
    return Standing(
        pipelines={one.name: one for one in pipelines},
        signing={names[one.pipeline_id]: one for one in sources if one.kind == SIGNING},
        installations=installations,
        webhooks=named([one for one in sources if one.kind != SIGNING]),
        alerts=alerts,
        channels=channels_of(control.alert_channels(), alerts),
        consent=control.consent_settings(),
    )


def pipeline_fields(pipeline: Pipeline, signing: Source | None) -> Fields:
    fields = flat({name: getattr(pipeline, name) for name in PIPELINE_FIELDS})
    return fields | {"signing_secret": signing.secret if signing else None}


def flat(settings: Fields) -> Fields:
    """The options of the script and the rules on personal data one by one."""
    plain = {name: value for name, value in settings.items() if name not in _PARTS}
    return plain | {
        f"{part}.{name}": value for part in _PARTS for name, value in msgspec.structs.asdict(settings[part]).items()
    }


def installation_fields(installation: Installation) -> Fields:
    revision = installation.revision
    fields = {"vendor": installation.vendor, "variant": installation.template.variant}
    config = {f"config.{name}": value for name, value in revision.config.items()}
    beside = {"enabled": installation.enabled, "paused": installation.paused}
    return (
        fields
        | {"delivery_mode": revision.delivery_mode}
        | config
        | {"overrides": msgspec.to_builtins(revision.overrides)}
        | beside
    )


def webhook_fields(source: Source, pipeline: str) -> Fields:
    return {"pipeline": pipeline} | {name: getattr(source, name) for name in WEBHOOK_FIELDS}
