"""The store as a document. Where a secret is, stands a variable to put it in."""

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from datafly.management.declared.references import Variables
from datafly.management.declared.shapes import (
    Declaration,
    DeclaredAlert,
    DeclaredChannel,
    DeclaredConsent,
    DeclaredInstallation,
    DeclaredIntegration,
    DeclaredPii,
    DeclaredPipeline,
    DeclaredScript,
    DeclaredWebhook,
)
from datafly.management.declared.standing import PIPELINE_FIELDS, Standing, standing
from datafly.management.declared.watched import Channel
from datafly.model.installation import Installation, Pipeline, Revision
from datafly.model.secret import Secret
from datafly.model.source import Source
from datafly.store.base import Control

V = TypeVar(
    "V",
    DeclaredPipeline,
    DeclaredScript,
    DeclaredPii,
    DeclaredIntegration,
    DeclaredWebhook,
    DeclaredAlert,
    DeclaredChannel,
    DeclaredConsent,
)


class Exported(msgspec.Struct, frozen=True):
    """`variables`: the references in it, `env:…`, that stand for secrets; whoever applies it sets them."""

    declaration: Declaration
    variables: list[str]


def export(control: Control) -> Exported:
    """In the order of names, so that two exports of the same are the same."""
    found, variables = standing(control), Variables()
    declaration = Declaration(
        pipelines={name: _pipeline(one, found, variables) for name, one in sorted(found.pipelines.items())},
        integrations=_integrations(found, variables),
        webhooks={name: _webhook(name, one, found, variables) for name, one in sorted(found.webhooks.items())},
        alerts={name: _made(DeclaredAlert, one.fields()) for name, one in sorted(found.alerts.items())},
        alert_channels={name: _channel(name, one, variables) for name, one in sorted(found.channels.items())},
        consent=_made(DeclaredConsent, msgspec.structs.asdict(found.consent)),
    )
    return Exported(declaration, variables.names())


def _pipeline(pipeline: Pipeline, found: Standing, variables: Variables) -> DeclaredPipeline:
    fields = {name: getattr(pipeline, name) for name in PIPELINE_FIELDS}
    fields["js_builder_config"] = _made(DeclaredScript, msgspec.structs.asdict(pipeline.js_builder_config))
    fields["pii_rules"] = _made(DeclaredPii, msgspec.structs.asdict(pipeline.pii_rules))
    signing = found.signing.get(pipeline.name)
    if signing and signing.secret:
        fields["signing_secret"] = variables.name(signing.secret, pipeline.name, "signing_secret")
    return _made(DeclaredPipeline, fields)


def _channel(name: str, one: Channel, variables: Variables) -> DeclaredChannel:
    fields = one.fields()
    secrets = {field: fields[field] for field in ("url", "secret") if fields[field] is not None}
    named = {field: variables.name(secret, name, field) for field, secret in secrets.items()}
    return _made(DeclaredChannel, fields | named)


def _integrations(found: Standing, variables: Variables) -> dict[str, DeclaredIntegration]:
    names = sorted({integration for integration, _ in found.installations})
    return {name: _integration(name, _on(found, name), variables) for name in names}


def _on(found: Standing, name: str) -> dict[str, Installation]:
    on = {pipeline: one for (integration, pipeline), one in found.installations.items() if integration == name}
    return dict(sorted(on.items()))


def _integration(name: str, on: dict[str, Installation], variables: Variables) -> DeclaredIntegration:
    """What the first pipeline has counts for all; whoever has something else says so."""
    first = next(iter(on.values()))
    config = _config(name, first.revision, variables)
    return _made(
        DeclaredIntegration,
        {
            "vendor": first.vendor,
            "variant": first.template.variant,
            "delivery_mode": first.revision.delivery_mode,
            "config": config,
            "overrides": first.revision.overrides or None,
            "pipelines": {pipeline: _there(name, pipeline, one, first, variables) for pipeline, one in on.items()},
        },
    )


def _there(
    name: str, pipeline: str, one: Installation, first: Installation, variables: Variables
) -> DeclaredInstallation:
    same_config = one.revision.config == first.revision.config
    same_mapping = one.revision.overrides == first.revision.overrides
    return DeclaredInstallation(
        enabled=one.enabled,
        paused=one.paused,
        config=None if same_config else _config(f"{name} {pipeline}", one.revision, variables),
        overrides=None if same_mapping else one.revision.overrides,
    )


def _config(words: str, revision: Revision, variables: Variables) -> dict[str, object]:
    return {
        name: variables.name(value, words, name) if isinstance(value, Secret) else value
        for name, value in revision.config.items()
    }


def _webhook(name: str, source: Source, found: Standing, variables: Variables) -> DeclaredWebhook:
    pipeline = next(one.name for one in found.pipelines.values() if one.id == source.pipeline_id)
    fields = msgspec.structs.asdict(source)
    own = {field: fields[field] for field in ("kind", "verify", "header", "event_type_path", "mappings")}
    secret = variables.name(source.secret, name, "secret") if source.secret else None
    return _made(DeclaredWebhook, {"pipeline": pipeline, "secret": secret, **own})


def _made(kind: type[V], fields: Mapping[str, Any]) -> V:
    """What is equal to a default is left to it: msgspec leaves out what is the default itself, not what equals it."""
    defaults = {one.name: one.default for one in msgspec.structs.fields(kind)}
    return kind(**{name: value for name, value in fields.items() if value != defaults[name]})
