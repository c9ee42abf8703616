"""The record of a request, as a person may see it."""

import secrets as randomness
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from datafly.deliver.batch import Batch
from datafly.deliver.tracing import Traced
from datafly.model.delivery import AheadCall, Answer, Attempt, Outcome, Outgoing, Reply, SentRequest
from datafly.model.ids import ENTROPY_BYTES, make_id
from datafly.model.secret import MASK, Secret, redact
from datafly.model.verdict import DELIVERED, Ruling, Verdict

_ANSWER_HEADERS: Final = 30
_ANSWER_HEADER_CHARS: Final = 500
_HIDDEN_HEADERS: Final = frozenset({"set-cookie"})


def shown_request(outgoing: Outgoing, secrets: frozenset[str]) -> SentRequest:
    hidden = secrets | _secret_headers(outgoing)
    headers = {
        name: MASK if isinstance(value, Secret) else redact(value, hidden) for name, value in outgoing.headers.items()
    }
    return SentRequest(
        method=outgoing.method,
        url=redact(outgoing.url, hidden),
        headers=headers,
        body=redact(outgoing.body.decode("utf-8", "replace"), hidden),
    )


def shown_answer(reply: Reply, outgoing: Outgoing, secrets: frozenset[str], limit_bytes: int) -> Answer:
    """A vendor may echo what it was sent: secrets are masked here too, before the cut."""
    hidden = secrets | _secret_headers(outgoing)
    shown = [(name, value) for name, value in reply.headers.items() if name.lower() not in _HIDDEN_HEADERS]
    return Answer(
        status=reply.status,
        body=_cut(redact(_storable(reply.body.decode("utf-8", "replace")), hidden), limit_bytes),
        error=redact(_storable(reply.error), hidden),
        headers={
            _storable(name): redact(_storable(value), hidden)[:_ANSWER_HEADER_CHARS]
            for name, value in shown[:_ANSWER_HEADERS]
        },
    )


def shown_ruling(ruling: Ruling, secrets: frozenset[str]) -> Ruling:
    """A vendor's own words may hold a secret, or text that no database takes."""
    if ruling is DELIVERED:
        return ruling
    return ruling.with_foreign_words(lambda words: redact(_storable(words), secrets))


class Exchange(msgspec.Struct, frozen=True):
    """One request and what it was answered."""

    outgoing: Outgoing
    answer: Answer
    started_ms: int
    latency_ms: float
    traced: Traced | None = None

    @property
    def trace_id(self) -> str:
        return self.traced.trace.trace_id if self.traced else ""


def attempt_of(batch: Batch, exchange: Exchange, *, place: tuple[str, int, str], delivered: Sequence[int]) -> Attempt:
    """`place`: installation, partition, run."""
    installation_id, partition, run_id = place
    taken, members = frozenset(delivered), [*batch.members()]
    return Attempt(
        id=make_id("att", exchange.started_ms, randomness.token_bytes(ENTROPY_BYTES)),
        installation_id=installation_id,
        revision_id=batch.revision_id,
        revision_number=batch.revision_number,
        partition=partition,
        offsets=batch.offsets(),
        delivered=tuple(delivered),
        started_ms=exchange.started_ms,
        latency_ms=exchange.latency_ms,
        request=shown_request(exchange.outgoing, batch.compiled.secrets),
        response=exchange.answer,
        tries=batch.tries,
        earlier=batch.earlier,
        run_id=run_id,
        warnings={unit.member.offset: unit.item.warnings for unit in batch.units if unit.item.warnings},
        told={one.offset: one.told for one in members if one.told and one.offset in taken},
        ahead={one.offset: one.ahead for one in members if one.ahead},
        trace_id=exchange.trace_id,
    )


def ahead_call(batch: Batch, exchange: Exchange, index: int) -> AheadCall:
    """The part of the request that the item at `index` is, and the whole answer."""
    sent = shown_request(exchange.outgoing, batch.compiled.secrets)
    own = msgspec.structs.replace(sent, body=batch.compiled.pick(sent.body, index))
    return AheadCall(own, exchange.answer, exchange.latency_ms)


def outcomes_of(finals: Iterable[tuple[int, Ruling]], template: Outcome) -> tuple[Outcome, ...]:
    """Everything but DELIVERED; neighbours of one ruling become one range. `template` holds what they share."""
    ranges: list[tuple[int, int, Ruling]] = []
    others = [final for final in finals if final[1].verdict is not Verdict.DELIVERED]
    for offset, ruling in sorted(others, key=lambda final: final[0]):
        if ranges and ranges[-1][1] == offset - 1 and ranges[-1][2] == ruling:
            ranges[-1] = (ranges[-1][0], offset, ruling)
        else:
            ranges.append((offset, offset, ruling))
    return tuple(
        msgspec.structs.replace(template, first=first, last=last, ruling=ruling) for first, last, ruling in ranges
    )


def _secret_headers(outgoing: Outgoing) -> frozenset[str]:
    return frozenset(value.reveal() for value in outgoing.headers.values() if isinstance(value, Secret))


def _storable(text: str) -> str:
    """No lone surrogate, no NUL."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def _cut(text: str, limit_bytes: int) -> str:
    encoded = text.encode()
    if len(encoded) <= limit_bytes:
        return text
    return encoded[:limit_bytes].decode("utf-8", "ignore") + f"… ({len(encoded)} bytes)"
