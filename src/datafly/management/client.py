"""The management API from the other side: typed calls over HTTP, whose failures are the errors of the API."""

import contextlib
import http.client
import urllib.parse
from collections.abc import Iterator, Mapping
from typing import Any, Final, Generic, TypeVar

import msgspec

from datafly.management.declared.planning import PlanView
from datafly.management.paging import MAX_LIMIT, Page
from datafly.management.views.alert import AlertView, ChannelView
from datafly.management.views.consent import ConsentChange, ConsentView
from datafly.management.views.event import EventView, LiveEvent, WholeEvent
from datafly.management.views.installation import PipelineIntegration
from datafly.management.views.intake import RefusedEvent
from datafly.management.views.pipeline import PipelineView
from datafly.management.views.script import CollectorView, JsBuilderChange
from datafly.model.errors import (
    CallerError,
    Conflict,
    Invalid,
    NotFound,
    OperatorError,
    SignalError,
    Unauthorized,
    Unavailable,
)

SILENCE_SECONDS: Final = 45.0
"""Three heartbeats of the API: whoever is silent for longer is gone."""
AWAY: Final = (OSError, http.client.HTTPException)
"""What a connection fails with."""
_BASE: Final = "/v1/admin"
_ERRORS: Final[Mapping[int, type[SignalError]]] = {
    401: Unauthorized,
    403: Unauthorized,
    404: NotFound,
    409: Conflict,
    412: Conflict,
    422: Invalid,
    503: Unavailable,
}

V = TypeVar("V")


class _Said(msgspec.Struct):
    code: str
    message: str
    details: dict[str, Any] = {}


class _Error(msgspec.Struct):
    error: _Said


class Exported(msgspec.Struct, frozen=True):
    """`document` as JSON has it; `variables`: the references in it that stand for secrets."""

    document: dict[str, Any]
    variables: list[str]


class Followed(msgspec.Struct, frozen=True):
    """`place`: to go on after it. `event` None: the API answers, nothing has come yet."""

    place: str
    event: dict[str, Any] | None


class Tagged(msgspec.Struct, Generic[V], frozen=True):
    """`etag`: for `if_match` of a change."""

    value: V
    etag: str


class Client:
    """`url`: http://host:port or https://host, with a path where a proxy wants one. `token`: of an API token.

    Answers are the views of the API. A call raises the `SignalError` that the API answers, `Unavailable` where nothing
    does. One connection a call; usable by several threads.
    """

    def __init__(self, url: str, token: str = "", *, timeout_seconds: float = SILENCE_SECONDS) -> None:
        self.url = url.rstrip("/")
        parts = urllib.parse.urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise OperatorError(_away(url, "it must be http://host:port or https://host"))
        self._secure, self._host, self._port, self._path = (
            parts.scheme == "https",
            parts.hostname,
            _port(url),
            parts.path,
        )
        self._token = token
        self._timeout_seconds = timeout_seconds

    def require_alive(self) -> None:
        """Raises `OperatorError` where no Signal answers."""
        try:
            with self._reply("GET", "/healthz"):
                pass
        except AWAY as error:
            reason = getattr(error, "strerror", None) or error
            raise OperatorError(_away(self.url, reason)) from error

    def pipelines(self) -> Iterator[PipelineView]:
        return self._all("/pipelines", PipelineView)

    def pipeline(self, pipeline_id: str) -> PipelineView:
        return self.call("GET", f"/pipelines/{_quoted(pipeline_id)}", PipelineView)

    def collector(self, pipeline_id: str) -> CollectorView:
        """How its `d.js` is built."""
        return self.call("GET", f"/pipelines/{_quoted(pipeline_id)}/collector", CollectorView)

    def change_collector(
        self, pipeline_id: str, change: JsBuilderChange, *, if_match: str | None = None
    ) -> CollectorView:
        """`if_match`: the `etag` of what was read; raises `Conflict` (412) where somebody changed it since."""
        path = f"/pipelines/{_quoted(pipeline_id)}/collector"
        return self.call("PATCH", path, CollectorView, body=change, headers=_matching(if_match))

    def consent_settings(self) -> ConsentView:
        return self.call("GET", "/consent-settings", ConsentView)

    def change_consent_settings(self, change: ConsentChange, *, if_match: str | None = None) -> ConsentView:
        """`if_match` as for `change_collector`."""
        return self.call("PATCH", "/consent-settings", ConsentView, body=change, headers=_matching(if_match))

    def alerts(self) -> Iterator[AlertView]:
        return self._all("/alerts", AlertView)

    def alert_channels(self) -> Iterator[ChannelView]:
        return self._all("/alert-channels", ChannelView)

    def pipeline_integrations(self, *, pipeline_id: str | None = None) -> Iterator[PipelineIntegration]:
        return self._all("/pipeline-integrations", PipelineIntegration, pipeline_id=pipeline_id)

    def refused(self, pipeline_id: str, *, code: str | None = None, limit: int = MAX_LIMIT) -> list[RefusedEvent]:
        """The newest first."""
        path = f"/pipelines/{_quoted(pipeline_id)}/refused"
        return self.call("GET", path, Page[RefusedEvent], query={"code": code, "limit": limit}).data

    def live_events(self, *, limit: int = MAX_LIMIT, **filters: str) -> list[LiveEvent]:
        return self.call("GET", "/live-events", Page[LiveEvent], query={"limit": limit, **filters}).data

    def events(self, **filters: str) -> Iterator[EventView]:
        """What is kept, newest first: `since`, `until`, `user_id` and the other filters of the API."""
        return self._all("/events", EventView, **filters)

    def event(self, message_id: str, *, pipeline_id: str | None = None) -> WholeEvent:
        return self.call("GET", f"/events/{_quoted(message_id)}", WholeEvent, query={"pipeline_id": pipeline_id})

    def follow(self, after: str = "") -> Iterator[Followed]:
        """Live events as they come, until the connection ends; raises what is in `AWAY` where it breaks."""
        headers = {"Last-Event-ID": after} if after else {}
        with self._reply("GET", f"{_BASE}/live-events?follow=true", headers=headers) as reply:
            _require_good(reply)
            yield Followed(after, None)
            for raw in reply:
                if raw.startswith(b"id:"):
                    after = raw[3:].strip().decode()
                elif raw.startswith(b"data:"):
                    yield Followed(after, msgspec.json.decode(raw[5:]))

    def export_config(self) -> Exported:
        return self.call("GET", "/config", Exported)

    def plan_config(self, document: Any, *, secrets: Mapping[str, str], keep_secrets: bool) -> PlanView:
        body = {"document": document, "secrets": dict(secrets), "keep_secrets": keep_secrets}
        return self.call("POST", "/config/plan", PlanView, body=body)

    def apply_config(self, document: Any, *, secrets: Mapping[str, str], keep_secrets: bool, plan_id: str) -> PlanView:
        body = {"document": document, "secrets": dict(secrets), "keep_secrets": keep_secrets, "plan_id": plan_id}
        return self.call("POST", "/config/apply", PlanView, body=body)

    def call(
        self,
        method: str,
        path: str,
        kind: type[V],
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> V:
        """Any operation of the API, `path` below `/v1/admin`; what is None in `query` is left out."""
        text, _ = self._called(method, path, query or {}, body, headers or {})
        return self._read(text, kind)

    def tagged(self, path: str, kind: type[V]) -> Tagged[V]:
        """What is at `path` below `/v1/admin`, and its entity tag, to change it only as it was read."""
        text, etag = self._called("GET", path, {}, None, {})
        return Tagged(self._read(text, kind), etag)

    def _called(
        self, method: str, path: str, query: Mapping[str, Any], body: Any, headers: Mapping[str, str]
    ) -> tuple[bytes, str]:
        said = {name: str(value) for name, value in query.items() if value is not None}
        target = _BASE + path + (f"?{urllib.parse.urlencode(said)}" if said else "")
        try:
            with self._reply(method, target, body=body, headers=headers) as reply:
                return _require_good(reply).read(), reply.getheader("ETag", "")
        except AWAY as error:
            reason = getattr(error, "strerror", None) or error
            raise Unavailable(f"{self.url} does not answer ({reason}).") from error

    def _read(self, text: bytes, kind: type[V]) -> V:
        try:
            return msgspec.json.decode(text or b"null", type=kind)
        except msgspec.DecodeError as error:
            raise OperatorError(f"{self.url} answers something else than this Signal reads: {error}.") from error

    def _all(self, path: str, kind: type[V], **query: Any) -> Iterator[V]:
        cursor: str | None = ""
        while cursor is not None:
            asked = {**query, "limit": MAX_LIMIT, "cursor": cursor or None}
            page: Page[V] = self.call("GET", path, Page[kind], query=asked)  # type: ignore[valid-type]
            yield from page.data
            cursor = page.next_cursor

    @contextlib.contextmanager
    def _reply(
        self, method: str, target: str, *, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Iterator[http.client.HTTPResponse]:
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection = kind(self._host, self._port, timeout=self._timeout_seconds)
        said = {"Accept": "application/json, text/event-stream", **(headers or {})}
        if self._token:
            said["Authorization"] = f"Bearer {self._token}"
        encoded = None if body is None else msgspec.json.encode(body)
        if encoded is not None:
            said["Content-Type"] = "application/json"
        try:
            connection.request(method, self._path + target, body=encoded, headers=said)
            yield connection.getresponse()
        finally:
            connection.close()


def _require_good(reply: http.client.HTTPResponse) -> http.client.HTTPResponse:
    """Raises the error that is told in the one shape; what is told in another, as one of its status."""
    if reply.status < 400:
        return reply
    text = reply.read(1_000_000)
    kind = _ERRORS.get(reply.status, CallerError if reply.status < 500 else SignalError)
    try:
        said = msgspec.json.decode(text, type=_Error).error
    except msgspec.DecodeError:
        told = text[:300].decode(errors="replace")
        raise kind(f"It answered {reply.status}: {told}", status=reply.status) from None
    details = {name: value for name, value in said.details.items() if name not in {"code", "status", "message"}}
    raise kind(said.message, code=said.code, status=reply.status, **details)


def _matching(etag: str | None) -> dict[str, str]:
    return {} if etag is None else {"If-Match": etag}


def _port(url: str) -> int | None:
    try:
        return urllib.parse.urlsplit(url).port
    except ValueError as error:
        raise OperatorError(_away(url, "its port is none")) from error


def _away(url: str, reason: object) -> str:
    return f"No Signal answers at {url} ({reason}): start it with `datafly up`."


def _quoted(text: str) -> str:
    return urllib.parse.quote(text, safe="")


__all__ = ["AWAY", "Client", "Exported", "Followed", "Tagged"]
