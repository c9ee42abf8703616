"""Installs integrations and changes their config."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec

from datafly.management.revising import Config, Draft, drafted, kept_overrides, own_revision, require_secrets_stay
from datafly.management.services import Composed
from datafly.management.views.naming import Name
from datafly.model.errors import Conflict, Invalid, NotFound
from datafly.model.installation import Installation, Pipeline, Revision, Template
from datafly.model.overrides import Overrides
from datafly.model.people import Actor
from datafly.model.pii import NO_RULES
from datafly.spec.config import secrets_sent_elsewhere, validate_config
from datafly.spec.integration import Integration
from datafly.spec.parameters import validate_with_parameters
from datafly.store.ids import fresh_id

_TRIES: Final = 5


class InstallBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`name` defaults to the vendor's; without `pipeline_ids` it is attached to the only pipeline there is."""

    name: Name | None = None
    variant: str = "default"
    config: Config = {}
    delivery_mode: str = "server_side"
    overrides: Overrides = msgspec.field(default_factory=Overrides)
    pipeline_ids: Annotated[list[str], msgspec.Meta(max_length=1_000)] | None = None


class AttachBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`integration_id`: of an integration template that is installed somewhere. `revision_id` null: its newest one."""

    integration_id: str
    pipeline_id: str
    revision_id: str | None = None
    enabled: bool = True
    paused: bool = False


class Installed(msgspec.Struct, frozen=True):
    template: Template
    revision: Revision
    installations: tuple[Installation, ...]


def install(services: Composed, vendor: str, body: InstallBody, *, by: str) -> Installed:
    """Durable when it returns; each cursor starts at the head of now. Raises `NotFound`, `Invalid`, `Conflict`."""
    integration = services.catalog.get(vendor)
    # Before the pipelines: who has both wrong is told of the config.
    if not any("pipeline_param" in str(value) for value in body.config.values()):
        validate_config(integration, body.variant, body.delivery_mode, body.config)
    pipelines = _pipelines(services, body.pipeline_ids)
    config, overrides = _checked(integration, body, pipelines)
    now_ms = services.clock.now_ms()
    template = Template(
        id=fresh_id("tmpl", now_ms),
        name=body.name or integration.name,
        vendor=integration.slug,
        variant=body.variant,
        description=integration.summary,
        created_ms=now_ms,
        updated_ms=now_ms,
    )
    revision = Revision(
        id=fresh_id("rev", now_ms),
        template_id=template.id,
        number=1,
        config=config,
        delivery_mode=body.delivery_mode,
        change_summary="Installed",
        created_by=by,
        created_ms=now_ms,
        overrides=overrides,
    )
    return _attach(services, template, revision, pipelines)


def attach(services: Composed, body: AttachBody) -> Installation:
    """On another pipeline, or on one again after it was uninstalled, from the head of now on; durable when it returns.
    Raises `NotFound`; `Conflict` where it is on that pipeline already, or its name was taken meanwhile; `Invalid` where
    the pipeline lacks a parameter that its config names.
    """
    template = services.control.template(body.integration_id)
    pipeline = services.control.pipeline(body.pipeline_id)
    same = [one for one in services.control.installations() if one.name == template.name]
    if any(one.template.id != template.id for one in same):
        raise Conflict(f"Another integration is called {template.name} now. Rename one of the two.", field="name")
    if any(one.pipeline_id == pipeline.id for one in same):
        raise Conflict(f"{template.name} is on {pipeline.name} already.", field="pipeline_id")
    chosen, now_ms = body.revision_id, services.clock.now_ms()
    latest = services.control.latest_revision
    revision = latest(template.id) if chosen is None else own_revision(services, template.id, chosen)
    made = Installation(
        id=fresh_id("pi", now_ms),
        pipeline_id=pipeline.id,
        template=template,
        revision=revision,
        start=services.log.heads(),
        enabled=body.enabled,
        paused=body.paused,
        parameters=pipeline.parameters,
        pii_rules=pipeline.pii_rules,
        created_ms=now_ms,
        updated_ms=now_ms,
    )
    services.compile(made)
    services.control.attach(made)
    return services.control.installation(made.id)


def provisional(services: Composed, vendor: str, body: InstallBody) -> Installation:
    """What `install` would make for a first pipeline, kept nowhere. Raises `NotFound`, `Invalid`."""
    integration = services.catalog.get(vendor)
    known = services.control.pipelines()
    pipeline = next((one for one in known if one.id in (body.pipeline_ids or [known[0].id])), None)
    parameters = pipeline.parameters if pipeline else {}
    config = validate_with_parameters(integration, body.variant, body.delivery_mode, body.config, parameters)
    now_ms = services.clock.now_ms()
    template = Template(id=fresh_id("tmpl", now_ms), name=integration.name, vendor=vendor, variant=body.variant)
    revision = Revision(
        id=fresh_id("rev", now_ms),
        template_id=template.id,
        number=1,
        config=config,
        delivery_mode=body.delivery_mode,
        overrides=kept_overrides(integration, body.variant, config, body.overrides, parameters),
    )
    return Installation(
        id=fresh_id("pi", now_ms),
        pipeline_id=pipeline.id if pipeline else "",
        template=template,
        revision=revision,
        parameters=parameters,
        pii_rules=pipeline.pii_rules if pipeline else NO_RULES,
    )


def reconfigured(services: Composed, installation_id: str, draft: Draft, *, by: Actor) -> Installation:
    """What `reconfigure` would make, kept nowhere."""
    before = in_force(services, installation_id)
    revision = msgspec.structs.replace(
        _drafted(services, before, draft, by), id=fresh_id("rev", services.clock.now_ms())
    )
    return msgspec.structs.replace(before, revision=revision)


def uninstall(services: Composed, installation_id: str, *, if_match: str | None = None) -> Installation:
    """What still waits ends as SKIPPED `installation_removed`. Raises `NotFound` for one that is removed already."""
    if services.control.installation(installation_id).removed_ms is not None:
        raise NotFound(f"There is no pipeline integration {installation_id}.")
    changes = {"removed_ms": services.clock.now_ms(), "end": services.log.heads()}
    return services.control.change_installation(installation_id, changes, if_match=if_match)


def reconfigure(
    services: Composed, installation_id: str, draft: Draft, *, if_match: str | None, by: Actor
) -> Installation:
    """A new revision, deployed here; none where nothing changes. Changes of different fields at one time all hold."""
    for _ in range(_TRIES):
        before = in_force(services, installation_id)
        try:
            return _reconfigure(services, before, draft, if_match=if_match, by=by)
        except Conflict as error:
            if error.code != "STALE" or if_match is not None:
                raise
    raise Conflict("It is being changed by others all the time. Try again.", code="STALE", status=409)


def switch(services: Composed, installation_id: str, wanted: dict[str, bool], *, if_match: str | None) -> Installation:
    """`enabled`, `paused`. What is so already is no change."""
    before = in_force(services, installation_id)
    changes = {name: value for name, value in wanted.items() if getattr(before, name) is not value}
    if not changes:
        return _unchanged(services, before, if_match)
    return services.control.change_installation(installation_id, changes, if_match=if_match)


def in_force(services: Composed, installation_id: str) -> Installation:
    """Raises `NotFound`, or `Conflict` for one that is removed."""
    installation = services.control.installation(installation_id)
    if installation.removed_ms is not None:
        raise Conflict(f"{installation.name} is removed. Install it anew.", code="REMOVED")
    return installation


def _attach(services: Composed, template: Template, revision: Revision, pipelines: Sequence[Pipeline]) -> Installed:
    """Heads are read before the cursors are kept: what comes in between is delivered."""
    heads = services.log.heads()
    installations = tuple(
        Installation(
            id=fresh_id("pi", template.created_ms),
            pipeline_id=pipeline.id,
            template=template,
            revision=revision,
            start=heads,
            parameters=pipeline.parameters,
            pii_rules=pipeline.pii_rules,
            created_ms=template.created_ms,
            updated_ms=template.created_ms,
        )
        for pipeline in pipelines
    )
    services.compile(installations[0])
    services.control.install(template, revision, installations)
    return Installed(template, revision, installations)


def _checked(
    integration: Integration, body: InstallBody, pipelines: Sequence[Pipeline]
) -> tuple[dict[str, Any], Overrides]:
    config, overrides = dict(body.config), body.overrides
    for pipeline in pipelines:
        known, variant = pipeline.parameters, body.variant
        found = validate_with_parameters(integration, variant, body.delivery_mode, body.config, known)
        config, overrides = found, kept_overrides(integration, variant, found, body.overrides, known)
    return config, overrides


def _pipelines(services: Composed, pipeline_ids: list[str] | None) -> list[Pipeline]:
    known = {pipeline.id: pipeline for pipeline in services.control.pipelines()}
    if pipeline_ids is None and len(known) == 1:
        return list(known.values())
    listed = [{"id": pipeline.id, "name": pipeline.name} for pipeline in known.values()]
    if not pipeline_ids:
        raise Invalid("pipeline_ids: say which pipelines it is for.", field="pipeline_ids", known=listed)
    for pipeline_id in pipeline_ids:
        if pipeline_id not in known:
            raise Invalid(
                f"pipeline_ids: there is no pipeline {pipeline_id[:100]}.", field="pipeline_ids", known=listed
            )
    return [known[pipeline_id] for pipeline_id in dict.fromkeys(pipeline_ids)]


def _reconfigure(
    services: Composed, before: Installation, draft: Draft, *, if_match: str | None, by: Actor
) -> Installation:
    revision = _drafted(services, before, draft, by)
    if revision is before.revision:
        return _unchanged(services, before, if_match)
    made = msgspec.structs.replace(revision, created_by=by.name)
    services.compile(msgspec.structs.replace(before, revision=made))
    return services.control.revise(before.id, made, if_match=if_match or services.control.etag(before))


def _drafted(services: Composed, before: Installation, draft: Draft, by: Actor) -> Revision:
    integration = services.catalog.get(before.vendor)
    patch = draft.config if isinstance(draft.config, dict) else {}
    require_secrets_stay(by, secrets_sent_elsewhere(integration, before.revision.config, patch))
    return drafted(services, before.template, before.revision, draft, [before.parameters])


def _unchanged(services: Composed, installation: Installation, if_match: str | None) -> Installation:
    if if_match not in {None, services.control.etag(installation)}:
        raise Conflict(f"{installation.name} was changed meanwhile. Read it again.", code="STALE", status=412)
    return installation
