"""Charts as SVG, drawn on the server: no script, and a table of the same figures for who cannot see them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from datafly.management.metrics import Window
from datafly.management.views.times import moment

WIDTH: Final = 640
HEIGHT: Final = 170
_LEFT: Final = 44
_BOTTOM: Final = 20
_TOP: Final = 8
_MARKS: Final = 3


class Series(msgspec.Struct, frozen=True):
    """What a line is drawn of: a value for each step, None where nothing is known."""

    name: str
    values: tuple[float | None, ...]


class Line(msgspec.Struct, frozen=True):
    """`points`: polylines, one for each stretch without a gap; none of what is zero throughout, which hides others."""

    name: str
    points: tuple[str, ...]
    last: float | None
    most: float | None


class Mark(msgspec.Struct, frozen=True):
    x: float
    y: float
    value: float


class Moment(msgspec.Struct, frozen=True):
    x: float
    at: datetime


class Chart(msgspec.Struct, frozen=True):
    """`rows`: step → value of each line, for the table. `empty`: nothing is known, or all of it is nothing."""

    title: str
    unit: str
    lines: tuple[Line, ...]
    marks: tuple[Mark, ...]
    moments: tuple[Moment, ...]
    rows: tuple[tuple[datetime, tuple[float | None, ...]], ...]
    daily: bool

    @property
    def empty(self) -> bool:
        return not any(line.most for line in self.lines)


def chart(title: str, unit: str, series: Sequence[Series], over: Window) -> Chart:
    top = _round_up(max((value for one in series for value in one.values if value is not None), default=0))
    steps = len(over.steps)
    lines = tuple(_line(one, top, steps) for one in series)
    marks = tuple(Mark(_LEFT, _y(top * part / _MARKS, top), top * part / _MARKS) for part in range(_MARKS + 1))
    places = sorted({0, steps // 3, 2 * steps // 3, steps - 1})
    moments = tuple(Moment(_x(place, steps), moment(over.steps[place])) for place in places)
    columns = [tuple(one.values[index] for one in series) for index in range(steps)]
    rows = tuple((moment(step), values) for step, values in zip(over.steps, columns, strict=True) if _any_known(values))
    return Chart(title, unit, lines, marks, moments, rows[-12:], daily=over.step_ms * steps > 2 * 86_400_000)


def _any_known(values: Sequence[float | None]) -> bool:
    return any(value is not None for value in values)


def _line(series: Series, top: float, steps: int) -> Line:
    stretches: list[list[str]] = [[]]
    for index, value in enumerate(series.values):
        if value is None:
            stretches.append([])
        else:
            stretches[-1].append(f"{_x(index, steps):.1f},{_y(value, top):.1f}")
    known = [value for value in series.values if value is not None]
    drawn = tuple(" ".join(_wide(points)) for points in stretches if points) if any(known) else ()
    return Line(series.name, drawn, known[-1] if known else None, max(known, default=None))


def _wide(points: list[str]) -> list[str]:
    """One point alone would not be seen."""
    if len(points) > 1:
        return points
    x, y = points[0].split(",")
    return [f"{float(x) - 2:.1f},{y}", f"{float(x) + 2:.1f},{y}"]


def _x(index: int, steps: int) -> float:
    return _LEFT + (WIDTH - _LEFT - 8) * index / max(steps - 1, 1)


def _y(value: float, top: float) -> float:
    return _TOP + (HEIGHT - _TOP - _BOTTOM) * (1 - value / top)


def _round_up(value: float) -> float:
    """The next number that reads well: 3, 6, 15, 30, 60, 150, …"""
    if value <= 0:
        return 3
    size = 1.0
    while size * 10 <= value:
        size *= 10
    while size > value:
        size /= 10
    return next(size * part for part in (1.5, 3, 6, 9, 15) if size * part >= value)
