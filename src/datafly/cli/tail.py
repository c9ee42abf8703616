"""`datafly tail`: the live events of the management API, one line each."""

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import Any, Final

import msgspec

from datafly.cli.line import line
from datafly.cli.nearby import CURE, viewer
from datafly.cli.refused import line as refused_line
from datafly.management.client import AWAY, Client, Followed
from datafly.model.errors import OperatorError, SignalError, Unavailable
from datafly.settings import Settings

_TOKEN_SECONDS: Final = 12 * 3600.0
_AGAIN_SECONDS: Final = 0.5
_LOOK_SECONDS: Final = 1.0
_NEWEST: Final = 100


def run(settings: Settings, *, url: str | None, token: str | None, as_json: bool, refused: bool) -> None:
    """Follow until Ctrl-C, over restarts of Signal. Raises `OperatorError` when there is no Signal to follow."""
    colours = sys.stdout.isatty()
    there = viewer(settings, url=url, token=token, name="tail", seconds=_TOKEN_SECONDS)
    with contextlib.suppress(KeyboardInterrupt), there as client:
        _say(f"Live events of {client.url}; Ctrl-C ends it.")
        if refused:
            show = partial(_show, as_json=as_json, draw=partial(refused_line, colours=colours))
            threading.Thread(target=_follow_refused, args=(client, show), daemon=True).start()
        for event in _events(client):
            _show(event, as_json=as_json, draw=partial(line, colours=colours))


def _show(told: dict[str, Any], *, as_json: bool, draw: Callable[[dict[str, Any]], str]) -> None:
    print(msgspec.json.encode(told).decode() if as_json else draw(told), flush=True)


def _events(client: Client) -> Iterator[dict[str, Any]]:
    """Goes on after a restart where it was: an event of which not all was known comes again."""
    seen, away = "", False
    while True:
        with contextlib.suppress(*AWAY, Unavailable):
            for followed in _following(client, seen):
                _say("It is back.") if away else None
                away = False
                if followed.event is not None:
                    seen = followed.place
                    yield followed.event
        _say(f"{client.url} went away; waiting for it.") if not away else None
        away = True
        time.sleep(_AGAIN_SECONDS)


def _following(client: Client, seen: str) -> Iterator[Followed]:
    """Raises `OperatorError` where it will never tell."""
    try:
        yield from client.follow(seen)
    except Unavailable:
        raise
    except SignalError as error:
        if error.status == 401:
            raise OperatorError(f"The Signal at {client.url} does not know the token. {CURE}") from error
        raise OperatorError(f"{client.url}: {error.message}") from error


def _follow_refused(client: Client, show: Callable[[dict[str, Any]], None]) -> None:
    """What is refused from now on, about a second after. What cannot be asked now is asked again."""
    seen: dict[str, int] = {}
    while True:
        with contextlib.suppress(SignalError):
            for pipeline in client.list_pipelines():
                _show_newer(client, pipeline.id, seen, show)
        time.sleep(_LOOK_SECONDS)


def _show_newer(client: Client, pipeline_id: str, seen: dict[str, int], show: Callable[[dict[str, Any]], None]) -> None:
    rows = list(islice(client.list_refused(pipeline_id), _NEWEST))
    numbers = [int(one.id.removeprefix("ref_")) for one in rows]
    last = seen.get(pipeline_id)
    seen[pipeline_id] = max([last or 0, *numbers])
    for number, one in zip(reversed(numbers), reversed(rows), strict=True):
        if last is not None and number > last:
            show(msgspec.to_builtins(one))


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
