"""Spans to a collector, by OpenTelemetry's SDK over OTLP. Imported only where traces are wanted: it is an extra."""

import logging
import threading
from collections.abc import Mapping
from typing import Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from datafly import __version__
from datafly.observe.base import Telemetry
from datafly.observe.trace import ObserveSpanEnded, Trace

_KINDS: Final = {"server": SpanKind.SERVER, "internal": SpanKind.INTERNAL, "client": SpanKind.CLIENT}
_SCOPE: Final = InstrumentationScope("datafly", __version__)
_SENDS_FOR_SECONDS: Final = 5
_ENDS_FOR_SECONDS: Final = 1.0
"""A stop waits no longer for a collector that does not answer."""


class Exporter:
    """A sink that takes what is a span. It never blocks: what the collector does not take in time is dropped.

    `url`: where OTLP over HTTP is taken, such as http://localhost:4318/v1/traces.
    """

    def __init__(self, url: str, *, process: str, headers: Mapping[str, str]) -> None:
        self._resource = Resource.create(
            {"service.name": "datafly", "service.version": __version__, "service.instance.id": process}
        )
        exporter = OTLPSpanExporter(endpoint=url, headers=dict(headers), timeout=_SENDS_FOR_SECONDS)
        self._batches = BatchSpanProcessor(exporter)

    def sink(self, event: Telemetry) -> None:
        if isinstance(event, ObserveSpanEnded):
            self._batches.on_end(self._span(event))

    def close(self) -> None:
        """Sends what is left, for a second. Blocking."""
        ending = threading.Thread(target=self._batches.shutdown, name="traces-end", daemon=True)
        ending.start()
        ending.join(_ENDS_FOR_SECONDS)

    def _span(self, event: ObserveSpanEnded) -> ReadableSpan:
        return ReadableSpan(
            event.name,
            context=_context(event.trace),
            parent=None if event.parent is None else _context(event.parent),
            resource=self._resource,
            attributes=event.attributes,
            links=[Link(_context(one)) for one in event.links],
            kind=_KINDS[event.kind],
            instrumentation_scope=_SCOPE,
            status=Status(StatusCode.ERROR, event.failed) if event.failed else Status(),
            start_time=event.began_ns,
            end_time=event.ended_ns,
        )


def _context(trace: Trace) -> SpanContext:
    return SpanContext(int(trace.trace_id, 16), int(trace.span_id, 16), is_remote=True, trace_flags=TraceFlags(1))


logging.getLogger("opentelemetry").setLevel(logging.ERROR)
