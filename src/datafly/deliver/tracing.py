"""The span of a request to a vendor. Where a batch joins events of several traces, each of them has one."""

import secrets
from typing import Final

import msgspec

from datafly.deliver.batch import Batch
from datafly.model.trace import Trace, read_trace
from datafly.observe.base import emit
from datafly.observe.deliver import DeliverRequestAnswered
from datafly.observe.trace import ObserveSpanEnded, is_tracing

_MOST: Final = 128
"""Of one request: what a span may link to is bounded, too."""


class Traced(msgspec.Struct, frozen=True):
    """`trace`: the span of the request, below that of its first traced event, `parent`. `others`: those of the rest."""

    trace: Trace
    parent: Trace
    others: tuple[Trace, ...]


def begin(batch: Batch) -> Traced | None:
    """None where no event of it is traced."""
    if not is_tracing():
        return None
    texts = dict.fromkeys(unit.member.entry.trace for unit in batch.units if unit.member.entry.trace)
    found = [trace for text in texts if (trace := read_trace(text)) is not None]
    if not found:
        return None
    first, *others = found
    return Traced(_span_of(first), first, tuple(others[:_MOST]))


def tell_spans(traced: Traced, told: DeliverRequestAnswered, started_ms: int) -> None:
    """The request's own span; in every other trace one that links to it."""
    began_ns, failed = started_ms * 1_000_000, "" if told.outcome == "works" else told.reason or told.outcome
    span = ObserveSpanEnded(
        name="deliver",
        kind="client",
        trace=traced.trace,
        parent=traced.parent,
        began_ns=began_ns,
        ended_ns=began_ns + int(told.latency_ms * 1_000_000),
        attributes=_attributes(told),
        links=traced.others,
        failed=failed,
    )
    emit(span)
    joined = {one.trace_id: one for one in reversed(traced.others) if one.trace_id != traced.trace.trace_id}
    for other in joined.values():
        own = _span_of(other)
        emit(msgspec.structs.replace(span, kind="internal", trace=own, parent=other, links=(traced.trace,)))


def _attributes(told: DeliverRequestAnswered) -> dict[str, str | int]:
    status = {} if told.status is None else {"http.response.status_code": told.status}
    return {
        **status,
        "datafly.vendor": told.vendor,
        "datafly.installation.id": told.installation_id,
        "datafly.revision": told.revision,
        "datafly.route": told.route,
        "datafly.attempt.id": told.attempt_id,
        "datafly.try": told.tries,
        "datafly.events": told.events,
        "http.request.body.size": told.body_bytes,
        **{f"datafly.verdict.{verdict.lower()}": count for verdict, count in told.verdicts.items()},
    }


def _span_of(parent: Trace) -> Trace:
    return Trace(parent.trace_id, secrets.token_hex(8))
