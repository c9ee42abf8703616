"""Charts as SVG text, with nothing but the standard library: bars beside each other, and lines."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

WIDTH = 960
LEFT, RIGHT = 390, 230
BAR, GAP = 20, 14
INK, FAINT, BLUE, GREEN, RED = "#1f2430", "#8a93a3", "#3b6fd4", "#2c8a57", "#c2413a"
COLOURS = (BLUE, GREEN, RED, "#8a5cc7")


def bars(title: str, rows: Sequence[Mapping[str, Any]], note: str) -> str:
    """`rows`: label, value, text behind the bar, colour, and `mark`: where a line stands for the aim (0 to 1, or None).

    Values are 0 to 1.
    """
    drawn: list[str] = []
    room = WIDTH - LEFT - RIGHT
    for number, row in enumerate(rows):
        top = 50 + number * (BAR + GAP)
        length = max(room * min(row["value"], 1.0), 1.0)
        drawn.append(_text(LEFT - 10, top + 15, row["label"], anchor="end"))
        drawn.append(f'<rect x="{LEFT}" y="{top}" width="{length:.1f}" height="{BAR}" rx="2" fill="{row["colour"]}"/>')
        mark = row["mark"]
        beside = length if mark is None else max(length, room * min(mark, 1.0))
        if mark is not None:
            drawn.append(_line((LEFT + room * mark, top - 4), (LEFT + room * mark, top + BAR + 4), INK, 2))
        drawn.append(_text(LEFT + beside + 8, top + 15, row["text"]))
    return _page(title, note, 50 + len(rows) * (BAR + GAP) + 30, drawn)


def lines(title: str, series: Mapping[str, Sequence[tuple[float, float]]], x_name: str, y_name: str, note: str) -> str:
    """Each series is (x, y), ascending; both axes begin at 0."""
    height, top, left, bottom = 340, 60, 70, 280
    most_x = max((x for points in series.values() for x, _ in points), default=1.0) or 1.0
    most_y = (max((y for points in series.values() for _, y in points), default=1.0) or 1.0) * 1.25
    drawn = [_line((left, bottom), (WIDTH - 30, bottom), FAINT, 1), _line((left, top), (left, bottom), FAINT, 1)]
    for step in range(5):
        y = bottom - (bottom - top) * step / 4
        x = left + (WIDTH - 30 - left) * step / 4
        drawn.append(_text(left - 8, y + 4, f"{most_y * step / 4:.2g}", anchor="end", ink=FAINT))
        drawn.append(_text(x, bottom + 18, f"{most_x * step / 4:,.3g}", anchor="middle", ink=FAINT))
    drawn += [_text(left, top - 12, y_name, ink=FAINT), _text(WIDTH - 30, bottom + 36, x_name, anchor="end", ink=FAINT)]
    for number, (name, points) in enumerate(series.items()):
        colour = COLOURS[number % len(COLOURS)]
        placed = " ".join(
            f"{left + (WIDTH - 30 - left) * x / most_x:.1f},{bottom - (bottom - top) * y / most_y:.1f}"
            for x, y in points
        )
        drawn.append(f'<polyline points="{placed}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        drawn.append(_text(left + 130 + 210 * number, top - 12, name, ink=colour))
    return _page(title, note, height, drawn)


def _page(title: str, note: str, height: int, drawn: Sequence[str]) -> str:
    opening = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"'
    return "\n".join(
        [
            f'{opening} font-family="system-ui, sans-serif" font-size="13">',
            f"<title>{escape(title)}</title>",
            f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
            _text(20, 26, title, weight="600"),
            *drawn,
            _text(20, height - 12, note, ink=FAINT),
            "</svg>\n",
        ]
    )


def _text(x: float, y: float, words: str, *, anchor: str = "start", ink: str = INK, weight: str = "400") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{ink}" font-weight="{weight}">'
        f"{escape(words)}</text>"
    )


def _line(begin: tuple[float, float], end: tuple[float, float], ink: str, width: float) -> str:
    (x1, y1), (x2, y2) = begin, end
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{ink}" stroke-width="{width}"/>'
