"""Pipelines, and the integrations installed on them."""

from hashlib import blake2b
from typing import Annotated, Any, Final

import msgspec

from datafly.model.overrides import NO_OVERRIDES, Overrides
from datafly.model.pii import NO_RULES, PiiRules
from datafly.model.wording import patterned

SCRIPT: Final = "d.js"
LONGEST_COOKIE_DAYS: Final = 400
"""Browsers keep no cookie longer."""

ScriptName = Annotated[
    str,
    patterned(
        r"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}\.js$(?!\n)",
        "a file name that ends in .js, of at most 100 letters, digits, dots, hyphens and underscores before that",
    ),
]
GlobalName = Annotated[
    str,
    patterned(
        r"^[A-Za-z_$][A-Za-z0-9_$]{0,63}$(?!\n)",
        "a name of JavaScript: at most 64 letters, digits, underscores and dollar signs, and no digit first",
    ),
]
Endpoint = Annotated[
    str,
    patterned(
        r"^(https?://[^\s\"'<>\\?#@]+)?$(?!\n)",
        "empty, or an http(s) address without user, query and fragment, such as https://t.example.com",
        max_length=500,
    ),
]
BatchSize = Annotated[int, msgspec.Meta(ge=1, le=500)]
FlushInterval = Annotated[int, msgspec.Meta(ge=100, le=60_000)]
CookieDays = Annotated[int, msgspec.Meta(ge=1, le=LONGEST_COOKIE_DAYS)]


class JsBuilderConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How `d.js` is built for a pipeline (contracts/signal.md §10.7). What the script's tag says counts before it.

    `script_filename`: at which the gateway serves it with the pipeline's key in it; the usual one is everybody's.
    `endpoint` empty: the origin that the script came from. `cookie_days`: how long a visitor is known.
    """

    script_filename: ScriptName = SCRIPT
    global_variable: GlobalName = "_df"
    endpoint: Endpoint = ""
    auto_page: bool = True
    batch_size: BatchSize = 10
    flush_interval_ms: FlushInterval = 1_000
    debug: bool = False
    cookie_days: CookieDays = LONGEST_COOKIE_DAYS


class Pipeline(msgspec.Struct, frozen=True):
    """One collection endpoint (contracts/signal.md §10.7).

    `rate_limit_rps` 0 is unlimited. `domain_allowlist` empty allows every origin. `consent_defaults` counts where
    neither the event nor the visitor said anything about a category.
    """

    id: str
    name: str
    slug: str
    pipeline_key: str
    type: str = "web"
    domain_allowlist: tuple[str, ...] = ()
    rate_limit_rps: int = 0
    consent_defaults: dict[str, bool] = {}
    parameters: dict[str, str] = {}
    enabled: bool = True
    created_ms: int = 0
    updated_ms: int = 0
    js_builder_config: JsBuilderConfig = JsBuilderConfig()
    pii_rules: PiiRules = NO_RULES


class PipelineKey(msgspec.Struct, frozen=True):
    """A key that a pipeline had before, and that the gateway takes beside the current one until `expires_ms`."""

    id: str
    pipeline_id: str
    pipeline_key: str
    replaced_ms: int
    expires_ms: int | None = None


class Template(msgspec.Struct, frozen=True):
    """The reusable integration of the organisation (contracts/signal.md §10.5)."""

    id: str
    name: str
    vendor: str
    variant: str = "default"
    description: str = ""
    created_ms: int = 0
    updated_ms: int = 0


class Revision(msgspec.Struct, frozen=True):
    """An immutable, numbered snapshot of a template's config. Secret fields of `config` are `Secret` values.

    `overrides`: what it changes of the definition's mapping.
    """

    id: str
    template_id: str
    number: int
    config: dict[str, Any]
    delivery_mode: str = "server_side"
    change_summary: str = ""
    created_by: str = ""
    created_ms: int = 0
    overrides: Overrides = NO_OVERRIDES


class Canary(msgspec.Struct, frozen=True):
    """A second revision, for `percent` of the keys of an installation."""

    revision: Revision
    percent: float


def canary_salt(installation_id: str, revision_id: str) -> bytes:
    return f"{installation_id}{revision_id}".encode()[-64:]


def is_tried(key: str, percent: float, salt: bytes) -> bool:
    """Whether a key goes by the canary: it stays with it while the share grows; another canary takes others."""
    digest = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=4, key=salt).digest()
    return int.from_bytes(digest, "big") * 100 < percent * 2**32


class Installation(msgspec.Struct, frozen=True):
    """A pipeline integration: a template at one pinned revision, attached to one pipeline (contracts/signal.md §10.6).

    Its cursor over `events` starts at `start` (partition → offset), the head at the moment it was installed.
    `enabled` false: the cursor advances, SKIPPED `disabled`. `paused`: the cursor waits. `removed_ms`: what is left
    is closed as SKIPPED `installation_removed`, up to `end` (partition → offset). `former_revision_id`: what was pinned
    before. `parameters`: those of its pipeline, which its config may name. `pii_rules`: its pipeline's.
    """

    id: str
    pipeline_id: str
    template: Template
    revision: Revision
    start: dict[int, int] = {}
    enabled: bool = True
    paused: bool = False
    removed_ms: int | None = None
    end: dict[int, int] = {}
    created_ms: int = 0
    updated_ms: int = 0
    canary: Canary | None = None
    former_revision_id: str | None = None
    parameters: dict[str, str] = {}
    pii_rules: PiiRules = NO_RULES

    @property
    def shaped_by(self) -> tuple[str, str, PiiRules, tuple[tuple[str, str], ...]]:
        """All on which it depends what an event becomes for it: whoever holds something compiled compares this."""
        return (self.template.id, self.revision.id, self.pii_rules, tuple(sorted(self.parameters.items())))

    @property
    def vendor(self) -> str:
        return self.template.vendor

    @property
    def name(self) -> str:
        return self.template.name
