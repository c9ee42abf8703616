"""`datafly tail`: the live events of the management API, one line each."""

import contextlib
import http.client
import sys
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

import msgspec

from datafly.cli.line import line
from datafly.cli.refused import line as refused_line
from datafly.model.errors import OperatorError
from datafly.runtime.token import passing_token
from datafly.settings import Settings

_TOKEN_SECONDS: Final = 12 * 3600.0
_SILENCE_SECONDS: Final = 45.0
"""Three heartbeats of the API: whoever is silent for longer is gone."""
_AGAIN_SECONDS: Final = 0.5
_LOOK_SECONDS: Final = 1.0
_AWAY: Final = (OSError, http.client.HTTPException)


def run(settings: Settings, *, url: str | None, token: str | None, as_json: bool, refused: bool) -> None:
    """Follow until Ctrl-C, over restarts of Signal. Raises `OperatorError` when there is no Signal to follow."""
    base = (url or f"http://{_host(settings)}:{settings.management_port}").rstrip("/")
    _require_one(base)
    if url and not token:
        raise OperatorError("--url needs --token: an API token of that Signal.")
    colours = sys.stdout.isatty()
    with contextlib.suppress(KeyboardInterrupt), _token_of(settings, base, token) as text:
        _say(f"Live events of {base}; Ctrl-C ends it.")
        if refused:
            show = partial(_show, as_json=as_json, draw=partial(refused_line, colours=colours))
            threading.Thread(target=_follow_refused, args=(base, text, show), daemon=True).start()
        for event in _events(base, text):
            _show(event, as_json=as_json, draw=partial(line, colours=colours))


def _show(told: dict[str, Any], *, as_json: bool, draw: Callable[[dict[str, Any]], str]) -> None:
    print(msgspec.json.encode(told).decode() if as_json else draw(told), flush=True)


def _host(settings: Settings) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104  only compared
    return f"[{host}]" if ":" in host else host


def _require_one(base: str) -> None:
    try:
        with _get(base, "/healthz", {}):
            pass
    except (*_AWAY, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OperatorError(f"No Signal answers at {base} ({reason}): start it with `datafly up`.") from error


def _token_of(settings: Settings, base: str, given: str | None) -> "contextlib.AbstractContextManager[str]":
    if given:
        return contextlib.nullcontext(given)
    if not (settings.data_dir / "store.db").is_file():
        raise OperatorError(f"{settings.data_dir} is not the data folder of the Signal at {base}. {_CURE}")
    return passing_token(settings, name="tail", role="viewer", seconds=_TOKEN_SECONDS)


_CURE: Final = "Give the one that it uses with --data-dir, or an API token with --token."


def _events(base: str, token: str) -> Iterator[dict[str, Any]]:
    """Goes on after a restart where it was: an event of which not all was known comes again."""
    seen, away = "", False
    while True:
        with contextlib.suppress(*_AWAY), _stream(base, token, seen) as reply:
            _say("It is back.") if away else None
            away = False
            for raw in reply:
                if raw.startswith(b"id:"):
                    seen = raw[3:].strip().decode()
                elif raw.startswith(b"data:"):
                    yield msgspec.json.decode(raw[5:])
        _say(f"{base} went away; waiting for it.") if not away else None
        away = True
        time.sleep(_AGAIN_SECONDS)


@contextlib.contextmanager
def _stream(base: str, token: str, seen: str) -> Iterator[http.client.HTTPResponse]:
    headers = {"Authorization": f"Bearer {token}", **({"Last-Event-ID": seen} if seen else {})}
    with _get(base, "/v1/admin/live-events?follow=true", headers) as reply:
        if reply.status == 503:
            raise http.client.HTTPException(reply.reason)
        if reply.status == 401:
            raise OperatorError(f"The Signal at {base} does not know the token. {_CURE}")
        if reply.status != 200:
            raise OperatorError(f"{base} answered {reply.status}: {reply.read(300).decode(errors='replace')}")
        yield reply


@contextlib.contextmanager
def _get(base: str, path: str, headers: dict[str, str]) -> Iterator[http.client.HTTPResponse]:
    """Raises what is in `_AWAY`, and `ValueError` where `base` is no address."""
    parts = urllib.parse.urlsplit(base)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("it must be http://host:port or https://host")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=_SILENCE_SECONDS)
    try:
        connection.request("GET", parts.path + path, headers=headers)
        yield connection.getresponse()
    finally:
        connection.close()


def _follow_refused(base: str, token: str, show: Callable[[dict[str, Any]], None]) -> None:
    """What is refused from now on, about a second after. What cannot be asked now is asked again."""
    seen: dict[str, int] = {}
    while True:
        with contextlib.suppress(*_AWAY, msgspec.DecodeError, KeyError):
            for pipeline in _list(base, token, "/v1/admin/pipelines?limit=100"):
                _show_newer(base, token, pipeline["id"], seen, show)
        time.sleep(_LOOK_SECONDS)


def _show_newer(
    base: str, token: str, pipeline_id: str, seen: dict[str, int], show: Callable[[dict[str, Any]], None]
) -> None:
    rows = _list(base, token, f"/v1/admin/pipelines/{pipeline_id}/refused?limit=100")
    numbers = [int(one["id"].removeprefix("ref_")) for one in rows]
    last = seen.get(pipeline_id)
    seen[pipeline_id] = max([last or 0, *numbers])
    for number, one in zip(reversed(numbers), reversed(rows), strict=True):
        if last is not None and number > last:
            show(one)


def _list(base: str, token: str, path: str) -> list[dict[str, Any]]:
    with _get(base, path, {"Authorization": f"Bearer {token}"}) as reply:
        found: list[dict[str, Any]] = msgspec.json.decode(reply.read())["data"]
        return found


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
