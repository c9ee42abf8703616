"""What writings come to in rows: pure, and outside the transaction, since packing is most of the work."""

import zlib
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, Final

import msgspec

from datafly.model.delivery import POSSIBLY_DOUBLED, WHOLE, Attempt, Followed, Outcome, Pending, Share
from datafly.model.verdict import Verdict
from datafly.store import drained, members, notices, shares, sightings, tallies
from datafly.store.base import Writing

REQUESTS: Final = "requests"
DOUBLED: Final = "doubled"
"""Events that were delivered and may be there twice."""
_COMPRESSION: Final = 1
_CURSOR: Final = ("installation_id", "run_id", "partition")
_LANE: Final = (*_CURSOR, "lane")

Row = dict[str, Any]


class Batch(msgspec.Struct, frozen=True):
    """The rows of one transaction."""

    attempts: list[Row]
    outcomes: list[Row]
    begun: list[Row]
    marks: list[Row]
    pending: list[Row]
    cleared: list[Row]
    states: list[Row]
    lost: list[Row]
    counters: list[Row]
    drained: list[Row]
    notices: list[Row]
    sightings: list[Row]
    tallies: list[Row]
    followed: list[Row]
    settled: list[str]
    late: tuple[Outcome, ...]


def batch_of(writings: Sequence[Writing], share: Share = WHOLE, owned: Collection[int] | None = None) -> Batch:
    """Later writings count after earlier ones; in one writing, lanes are cleared before they are filled.

    `owned`: the partitions of which a state is told, where there are no shares of the keys.
    """
    marks: dict[tuple[str, str, int], int] = {}
    lanes: dict[tuple[str, str, int, int], Pending | None] = {}
    states: dict[str, Row] = {}
    for writing in writings:
        for installation_id, run_id, partition, mark in writing.marks:
            key = (installation_id, run_id, partition)
            marks[key] = max(mark, marks.get(key, mark))
        lanes.update(dict.fromkeys(writing.cleared))
        lanes.update({(p.installation_id, p.run_id, p.partition, p.lane): p for p in writing.pending})
        states.update({s.installation_id: {"installation_id": s.installation_id, "state": s} for s in writing.states})
    mine = {"share": share.number}
    parts = [share.number] if owned is None else sorted(owned)
    return Batch(
        attempts=[_attempt_row(attempt) for writing in writings for attempt in writing.attempts],
        outcomes=[_outcome_row(outcome) for writing in writings for outcome in writing.outcomes],
        begun=[row for writing in writings for place in writing.begun for row in shares.begun_rows(place, share.of)],
        marks=[dict(zip(_CURSOR, key, strict=True)) | mine | {"mark": mark} for key, mark in marks.items()],
        pending=[_pending_row(waiting) | mine for waiting in lanes.values() if waiting is not None],
        cleared=[dict(zip(_LANE, key, strict=True)) | mine for key, waiting in lanes.items() if waiting is None],
        states=[row | {"share": part} for row in states.values() for part in parts],
        lost=[_loss_row(outcome) for writing in writings for outcome in writing.lost],
        counters=_counter_rows(writings),
        drained=drained.rows_of(writings),
        notices=notices.rows_of([notice for writing in writings for notice in writing.notices]),
        sightings=sightings.rows_of([sighting for writing in writings for sighting in writing.sightings]),
        tallies=tallies.rows_of(writings),
        followed=[_followed_row(one) for writing in writings for one in writing.followed],
        settled=[one for writing in writings for _, one in writing.settled],
        late=tuple(outcome for writing in writings for outcome in writing.late),
    )


def packed(value: Any) -> bytes:
    return zlib.compress(msgspec.msgpack.encode(value), _COMPRESSION)


def attempt_of(body: bytes, packed_members: bytes) -> Attempt:
    offsets, delivered = members.unpack(packed_members)
    return msgspec.structs.replace(_ATTEMPT.decode(zlib.decompress(body)), offsets=offsets, delivered=delivered)


def pending_of(body: bytes) -> Pending:
    return _PENDING.decode(zlib.decompress(body))


def followed_of(body: bytes) -> Followed:
    return _FOLLOWED.decode(zlib.decompress(body))


_ATTEMPT: Final = msgspec.msgpack.Decoder(Attempt)
_PENDING: Final = msgspec.msgpack.Decoder(Pending)
_FOLLOWED: Final = msgspec.msgpack.Decoder(Followed)


def _attempt_row(attempt: Attempt) -> Row:
    return {
        "id": attempt.id,
        "installation_id": attempt.installation_id,
        "run_id": attempt.run_id,
        "partition": attempt.partition,
        **members.bounds(attempt.delivered),
        "started_ms": attempt.started_ms,
        "members": members.pack(attempt.offsets, attempt.delivered),
        "body": packed(msgspec.structs.replace(attempt, offsets=(), delivered=())),
    }


def _outcome_row(outcome: Outcome) -> Row:
    return {
        "installation_id": outcome.installation_id,
        "run_id": outcome.run_id,
        "partition": outcome.partition,
        "first": outcome.first,
        "last": outcome.last,
        "reach": members.reach(outcome.first, outcome.last),
        "verdict": outcome.verdict.value,
        "decided_ms": outcome.decided_ms,
        "attempt_id": outcome.attempt_id,
        "ruling": outcome.ruling,
    }


def _loss_row(outcome: Outcome) -> Row:
    names = ("installation_id", "partition", "first", "last")
    return {name: getattr(outcome, name) for name in names} | {"outcome": outcome}


def _followed_row(one: Followed) -> Row:
    return {name: getattr(one, name) for name in ("id", "installation_id", "since_ms", "due_ms")} | {
        "body": packed(one)
    }


def _pending_row(waiting: Pending) -> Row:
    return {
        **{name: getattr(waiting, name) for name in _LANE},
        "first": min(waiting.offsets),
        "last": max(waiting.offsets),
        "body": packed(waiting),
    }


def _counter_rows(writings: Sequence[Writing]) -> list[Row]:
    counted: Counter[tuple[str, str]] = Counter()
    for writing in writings:
        for attempt in writing.attempts:
            counted[attempt.installation_id, REQUESTS] += 1
            counted[attempt.installation_id, Verdict.DELIVERED.value] += len(attempt.delivered)
            counted[attempt.installation_id, DOUBLED] += sum(
                ruling.reason == POSSIBLY_DOUBLED for ruling in attempt.told.values()
            )
        for outcome in writing.outcomes:
            counted[outcome.installation_id, outcome.verdict.value] += outcome.last - outcome.first + 1
        for installation_id, _, requests in writing.failed:
            counted[installation_id, REQUESTS] += requests
        for notice in writing.notices:
            counted[notice.installation_id, notice.kind] += notice.count
    return [
        {"installation_id": installation_id, "name": name, "count": count}
        for (installation_id, name), count in counted.items()
        if count
    ]
