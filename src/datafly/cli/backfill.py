"""`datafly import`: progress on standard error, what came of it on standard output, Ctrl-C after the batch."""

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final, Protocol

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Column

from datafly.backfill.run import Interrupted
from datafly.backfill.run import Progress as Stand
from datafly.runtime.backfill import Hands, Imported, Wanted, run_import
from datafly.runtime.dry_run import Rehearsed, rehearse
from datafly.settings import Settings

REFUSED_STATUS: Final = 1
INTERRUPTED_STATUS: Final = 130
_LINE_SECONDS: Final = 10.0
_SHOWN_REASONS: Final = 10


def run(settings: Settings, wanted: Wanted, *, dry: bool, show: int, as_json: bool) -> int:
    """The exit status: 0, 1 if rows were refused, 130 if it was interrupted. Raises `OperatorError`."""
    stop = threading.Event()
    with _ending(stop), _watcher(as_json=as_json) as watcher:
        hands = Hands(watcher.tell, watcher.say, _waiting(stop), stop.is_set)
        try:
            done: Imported | Rehearsed = (
                rehearse(settings, wanted, hands, show=show) if dry else run_import(settings, wanted, hands)
            )
        except Interrupted:
            watcher.say("Interrupted. Nothing was sent." if dry else _how_to_go_on(wanted))
            return INTERRUPTED_STATUS
    print(msgspec.json.encode(done).decode() if as_json else "\n".join(_words(done)))
    return REFUSED_STATUS if done.counts.refused else 0


def _waiting(stop: threading.Event) -> Callable[[float], None]:
    def wait(seconds: float) -> None:
        stop.wait(seconds)

    return wait


@contextmanager
def _ending(stop: threading.Event) -> Iterator[None]:
    """The first Ctrl-C ends it after the batch that is under way; the second at once."""

    def hear(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            signal.default_int_handler(number, frame)
        stop.set()

    before = {number: signal.signal(number, hear) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _how_to_go_on(wanted: Wanted) -> str:
    if wanted.checkpoint_path.is_file():
        return "Interrupted. What was taken is kept; the same command goes on behind it."
    return "Interrupted. Nothing is known of how far it came."


# --- while it runs ----------------------------------------------------------------------------------------------------


class _Watcher(Protocol):
    def tell(self, stand: Stand) -> None: ...

    def say(self, words: str) -> None: ...


@contextmanager
def _watcher(*, as_json: bool) -> Iterator[_Watcher]:
    console = Console(stderr=True)
    if as_json or not console.is_terminal:
        yield _Lines(time.monotonic)
        return
    bar = Progress(
        TextColumn("{task.fields[accepted]:,} accepted, {task.fields[refused]:,} refused"),
        BarColumn(bar_width=20),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]:,.0f}/s"),
        TimeRemainingColumn(compact=True, table_column=Column(no_wrap=True, min_width=5)),
        TextColumn("{task.fields[waits]}", style="dim", table_column=Column(no_wrap=True, overflow="ellipsis")),
        console=console,
        transient=True,
    )
    with bar:
        yield _Bar(bar, time.monotonic)


class _Rate:
    """Accepted events a second since the start of this process."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock, self._began = clock, clock()
        self._before = -1

    def of(self, stand: Stand) -> float:
        if self._before < 0:
            self._before = stand.counts.accepted
        return (stand.counts.accepted - self._before) / max(self._clock() - self._began, 0.001)


class _Bar:
    def __init__(self, bar: Progress, clock: Callable[[], float]) -> None:
        self._bar, self._rate = bar, _Rate(clock)
        self._task: TaskID = bar.add_task("", total=None, accepted=0, refused=0, rate=0.0, waits="")

    def tell(self, stand: Stand) -> None:
        self._bar.update(
            self._task,
            total=None if stand.fraction is None else 1.0,
            completed=stand.fraction or 0.0,
            accepted=stand.counts.accepted,
            refused=stand.counts.refused,
            rate=self._rate.of(stand),
            waits=stand.waits,
        )

    def say(self, words: str) -> None:
        self._bar.console.print(words, highlight=False, markup=False, soft_wrap=True)


class _Lines:
    """Where nobody watches a terminal: a line every ten seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock, self._next, self._rate = clock, clock() + _LINE_SECONDS, _Rate(clock)

    def tell(self, stand: Stand) -> None:
        rate, now = self._rate.of(stand), self._clock()
        if now < self._next:
            return
        self._next = now + _LINE_SECONDS
        done = "" if stand.fraction is None else f"{stand.fraction:.0%}, "
        counts = stand.counts
        words = f"{done}{counts.accepted:,} accepted, {counts.refused:,} refused, {rate:,.0f}/s"
        self.say(f"{words}; {stand.waits}" if stand.waits else words)

    def say(self, words: str) -> None:
        print(words, file=sys.stderr, flush=True)


# --- what came of it --------------------------------------------------------------------------------------------------


def _words(done: Imported | Rehearsed) -> list[str]:
    return _imported(done) if isinstance(done, Imported) else _rehearsed(done)


def _imported(done: Imported) -> list[str]:
    counts = done.counts
    now = counts.read - done.resumed
    lines = [
        f"{counts.read:,} rows: {counts.accepted:,} accepted, {counts.refused:,} refused, {counts.skipped:,} left out.",
        f"{now:,} of them in {done.seconds:,.1f} s.",
    ]
    if done.reasons:
        lines += [f"  {code}: {rows:,}" for code, rows in sorted(done.reasons.items(), key=lambda one: -one[1])]
    if done.report:
        lines.append(f"Which rows were refused, and why: {done.report}")
    return lines


def _rehearsed(done: Rehearsed) -> list[str]:
    counts = done.counts
    would = f"{counts.accepted:,} would be accepted, {counts.refused:,} refused, {counts.skipped:,} left out"
    lines = [f"{counts.read:,} rows: {would}. Nothing was sent."]
    lines += [f"  {name}: {rows:,}" for name, rows in list(done.events.items())[:_SHOWN_REASONS]]
    if len(done.events) > _SHOWN_REASONS:
        lines.append(f"  and {len(done.events) - _SHOWN_REASONS:,} more; --json has them all")
    for code, cause in done.refused.items():
        lines.append(f"refused {code}: {cause.rows:,}, first {cause.first}: {cause.message}")
    for name, fates in done.fates.items():
        told = ", ".join(f"{fate} {events:,}" for fate, events in fates.items())
        lines.append(f"Of the first {sum(fates.values()):,} events at {name}: {told}")
    return [*lines, *(line for shown in done.requests for line in _request(shown)), *done.notes]


def _request(shown: Any) -> list[str]:
    preview = shown.preview
    head = f"{shown.integration}, of {shown.event.get('event') or shown.event['type']} {shown.event['messageId']}:"
    if preview["verdict"]:
        return ["", head, f"  {preview['verdict']} {preview['reason']}"]
    drawn = [msgspec.json.format(msgspec.json.encode(one), indent=2).decode() for one in preview["requests"]]
    return ["", head, *drawn, *(f"  warning: {warning}" for warning in preview["warnings"])]
