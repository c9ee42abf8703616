"""Replays of a stretch of time as jobs: counted before, watched, paused, cancelled. Free of routes."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from datafly.management.events_log import Place
from datafly.management.installing import in_force
from datafly.management.search import event_at
from datafly.management.services import Composed
from datafly.management.views.event import EventSummary, summary
from datafly.model.delivery import Plan, Replay
from datafly.model.errors import Conflict, Invalid
from datafly.model.installation import Installation
from datafly.model.replay import Selection
from datafly.model.verdict import Verdict
from datafly.spec.config import complete_config, consent_of
from datafly.spec.parameters import resolved_config
from datafly.store.ids import fresh_id

_CHUNK: Final = 500
_MOST_NAMES: Final = 200
_FROM: Final = {
    "pause": (frozenset({"queued", "running"}), "paused"),
    "resume": (frozenset({"paused"}), "queued"),
    "cancel": (frozenset({"queued", "running", "paused"}), "cancelled"),
}
VERBS: Final = frozenset(_FROM)


class Counted(msgspec.Struct, frozen=True):
    """What a stretch comes to. `names`: event → how often. `verdicts`: what became of them live, "" for not yet known.

    `forbidden`: those whose own consent forbids sending. `complete` false: there are more than the `looked` that were
    looked through.
    """

    installation_id: str
    spans: tuple[tuple[int, int, int], ...]
    count: int
    names: dict[str, int]
    verdicts: dict[str, int]
    forbidden: int
    looked: int
    complete: bool


class Result(msgspec.Struct, frozen=True):
    """What became of one event in a replay. `event` null: it is not kept any more."""

    partition: int
    offset: int
    verdict: Verdict
    reason: str | None
    event: EventSummary | None


def _category_of(services: Composed, installation: Installation) -> str | None:
    """The consent that it asks for, also where the rest of its config is no good (any more)."""
    integration = services.catalog.get(installation.vendor)
    if not integration.consent_by:
        return integration.consent
    given = resolved_config(installation.revision.config, installation.parameters)
    return consent_of(integration, complete_config(integration, installation.template.variant, given, {}))


def count(services: Composed, installation_id: str, selection: Selection, since_ms: int, until_ms: int) -> Counted:
    """Looks through the stretch, within bounds. What is not decided live yet is no part of it: that is yet to come."""
    installation = in_force(services, installation_id)
    category = _category_of(services, installation)
    spans = tuple(_spans(services, installation, since_ms, until_ms))
    left = services.settings.scan_replay
    names: Counter[str] = Counter()
    verdicts: Counter[str] = Counter()
    forbidden = looked = 0
    complete = True
    for partition, first, last in spans:
        for places in _chunks(services, partition, first, last, size=min(_CHUNK, left)):
            if looked >= left:
                complete = False
                break
            looked += len(places)
            for place, verdict in _fitting(services, installation, selection, places):
                event = event_at(place)
                if event is None:
                    continue
                names[event.label if event.label in names or len(names) < _MOST_NAMES else "…"] += 1
                verdicts[verdict] += 1
                forbidden += category is not None and not event.consent.categories.get(category, False)
    return Counted(
        installation_id=installation.id,
        spans=spans,
        count=names.total(),
        names=dict(names.most_common()),
        verdicts=dict(verdicts),
        forbidden=forbidden,
        looked=looked,
        complete=complete,
    )


def start(
    services: Composed, counted: Counted, selection: Selection, *, by: str, rate_share: float = 1.0, quiet: bool = False
) -> Replay:
    """Durable. Raises `Conflict` where nothing is in it, `Invalid` where the vendor cannot be told quietly."""
    if counted.count == 0 and counted.complete:
        raise Conflict("There is nothing to replay: no event of that time fits.", code="NOTHING_TO_REPLAY")
    if quiet:
        require_quiet(services, services.control.installation(counted.installation_id))
    now_ms = services.clock.now_ms()
    plan = Plan(
        spans=counted.spans,
        selection=selection,
        rate_share=rate_share,
        quiet=quiet,
        count=counted.count,
        is_counted=counted.complete,
    )
    replay = Replay(fresh_id("run", now_ms), counted.installation_id, (), now_ms, by, plan=plan)
    services.control.create_replay(replay)
    return replay


def steer(services: Composed, replay_id: str, verb: str) -> Replay:
    """`verb`: pause, resume, cancel. Raises `NotFound`; `Conflict` where it stands so that this makes no sense."""
    only_from, state = _FROM[verb]
    if not services.control.set_replay_state(replay_id, state, only_from=only_from):
        found = services.control.replay(replay_id)
        raise Conflict(f"The replay is {found.state}: it cannot {verb}.", code="REPLAY_STATE", state=found.state)
    return services.control.replay(replay_id)


def progress(services: Composed, replay: Replay, decided: int) -> float:
    """0 to 1. Of a stretch: how far the log is read; else: how many events are decided."""
    if replay.state == "done":
        return 1.0
    if replay.plan is None:
        return decided / len(replay.members) if replay.members else 0.0
    whole = sum(last - first + 1 for _, first, last in replay.plan.spans)
    passed = 0
    for partition, first, last in replay.plan.spans:
        found = services.ledger.progress(replay.installation_id, partition, run_id=replay.id)
        passed += min(max(found.mark - first, 0), last - first + 1) if found else 0
    return passed / whole if whole else 0.0


def results(
    services: Composed, replay: Replay, *, verdict: Verdict | None, after: tuple[int, int] | None, limit: int
) -> tuple[list[Result], tuple[int, int] | None]:
    """What became of its events, in the order of the log, and the place to go on after."""
    found: list[Result] = []
    for partition, first, last in _held(replay):
        start_at = first if after is None or after[0] < partition else after[1] + 1
        if after is not None and after[0] > partition:
            continue
        for at in range(max(start_at, first), last + 1, _CHUNK):
            until = min(at + _CHUNK - 1, last)
            fates = services.ledger.decided(replay.installation_id, partition, at, until, run_id=replay.id)
            for offset, this, reason in _each(fates, at, until):
                if verdict in {None, this}:
                    found.append(_result(services, partition, offset, this, reason))
                if len(found) == limit:
                    return found, (partition, offset)
    return found, None


def _held(replay: Replay) -> Iterator[tuple[int, int, int]]:
    if replay.plan is not None:
        yield from sorted(replay.plan.spans)
        return
    for partition in sorted({partition for partition, _ in replay.members}):
        offsets = [offset for at, offset in replay.members if at == partition]
        yield partition, min(offsets), max(offsets)


def _each(fates: list[tuple[int, int, Verdict, str]], first: int, last: int) -> Iterator[tuple[int, Verdict, str]]:
    for begins, ends, verdict, reason in sorted(fates, key=lambda fate: fate[:2]):
        for offset in range(max(begins, first), min(ends, last) + 1):
            yield offset, verdict, reason


def _result(services: Composed, partition: int, offset: int, verdict: Verdict, reason: str) -> Result:
    place = services.log.at(partition, offset)
    event = event_at(place) if place else None
    return Result(partition, offset, verdict, reason or None, summary(event) if event else None)


def _spans(
    services: Composed, installation: Installation, since_ms: int, until_ms: int
) -> Iterator[tuple[int, int, int]]:
    marks = services.ledger.marks()
    for partition in services.log.partitions:
        first, end = (services.log.first_since(partition, moment) for moment in (since_ms, until_ms + 1))
        mark = marks.get((installation.id, partition), installation.start.get(partition, 0))
        if first < min(end, mark):
            yield partition, first, min(end, mark) - 1


def _chunks(services: Composed, partition: int, first: int, last: int, *, size: int) -> Iterator[list[Place]]:
    chunk: list[Place] = []
    for place in services.log.between(partition, first, last):
        chunk.append(place)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _fitting(
    services: Composed, installation: Installation, selection: Selection, places: list[Place]
) -> Iterator[tuple[Place, str]]:
    """With what became of it live."""
    partition, first, last = places[0].partition, places[0].offset, places[-1].offset
    fates = services.ledger.decided(installation.id, partition, first, last)
    known = {offset: (verdict, reason) for offset, verdict, reason in _each(fates, first, last)}
    for place in places:
        event = event_at(place)
        if event is None or event.pipeline_id != installation.pipeline_id or not selection.fits(event):
            continue
        fate: Any = known.get(place.offset)
        if selection.asks_fate and (fate is None or not selection.fits_fate(*fate)):
            continue
        yield place, fate[0].value if fate else ""


def require_quiet(services: Composed, installation: Installation) -> None:
    if not can_be_quiet(services, installation):
        name = services.catalog.get(installation.vendor).name
        raise Invalid(f"quiet: {name} has no way to be told quietly.", field="quiet")


def can_be_quiet(services: Composed, installation: Installation) -> bool:
    """By a field of a request of historical events, or a route of their own."""
    found = services.catalog.get(installation.vendor)
    return any(one.historical for one in found.routes) or any(one.historical_route is not None for one in found.rules)
