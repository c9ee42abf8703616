"""How delivery stands, asked of the management API: what an import paces itself by."""

import http.client
import urllib.parse
from collections.abc import Sequence
from typing import Final

import msgspec

from datafly.backfill.pace import Backlog
from datafly.model.errors import OperatorError

_TIMEOUT_SECONDS: Final = 30.0
_AWAY: Final = (OSError, http.client.HTTPException)
_STUCK: Final = frozenset({"suspended", "backing_off"})
_DECIDED: Final = frozenset({"paused", "disabled", "removed"})
"""People decided that these wait or pass: nobody waits for them."""


class _State(msgspec.Struct):
    name: str = ""
    reason: str | None = None


class _Partition(msgspec.Struct):
    mark: int
    head: int


class _Standing(msgspec.Struct):
    integration_name: str
    state: _State
    partitions: list[_Partition]


class _Page(msgspec.Struct):
    data: list[_Standing]
    next_cursor: str | None = None


class _Pipeline(msgspec.Struct):
    id: str
    pipeline_key: str


class _Pipelines(msgspec.Struct):
    data: list[_Pipeline]
    next_cursor: str | None = None


class Management:
    """`token`: of an API token that may read. Raises `OperatorError` where the address or the token cannot be used."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url.rstrip("/")
        parts = urllib.parse.urlsplit(self._url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise OperatorError(
                f"{url} is no address of a management API: it must be http://host:port or https://host."
            )
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname, parts.port, timeout=_TIMEOUT_SECONDS)
        self._path, self._headers = parts.path, {"Authorization": f"Bearer {token}"}

    def pipeline_of(self, key: str) -> str:
        """The id of the pipeline that the key opens."""
        cursor: str | None = ""
        while cursor is not None:
            page = msgspec.json.decode(self._get(f"pipelines?limit=100{_after(cursor)}"), type=_Pipelines)
            for one in page.data:
                if one.pipeline_key == key:
                    return one.id
            cursor = page.next_cursor
        raise OperatorError(f"No pipeline of {self._url} has this key; --key and --management must be of one Signal.")

    def backlog(self, pipeline_id: str) -> Backlog | None:
        """None: nothing is installed that anybody waits for. An API that does not answer is told as stuck."""
        found: list[_Standing] = []
        cursor: str | None = ""
        try:
            while cursor is not None:
                path = f"pipeline-integrations?pipeline_id={pipeline_id}&limit=100{_after(cursor)}"
                page = msgspec.json.decode(self._get(path), type=_Page)
                found += page.data
                cursor = page.next_cursor
        except _AWAY as error:
            self._connection.close()
            return Backlog(0, 0, f"{self._url} does not answer ({getattr(error, 'strerror', None) or error})")
        return _slowest([one for one in found if one.state.name not in _DECIDED])

    def close(self) -> None:
        self._connection.close()

    def _get(self, path: str) -> bytes:
        self._connection.request("GET", f"{self._path}/v1/admin/{path}", headers=self._headers)
        reply = self._connection.getresponse()
        text = reply.read()
        if reply.status in (401, 403):
            raise OperatorError(f"{self._url} does not take the token ({reply.status}).")
        if reply.status != 200:
            raise http.client.HTTPException(f"it answered {reply.status}")
        return text


def _after(cursor: str) -> str:
    return f"&cursor={urllib.parse.quote(cursor)}" if cursor else ""


def _slowest(standings: Sequence[_Standing]) -> Backlog | None:
    if not standings:
        return None
    stuck = next((one for one in standings if one.state.name in _STUCK), None)
    slowest = min(standings, key=lambda one: sum(partition.mark - partition.head for partition in one.partitions))
    return Backlog(
        head=sum(partition.head for partition in slowest.partitions),
        mark=sum(partition.mark for partition in slowest.partitions),
        stuck=f"{stuck.integration_name} does not go on ({stuck.state.reason or stuck.state.name})" if stuck else "",
    )
