"""The one wide line of a request: all that is to be known of it but what was in it."""

from collections import Counter

from datafly.deliver.batch import Batch
from datafly.deliver.judge import Decision
from datafly.deliver.record import Exchange, shown_ruling
from datafly.deliver.tracing import tell_spans
from datafly.observe.base import emit
from datafly.observe.deliver import DeliverRequestAnswered


def tell_answered(
    batch: Batch, exchange: Exchange, decision: Decision, *, place: tuple[str, int, str], attempt_id: str
) -> None:
    """`place`: installation, partition, run."""
    installation_id, partition, run_id = place
    verdicts = Counter(ruling.verdict.value for ruling in decision.rulings)
    told = DeliverRequestAnswered(
        installation_id=installation_id,
        vendor=batch.compiled.vendor,
        revision=batch.revision_number,
        route=batch.call,
        partition=partition,
        run_id=run_id,
        attempt_id=attempt_id,
        status=exchange.answer.status,
        outcome="split" if decision.split else decision.meaning.value,
        reason=shown_ruling(decision.told, batch.compiled.secrets).reason,
        verdicts=dict(verdicts),
        events=len({unit.member.offset for unit in batch.units}),
        items=len(batch.units),
        body_bytes=len(exchange.outgoing.body),
        tries=batch.tries,
        retry=batch.tries > 1,
        latency_ms=exchange.latency_ms,
        trace_id=exchange.trace_id,
    )
    emit(told)
    if exchange.traced is not None:
        tell_spans(exchange.traced, told, exchange.started_ms)
