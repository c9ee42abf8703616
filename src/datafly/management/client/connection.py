"""Typed calls over HTTP, whose failures are the errors of the API."""

import contextlib
import http.client
import threading
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, Generic, ParamSpec, TypeVar

import msgspec

from datafly.management.views.page import MAX_LIMIT, Page
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
P = ParamSpec("P")


class _Said(msgspec.Struct):
    code: str
    message: str
    details: dict[str, Any] = {}


class _Error(msgspec.Struct):
    error: _Said


class Tagged(msgspec.Struct, Generic[V], frozen=True):
    """`etag`: for `if_match` of a change."""

    value: V
    etag: str


class Connection:
    """`url`: http://host:port or https://host, with a path where a proxy wants one. `token`: of an API token.

    A call raises the `SignalError` that the API answers, `Unavailable` where nothing does. One connection a call;
    usable by several threads.
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
        self._answered = threading.local()

    def require_alive(self) -> None:
        """Raises `OperatorError` where no Signal answers."""
        try:
            with self.reply("GET", "/healthz"):
                pass
        except AWAY as error:
            reason = getattr(error, "strerror", None) or error
            raise OperatorError(_away(self.url, reason)) from error

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
        """Any operation of the API; what is None in `query` is left out."""
        try:
            with self.reply(method, _target(path, query), body=body, headers=headers) as reply:
                text = require_good(reply).read()
                self._answered.etag = reply.getheader("ETag", "")
        except AWAY as error:
            reason = getattr(error, "strerror", None) or error
            raise Unavailable(f"{self.url} does not answer ({reason}).") from error
        return self._read(text, kind)

    def tagged(self, call: Callable[P, V], /, *args: P.args, **kwargs: P.kwargs) -> Tagged[V]:
        """What a call of this client answers, and its entity tag: `signal.tagged(signal.get_pipeline, pipeline_id)`."""
        value = call(*args, **kwargs)
        return Tagged(value, self._answered.etag)

    def each(self, path: str, kind: type[V], *, query: Mapping[str, Any] | None = None) -> Iterator[V]:
        """What is on this page of a list and on all that follow."""
        cursor: str | None = ""
        while cursor is not None:
            asked = {**(query or {}), "limit": MAX_LIMIT, "cursor": cursor or None}
            page: Page[V] = self.call("GET", path, Page[kind], query=asked)  # type: ignore[valid-type]
            yield from page.data
            cursor = page.next_cursor

    def lines(self, path: str, *, query: Mapping[str, Any] | None = None) -> Iterator[bytes]:
        """Of what is exported, without their ends, as they come; raises what is in `AWAY` where it breaks off."""
        with self.reply("GET", _target(path, query)) as reply:
            for line in require_good(reply):
                yield line.rstrip(b"\r\n")

    def _read(self, text: bytes, kind: type[V]) -> V:
        try:
            return msgspec.json.decode(text or b"null", type=kind)
        except msgspec.DecodeError as error:
            raise OperatorError(f"{self.url} answers something else than this Signal reads: {error}.") from error

    @contextlib.contextmanager
    def reply(
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


def require_good(reply: http.client.HTTPResponse) -> http.client.HTTPResponse:
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


def matching(if_match: str | None) -> dict[str, str]:
    """The header for the `etag` of what was read; the call raises `Conflict`, 412, where it was changed since."""
    return {} if if_match is None else {"If-Match": if_match}


def repeated(idempotency_key: str | None) -> dict[str, str]:
    """The header by which a call that is repeated within a day changes nothing more."""
    return {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}


def _target(path: str, query: Mapping[str, Any] | None) -> str:
    said = {name: _said(value) for name, value in (query or {}).items() if value is not None}
    return path + (f"?{urllib.parse.urlencode(said)}" if said else "")


def _said(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _port(url: str) -> int | None:
    try:
        return urllib.parse.urlsplit(url).port
    except ValueError as error:
        raise OperatorError(_away(url, "its port is none")) from error


def _away(url: str, reason: object) -> str:
    return f"No Signal answers at {url} ({reason}): start it with `datafly up`."


def quoted(text: str) -> str:
    """As one part of a path."""
    return urllib.parse.quote(text, safe="")
