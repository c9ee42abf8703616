"""What happens is told as typed events; where they go is decided in one place.

A room declares its events in `observe/<room>.py` as subclasses of `Telemetry` and calls `emit`. The class name is the
event's name: `<Room><Noun><Verb>[Failed]`. Nothing secret goes into a field. What is counted is never only logged.
"""

import logging
from collections import Counter
from collections.abc import Callable
from typing import Any, ClassVar, Final

import msgspec

Sink = Callable[["Telemetry"], None]


class Telemetry(msgspec.Struct, frozen=True):
    """`level` is that of the log line; events below the configured level are only counted."""

    level: ClassVar[int] = logging.INFO

    def fields(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__struct_fields__}


class _Observer:
    def __init__(self) -> None:
        self.sinks: list[Sink] = []
        self.counts: Counter[str] = Counter()


_OBSERVER: Final = _Observer()


def emit(event: Telemetry) -> None:
    """Count the event and hand it to every sink."""
    _OBSERVER.counts[type(event).__name__] += 1
    for sink in _OBSERVER.sinks:
        sink(event)


def add_sink(sink: Sink) -> Callable[[], None]:
    """Returns what takes it away again."""
    _OBSERVER.sinks.append(sink)
    return lambda: _OBSERVER.sinks.remove(sink)


def forget_sinks() -> None:
    """For a process that begins as a copy of another: it tells nothing to the other's sinks, and counts from 0."""
    _OBSERVER.sinks.clear()
    _OBSERVER.counts.clear()


def counts() -> dict[str, int]:
    """How often each event happened in this process."""
    return dict(_OBSERVER.counts)
