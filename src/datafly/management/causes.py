"""Dead letters grouped by their cause: what a vendor says of many events, less what is of one event alone."""

import hashlib
import re
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


_Settled = dict[str, dict[tuple[int, int], Replay]]
"""Installation → event → the last run that holds it."""


class Cause(msgspec.Struct, frozen=True):
    """`id` finds its dead letters again (`group`). `count` counts events, `sent_again` those that a run holds since,
    `discarded` those that somebody gave up.

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
    settled = _settled(services)
    found: dict[str, _Sum] = {}
    looked = 0
    for row_id, outcome in _newest(services, installation_id, since_ms):
        looked += 1
        found.setdefault(group_of(outcome), _Sum(row_id, outcome)).add(outcome, settled)
    shown = [one.view(key, names) for key, one in found.items()]
    shown.sort(key=lambda one: (-one.open, -one.count))
    return Causes(shown, complete=looked < services.settings.scan_dead_letters)


class _Sum:
    def __init__(self, row_id: int, newest: Outcome) -> None:
        self._row_id, self._newest, self._oldest = row_id, newest, newest
        self._count = self._again = self._discarded = 0
        self._anew: set[tuple[int, int]] = set()

    def add(self, outcome: Outcome, settled: _Settled) -> None:
        """Newest first. An event that a run had refused anew is counted once."""
        self._oldest = outcome
        offsets: Sequence[int] = range(outcome.first, outcome.last + 1)
        if self._anew:
            offsets = [offset for offset in offsets if (outcome.partition, offset) not in self._anew]
        if outcome.run_id:
            self._anew.update((outcome.partition, offset) for offset in offsets)
        self._count += len(offsets)
        runs = settled.get(outcome.installation_id)
        for offset in offsets if runs else ():
            run = runs.get((outcome.partition, offset)) if runs else None
            if run and run.created_ms >= outcome.decided_ms:
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


def _settled(services: Composed) -> _Settled:
    found: _Settled = {}
    for run in sorted(services.control.replays(), key=lambda one: one.created_ms):
        found.setdefault(run.installation_id, {}).update(dict.fromkeys(run.members, run))
    return found
