"""Templates, revisions and pipeline integrations as the API shows them (contracts/signal.md §10.5-10.6)."""

from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from datafly.management.views.naming import ORGANISATION, Name
from datafly.management.views.times import moment, moment_or_none
from datafly.model.delivery import State
from datafly.model.installation import Canary, Installation, Revision, Template
from datafly.model.overrides import Overrides
from datafly.model.secret import MASK, Secret

_STANDS_STILL: Final = frozenset({"suspended", "paused"})


class TemplateView(msgspec.Struct, frozen=True):
    """The reusable integration of the organisation."""

    id: str
    org_id: str
    name: str
    vendor: str
    description: str
    catalog_vendor_key: str
    catalog_variant_key: str
    created_at: datetime
    updated_at: datetime


class TemplateChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Fields that are not named stay as they are."""

    name: Name | UnsetType = UNSET
    description: Annotated[str, msgspec.Meta(max_length=2_000)] | UnsetType = UNSET


class RevisionView(msgspec.Struct, frozen=True):
    """An immutable snapshot of a config. Secrets are `***`."""

    id: str
    integration_id: str
    org_id: str
    revision_number: int
    config: dict[str, Any]
    delivery_mode: str
    change_summary: str
    created_by: str
    created_at: datetime
    overrides: Overrides


class CanaryView(msgspec.Struct, frozen=True):
    """Another revision, for so many per cent of the keys."""

    revision_id: str
    revision_number: int
    percent: float


class SlowedView(msgspec.Struct, frozen=True):
    """The vendor said that it was too many: `requests_per_minute` are sent now, of the `documented` ones.

    `route`: empty for all calls that share one rate. It rises again by itself.
    """

    route: str
    requests_per_minute: int
    documented: int
    since: datetime


class StateView(msgspec.Struct, frozen=True):
    """`name`: running, backing_off, suspended, paused, disabled, removed. `cure` says what the operator can do.

    `slowed`: the rates that the vendor has made us lower.
    """

    name: str
    reason: str | None
    cause: str | None
    cure: str | None
    symptom: str | None
    since: datetime | None
    next_probe_at: datetime | None
    slowed: list[SlowedView]


class PartitionLag(msgspec.Struct, frozen=True):
    """`lag` events of a partition are not final yet: `head` − `mark`."""

    partition: int
    mark: int
    head: int
    lag: int


class Drain(msgspec.Struct, frozen=True):
    """How fast the lag is worked off: events that became final, per second, over the last minute.

    `seconds_left`: how long that takes at this rate if nothing more comes; null while nothing moves.
    """

    events_per_second: float
    seconds_left: float | None


class PipelineIntegration(msgspec.Struct, frozen=True):
    """A template at one revision on one pipeline.

    `counts`: verdict → events, `requests` → requests to the vendor,
    `doubled` → delivered ones that the vendor may have taken twice,
    `warning` and `drift` → how many of those notices there were.

    `base_url` is where its requests go; `notes` tell what is unusual about it.
    """

    id: str
    pipeline_id: str
    integration_id: str
    integration_name: str
    vendor: str
    variant: str
    delivery_mode: str
    revision_id: str
    revision_number: int
    latest_revision: int
    former_revision_id: str | None
    canary: CanaryView | None
    config: dict[str, Any]
    overrides: Overrides
    enabled: bool
    paused: bool
    state: StateView
    counts: dict[str, int]
    lag: int
    drain: Drain
    partitions: list[PartitionLag]
    base_url: str | None
    notes: list[str]
    created_at: datetime
    updated_at: datetime
    removed_at: datetime | None


class Standing(msgspec.Struct, frozen=True):
    """What the ledger, the log and the definition know of an installation."""

    state: State | None
    counts: dict[str, int]
    partitions: list[PartitionLag]
    events_per_second: float
    latest_revision: int
    base_url: str | None
    notes: tuple[str, ...]


def template_view(template: Template) -> TemplateView:
    return TemplateView(
        id=template.id,
        org_id=ORGANISATION,
        name=template.name,
        vendor=template.vendor,
        description=template.description,
        catalog_vendor_key=template.vendor,
        catalog_variant_key=template.variant,
        created_at=moment(template.created_ms),
        updated_at=moment(template.updated_ms),
    )


def revision_view(revision: Revision) -> RevisionView:
    return RevisionView(
        id=revision.id,
        integration_id=revision.template_id,
        org_id=ORGANISATION,
        revision_number=revision.number,
        config=masked(revision.config),
        delivery_mode=revision.delivery_mode,
        change_summary=revision.change_summary,
        created_by=revision.created_by,
        created_at=moment(revision.created_ms),
        overrides=revision.overrides,
    )


def installation_view(installation: Installation, standing: Standing) -> PipelineIntegration:
    lag = sum(partition.lag for partition in standing.partitions)
    state = _state(installation, standing.state)
    return PipelineIntegration(
        id=installation.id,
        pipeline_id=installation.pipeline_id,
        integration_id=installation.template.id,
        integration_name=installation.name,
        vendor=installation.vendor,
        variant=installation.template.variant,
        delivery_mode=installation.revision.delivery_mode,
        revision_id=installation.revision.id,
        revision_number=installation.revision.number,
        latest_revision=standing.latest_revision,
        former_revision_id=installation.former_revision_id,
        canary=_canary(installation.canary),
        config=masked(installation.revision.config),
        overrides=installation.revision.overrides,
        enabled=installation.enabled,
        paused=installation.paused,
        state=state,
        counts=standing.counts,
        lag=lag,
        drain=_drain(lag, standing.events_per_second, state.name),
        partitions=standing.partitions,
        base_url=standing.base_url,
        notes=list(standing.notes),
        created_at=moment(installation.created_ms),
        updated_at=moment(installation.updated_ms),
        removed_at=moment_or_none(installation.removed_ms),
    )


def _drain(lag: int, events_per_second: float, state: str) -> Drain:
    """What was done in the last minute says nothing of what stands still now."""
    if lag == 0:
        return Drain(round(events_per_second, 1), 0.0)
    goes_on = events_per_second and state not in _STANDS_STILL
    return Drain(round(events_per_second, 1), round(lag / events_per_second, 1) if goes_on else None)


def _canary(canary: Canary | None) -> CanaryView | None:
    if canary is None:
        return None
    return CanaryView(canary.revision.id, canary.revision.number, canary.percent)


def masked(config: dict[str, Any]) -> dict[str, Any]:
    return {name: MASK if isinstance(value, Secret) else value for name, value in config.items()}


def _state(installation: Installation, told: State | None) -> StateView:
    """What an operator decided comes before what delivery found."""
    if installation.removed_ms is not None:
        return _decided("removed", installation.removed_ms, None)
    if not installation.enabled:
        return _decided("disabled", installation.updated_ms, "Enable it; events since then are SKIPPED.")
    if installation.paused:
        return _decided("paused", installation.updated_ms, "Resume it; nothing is lost.")
    state = told or State(installation.id)
    return StateView(
        name=state.name if state.name in {"running", "backing_off", "suspended"} else "running",
        reason=state.reason or None,
        cause=state.cause or None,
        cure=state.cure or None,
        symptom=state.symptom or None,
        since=moment(state.since_ms) if state.since_ms else None,
        next_probe_at=moment_or_none(state.next_probe_ms),
        slowed=[
            SlowedView(one.route, one.requests_per_minute, one.documented, moment(one.since_ms)) for one in state.slowed
        ],
    )


def _decided(name: str, since_ms: int, cure: str | None) -> StateView:
    cause = f"An operator {name} this integration."
    return StateView(
        name=name,
        reason=name,
        cause=cause,
        cure=cure,
        symptom=None,
        since=moment(since_ms),
        next_probe_at=None,
        slowed=[],
    )
