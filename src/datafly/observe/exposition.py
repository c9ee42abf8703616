"""Metrics of one process or several as Prometheus reads them.

The library that writes the format is loaded when somebody asks: most processes are never asked.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from datafly.observe.figures import BUCKETS, Family, Sample

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

PROCESS: Final = "process"
"""The label by which processes that are told at one place are told apart. Each counts from 0 when it begins."""
_INFINITE: Final = "+Inf"


def exposed(told: Mapping[str, Sequence[Family]], accept: str = "") -> tuple[bytes, str]:
    """`told`: name of a process → its metrics. The text and its content type, of the format that `accept` asks for."""
    from prometheus_client import CollectorRegistry  # noqa: PLC0415  see above
    from prometheus_client.exposition import choose_encoder  # noqa: PLC0415

    class Told:
        def collect(self) -> Iterator["Metric"]:
            return _metrics(told)

        def describe(self) -> Iterable["Metric"]:
            return ()

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Told())
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


def _metrics(told: Mapping[str, Sequence[Family]]) -> Iterator["Metric"]:
    """A metric of several processes is one, as the format wants it."""
    found: dict[str, list[tuple[str, Family]]] = {}
    for process, families in told.items():
        for family in families:
            found.setdefault(family.name, []).append((process, family))
    for name in sorted(found):
        yield _metric(found[name])


def _metric(parts: Sequence[tuple[str, Family]]) -> "Metric":
    from prometheus_client.metrics_core import (  # noqa: PLC0415  see above
        CounterMetricFamily,
        GaugeMetricFamily,
        HistogramMetricFamily,
    )

    first = parts[0][1]
    labels, said = (PROCESS, *first.labels), first.sentence or first.name
    pairs = [((process, *sample.labels), sample) for process, family in parts for sample in family.samples]
    if first.kind == "histogram":
        timed = HistogramMetricFamily(first.name, said, labels=labels)
        for values, sample in pairs:
            timed.add_metric(values, buckets=_buckets(sample), sum_value=sample.value)
        return timed
    kind = CounterMetricFamily if first.kind == "counter" else GaugeMetricFamily
    metric = kind(first.name, said, labels=labels)
    for values, sample in pairs:
        metric.add_metric(values, sample.value)
    return metric


def _buckets(sample: Sample) -> list[tuple[str, float]]:
    """Each counts those below it, too."""
    so_far, found = 0, []
    for bound, count in zip((*map(str, BUCKETS), _INFINITE), sample.counts, strict=True):
        so_far += count
        found.append((bound, float(so_far)))
    return found
