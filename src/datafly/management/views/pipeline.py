"""Pipelines as the API shows and takes them (contracts/signal.md §10.7)."""

import re
from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, UnsetType

from datafly.management.views.consent import Consents, canonical
from datafly.management.views.naming import ORGANISATION, Name
from datafly.management.views.times import moment
from datafly.model.errors import Invalid
from datafly.model.installation import JsBuilderConfig, Pipeline
from datafly.model.pii import NO_RULES, PiiRules
from datafly.model.traits import meaning

_HOST: Final = re.compile(
    r"(https?://)?(\*?\.)?([a-z0-9-]+(\.[a-z0-9-]+)*|\[[0-9a-f:.]+\])(:[0-9]{1,5})?/?", re.IGNORECASE
)

_CHOICES: Final = frozenset({"consent", "consentmanagement"})

Origins = Annotated[
    tuple[Annotated[str, msgspec.Meta(max_length=300)], ...],
    msgspec.Meta(
        max_length=1_000,
        description="Hosts whose pages may send: `shop.example.com`, `*.example.com`. Empty: all.",
    ),
]
Rate = Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000, description="Requests a second; 0 is unlimited.")]
Parameters = Annotated[
    dict[Annotated[str, msgspec.Meta(min_length=1, max_length=100)], Annotated[str, msgspec.Meta(max_length=10_000)]],
    msgspec.Meta(max_length=1_000, description="Values for the configs of integrations."),
]
PipelineType = Literal["web", "app", "server"]


class PipelineView(msgspec.Struct, frozen=True):
    """A collection endpoint. Its key is public."""

    id: str
    org_id: str
    name: str
    slug: str
    type: str
    pipeline_key: str
    domain_allowlist: tuple[str, ...]
    rate_limit_rps: int
    consent_defaults: dict[str, bool]
    parameters: dict[str, str]
    js_builder_config: JsBuilderConfig
    pii_rules: PiiRules
    enabled: bool
    created_at: datetime
    updated_at: datetime


class PipelineBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A pipeline to be; slug and key are made."""

    name: Name
    type: PipelineType = "web"
    domain_allowlist: Origins = ()
    rate_limit_rps: Rate = 0
    consent_defaults: Consents = {}
    parameters: Parameters = {}
    js_builder_config: JsBuilderConfig = JsBuilderConfig()
    pii_rules: PiiRules = NO_RULES
    enabled: bool = True


class PipelineChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Fields that are not named stay as they are; those that are named are replaced whole."""

    name: Name | UnsetType = UNSET
    domain_allowlist: Origins | UnsetType = UNSET
    rate_limit_rps: Rate | UnsetType = UNSET
    consent_defaults: Consents | UnsetType = UNSET
    parameters: Parameters | UnsetType = UNSET
    js_builder_config: JsBuilderConfig | UnsetType = UNSET
    pii_rules: PiiRules | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET


def pipeline_view(pipeline: Pipeline) -> PipelineView:
    shown = {name: getattr(pipeline, name) for name in PipelineView.__struct_fields__ if hasattr(pipeline, name)}
    return PipelineView(
        **shown,
        org_id=ORGANISATION,
        created_at=moment(pipeline.created_ms),
        updated_at=moment(pipeline.updated_ms),
    )


def new_pipeline(body: PipelineBody) -> Pipeline:
    """Raises `Invalid`. Id, slug and key are left to the store."""
    fields = msgspec.structs.asdict(body)
    return Pipeline(id="", slug="", pipeline_key="", **(fields | checked_fields(fields)))


def pipeline_changes(body: PipelineChange) -> dict[str, Any]:
    """Raises `Invalid`."""
    fields = {name: value for name, value in msgspec.structs.asdict(body).items() if value is not UNSET}
    return fields | checked_fields(fields)


def checked_fields(fields: dict[str, Any]) -> dict[str, Any]:
    """Those of them that are kept otherwise than they were told. Raises `Invalid`."""
    for origin in fields.get("domain_allowlist", ()):
        if not _HOST.fullmatch(origin.strip()):
            raise Invalid(
                f"domain_allowlist: {origin[:100]!r} is no host; write shop.example.com, *.example.com or "
                "https://shop.example.com:8443, an international name in its xn-- form.",
                field="domain_allowlist",
            )
    if isinstance(rules := fields.get("pii_rules"), PiiRules):
        _require_no_consent(rules)
    if "consent_defaults" not in fields:
        return {}
    return {"consent_defaults": canonical(fields["consent_defaults"], "consent_defaults")}


def _require_no_consent(rules: PiiRules) -> None:
    for name in ("redact_fields", "hash_fields"):
        for field in getattr(rules, name):
            if field.startswith("context.") and meaning(field.split(".")[1]) in _CHOICES:
                raise Invalid(
                    f"pii_rules.{name}: {field[:100]} is what the visitor chose, by which events are sent or not.",
                    field=f"pii_rules.{name}",
                )
