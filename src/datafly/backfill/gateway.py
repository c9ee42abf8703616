"""The gateway as an import sees it: one connection, one batch at a time, in the order of the rows."""

import gzip
import http.client
import ssl
import urllib.parse
from collections.abc import Sequence
from typing import Final

import msgspec

from datafly.model.errors import OperatorError

PATH: Final = "/v1/import"
MAX_EVENTS: Final = 500
MAX_BYTES: Final = 4 * 1024 * 1024
"""The gateway takes 5 MB; an event of 64 KB and a row of 1 MB still fit beside the others."""
_TIMEOUT_SECONDS: Final = 60.0
_HERE: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_LEVEL: Final = 1
_DEFAULT_WAIT_SECONDS: Final = 1.0
_LATER: Final = frozenset({408, 429, 500, 502, 503, 504})
_AWAY: Final = (OSError, http.client.HTTPException)


class Problem(msgspec.Struct, frozen=True):
    """What is wrong with one event of a batch."""

    index: int
    message: str
    code: str = ""


class Taken(msgspec.Struct, frozen=True):
    """The gateway's answer: the others are durable."""

    accepted: int
    errors: tuple[Problem, ...] = ()


class Later(msgspec.Struct, frozen=True):
    """Nothing was taken, as far as we know; the same batch may come again after so many seconds."""

    seconds: float
    reason: str


class Gateway:
    """`url`: of the gateway, with a path where it is behind one. Raises `OperatorError` for one that cannot be."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url.rstrip("/")
        parts = urllib.parse.urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise OperatorError(f"{url} is no address of a gateway: it must be http://host:port or https://host.")
        self._path = parts.path + PATH
        self._connection = _connection(parts)
        # What the machine of the import is called, and where it stands, is nothing about the person (decision 0049).
        self._headers = {
            "Authorization": f"Bearer {key}",
            "Content-Type": "application/json",
            "X-IP-Policy": "remove",
        }
        self._packs = parts.hostname not in _HERE
        if self._packs:
            self._headers["Content-Encoding"] = "gzip"

    def post(self, events: Sequence[bytes]) -> Taken | Later:
        """Raises `OperatorError` where it would never be taken."""
        body = b'{"batch":[' + b",".join(events) + b"]}"
        if self._packs:
            body = gzip.compress(body, _LEVEL)
        try:
            self._connection.request("POST", self._path, body, self._headers)
            reply = self._connection.getresponse()
            text = reply.read()
        except _AWAY as error:
            self._connection.close()
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            return Later(_DEFAULT_WAIT_SECONDS, f"{self.url} does not answer ({reason})")
        return self._judged(reply, text)

    def close(self) -> None:
        self._connection.close()

    def _judged(self, reply: http.client.HTTPResponse, text: bytes) -> Taken | Later:
        if reply.status == 200:
            return self._taken(text)
        said = f"{self.url} answered {reply.status}: {_message(text)}"
        if reply.status in _LATER:
            return Later(_seconds(reply.getheader("Retry-After")), said)
        raise OperatorError(said)

    def _taken(self, text: bytes) -> Taken:
        try:
            return msgspec.json.decode(text, type=Taken)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise OperatorError(f"{self.url} is no gateway of Signal: its answer cannot be read ({error}).") from error


def _connection(parts: urllib.parse.SplitResult) -> http.client.HTTPConnection:
    try:
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise OperatorError(f"{parts.geturl()} is no address of a gateway: {error}.") from error
    if parts.scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=_TIMEOUT_SECONDS)
    context = ssl.create_default_context()
    return http.client.HTTPSConnection(host, port, timeout=_TIMEOUT_SECONDS, context=context)


def _seconds(retry_after: str | None) -> float:
    return float(retry_after) if retry_after and retry_after.isdigit() else _DEFAULT_WAIT_SECONDS


class _Error(msgspec.Struct):
    message: str = ""


class _ErrorBody(msgspec.Struct):
    error: _Error = msgspec.field(default_factory=_Error)


def _message(text: bytes) -> str:
    try:
        return msgspec.json.decode(text, type=_ErrorBody).error.message or "no reason was given."
    except (msgspec.DecodeError, UnicodeDecodeError):
        return text[:200].decode("utf-8", "replace") or "no reason was given."
