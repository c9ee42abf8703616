"""Dead letters grouped by their cause: what a vendor says of many events, less what is of one event alone."""

import hashlib
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

import msgspec

from datafly.management.services import Composed
from datafly.management.views.dead_letter import dead_letter_id
from datafly.management.views.times import moment
from datafly.model.delivery import DISCARDED, Outcome, Replay
from datafly.model.verdict import DEAD_LETTERS, Ruling, Verdict

_CHUNK: Final = 500
_PARTS: Final = (
    (re.compile(r"[^\s\"'<>@]+@[^\s\"'<>@]+"), "…@…"),
    (re.compile(r"\"[^\"]*\"|'[^']*'|“[^”]*”"), "“…”"),
    (re.compile(r"\b(?=[\w-]*\d)[0-9a-fA-F-]{8,}\b"), "…"),
    (re.compile(r"(?<=: )\S.*$"), "…"),
    (re.compile(r"\d+(\.\d+)?"), "n"),
)
"""What differs from event to event: addresses, quotations, ids, what follows a colon, numbers."""


class Cause(msgspec.Struct, frozen=True):
    """`id` finds its dead letters again (`group`). `count` counts events, each once, `sent_again` those that a run held
    since, `discarded` those that somebody gave up.

    `sentence` is what the vendor, or Signal, said, less what was of one event. `sample`: the newest of them.
    """

    id: str
    pipeline_integration_id: str
    integration_name: str | None
    verdict: Verdict
    sentence: str
    cause: str | None
    cure: str | None
    symptom: str | None
    count: int
    sent_again: int
    discarded: int
    first_seen_at: datetime
    last_seen_at: datetime
    sample: str

    @property
    def open(self) -> int:
        """Events with which nothing was done yet."""
        return self.count - self.sent_again - self.discarded


class Causes(msgspec.Struct, frozen=True):
    """The most frequent first. `complete` false: only the newest dead letters were counted."""

    data: list[Cause]
    complete: bool


def normalised(ruling: Ruling) -> str:
    """The ruling's reason less what is of one event; a code stays as it is."""
    text = ruling.reason or ruling.symptom or ruling.cause or ruling.verdict.value
    for part, stands in _PARTS:
        text = part.sub(stands, text)
    return text[:300]


def group_of(outcome: Outcome) -> str:
    """Which group a dead letter belongs to."""
    said = (outcome.installation_id, outcome.verdict, normalised(outcome.ruling), outcome.ruling.symptom)
    return hashlib.sha256("\x1f".join(said).encode()).hexdigest()[:16]


def causes(services: Composed, *, installation_id: str | None = None, since_ms: int = 0) -> Causes:
    """Of the newest dead letters, within bounds, of which the oldest was decided at `since_ms` or later."""
    names = {one.id: one.name for one in services.control.installations(removed=True)}
    runs = _Runs(services)
    found: dict[str, _Sum] = {}
    looked = 0
    for row_id, outcome in _newest(services, installation_id, since_ms):
        looked += 1
        found.setdefault(group_of(outcome), _Sum(row_id, outcome)).add(outcome, runs)
    shown = [one.view(key, names) for key, one in found.items()]
    shown.sort(key=lambda one: (-one.open, -one.count))
    return Causes(shown, complete=looked < services.settings.scan_dead_letters)


class _Sum:
    def __init__(self, row_id: int, newest: Outcome) -> None:
        self._row_id, self._newest, self._oldest = row_id, newest, newest
        self._count = self._again = self._discarded = 0
        self._anew: set[tuple[int, int]] = set()

    def add(self, outcome: Outcome, runs: "_Runs") -> None:
        """Newest first. An event that a run had refused anew is counted once."""
        self._oldest = outcome
        offsets: Sequence[int] = range(outcome.first, outcome.last + 1)
        if self._anew:
            offsets = [offset for offset in offsets if (outcome.partition, offset) not in self._anew]
        if outcome.run_id:
            self._anew.update((outcome.partition, offset) for offset in offsets)
        self._count += len(offsets)
        for run in runs.since(outcome, offsets):
            if run is not None:
                self._discarded += run.state == DISCARDED
                self._again += run.state != DISCARDED

    def view(self, key: str, names: dict[str, str]) -> Cause:
        ruling = self._newest.ruling
        return Cause(
            id=key,
            pipeline_integration_id=self._newest.installation_id,
            integration_name=names.get(self._newest.installation_id),
            verdict=self._newest.verdict,
            sentence=normalised(ruling),
            cause=ruling.cause or None,
            cure=ruling.cure or None,
            symptom=ruling.symptom or None,
            count=self._count,
            sent_again=self._again,
            discarded=self._discarded,
            first_seen_at=moment(self._oldest.decided_ms),
            last_seen_at=moment(self._newest.decided_ms),
            sample=dead_letter_id(self._row_id),
        )


def _newest(services: Composed, installation_id: str | None, since_ms: int) -> Iterator[tuple[int, Outcome]]:
    before, left = None, services.settings.scan_dead_letters
    while left > 0:
        chunk = services.ledger.outcomes(
            installation_id=installation_id, verdicts=DEAD_LETTERS, before_id=before, limit=min(_CHUNK, left)
        )
        recent = [row for row in chunk if row[1].decided_ms >= since_ms]
        yield from recent
        if len(chunk) < _CHUNK or not recent:
            return
        before, left = chunk[-1][0], left - len(chunk)


class _Runs:
    """Which run held an event last: one over dead letters by its members, one over a stretch by what it decided."""

    def __init__(self, services: Composed) -> None:
        self._ledger = services.ledger
        self._members: dict[str, dict[tuple[int, int], Replay]] = {}
        self._stretches: dict[str, list[Replay]] = {}
        self._decided: dict[tuple[str, int], list[tuple[int, int, Verdict]]] = {}
        for run in sorted(services.control.replays(), key=lambda one: one.created_ms):
            self._members.setdefault(run.installation_id, {}).update(dict.fromkeys(run.members, run))
            if run.plan is not None:
                self._stretches.setdefault(run.installation_id, []).append(run)

    def since(self, outcome: Outcome, offsets: Sequence[int]) -> Iterator[Replay | None]:
        """For each of the outcome's events the last run that was made after it was decided."""
        members = self._members.get(outcome.installation_id, {})
        stretches = [one for one in self._stretches.get(outcome.installation_id, ()) if self._reaches(one, outcome)]
        if not members and not stretches:
            return
        for offset in offsets:
            held = [one for one in stretches if self._has(one, outcome.partition, offset)]
            if (member := members.get((outcome.partition, offset))) and member.created_ms >= outcome.decided_ms:
                held.append(member)
            yield max(held, key=lambda one: one.created_ms, default=None)

    def _reaches(self, run: Replay, outcome: Outcome) -> bool:
        spans = run.plan.spans if run.plan else ()
        inside = any(
            at == outcome.partition and low <= outcome.last and outcome.first <= high for at, low, high in spans
        )
        return inside and run.created_ms >= outcome.decided_ms

    def _has(self, run: Replay, partition: int, offset: int) -> bool:
        key = run.id, partition
        if key not in self._decided:
            self._decided[key] = self._ledger.coverage(run.installation_id, partition, run_id=run.id)
        ranges = self._decided[key]
        at = bisect_right(ranges, offset, key=lambda one: one[0]) - 1
        return at >= 0 and ranges[at][0] <= offset <= ranges[at][1]
