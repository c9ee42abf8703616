"""`datafly refused`: what a valid key sent and was refused, one line each."""

import contextlib
import sys
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
import typer

from datafly.cli.line import bare, plain
from datafly.model.refusal import KeptRefusal
from datafly.runtime.refused import refused
from datafly.settings import Settings


def run(settings: Settings, *, pipeline: str, code: str | None, limit: int, follow: bool, as_json: bool) -> None:
    colours = sys.stdout.isatty()
    with contextlib.suppress(KeyboardInterrupt):
        for row_id, kept in refused(settings, pipeline=pipeline, code=code, limit=limit, follow=follow):
            shown = msgspec.json.encode({"id": f"ref_{row_id}"} | msgspec.to_builtins(kept)).decode()
            print(shown if as_json else line(kept, colours=colours), flush=True)


def line(kept: KeptRefusal, *, colours: bool) -> str:
    """`12:00:01 /v1/batch[3] 400 MISSING_EVENT_NAME event: a track event needs a name.  {"type":"track"}`"""
    style: Callable[..., str] = typer.style if colours else bare
    at = datetime.fromtimestamp(kept.at_ms / 1000, UTC).astimezone().strftime("%H:%M:%S")
    door = kept.door or kept.stage
    place = door if kept.index is None else f"{door}[{kept.index}]"
    code = style(f"{kept.status or '-'} {kept.code}", fg="red")
    return f"{at} {plain(place)} {code} {plain(kept.message)}  {style(plain(kept.outline), dim=True)}"
