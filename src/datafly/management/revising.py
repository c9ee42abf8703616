"""Revisions: made, kept as drafts, deployed, tried by a share of the users, taken back."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from datafly.management.access import Role, role_of
from datafly.management.services import Composed
from datafly.model.errors import CallerError, Conflict, NotFound
from datafly.model.installation import Installation, Revision, Template
from datafly.model.overrides import Overrides
from datafly.model.people import Actor
from datafly.spec.config import complete_config, merge_config, secrets_sent_elsewhere
from datafly.spec.integration import Integration
from datafly.spec.overriding import require_overrides
from datafly.spec.parameters import resolved_config, resolved_overrides, validate_with_parameters

Config = Annotated[dict[str, Any], msgspec.Meta(description="The vendor's settings, by the keys of `config_fields`.")]
Percent = Annotated[float, msgspec.Meta(gt=0, le=100, description="Of the keys: users, or visitors who are none yet.")]
_Summary = Annotated[str, msgspec.Meta(max_length=1_000)]


class Draft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another revision than the pinned one: `revision_id`, or what `config` and `overrides` make of that or the pinned.

    `config` changes the fields that it names: `***` leaves a secret as it is, null takes a field away. `overrides`
    replaces all of them.
    """

    revision_id: str | None = None
    config: Config | UnsetType = UNSET
    overrides: Overrides | UnsetType = UNSET


class RevisionBody(Draft, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Without `revision_id` it is made from the newest revision."""

    change_summary: _Summary = ""


class CanaryBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    revision_id: str
    percent: Percent


class RollbackBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Without `revision_id`: what was deployed before."""

    revision_id: str | None = None


def kept_overrides(
    integration: Integration, variant: str, config: Mapping[str, Any], said: Overrides, parameters: Mapping[str, str]
) -> Overrides:
    """As they are kept, checked with what the parameters make of them. Raises `Invalid`."""
    whole = complete_config(integration, variant, resolved_config(config, parameters), {})
    checked = require_overrides(integration, resolved_overrides(said, parameters), whole)
    events = zip(checked.events, said.events.values(), strict=True)
    return msgspec.structs.replace(said, events=dict(events))


def drafted(
    services: Composed, template: Template, base: Revision, draft: Draft, parameters: Sequence[Mapping[str, str]]
) -> Revision:
    """`base` as the draft changes it, without id; `base` itself where nothing changes. Checked for each pipeline's
    parameters. Raises `Invalid`.
    """
    integration = services.catalog.get(template.vendor)
    patch = draft.config if isinstance(draft.config, dict) else {}
    config, overrides = merge_config(base.config, patch), base.overrides
    said = draft.overrides if isinstance(draft.overrides, Overrides) else None
    for known in parameters or [{}]:
        found = validate_with_parameters(integration, template.variant, base.delivery_mode, config, known)
        if said is not None:
            overrides = kept_overrides(integration, template.variant, found, said, known)
    changed = sorted(name for name in {*base.config, *found} if base.config.get(name) != found.get(name))
    if overrides != base.overrides:
        changed.append("the mapping")
    if not changed:
        return base
    summary = f"Changed {', '.join(changed)}"
    return msgspec.structs.replace(
        base, id="", config=found, overrides=overrides, change_summary=summary, created_ms=0, number=0
    )


def draft_of(services: Composed, installation: Installation, draft: Draft) -> Installation:
    """The installation as it would be. Raises `NotFound`, `Invalid`."""
    base = installation.revision
    if draft.revision_id is not None:
        base = own_revision(services, installation.template.id, draft.revision_id)
    revision = drafted(services, installation.template, base, draft, [installation.parameters])
    return msgspec.structs.replace(installation, revision=revision, canary=None)


def own_revision(services: Composed, template_id: str, revision_id: str) -> Revision:
    found = [one for one in services.control.revisions(template_id) if one.id == revision_id]
    if not found:
        raise NotFound(f"There is no revision {revision_id[:100]} of {template_id}.")
    return found[0]


def add_revision(services: Composed, template_id: str, body: RevisionBody, by: Actor) -> Revision:
    """Kept, and deployed nowhere. Raises `NotFound`, `Invalid`, `Conflict` where it would be the same again."""
    control = services.control
    template = control.template(template_id)
    base = (
        own_revision(services, template_id, body.revision_id)
        if body.revision_id
        else control.latest_revision(template_id)
    )
    attached = [one for one in control.installations() if one.template.id == template_id]
    integration = services.catalog.get(template.vendor)
    patch = body.config if isinstance(body.config, dict) else {}
    require_secrets_stay(by, secrets_sent_elsewhere(integration, base.config, patch))
    revision = drafted(services, template, base, body, [one.parameters for one in attached])
    if revision is base:
        raise Conflict(f"Nothing differs from revision {base.number}.", code="UNCHANGED")
    for one in attached:
        services.compile(msgspec.structs.replace(one, revision=revision))
    summary = body.change_summary or revision.change_summary
    named = msgspec.structs.replace(revision, change_summary=summary, created_by=by.name)
    return control.add_revision(template_id, named)


def deploy(services: Composed, installation: Installation, revision_id: str, if_match: str | None) -> Installation:
    """Pins it here. What is pinned already is no change, unless a canary is there. Raises `NotFound`, `Invalid`."""
    require_usable(services, installation, revision_id)
    return services.control.pin(installation.id, revision_id, if_match=if_match)


def try_out(services: Composed, installation: Installation, body: CanaryBody, if_match: str | None) -> Installation:
    if body.revision_id == installation.revision.id:
        raise Conflict(f"Revision {installation.revision.number} is deployed already.", code="UNCHANGED")
    require_usable(services, installation, body.revision_id)
    return services.control.try_out(installation.id, body.revision_id, body.percent, if_match=if_match)


def promote(services: Composed, installation: Installation, if_match: str | None) -> Installation:
    return services.control.pin(installation.id, _canary(installation), if_match=if_match)


def drop(services: Composed, installation: Installation, if_match: str | None) -> Installation:
    _canary(installation)
    return services.control.try_out(installation.id, None, 0.0, if_match=if_match)


def roll_back(services: Composed, installation: Installation, body: RollbackBody, if_match: str | None) -> Installation:
    wanted = body.revision_id or installation.former_revision_id
    if wanted is None:
        raise Conflict(f"{installation.name} had no other revision before; name one.", code="NO_FORMER_REVISION")
    return deploy(services, installation, wanted, if_match)


def require_usable(services: Composed, installation: Installation, revision_id: str) -> None:
    """It must compile here, with the parameters of this pipeline."""
    revision = own_revision(services, installation.template.id, revision_id)
    services.compile(msgspec.structs.replace(installation, revision=revision))


def require_secrets_stay(by: Actor, kept: list[str]) -> None:
    """Secrets are never shown; who could send one to an address of their own would have it all the same."""
    if kept and role_of(by) < Role.ADMIN:
        raise CallerError(
            f"The role {by.role} cannot have the {', '.join(kept)} that is kept sent to another address: "
            "give it with the same change, or have an admin change the address.",
            code="FORBIDDEN",
            status=403,
            role=by.role,
            needed="admin",
            fields=kept,
        )


def require_parameters_stay(services: Composed, pipeline_id: str, parameters: Mapping[str, str]) -> None:
    """What is deployed on a pipeline must still find what it names. Raises `Invalid`."""
    for one in services.control.installations():
        if one.pipeline_id != pipeline_id:
            continue
        for revision in (one.revision, *([one.canary.revision] if one.canary else [])):
            there = msgspec.structs.replace(one, revision=msgspec.structs.replace(revision, id=""))
            services.compile(msgspec.structs.replace(there, parameters=dict(parameters)))


def _canary(installation: Installation) -> str:
    if installation.canary is None:
        raise Conflict(f"{installation.name} tries no other revision.", code="NO_CANARY")
    return installation.canary.revision.id
