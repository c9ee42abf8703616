"""A live event as one line for a person: `12:00:01 track Order Completed user-123  insider DELIVERED 200 41 ms`."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final

import typer

Style = Callable[..., str]

_COLOURS: Final = {"DELIVERED": "green", "SKIPPED": "yellow", "REJECTED": "red", "EXHAUSTED": "red"}


def line(event: dict[str, Any], *, colours: bool) -> str:
    """What came from outside is shown without its control characters: it cannot steer the terminal."""
    return "".join(_parts(event, typer.style if colours else bare))


def _parts(event: dict[str, Any], style: Style) -> Iterator[str]:
    yield f"{time_of_day(event.get('received_at'))} {plain(event.get('type')):<8}"
    name = event.get("event") or event.get("name")
    if name:
        yield " " + style(plain(name), bold=True)
    yield " " + style(plain(event.get("user_id") or event.get("anonymous_id") or "-"), fg="cyan")
    deliveries, pending = event.get("deliveries") or [], event.get("pending") or []
    for delivery in deliveries:
        yield from _delivery(delivery, style)
    for one in pending:
        state = plain(one.get("state") or "waiting")
        yield style(f"  {plain(one.get('vendor'))} ", dim=True)
        yield style(state, fg="red") if state == "suspended" else style(state, dim=True)
        yield _because(one, style)
    if not deliveries and not pending:
        yield style("  for no integration", dim=True)


def _delivery(delivery: dict[str, Any], style: Style) -> Iterator[str]:
    verdict = str(delivery.get("verdict") or "decided")
    yield f"  {plain(delivery.get('vendor'))} {style(verdict, fg=_COLOURS.get(verdict, 'magenta'))}"
    if delivery.get("status"):
        yield f" {delivery['status']} {delivery.get('latency_ms') or 0:.0f} ms"
    yield _because(delivery, style)


def _because(what: dict[str, Any], style: Style) -> str:
    """The reason, and the cure where somebody must act."""
    said = ("reason",) if what.get("verdict") == "SKIPPED" else ("reason", "cure")
    reason, *cure = [plain(what[name]) for name in said if what.get(name)] or [""]
    words = [reason if reason.endswith(".") or not cure else f"{reason}:", *cure]
    return style(f" {' '.join(words)}", dim=True) if reason else ""


def bare(text: str, **_: Any) -> str:
    return text


def time_of_day(moment: Any) -> str:
    try:
        return datetime.fromisoformat(str(moment)).astimezone().strftime("%H:%M:%S")
    except ValueError:
        return "--:--:--"


def plain(text: Any) -> str:
    """Without control characters."""
    return "".join(character if character.isprintable() else "�" for character in str(text or ""))
