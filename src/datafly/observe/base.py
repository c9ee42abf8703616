"""What happens is told as typed events; where they go is decided in one place.

A room declares its events in `observe/<room>.py` as subclasses of `Telemetry` and calls `emit`. The class name is the
event's name: `<Room><Noun><Verb>[Failed]`. Nothing secret goes into a field. What is counted is never only logged.

Every event is a metric (`observe.figures`); its class says by which fields it is told apart, and which it adds up.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, ClassVar, Final

import msgspec

from datafly.observe.figures import Family, Figures, Measured, room_of

Sink = Callable[["Telemetry"], None]


class Telemetry(msgspec.Struct, frozen=True):
    """`level` is that of the log line; events below the configured level are only counted.

    Names of fields: `labels` have few values, and each combination is counted by itself; `amounts` are added up;
    `timings`, in milliseconds, are sorted into buckets, each by labels of its own. `wide`: the one line of an attempt,
    which is logged as the setting `log_attempts` has it.
    """

    level: ClassVar[int] = logging.INFO
    labels: ClassVar[tuple[str, ...]] = ()
    amounts: ClassVar[tuple[str, ...]] = ()
    timings: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    wide: ClassVar[bool] = False

    @property
    def is_bad(self) -> bool:
        """Of an attempt: whether anything of it is not as it should be."""
        return False

    def fields(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__struct_fields__}


Measure = Callable[[], Iterable[Measured]]
"""Reads how something stands. It may block, and is asked only when somebody asks for metrics."""


class ObserveMeasureFailed(Telemetry, frozen=True):
    """How something stands could not be read: those metrics are missing of this time."""

    level: ClassVar[int] = logging.WARNING

    error: str


class _Observer:
    def __init__(self) -> None:
        self.sinks: list[Sink] = []
        self.measures: list[Measure] = []
        self.figures = Figures()


_OBSERVER: Final = _Observer()


def emit(event: Telemetry) -> None:
    """Count the event and hand it to every sink."""
    _OBSERVER.figures.count(event)
    for sink in _OBSERVER.sinks:
        sink(event)


def add_sink(sink: Sink) -> Callable[[], None]:
    """Returns what takes it away again."""
    _OBSERVER.sinks.append(sink)
    return lambda: _OBSERVER.sinks.remove(sink)


def add_measure(measure: Measure) -> Callable[[], None]:
    """Returns what takes it away again."""
    _OBSERVER.measures.append(measure)
    return lambda: _OBSERVER.measures.remove(measure)


def forget_sinks() -> None:
    """For a process that begins as a copy of another: it tells nothing to the other's sinks, and counts from 0."""
    _OBSERVER.sinks.clear()
    _OBSERVER.measures.clear()
    _OBSERVER.figures = Figures()


def counts() -> dict[str, int]:
    """How often each event happened in this process."""
    return _OBSERVER.figures.counts()


def figures(*, strange: Collection[str] = ()) -> list[Family]:
    """All metrics of this process as they are now. Blocking.

    Events without labels that never happened are told as 0, but for those of `strange` rooms, which do not work here.
    """
    measured: list[Measured] = []
    for measure in [*_OBSERVER.measures]:
        try:
            measured += measure()
        except Exception as error:  # noqa: BLE001  one that cannot be read must not hide the others
            emit(ObserveMeasureFailed(error=f"{type(error).__name__}: {error}"))
    known = [kind for kind in Telemetry.__subclasses__() if room_of(kind) not in strange]
    return _OBSERVER.figures.families(measured, known=known)
