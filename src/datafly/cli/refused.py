"""`datafly refused`: what a valid key sent and was refused, one line each."""

import contextlib
import sys
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import typer

from datafly.cli.line import bare, plain, time_of_day
from datafly.management.views.intake import refused_event
from datafly.runtime.refused import refused
from datafly.settings import Settings


def run(settings: Settings, *, pipeline: str, code: str | None, limit: int, follow: bool, as_json: bool) -> None:
    """In JSON it is what the management API tells."""
    colours = sys.stdout.isatty()
    with contextlib.suppress(KeyboardInterrupt):
        for row_id, kept in refused(settings, pipeline=pipeline, code=code, limit=limit, follow=follow):
            told = msgspec.to_builtins(refused_event(row_id, kept))
            print(msgspec.json.encode(told).decode() if as_json else line(told, colours=colours), flush=True)


def line(told: Mapping[str, Any], *, colours: bool) -> str:
    """`12:00:01 /v1/batch[3] 400 MISSING_EVENT_NAME event: a track event needs a name.  {"type":"track"}`"""
    style: Callable[..., str] = typer.style if colours else bare
    door = told["door"] or told["stage"]
    place = door if told["index"] is None else f"{door}[{told['index']}]"
    code = style(f"{told['status'] or '-'} {told['code']}", fg="red")
    words = f"{time_of_day(told['at'])} {plain(place)} {code} {plain(told['message'])}"
    return f"{words}  {style(plain(told['outline']), dim=True)}"
