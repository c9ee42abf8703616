"""The document: names are identities, fields that are left out have their defaults, secrets are references."""

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, UnsetType

from datafly.management.views.alert import Least, Mail, Seconds, Threshold, Window
from datafly.management.views.consent import Consents, Words
from datafly.management.views.naming import Name
from datafly.management.views.pipeline import Origins, Parameters, PipelineType, Rate
from datafly.model.alert import Kind
from datafly.model.consent import Without
from datafly.model.installation import JsBuilderConfig
from datafly.model.overrides import Overrides
from datafly.model.pii import PiiRules
from datafly.model.source import WebhookKind, WebhookVerify
from datafly.model.wording import patterned

REFERENCE: Final = r"^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$"
Reference = Annotated[
    str,
    patterned(
        REFERENCE,
        "env:NAME or file:/path: where the secret is, never the secret itself",
        max_length=4_096,
        description="Where a secret is: `env:NAME`, a variable, or `file:/path`, where Signal is told this document.",
    ),
]


class Shape(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What all parts of the document share."""


class DeclaredScript(JsBuilderConfig, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """How the pipeline's `d.js` is built."""


class DeclaredPii(PiiRules, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What of the pipeline's events is taken out, and what is hashed, for all but the vendors `raw_for`."""


class DeclaredPipeline(Shape, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Its key is made when it is added, and stays. `signing_secret`: of servers that sign their posts."""

    type: PipelineType = "web"
    enabled: bool = True
    domain_allowlist: Origins = ()
    rate_limit_rps: Rate = 0
    consent_defaults: Consents = {}
    parameters: Parameters = {}
    js_builder_config: DeclaredScript = DeclaredScript()
    pii_rules: DeclaredPii = DeclaredPii()
    signing_secret: Reference | None = None


class DeclaredInstallation(Shape, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """An integration on a pipeline. `config` and `overrides`: instead of those that the integration has for all."""

    enabled: bool = True
    paused: bool = False
    config: dict[str, Any] | None = None
    overrides: Overrides | None = None


class DeclaredIntegration(Shape, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """`pipelines`: on which it is installed, by name; `{}` is all that most need to say of one."""

    vendor: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    variant: str = "default"
    delivery_mode: str = "server_side"
    config: Annotated[dict[str, Any], msgspec.Meta(description="The vendor's settings; secrets as references.")] = {}
    overrides: Overrides | None = None
    pipelines: Annotated[dict[Name, DeclaredInstallation], msgspec.Meta(min_length=1, max_length=1_000)]


class DeclaredWebhook(Shape, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Another product whose webhooks become events of a pipeline."""

    pipeline: Name
    kind: WebhookKind
    secret: Reference | None = None
    verify: WebhookVerify = "hmac"
    header: str = ""
    event_type_path: str = ""
    mappings: dict[str, str] = {}


class DeclaredAlert(Shape, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Fields as in `/v1/admin/alerts`. `pipeline`: that one alone; with `integration`, that integration there alone."""

    kind: Kind
    threshold: Threshold = 0.0
    window_seconds: Window = 600
    least: Least = 20
    for_seconds: Seconds = 60
    clear_seconds: Seconds = 60
    remind_seconds: Seconds = 14_400
    pipeline: Name | None = None
    integration: Name | None = None
    enabled: bool = True


class DeclaredChannel(Shape, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Whom alerts are told. A webhook has a `url` and signs with its `secret`; e-mail has addresses `to`.

    `alerts`: those alone, by name; empty for all.
    """

    kind: Literal["webhook", "email"]
    url: Reference | None = None
    secret: Reference | None = None
    to: Annotated[tuple[Mail, ...], msgspec.Meta(max_length=50)] = ()
    alerts: Annotated[tuple[Name, ...], msgspec.Meta(max_length=100)] = ()
    enabled: bool = True


class DeclaredConsent(Shape, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What is decided on consent for all pipelines."""

    defaults: Consents = {}
    words: Words = {}
    without_consent: Without = "keep"


class Declaration(Shape, frozen=True, kw_only=True, omit_defaults=False, forbid_unknown_fields=True):
    """A section that is left out stays as it is. One that is there is whole: what it does not name is removed."""

    version: Literal[1] = 1
    pipelines: dict[Name, DeclaredPipeline] | UnsetType = UNSET
    integrations: dict[Name, DeclaredIntegration] | UnsetType = UNSET
    webhooks: dict[Name, DeclaredWebhook] | UnsetType = UNSET
    alerts: dict[Name, DeclaredAlert] | UnsetType = UNSET
    alert_channels: dict[Name, DeclaredChannel] | UnsetType = UNSET
    consent: DeclaredConsent | UnsetType = UNSET
