"""`/d.js`: the collector, for pages of every origin, as it is or built for a pipeline."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl

import msgspec

from datafly.ingest.asset import Asset, make_asset
from datafly.ingest.codes import Code, Refused
from datafly.ingest.wire import Receive, Reply, Request
from datafly.model.installation import SCRIPT, JsBuilderConfig, Pipeline

COLLECTOR: Final = Path(__file__).parent / "assets" / "d.js"
PATHS: Final = (f"/{SCRIPT}", "/datafly.js")

_HEADERS: Final = (
    (b"cache-control", b"public, max-age=300, stale-while-revalidate=86400"),
    (b"access-control-allow-origin", b"*"),
    (b"cross-origin-resource-policy", b"cross-origin"),
)
_OPTIONS: Final = b"const BUILT={};"
"""In the script, as `collector/build.mjs` writes it."""
_ATTRIBUTES: Final = {
    "global_variable": "global",
    "endpoint": "endpoint",
    "auto_page": "auto-page",
    "batch_size": "batch-size",
    "flush_interval_ms": "flush-interval",
    "debug": "debug",
}
"""An option, and the attribute of the tag that says the same."""


class Collector:
    """Read once, at start; a package without the built file says so. What is built is kept until pipelines change."""

    def __init__(self, path: Path, pipelines: Callable[[], Mapping[str, Pipeline]]) -> None:
        self._script = path.read_bytes() if path.exists() else None
        self._pipelines = pipelines
        self._seen: Mapping[str, Pipeline] = {}
        self._named: dict[str, Pipeline] = {}
        self._built: dict[str, Asset] = {}

    def serves(self, path: str) -> bool:
        """Whether a pipeline has its script there."""
        return path.endswith(".js") and path[1:] in self._names()

    async def get(self, request: Request, _receive: Receive) -> Reply:
        """Raises `Refused` where a key is asked for that no pipeline has."""
        if self._script is None:
            raise Refused(Code.NOT_BUILT)
        named = self._names().get(request.path[1:])
        key = named.pipeline_key if named else dict(parse_qsl(request.query[:4096].decode("latin-1"))).get("wk", "")
        return self._asset(self._script, key).reply(request)

    def _asset(self, script: bytes, key: str) -> Asset:
        if key not in self._built:
            told = self._told(key) if key else {}
            made = script.replace(_OPTIONS, _OPTIONS.replace(b"{}", msgspec.json.encode(told)), 1)
            self._built[key] = make_asset(made, "text/javascript; charset=utf-8", *_HEADERS)
        return self._built[key]

    def _told(self, key: str) -> dict[str, str]:
        pipeline = self._seen.get(key)
        if pipeline is None:
            raise Refused(Code.INVALID_PIPELINE_KEY, "The pipeline key is unknown or revoked.")
        return {"pipeline-key": key} | attributes(pipeline.js_builder_config)

    def _names(self) -> dict[str, Pipeline]:
        """By the names of their scripts; of what is read anew whenever it changed, all that was built is forgotten."""
        pipelines = self._pipelines()
        if pipelines is not self._seen:
            self._seen, self._built = pipelines, {}
            self._named = {one.js_builder_config.script_filename: one for one in pipelines.values()}
            self._named.pop(SCRIPT, None)
        return self._named


def attributes(options: JsBuilderConfig) -> dict[str, str]:
    """Those that are not the usual ones."""
    usual = JsBuilderConfig()
    told = {name: getattr(options, option) for option, name in _ATTRIBUTES.items()}
    return {name: _text(told[name]) for option, name in _ATTRIBUTES.items() if told[name] != getattr(usual, option)}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
