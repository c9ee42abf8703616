"""The aims, each with its figure and its ratio to a bare ASGI function with an SQLite group commit in the same run.

Ratios compare across machines, figures do not. What a part of a run did not measure is None.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

Results = Mapping[str, Any]
"""Name of a bench → what it printed."""
Measure = Callable[[Results], float | None]


class Aim(NamedTuple):
    """`wanted` None: measured, with no aim. `bare`: the same of the bare loop, in the same unit."""

    what: str
    unit: str
    figure: Measure
    bare: Measure
    wanted: float | None = None
    at_most: bool = False


def table(results: Sequence[Results]) -> list[dict[str, Any]]:
    """A row for each aim: figure, what is wanted, whether it is met, and the ratio to bare."""
    by_name = {one["bench"]: one for one in results if "failed" not in one}
    return [_row(aim, by_name) for aim in AIMS]


def lines(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """For people."""
    head = f"{'':<64}{'figure':>12}  {'unit':<10}{'aim':>10}  {'':<7}{'of bare':>9}"
    return [head, *(_line(row) for row in rows)]


def shown(figure: float) -> str:
    return f"{figure:,.0f}" if abs(figure) >= 100 else f"{figure:,.3g}"


def _row(aim: Aim, by_name: Results) -> dict[str, Any]:
    figure, bare = (_asked(measure, by_name) for measure in (aim.figure, aim.bare))
    met = None
    if figure is not None and aim.wanted is not None:
        met = figure <= aim.wanted if aim.at_most else figure >= aim.wanted
    return {
        "what": aim.what,
        "unit": aim.unit,
        "figure": figure,
        "wanted": aim.wanted,
        "at_most": aim.at_most,
        "met": met,
        "bare": bare,
        "ratio_to_bare": round(figure / bare, 4) if figure is not None and bare else None,
    }


def _asked(measure: Measure, by_name: Results) -> float | None:
    try:
        return measure(by_name)
    except (KeyError, StopIteration):
        return None


def _line(row: Mapping[str, Any]) -> str:
    wanted = "" if row["wanted"] is None else f"{'≤' if row['at_most'] else '≥'} {row['wanted']:,g}"
    met = {None: "", True: "met", False: "missed"}[row["met"]]
    ratio = "–" if row["ratio_to_bare"] is None else f"{row['ratio_to_bare']:.3f}"
    figure = "–" if row["figure"] is None else shown(row["figure"])
    return f"{row['what']:<64}{figure:>12}  {row['unit']:<10}{wanted:>10}  {met:<7}{ratio:>9}"


def _ingest(load: str, server: str, name: str) -> Measure:
    def find(results: Results) -> float:
        rows = results["ingest_http"]["rows"]
        found: float = next(row[name] for row in rows if (row["load"], row["server"]) == (load, server))
        return found

    return find


def _of(bench: str, *path: str) -> Measure:
    def find(results: Results) -> float:
        found: Any = results[bench]
        for name in path:
            found = found[name]
        return float(found)

    return find


def _read_at_the_end(results: Results) -> float:
    return float(results["log_backlog"]["rows"][-1]["read_oldest_us"])


def _bare_us(results: Results) -> float:
    """Microseconds that the bare loop takes for an event."""
    return 1e6 / (_BARE_BATCHES(results) or 1.0)


_BARE_SINGLES = _ingest("single", "bare", "requests_per_second")
_BARE_BATCHES = _ingest("batches of 100", "bare", "events_per_second")
_BARE_P50 = _ingest("single", "bare", "p50_ms")
_BARE_MEMORY = _ingest("single", "bare", "memory_mb")

AIMS = (
    Aim(
        "durable ingest, one event a request, 32 connections",
        "requests/s",
        _ingest("single", "gateway", "requests_per_second"),
        _BARE_SINGLES,
        12_000,
    ),
    Aim(
        "durable ingest, one event a request: p99",
        "ms",
        _ingest("single", "gateway", "p99_ms"),
        _ingest("single", "bare", "p99_ms"),
        15,
        at_most=True,
    ),
    Aim(
        "durable ingest, batches of 100",
        "events/s",
        _ingest("batches of 100", "gateway", "events_per_second"),
        _BARE_BATCHES,
        60_000,
    ),
    Aim("process, one core", "events/s", _of("process", "events_per_core_second"), _BARE_BATCHES),
    Aim("deliver alone, batches of 1,000", "events/s", _of("deliver_sink", "events_per_second"), _BARE_BATCHES),
    Aim(
        "end to end, posted in batches of 100, every attempt kept",
        "events/s",
        _of("end_to_end", "events_per_second"),
        _BARE_BATCHES,
        20_000,
    ),
    Aim(
        "POST to vendor at 100 events/s: p50, of it 500 flush interval",
        "ms",
        _of("steady", "p50_ms"),
        _BARE_P50,
        550,
        at_most=True,
    ),
    Aim("memory of the whole tree, at rest", "MB", _of("end_to_end", "memory_at_rest_mb"), _BARE_MEMORY),
    Aim("memory of the whole tree, after the run", "MB", _of("end_to_end", "memory_after_mb"), _BARE_MEMORY),
    Aim(
        "memory of the whole tree, with 1 M events of backlog",
        "MB",
        _of("end_to_end_backlog", "memory_waiting_mb"),
        _BARE_MEMORY,
        200,
        at_most=True,
    ),
    Aim(
        "first paint of the slowest page of the control room, from page to page",
        "ms",
        _of("first_paint", "slowest_next_ms"),
        _of("first_paint", "empty_next_ms"),
        100,
        at_most=True,
    ),
    Aim(
        "first paint of the slowest page of the control room, new tab, nothing cached",
        "ms",
        _of("first_paint", "slowest_cold_ms"),
        _of("first_paint", "empty_cold_ms"),
        100,
        at_most=True,
    ),
    Aim(
        "reading the oldest event of the whole backlog",
        "µs",
        _read_at_the_end,
        _bare_us,
    ),
    Aim(
        "reading the oldest event, whole backlog to none",
        "times",
        _of("log_backlog", "ratio_last_to_first", "read_oldest_us"),
        lambda _results: 1.0,
        1.25,
        at_most=True,
    ),
    Aim(
        "reading the newest event, whole backlog to none",
        "times",
        _of("log_backlog", "ratio_last_to_first", "read_newest_us"),
        lambda _results: 1.0,
        1.25,
        at_most=True,
    ),
)
