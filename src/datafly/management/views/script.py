"""How `d.js` is built for a pipeline, as the API takes and shows it."""

from typing import Final
from urllib.parse import quote

import msgspec
from msgspec import UNSET, UnsetType

from datafly.model.installation import (
    SCRIPT,
    BatchSize,
    CookieDays,
    Endpoint,
    FlushInterval,
    GlobalName,
    JsBuilderConfig,
    Pipeline,
    ScriptName,
)

UNKNOWN_GATEWAY: Final = "https://YOUR_GATEWAY"
"""What stands for an address that Signal does not know."""


class JsBuilderChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Fields that are not named stay as they are."""

    script_filename: ScriptName | UnsetType = UNSET
    global_variable: GlobalName | UnsetType = UNSET
    endpoint: Endpoint | UnsetType = UNSET
    auto_page: bool | UnsetType = UNSET
    batch_size: BatchSize | UnsetType = UNSET
    flush_interval_ms: FlushInterval | UnsetType = UNSET
    debug: bool | UnsetType = UNSET
    cookie_days: CookieDays | UnsetType = UNSET


class CollectorView(msgspec.Struct, frozen=True):
    """`js_builder_config`: every option, also those that are as usual. `path`: where the gateway serves the script with
    these options and the pipeline's key in it. `tag`: what pages carry; where Signal does not know the address of your
    gateway (setting `gateway_url`), put its host in place of YOUR_GATEWAY.
    """

    js_builder_config: JsBuilderConfig
    path: str
    tag: str


def collector_view(pipeline: Pipeline, gateway_url: str) -> CollectorView:
    path = script_path(pipeline)
    tag = f'<script src="{gateway_url or UNKNOWN_GATEWAY}{path}"></script>'
    return CollectorView(pipeline.js_builder_config, path, tag)


def merged(before: JsBuilderConfig, change: JsBuilderChange) -> JsBuilderConfig:
    told = {name: value for name, value in msgspec.structs.asdict(change).items() if value is not UNSET}
    return msgspec.structs.replace(before, **told)


def script_path(pipeline: Pipeline) -> str:
    name = pipeline.js_builder_config.script_filename
    return f"/{name}?wk={quote(pipeline.pipeline_key)}" if name == SCRIPT else f"/{name}"
