"""The effect of each step on an event, in words: what the step said, else what its silence means.

A step of `process` speaks only where it changed something, so that events stay small in the log.
"""

from collections.abc import Callable
from typing import Final

from datafly.model.consent import SAID_BY
from datafly.model.event import PII, Event, Step
from datafly.model.traits import tells_who


def all_steps(event: Event) -> tuple[Step, ...]:
    """Every step in its order; what a step of a newer Signal said comes last."""
    said: dict[str, str] = {}
    for step in event.steps:
        said[step.name] = f"{said[step.name]}; {step.effect}" if step.name in said else step.effect
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


def _personal(event: Event) -> str:
    """Names, never values. What is in the context of a person is the address; devices are named by their part."""
    context = [name for name in _OF_CONTEXT if event.context.get(name)]
    properties = [name for name in event.properties if tells_who(name)]
    told = {"traits": sorted(event.traits), "properties": sorted(properties), "context": context}
    found = "; ".join(f"{where} {', '.join(names)}" for where, names in told.items() if names)
    if not found:
        return "nothing but ids tells who it is"
    return f"kept as it came: {found}. What a vendor gets of it, hashed or not, stands in its request"


_OF_CONTEXT: Final = ("ip", "userAgent", "device")
_SILENT: Final[dict[str, Callable[[Event], str]]] = {
    "dedupe": lambda _event: "the first with this message id",
    "normalise": lambda _event: "nothing to change",
    "clock_skew": lambda _event: "nothing to correct",
    "identity": _identity,
    "consent": _consent,
    PII: _personal,
}
