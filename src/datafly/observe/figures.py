"""Metrics of one process. Names follow one law, and no metric has a name beside it.

- An event `DeliverEventsDecided` is counted as `datafly_deliver_events_decided_total`.
- What it adds up, its field `events`, is `datafly_deliver_events_decided_events_total`.
- How long it took, its field `latency_ms`, is the histogram `…_latency_seconds`.
- How something stands is a `Gauge` of `observe/<room>.py`: `datafly_<room>_<noun>_<unit>`.

A label is the field's name without `_id`. The number of series is bounded, whatever a vendor calls its reasons.
"""

import bisect
import re
import threading
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any, Final, Literal

import msgspec

PREFIX: Final = "datafly_"
BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds in seconds; a request to a vendor is given up after half a minute."""
MOST_SERIES: Final = 1_000
"""Of one event in one process. What comes beyond is told under `other`."""
OTHER: Final = "other"
_CAPITAL: Final = re.compile(r"(?<!^)(?=[A-Z])")
_LONGEST: Final = 80
_WORD: Final = re.compile(r"\S*")

Kind = Literal["counter", "gauge", "histogram"]


class Gauge(msgspec.Struct, frozen=True):
    """`name` without the prefix: room, noun, unit; of what the system counts (`kind` counter), with `_total`."""

    name: str
    sentence: str
    labels: tuple[str, ...] = ()
    kind: Literal["gauge", "counter"] = "gauge"

    def of(self, value: float, *labels: str) -> "Measured":
        return Measured(self, float(value), labels)


class Measured(msgspec.Struct, frozen=True):
    gauge: Gauge
    value: float
    labels: tuple[str, ...] = ()


class Sample(msgspec.Struct, frozen=True, array_like=True):
    """Of a histogram, `value` is the sum, and `counts` how many fell into each bucket; the last one has no bound."""

    labels: tuple[str, ...]
    value: float
    counts: tuple[int, ...] = ()


class Family(msgspec.Struct, frozen=True, array_like=True):
    """One metric. `name` is whole, with `_total` where it is a counter."""

    name: str
    kind: Kind
    sentence: str
    labels: tuple[str, ...]
    samples: list[Sample]


def stem(kind: type) -> str:
    """`DeliverEventsDecided` → `datafly_deliver_events_decided`."""
    return PREFIX + _CAPITAL.sub("_", kind.__name__).lower()


def room_of(kind: type) -> str:
    """`DeliverEventsDecided` → `deliver`."""
    return _CAPITAL.split(kind.__name__)[0].lower()


def described(kind: Any) -> list[Family]:
    """The metrics of an event, without samples: how often, what it adds up, how long it took."""
    name, said, labels = stem(kind), sentence_of(kind), _label_names(kind.labels)
    sums = [Family(f"{name}_{one}_total", "counter", f"The sum of {one}. {said}", labels, []) for one in kind.amounts]
    timed = [
        Family(f"{name}_{one.removesuffix('_ms')}_seconds", "histogram", f"How long. {said}", _label_names(by), [])
        for one, by in kind.timings.items()
    ]
    return [Family(f"{name}_total", "counter", f"How often. {said}", labels, []), *sums, *timed]


def sentence_of(kind: type) -> str:
    """The first sentence of its docstring, else the words of its name."""
    said = " ".join((vars(kind).get("__doc__") or "").split())
    return re.split(r"(?<=\.) ", said)[0] or f"{' '.join(_CAPITAL.split(kind.__name__)[1:]).capitalize()}."


class _Rows:
    """Numbers by labels, `length` of them each. Bounded, however many values a label turns out to have."""

    def __init__(self, fields: Sequence[str], length: int) -> None:
        self._read = _reader(fields)
        self._length = length
        self._known: dict[tuple[Any, ...], list[float]] = {}
        self.shown: dict[tuple[str, ...], list[float]] = {}

    def of(self, event: Any) -> list[float]:
        labels = self._read(event)
        row = self._known.get(labels)
        return self._begin(labels) if row is None else row

    def _begin(self, labels: tuple[Any, ...]) -> list[float]:
        shown = tuple(map(_label, labels))
        if shown not in self.shown and len(self.shown) >= MOST_SERIES:
            shown = (OTHER,) * len(labels)
        row = self.shown.setdefault(shown, [0] * self._length)
        if len(self._known) < 2 * MOST_SERIES:
            self._known[labels] = row
        return row


class _Counts:
    """Of one kind of event."""

    def __init__(self, kind: Any) -> None:
        self.kind = kind
        self.amounts: tuple[str, ...] = kind.amounts
        self.rows = _Rows(kind.labels, 1 + len(self.amounts))
        self.timings = [(field, _Rows(by, len(BUCKETS) + 2)) for field, by in kind.timings.items()]

    def add(self, event: Any) -> None:
        row = self.rows.of(event)
        row[0] += 1
        for place, field in enumerate(self.amounts, 1):
            row[place] += getattr(event, field)
        for field, rows in self.timings:
            seconds, timed = getattr(event, field) / 1000, rows.of(event)
            timed[bisect.bisect_left(BUCKETS, seconds)] += 1
            timed[-1] += seconds

    def families(self) -> list[Family]:
        found = described(self.kind)
        counted, timed = found[: 1 + len(self.amounts)], found[1 + len(self.amounts) :]
        for place, family in enumerate(counted):
            family.samples.extend(Sample(labels, row[place]) for labels, row in self.rows.shown.items())
        for family, (_, rows) in zip(timed, self.timings, strict=True):
            family.samples.extend(
                Sample(labels, row[-1], tuple(int(count) for count in row[:-1])) for labels, row in rows.shown.items()
            )
        return found


class Figures:
    """Counts events, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kinds: dict[type, _Counts] = {}

    def count(self, event: object) -> None:
        with self._lock:
            counts = self._kinds.get(type(event))
            if counts is None:
                counts = self._kinds[type(event)] = _Counts(type(event))
            counts.add(event)

    def counts(self) -> dict[str, int]:
        with self._lock:
            every = {kind.__name__: sum(row[0] for row in one.rows.shown.values()) for kind, one in self._kinds.items()}
        return {name: int(count) for name, count in every.items()}

    def families(self, measured: Iterable[Measured], *, known: Iterable[type]) -> list[Family]:
        """`known`: kinds of events that count as 0 where they never happened, if they have no labels."""
        with self._lock:
            found = [family for one in self._kinds.values() for family in one.families()]
            never = [kind for kind in known if kind not in self._kinds and not getattr(kind, "labels", ())]
        for kind in never:
            found += [msgspec.structs.replace(one, samples=[Sample((), 0)]) for one in described(kind)[:1]]
        return sorted([*found, *_measured(measured)], key=lambda family: family.name)


def _measured(measured: Iterable[Measured]) -> list[Family]:
    found: dict[str, Family] = {}
    for one in measured:
        gauge = one.gauge
        family = found.get(gauge.name)
        if family is None:
            family = found[gauge.name] = described_gauge(gauge)
        family.samples.append(Sample(one.labels, one.value))
    return list(found.values())


def described_gauge(gauge: Gauge) -> Family:
    return Family(PREFIX + gauge.name, gauge.kind, gauge.sentence, gauge.labels, [])


def _reader(fields: Sequence[str]) -> Callable[[Any], tuple[Any, ...]]:
    if not fields:
        return lambda _event: ()
    read = attrgetter(*fields)
    return read if len(fields) > 1 else lambda event: (read(event),)


def _label_names(fields: Iterable[str]) -> tuple[str, ...]:
    return tuple(field.removesuffix("_id") for field in fields)


def _label(value: Any) -> str:
    """A vendor's own words are none."""
    if value is None:
        return "none"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= _LONGEST and _WORD.fullmatch(text) else OTHER
