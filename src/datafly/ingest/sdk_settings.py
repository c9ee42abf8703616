"""What the browser SDKs of Segment and RudderStack ask for before they send: the settings of a source.

Neither is told of any vendor: events are shaped and sent by us, so there is nothing for the page to load.
"""

from typing import Any, Final

from datafly.ingest.caller import read_caller
from datafly.ingest.doors import Doors
from datafly.ingest.wire import Receive, Reply, Request, json_reply
from datafly.model.installation import Pipeline
from datafly.model.proxies import Proxies

_BEFORE: Final = "/v1/projects/"
_BEHIND: Final = "/settings"
_CACHE: Final = (b"cache-control", b"private, max-age=60")
_HOST_BYTES: Final = 255


def is_settings(path: str) -> bool:
    return path.startswith(_BEFORE) and path.endswith(_BEHIND) and len(path) > len(_BEFORE) + len(_BEHIND)


class SdkSettings:
    """`proxies`: whom to believe that the page came by HTTPS."""

    def __init__(self, doors: Doors, proxies: Proxies) -> None:
        self._doors = doors
        self._proxies = proxies

    async def segment(self, request: Request, _receive: Receive) -> Reply:
        """`/v1/projects/{writeKey}/settings`, as @segment/analytics-next reads it."""
        key = request.path.removeprefix(_BEFORE).removesuffix(_BEHIND)
        caller = read_caller(request, self._proxies)
        self._doors.admit(request, caller, key)
        secure = caller.secure or (caller.origin or "").startswith("https:")
        return json_reply(200, _segment(key, _host(request), secure=secure), _CACHE)

    async def rudder(self, request: Request, _receive: Receive) -> Reply:
        """`/sourceConfig/?writeKey=…`, as @rudderstack/analytics-js reads it."""
        caller = read_caller(request, self._proxies)
        return json_reply(200, _rudder(self._doors.admit(request, caller, caller.key)), _CACHE)


def _segment(key: str, host: str, *, secure: bool) -> dict[str, Any]:
    """Events go to where the settings came from. Metrics about the SDK itself are not asked for."""
    sends = {"apiHost": f"{host}/v1", "protocol": "https" if secure else "http"} if host else {}
    own = {"apiKey": key, "unbundledIntegrations": [], "addBundledMetadata": True, "maybeBundledConfigIds": {}}
    return {
        "integrations": {"Segment.io": own | sends},
        "plan": {"track": {"__default": {"enabled": True, "integrations": {}}}},
        "edgeFunction": {},
        "analyticsNextEnabled": True,
        "middlewareSettings": {},
        "enabledMiddleware": {},
        "metrics": {"sampleRate": 0},
        "legacyVideoPluginsEnabled": False,
        "remotePlugins": [],
    }


def _rudder(pipeline: Pipeline) -> dict[str, Any]:
    silent = {"errors": {"enabled": False}, "metrics": {"enabled": False}}
    source = {
        "id": pipeline.id,
        "name": pipeline.name,
        "writeKey": pipeline.pipeline_key,
        "enabled": True,
        "workspaceId": "signal",
        "config": {"statsCollection": silent},
        "destinations": [],
        "connections": [],
        "dataplanes": {},
    }
    return {"source": source}


def _host(request: Request) -> str:
    """As the page knows us."""
    return request.headers.get(b"host", b"")[:_HOST_BYTES].decode("latin-1")
