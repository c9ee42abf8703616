"""`datafly status`: how each integration stands, as a table or as JSON."""

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from datafly.cli.line import plain
from datafly.cli.nearby import viewer
from datafly.management.client import Client
from datafly.management.views.installation import PipelineIntegration
from datafly.model.errors import Unavailable
from datafly.settings import Settings

WATCH_SECONDS: Final = 2.0
_TOKEN_SECONDS: Final = 12 * 3600.0
_COLOURS: Final = {"running": "green", "backing_off": "yellow", "suspended": "red"}
_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"))


class Partition(msgspec.Struct, frozen=True):
    partition: int
    waiting: int


class Standing(msgspec.Struct, frozen=True):
    """`waiting`: events that are not decided. `seconds_left` null: nothing waits, or nothing moves."""

    id: str
    name: str
    vendor: str
    pipeline: str
    state: str
    since: datetime | None
    cause: str | None
    cure: str | None
    waiting: int
    events_per_second: float
    seconds_left: float | None
    partitions: list[Partition]
    counts: dict[str, int]


class Status(msgspec.Struct, frozen=True):
    at: datetime
    waiting: int
    suspended: int
    integrations: list[Standing]


def run(settings: Settings, *, url: str | None, token: str | None, as_json: bool, watch: bool) -> None:
    """Raises `OperatorError` where no Signal answers; while it watches it waits for one that went away."""
    there = viewer(settings, url=url, token=token, name="status", seconds=_TOKEN_SECONDS)
    with contextlib.suppress(KeyboardInterrupt), there as client:
        if as_json:
            for status in _looks(client, watch=watch):
                print(msgspec.json.encode(status).decode(), flush=True)
        elif watch:
            with Live(console=Console(), auto_refresh=False) as live:
                for status in _looks(client, watch=True, away=lambda: live.update(Text("It went away."), refresh=True)):
                    live.update(drawn(status), refresh=True)
        else:
            Console().print(drawn(look(client)))


def look(client: Client) -> Status:
    pipelines = {one.id: one.name for one in client.list_pipelines()}
    found = [_standing(one, pipelines) for one in client.list_integrations()]
    found.sort(key=lambda one: (-one.waiting, one.name))
    suspended = sum(one.state == "suspended" for one in found)
    return Status(datetime.now(UTC), sum(one.waiting for one in found), suspended, found)


def drawn(status: Status) -> Group:
    """The table, then what somebody must do."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("integration", "pipeline", "state", "waiting", "events/s", "done in"):
        table.add_column(name, justify="right" if name in {"waiting", "events/s", "done in"} else "left")
    for one in status.integrations:
        table.add_row(
            Text(f"{plain(one.name)} ({one.vendor})"),
            Text(plain(one.pipeline)),
            Text(one.state.replace("_", " "), style=_COLOURS.get(one.state, "dim")),
            f"{one.waiting:,}",
            f"{one.events_per_second:,.1f}",
            time_left(one),
        )
    return Group(table, *_lines(status.integrations))


def time_left(one: Standing) -> str:
    if not one.waiting:
        return "–"
    if one.seconds_left is None:
        return "does not move"
    for unit, word in _UNITS:
        if one.seconds_left >= 2 * unit:
            return f"{one.seconds_left / unit:.0f} {word}"
    return f"{one.seconds_left:.0f} s"


def _lines(integrations: Sequence[Standing]) -> Iterator[Text]:
    if not integrations:
        yield Text("No integration is installed.")
    for one in integrations:
        if one.cause or one.cure:
            words = " ".join(f"{plain(part).rstrip('.')}." for part in (one.cause, one.cure) if part)
            yield Text(f"\n{plain(one.name)}: {words}")


def _looks(client: Client, *, watch: bool, away: Callable[[], None] = lambda: None) -> Iterator[Status]:
    while True:
        try:
            yield look(client)
        except Unavailable:
            if not watch:
                raise
            away()
        if not watch:
            return
        time.sleep(WATCH_SECONDS)


def _standing(one: PipelineIntegration, pipelines: dict[str, str]) -> Standing:
    return Standing(
        id=one.id,
        name=one.integration_name,
        vendor=one.vendor,
        pipeline=pipelines.get(one.pipeline_id, one.pipeline_id),
        state=one.state.name,
        since=one.state.since,
        cause=one.state.cause,
        cure=one.state.cure,
        waiting=one.lag,
        events_per_second=one.drain.events_per_second,
        seconds_left=one.drain.seconds_left,
        partitions=[Partition(part.partition, part.lag) for part in one.partitions],
        counts=one.counts,
    )
