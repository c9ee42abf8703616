"""`/d.js`: the collector, for pages of every origin."""

from pathlib import Path
from typing import Final

from datafly.ingest.asset import make_asset
from datafly.ingest.codes import Code, Refused
from datafly.ingest.wire import Receive, Reply, Request

COLLECTOR: Final = Path(__file__).parent / "assets" / "d.js"

_HEADERS: Final = (
    (b"cache-control", b"public, max-age=300, stale-while-revalidate=86400"),
    (b"access-control-allow-origin", b"*"),
    (b"cross-origin-resource-policy", b"cross-origin"),
)


class Collector:
    """Read once, at start; a package without the built file says so."""

    def __init__(self, path: Path) -> None:
        self._asset = (
            make_asset(path.read_bytes(), "text/javascript; charset=utf-8", *_HEADERS) if path.exists() else None
        )

    async def get(self, request: Request, _receive: Receive) -> Reply:
        if self._asset is None:
            raise Refused(
                Code.NOT_BUILT, "This installation has no collector script: run `npm run build` in collector/."
            )
        return self._asset.reply(request)
