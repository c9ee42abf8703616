"""The effect of each step on an event, in words: what the step said, else what its silence means.

A step of `process` speaks only where it changed something, so that events stay small in the log.
"""

from collections.abc import Callable
from typing import Final

from datafly.model.consent import SAID_BY
from datafly.model.event import Event, Step


def all_steps(event: Event) -> tuple[Step, ...]:
    """Every step in its order; what a step of a newer Signal said comes last."""
    said = {step.name: step.effect for step in event.steps}
    known = [Step(name, said.pop(name, "") or silent(event)) for name, silent in _SILENT.items()]
    return (*known, *(Step(name, effect) for name, effect in said.items()))


def _identity(event: Event) -> str:
    who = f"user {event.user_id}, as sent" if event.user_id else "no user is known"
    if event.known_traits:
        who += f"; known of them: {', '.join(sorted(event.known_traits))}"
    return who


def _consent(event: Event) -> str:
    if not event.consent.categories:
        return "nothing is known, so everything counts as denied"
    granted = event.consent.categories.items()
    words = ", ".join(f"{category} {'granted' if allowed else 'denied'}" for category, allowed in sorted(granted))
    return f"{words} ({SAID_BY.get(event.consent.source, 'with the event')})"


_SILENT: Final[dict[str, Callable[[Event], str]]] = {
    "dedupe": lambda _event: "the first with this message id",
    "normalise": lambda _event: "nothing to change",
    "clock_skew": lambda _event: "nothing to correct",
    "identity": _identity,
    "consent": _consent,
}
