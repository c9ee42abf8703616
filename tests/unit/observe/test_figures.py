import math
import re
from typing import ClassVar

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as of_openmetrics
from prometheus_client.parser import text_string_to_metric_families

from datafly.observe.base import Telemetry
from datafly.observe.catalogue import every_metric, telemetry
from datafly.observe.exposition import exposed
from datafly.observe.figures import BUCKETS, MOST_SERIES, Figures, Gauge

UNITS = {
    *("seconds", "bytes", "events", "records", "files", "info", "state"),
    *("items", "alerts", "refused", "duplicates", "rows", "body_bytes", "size_bytes"),
}
ROOMS = {"deliver", "ingest", "library", "log", "management", "observe", "process", "runtime", "store", "transport"}
OPENMETRICS = "application/openmetrics-text; version=1.0.0"


class Asked(Telemetry, frozen=True):
    labels: ClassVar = ("vendor", "installation_id", "status")
    amounts: ClassVar = ("events",)
    timings: ClassVar = {"latency_ms": ("vendor",)}

    vendor: str
    installation_id: str
    status: int | None
    events: int
    latency_ms: float


def asked(vendor="acme", installation_id="pin_1", status=200, events=1, latency_ms=1.0):
    return Asked(vendor, installation_id, status, events, latency_ms)


def told(*events, measured=()):
    figures = Figures()
    for event in events:
        figures.count(event)
    return {family.name: family for family in figures.families(measured, known=[])}


def read(text):
    return {sample.name: sample for family in text_string_to_metric_families(text) for sample in family.samples}


def test_an_event_is_counted_added_up_and_timed_by_its_labels():
    found = told(asked(events=3, latency_ms=20), asked(events=4, latency_ms=700), asked(status=None))
    assert {sample.labels: sample.value for sample in found["datafly_asked_total"].samples} == {
        ("acme", "pin_1", "200"): 2,
        ("acme", "pin_1", "none"): 1,
    }
    assert found["datafly_asked_events_total"].samples[0].value == 7
    timed = found["datafly_asked_latency_seconds"]
    assert timed.labels == ("vendor",)
    assert math.isclose(timed.samples[0].value, 0.721)
    assert sum(timed.samples[0].counts) == 3


def test_what_takes_exactly_a_bound_is_within_it_and_what_takes_longer_than_all_is_counted_too():
    found = told(asked(latency_ms=1000 * BUCKETS[3]), asked(latency_ms=10**6))["datafly_asked_latency_seconds"]
    assert [place for place, count in enumerate(found.samples[0].counts) if count] == [3, len(BUCKETS)]


def test_the_number_of_series_is_bounded_and_nothing_is_counted_less_for_it():
    many = [asked(installation_id=f"pin_{number}") for number in range(3 * MOST_SERIES)]
    samples = told(*many)["datafly_asked_total"].samples
    assert len(samples) == MOST_SERIES + 1
    assert sum(sample.value for sample in samples) == len(many)
    assert ("other", "other", "other") in [sample.labels for sample in samples]


def test_whole_sentences_and_long_words_are_no_labels():
    samples = told(asked(vendor="it said no"), asked(vendor="x" * 500), asked(vendor=""))["datafly_asked_total"].samples
    assert {sample.labels[0]: sample.value for sample in samples} == {"other": 2, "": 1}


def test_prometheus_reads_what_is_exposed_of_several_processes_in_both_formats():
    lag = Gauge("process_lag_records", "Waiting.", ("partition",))
    families = list(told(asked(latency_ms=30), asked(latency_ms=99_000), measured=[lag.of(5, "0")]).values())
    text, kind = exposed({"delivery-1": families, "delivery-2": families})
    assert kind.startswith("text/plain")
    samples = [sample for family in text_string_to_metric_families(text.decode()) for sample in family.samples]
    of = {(sample.name, sample.labels["process"], sample.labels.get("le")): sample.value for sample in samples}
    assert of["datafly_asked_total", "delivery-2", None] == 2
    assert of["datafly_process_lag_records", "delivery-1", None] == 5
    assert of["datafly_asked_latency_seconds_bucket", "delivery-1", "0.05"] == 1
    assert of["datafly_asked_latency_seconds_bucket", "delivery-1", "+Inf"] == 2
    assert of["datafly_asked_latency_seconds_count", "delivery-1", None] == 2
    modern, modern_kind = exposed({"delivery-1": families}, OPENMETRICS)
    assert modern_kind.startswith("application/openmetrics-text")
    assert [*of_openmetrics(modern.decode())]


def test_a_label_that_people_wrote_is_read_as_they_wrote_it():
    name = 'He said "stop"\n\\ and {went}'
    info = Gauge("deliver_installation_info", "Named.", ("name",))
    text, _ = exposed({"management": list(told(measured=[info.of(1, name)]).values())})
    assert read(text.decode())["datafly_deliver_installation_info"].labels["name"] == name


def test_every_event_is_a_metric_under_the_one_law():
    families = every_metric()
    names = [family.name for family in families]
    assert len(names) == len(set(names))
    assert len(telemetry()) > 40
    for family in families:
        assert re.fullmatch(r"datafly_[a-z]+(_[a-z0-9]+)+", family.name), family.name
        assert family.name.split("_")[1] in ROOMS, family.name
        assert (family.kind == "counter") is family.name.endswith("_total"), family.name
        assert all(re.fullmatch(r"[a-z_]+", label) for label in family.labels), family


def test_gauges_and_sums_end_in_what_they_are_counted_in_and_gauges_say_what_they_are():
    for family in every_metric():
        if family.kind == "gauge":
            assert family.sentence
            assert family.name.rsplit("_", 1)[1] in UNITS, family.name
        elif family.kind == "histogram":
            assert family.name.endswith("_seconds")
    for kind in telemetry():
        assert {*kind.amounts} <= UNITS, kind
        assert all(field.endswith("_ms") for field in kind.timings), kind


@pytest.mark.parametrize("kind", telemetry(), ids=lambda kind: kind.__name__)
def test_what_a_class_counts_by_are_fields_of_it(kind):
    named = {*kind.labels, *kind.amounts, *kind.timings, *(one for by in kind.timings.values() for one in by)}
    assert [name for name in named if name not in kind.__struct_fields__ and not hasattr(kind, name)] == []
    assert not {"error", "cause", "cure", "message", "path", "trace", "message_id", "offset"} & named
