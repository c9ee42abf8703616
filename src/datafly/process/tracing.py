"""The spans of processing: an event each, from when its batch was begun until it was durable."""

import time
from collections.abc import Sequence

from datafly.model.trace import read_trace
from datafly.observe.base import emit
from datafly.observe.trace import ObserveSpanEnded


def tell_spans(traced: Sequence[tuple[str, str]], began_ns: int, partition: int) -> None:
    """`traced`: span of the request, and that of the event."""
    ended_ns = time.time_ns()
    for parent, own in traced:
        if (trace := read_trace(own)) is not None:
            emit(
                ObserveSpanEnded(
                    name="process",
                    kind="internal",
                    trace=trace,
                    parent=read_trace(parent),
                    began_ns=began_ns,
                    ended_ns=ended_ns,
                    attributes={"datafly.partition": partition},
                )
            )
