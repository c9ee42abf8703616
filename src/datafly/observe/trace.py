"""Spans of traces, as events like all others; who exports them makes them into OpenTelemetry's (`observe.otlp`)."""

import logging
from typing import Any, ClassVar, Final, Literal

import msgspec

from datafly.model.trace import Trace
from datafly.observe.base import Telemetry, emit

Kind = Literal["server", "internal", "client"]


class ObserveSpanEnded(Telemetry, frozen=True):
    """Something that was done for a traced event. Times are nanoseconds since 1970.

    `parent`: the span that it was done for, None where it is the first. `links`: spans of other traces that it was done
    for, too. `failed`: why it did not succeed, else empty. `attributes` hold nothing secret, and nothing that was sent.
    """

    level: ClassVar[int] = logging.DEBUG
    labels: ClassVar[tuple[str, ...]] = ("name",)

    name: str
    kind: Kind
    trace: Trace
    parent: Trace | None
    began_ns: int
    ended_ns: int
    attributes: dict[str, Any] = msgspec.field(default_factory=dict)
    links: tuple[Trace, ...] = ()
    failed: str = ""


class _Tracing:
    on = False


_TRACING: Final = _Tracing()


def is_tracing() -> bool:
    """Whether spans go anywhere: where they do not, nobody looks for traces."""
    return _TRACING.on


def begin_tracing() -> None:
    _TRACING.on = True


def end_tracing() -> None:
    _TRACING.on = False


__all__ = ["ObserveSpanEnded", "Trace", "begin_tracing", "emit", "end_tracing", "is_tracing"]
