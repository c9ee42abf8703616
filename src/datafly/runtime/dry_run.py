"""What an import would do: every row read and checked as the gateway would, the first requests drawn, nothing sent."""

import time
from collections import Counter
from contextlib import closing
from typing import Any, Final

import msgspec

from datafly.backfill.checkpoint import Counts
from datafly.backfill.refusal import RowRefused
from datafly.backfill.run import Interrupted, Opened, Progress, event_of
from datafly.ingest.codes import Refused
from datafly.ingest.event import check
from datafly.ingest.settings import GatewaySettings
from datafly.model.errors import SignalError
from datafly.runtime.backfill import Hands, Wanted, has_store, target_of
from datafly.runtime.installations import compiler
from datafly.runtime.prepare import open_the_store
from datafly.runtime.preview import Preview
from datafly.settings import Settings

_NAMES: Final = 1_000
"""So many event names are counted by name; where there are more, a column was taken for the name that is none."""
OTHERS: Final = "(other names)"
_TOLD_EVERY: Final = 1_000
SAMPLE: Final = 1_000
"""Of so many events it is told what would become of them: enough to see that consent or age keeps them back."""
SENT: Final = "sent"


class Cause(msgspec.Struct):
    """Rows that are refused alike; `first` of them, and what is said of it."""

    rows: int
    first: str
    message: str


class Shown(msgspec.Struct, frozen=True):
    """One of the first events, and what it would become at one installation. `preview`: as `datafly preview --json`."""

    event: dict[str, Any]
    integration: str
    preview: dict[str, Any]


class Rehearsed(msgspec.Struct, frozen=True):
    """`events`: “track Order Completed” → how many. `refused`: code → cause. `fates`: of the first `SAMPLE` events, by
    installation: “sent”, or verdict and reason → how many. `notes`: what could not be shown.
    """

    counts: Counts
    events: dict[str, int]
    refused: dict[str, Cause]
    fates: dict[str, dict[str, int]]
    requests: list[Shown]
    notes: list[str]


class _Rehearsal:
    def __init__(self, previews: dict[str, Preview], show: int, hands: Hands) -> None:
        self._previews, self._show, self._hands = previews, show, hands
        self._settings = GatewaySettings()
        self.counts = Counts()
        self.events: Counter[str] = Counter()
        self.refused: dict[str, Cause] = {}
        self.requests: list[Shown] = []
        self.fates: dict[str, Counter[str]] = {name: Counter() for name in previews}

    def read(self, one: Opened) -> None:
        for row in one.table.rows():
            self.counts.read += 1
            try:
                event = event_of(row, one.to_event, one.identity)
                self._take(event)
            except (RowRefused, Refused) as refused:
                where = f"{one.identity.name}, row {row.number:,}" + (f" (line {row.line:,})" if row.line else "")
                self._refuse(refused.code, where, refused.message)
            if self.counts.read % _TOLD_EVERY == 0:
                self._hands.tell(Progress(self.counts, one.table.fraction()))
                if self._hands.stop():
                    raise Interrupted

    def _take(self, event: bytes | None) -> None:
        if event is None:
            self.counts.skipped += 1
            return
        checked = check(event, implied=None, settings=self._settings, lenient=True)
        self.counts.accepted += 1
        name = f"{checked.type} {checked.fields.event}" if checked.type == "track" else checked.type
        self.events[name if name in self.events or len(self.events) < _NAMES else OTHERS] += 1
        if self.counts.accepted <= SAMPLE:
            self._draw(checked.body)

    def _draw(self, event: bytes) -> None:
        for name, preview in self._previews.items():
            drawn = preview.of(event).as_json()
            self.fates[name][f"{drawn['verdict']} {drawn['reason']}" if drawn["verdict"] else SENT] += 1
            if self.counts.accepted <= self._show:
                self.requests.append(Shown(msgspec.json.decode(event), name, drawn))

    def _refuse(self, code: str, where: str, message: str) -> None:
        self.counts.refused += 1
        cause = self.refused.setdefault(code, Cause(0, where, message))
        cause.rows += 1


def rehearse(settings: Settings, wanted: Wanted, hands: Hands, *, show: int) -> Rehearsed:
    """`show`: of how many events the requests are drawn. Raises `OperatorError`, and `Interrupted`
    where the hands said so.
    """
    plan = wanted.plan()
    for sentence in plan.recognised():
        hands.say(sentence)
    previews, notes = _previews(settings, wanted)
    rehearsal = _Rehearsal(previews, show, hands)
    for file in plan.files:
        with closing(plan.open(file)) as one:
            rehearsal.read(one)
    fates = {name: dict(found.most_common()) for name, found in rehearsal.fates.items()}
    return Rehearsed(
        counts=rehearsal.counts,
        events=dict(rehearsal.events.most_common()),
        refused=rehearsal.refused,
        fates=fates,
        requests=rehearsal.requests,
        notes=notes,
    )


def _previews(settings: Settings, wanted: Wanted) -> tuple[dict[str, Preview], list[str]]:
    """By the name of each installation that would get the events; and why there are none, or some are missing."""
    if wanted.key or not has_store(settings):
        return {}, ["No requests are shown: which integrations that Signal has is not known here."]
    pipeline = target_of(settings, wanted).pipeline
    store = open_the_store(settings)
    try:
        consent = store.control.consent_settings()
        installed = [one for one in store.control.installations() if pipeline and one.pipeline_id == pipeline.id]
    finally:
        store.close()
    found: dict[str, Preview] = {}
    notes = [] if installed else ["No requests are shown: nothing is installed on the pipeline."]
    compile_one = compiler(settings)
    for one in installed:
        try:
            compiled = compile_one(one)
            found[one.name] = Preview(one.vendor, None, _now_ms, compiled=compiled, importing=pipeline, consent=consent)
        except SignalError as error:
            notes.append(f"{one.name} cannot work as it is set up: {error.message}")
    return found, notes


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
