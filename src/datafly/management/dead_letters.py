"""Dead letters: found in the ledger, shown with their event, replayed as a run."""

from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Final

import msgspec

from datafly.management.causes import group_of, normalised
from datafly.management.events_log import Place
from datafly.management.fates import Fates
from datafly.management.paging import Page, decode_cursor, page
from datafly.management.search import Filters, event_at, fits
from datafly.management.services import Composed
from datafly.management.views.dead_letter import PREFIX, DeadLetter, ReplayOfEvent, dead_letter_id
from datafly.management.views.event import DeliveryView, summary
from datafly.management.views.fate import delivery_view
from datafly.management.views.times import moment
from datafly.model.delivery import DISCARDED, LIVE, Outcome, Replay
from datafly.model.errors import NotFound
from datafly.model.event import Event
from datafly.model.installation import Installation
from datafly.model.verdict import DEAD_LETTERS, Verdict
from datafly.store.base import Delivery

Row = tuple[int, Outcome]
RowId = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
_CHUNK: Final = 200


class Wanted(msgspec.Struct, frozen=True):
    """Which dead letters. `reason` is compared as a whole; `group` and `sentence` are those of `causes`."""

    installation_id: str | None = None
    verdicts: frozenset[Verdict] = DEAD_LETTERS
    reason: str | None = None
    group: str | None = None
    sentence: str | None = None

    def fits(self, outcome: Outcome) -> bool:
        return (
            self.reason in {None, outcome.ruling.reason}
            and (self.group is None or self.group == group_of(outcome))
            and (self.sentence is None or self.sentence == normalised(outcome.ruling))
        )


def row_id_of(dead_letter_id: str) -> int:
    """Raises `NotFound` for what is no dead letter's id."""
    digits = dead_letter_id.removeprefix(PREFIX)
    if not dead_letter_id.startswith(PREFIX) or not (digits.isascii() and digits.isdigit()) or len(digits) > 18:
        raise NotFound(f"There is no dead letter {dead_letter_id}.")
    return int(digits)


def by_id(services: Composed, dead_letter_id: str) -> Row:
    row_id = row_id_of(dead_letter_id)
    outcome = services.ledger.outcome(row_id)
    if outcome is None or outcome.verdict not in DEAD_LETTERS:
        raise NotFound(f"There is no dead letter {dead_letter_id}.")
    return row_id, outcome


def find(services: Composed, wanted: Wanted, cursor: str | None, limit: int) -> Page[DeadLetter]:
    """Newest first, within bounds, like live events."""
    before = None if cursor is None else decode_cursor(cursor, RowId)
    rows, more_before = _rows(services, wanted, before, limit)
    shown = Shown(services)
    return page([shown.dead_letter(row) for row in rows], more_before)


def _rows(services: Composed, wanted: Wanted, before: int | None, limit: int) -> tuple[list[Row], int | None]:
    """The rows of a page, and the id before which the next one goes on."""
    rows: list[Row] = []
    left = services.settings.scan_verdicts
    while left > 0:
        chunk = services.ledger.outcomes(
            installation_id=wanted.installation_id, verdicts=wanted.verdicts, before_id=before, limit=_CHUNK
        )
        for place, (row_id, outcome) in enumerate(chunk):
            if wanted.fits(outcome):
                rows.append((row_id, outcome))
            if len(rows) == limit:
                ended = place == len(chunk) - 1 and len(chunk) < _CHUNK
                return rows, None if ended else row_id
        if len(chunk) < _CHUNK:
            return rows, None
        before, left = chunk[-1][0], left - len(chunk)
    return rows, before


def lines(services: Composed, wanted: Wanted) -> Iterator[bytes]:
    """All that fit, newest first, as NDJSON: each dead letter with its whole event."""
    before: int | None = None
    while True:
        rows, before = _rows(services, wanted, before, _CHUNK)
        shown = Shown(services)
        for row in rows:
            yield msgspec.json.encode(Exported(shown.dead_letter(row), _event_of(services, row[1]))) + b"\n"
        if before is None:
            return


class Exported(msgspec.Struct, frozen=True):
    """`event` null: it is not kept any more."""

    dead_letter: DeadLetter
    event: Event | None


def _event_of(services: Composed, outcome: Outcome) -> Event | None:
    place = services.log.at(outcome.partition, outcome.first)
    return event_at(place) if place else None


class Shown:
    """One look at installations, replays and ledger, for a page of dead letters."""

    def __init__(self, services: Composed) -> None:
        self._services = services
        self._fates = Fates(services)
        self._installations = {found.id: found for found in services.control.installations(removed=True)}
        self._replays = Replays(services)

    def dead_letter(self, row: Row) -> DeadLetter:
        row_id, outcome = row
        installation = self._installations.get(outcome.installation_id)
        place = self._services.log.at(outcome.partition, outcome.first)
        event = event_at(place) if place else None
        known = self._services.ledger.deliveries(outcome.partition, outcome.first)
        told = self._told(installation, outcome, known)
        replays = self._replays.of(outcome, known)
        return DeadLetter(
            id=dead_letter_id(row_id),
            pipeline_integration_id=outcome.installation_id,
            integration_name=installation.name if installation else None,
            vendor=installation.vendor if installation else None,
            verdict=outcome.verdict,
            reason=told.reason if told else outcome.ruling.reason or None,
            cause=told.cause if told else outcome.ruling.cause or None,
            cure=told.cure if told else outcome.ruling.cure or None,
            symptom=outcome.ruling.symptom or None,
            decided_at=moment(outcome.decided_ms),
            run_id=outcome.run_id or None,
            count=outcome.last - outcome.first + 1,
            event=summary(event) if event else None,
            attempts=told.attempts if told else 0,
            request=told.request if told else None,
            response=told.response if told else None,
            replayed=bool(replays),
            discarded=self._replays.gave_up(outcome.installation_id, outcome.partition, outcome.first),
            replays=replays,
        )

    def _told(self, installation: Installation | None, outcome: Outcome, known: list[Delivery]) -> DeliveryView | None:
        mine = (outcome.installation_id, outcome.run_id)
        found = next((one for one in known if one.outcome and (one.installation_id, one.run_id) == mine), None)
        if installation is None or found is None:
            return None
        view = delivery_view(installation, found, outcome.first, self._fates.pick(installation))
        return self._fates.as_sent.view(view, installation, outcome.partition, outcome.first)


class Replays:
    """Which runs hold which events."""

    def __init__(self, services: Composed) -> None:
        self._runs = services.control.replays()
        self._members = {run.id: frozenset(run.members) for run in self._runs}

    def of(self, outcome: Outcome, known: list[Delivery]) -> list[ReplayOfEvent]:
        """Later runs over the first event of the outcome; a run is no replay of what it refused itself."""
        holding = self._holding(outcome.installation_id, outcome.partition, outcome.first)
        verdicts = {found.run_id: found.verdict for found in known if found.installation_id == outcome.installation_id}
        return [
            ReplayOfEvent(id=run.id, state=run.state, verdict=verdicts.get(run.id))
            for run in holding
            if run.id != outcome.run_id and run.created_ms >= outcome.decided_ms and run.state != DISCARDED
            # What a stretch has in between without a verdict was left out by its filter.
            if run.plan is None or run.id in verdicts
        ]

    def wait_for(self, installation_id: str, partition: int, offset: int) -> bool:
        """Whether a run that is not done holds the event."""
        open_states = {"queued", "running", "paused"}
        return any(run.state in open_states for run in self._holding(installation_id, partition, offset))

    def gave_up(self, installation_id: str, partition: int, offset: int) -> bool:
        """Whether somebody discarded the event."""
        return any(run.state == DISCARDED for run in self._holding(installation_id, partition, offset))

    def _holding(self, installation_id: str, partition: int, offset: int) -> list[Replay]:
        member = (partition, offset)
        mine = (run for run in self._runs if run.installation_id == installation_id)
        return [run for run in mine if member in self._members[run.id] or _spans(run, member)]


def _spans(run: Replay, member: tuple[int, int]) -> bool:
    spans = run.plan.spans if run.plan else ()
    return any(partition == member[0] and first <= member[1] <= last for partition, first, last in spans)


def expand(services: Composed, installation: Installation, outcome: Outcome) -> Iterator[Place]:
    """The events of an outcome that are still kept and are the installation's, ascending."""
    for place in services.log.between(outcome.partition, outcome.first, outcome.last):
        if fits(place, Filters(pipeline_id=installation.pipeline_id)):
            yield place


def is_settled(services: Composed, outcome: Outcome, offset: int, replays: Replays) -> bool:
    """Whether a run has delivered the event since, is about to try, or has refused it anew: see that dead letter. Or
    somebody discarded it.
    """
    if replays.gave_up(outcome.installation_id, outcome.partition, offset):
        return True
    if replays.wait_for(outcome.installation_id, outcome.partition, offset):
        return True
    known = services.ledger.deliveries(outcome.partition, offset)
    return any(
        (found.verdict is Verdict.DELIVERED and found.run_id != LIVE) or _is_later(found.outcome, outcome)
        for found in known
        if found.installation_id == outcome.installation_id
    )


def _is_later(other: Outcome | None, outcome: Outcome) -> bool:
    """Whether the other is a later dead letter of the same event."""
    if other is None or other.verdict not in DEAD_LETTERS:
        return False
    return (other.decided_ms, other.run_id) > (outcome.decided_ms, outcome.run_id)


def verdicts_of(services: Composed, replay: Replay) -> dict[str, int]:
    """What is final so far, by verdict."""
    members = set(replay.members)
    counted: Counter[str] = Counter()
    for partition, *_ in replay.plan.spans if replay.plan else ():
        for first, last, verdict in services.ledger.coverage(replay.installation_id, partition, run_id=replay.id):
            counted[verdict] += last - first + 1
    for partition in {partition for partition, _ in members}:
        for first, last, verdict in services.ledger.coverage(replay.installation_id, partition, run_id=replay.id):
            counted[verdict] += sum((partition, offset) in members for offset in range(first, last + 1))
    return dict(counted)
