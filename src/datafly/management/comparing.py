"""A draft beside what is deployed, over the newest real events: what changes, grouped and counted."""

import asyncio
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any, Final

import msgspec

from datafly.management.comparisons import Job
from datafly.management.events_log import Place
from datafly.management.installing import in_force
from datafly.management.previewing import judged
from datafly.management.revising import Draft, draft_of
from datafly.management.search import event_at
from datafly.management.services import Composed
from datafly.management.views.exchange import parsed
from datafly.model.delivery import Item, Reply
from datafly.model.event import Event
from datafly.model.installation import Installation
from datafly.model.verdict import DELIVERED, Ruling, Verdict
from datafly.spec.compiled import Compiled, Shaped

MOST_EVENTS: Final = 10_000
LOOKED_THROUGH: Final = 50_000
"""So many records are read at most, of whatever pipelines."""
_GROUPS: Final = 200
_SAMPLES: Final = 3
_ASKED: Final = 100
_CHANGES: Final = 50
_PLACE: Final = re.compile(r"\[\d+\]")

_Count = Annotated[int, msgspec.Meta(ge=1, le=MOST_EVENTS, description="The newest so many events of the pipeline.")]


class CompareBody(Draft, frozen=True, kw_only=True, forbid_unknown_fields=True):
    events: _Count = 1_000


class ChangeView(msgspec.Struct, frozen=True):
    """`path`: of a value in what is sent for the event; null where it is not sent."""

    path: str
    before: Any
    after: Any


class SampleView(msgspec.Struct, frozen=True):
    """`changes` holds at most 50."""

    message_id: str
    partition: int
    offset: int
    changes: list[ChangeView]


class GroupView(msgspec.Struct, frozen=True):
    """Events of one name to which the same happens. `kind`: changed, newly_sent, newly_skipped, newly_rejected,
    other_reason. `paths`: of the values that change, `[]` for any place of a list. `before`, `after`: why not sent.
    """

    kind: str
    event: str
    paths: list[str]
    before: str | None
    after: str | None
    count: int
    samples: list[SampleView]


class SandboxCounts(msgspec.Struct, frozen=True):
    """Events that the vendor's sandbox was asked about, under both revisions: some of those that change, the first of
    each group among them, and some of the others. `before`, `after`: verdict and reason → events.
    """

    asked: int
    is_sampled: bool
    before: dict[str, int]
    after: dict[str, int]


class ComparisonView(msgspec.Struct, frozen=True):
    """`state`: running, done, failed. `counts`: what happens → events: same, and the kinds of groups. `more_groups`:
    events of further groups, which are only counted. `sandbox` null: the vendor has none, or it is not asked yet.
    """

    id: str
    state: str
    pipeline_integration_id: str
    events_wanted: int
    events_seen: int
    revision_number: int | None = None
    is_draft: bool | None = None
    counts: dict[str, int] = {}
    groups: list[GroupView] = []
    more_groups: int = 0
    sandbox: SandboxCounts | None = None
    fault: str | None = None


class Compared(msgspec.Struct, frozen=True):
    revision_number: int | None
    is_draft: bool
    counts: dict[str, int]
    groups: list[GroupView]
    more_groups: int
    sandbox: SandboxCounts | None


def comparison_view(job: Job) -> ComparisonView:
    found = msgspec.structs.asdict(job.result) if isinstance(job.result, Compared) else {}
    return ComparisonView(
        id=job.id,
        state=job.state,
        pipeline_integration_id=job.installation_id,
        events_wanted=job.wanted,
        events_seen=job.seen,
        fault=job.fault or None,
        **found,
    )


def prepared(services: Composed, installation_id: str, body: CompareBody) -> "Comparing":
    """Raises `NotFound`, `Invalid`, `Conflict`: what is wrong with the draft is told before anything runs."""
    installation = in_force(services, installation_id)
    return Comparing(services, installation, draft_of(services, installation, body))


class _Pair(msgspec.Struct, frozen=True):
    before: Shaped
    after: Shaped


class Comparing:
    """Blocking. Holds a bounded number of groups and of items for the sandbox, whatever it looks at."""

    def __init__(self, services: Composed, installation: Installation, drafted: Installation) -> None:
        self._services = services
        self._installation, self._drafted = installation, drafted
        self._pipeline_id = installation.pipeline_id
        self._before, self._after = services.compile(installation), services.compile(drafted)
        self._counts: Counter[str] = Counter()
        self._groups: dict[tuple[Any, ...], GroupView] = {}
        self._more = 0
        self._kept: dict[bool, list[_Pair]] = {True: [], False: []}
        self._now_ms = services.clock.now_ms()

    def carry_out(self, job: Job) -> Compared:
        for place, event in islice(self._events(), job.wanted):
            if self._services.stop.is_set():
                break
            job.seen += 1
            self._look(place, event, every=max(1, job.wanted // _ASKED), number=job.seen)
        groups = sorted(self._groups.values(), key=lambda group: -group.count)
        revision = self._drafted.revision
        number = revision.number or None
        return Compared(number, not revision.id, dict(self._counts), groups, self._more, self._asked(job.seen))

    def _events(self) -> Iterator[tuple[Place, Event]]:
        log = self._services.log
        for place in islice(log.newest(log.heads()), LOOKED_THROUGH):
            event = event_at(place)
            if event and event.pipeline_id == self._pipeline_id:
                yield place, event

    def _look(self, place: Place, event: Event, *, every: int, number: int) -> None:
        shape = self._services.trying.shape
        pair = _Pair(shape(self._before, event, self._now_ms), shape(self._after, event, self._now_ms))
        kind = _kind(pair)
        self._counts[kind] += 1
        differs = kind != "same"
        is_rare = differs and self._group(kind, place, event, pair) <= _SAMPLES
        kept = self._kept[differs]
        if len(kept) < _ASKED // 2 or (len(kept) < _ASKED and (is_rare or number % every == 0)):
            kept.append(pair)

    def _group(self, kind: str, place: Place, event: Event, pair: _Pair) -> int:
        """How many of its group there are now."""
        changes = list(_changes(pair)) if kind in {"changed", "newly_sent"} else []
        paths = sorted({_anywhere(change.path) for change in changes}) if kind == "changed" else []
        reasons = (_reason(pair.before), _reason(pair.after))
        key = (kind, event.label, *reasons, *paths)
        group = self._groups.get(key)
        if group is None and len(self._groups) >= _GROUPS:
            self._more += 1
            return self._more
        sample = SampleView(event.message_id, place.partition, place.offset, changes[:_CHANGES])
        if group is None:
            group = GroupView(kind, event.label, paths, *reasons, 0, [])
        samples = [*group.samples, sample] if len(group.samples) < _SAMPLES else group.samples
        self._groups[key] = msgspec.structs.replace(group, count=group.count + 1, samples=samples)
        return group.count + 1

    def _asked(self, seen: int) -> SandboxCounts | None:
        """Oldest first, as they came, and each revision of a sandbox of its own."""
        pairs = [*reversed(self._kept[False]), *reversed(self._kept[True])]
        before = self._verdicts(self._installation, self._before, [pair.before for pair in pairs])
        after = self._verdicts(self._drafted, self._after, [pair.after for pair in pairs])
        if before is None or after is None:
            return None
        return SandboxCounts(len(pairs), len(pairs) < seen, before, after)

    def _verdicts(self, served: Installation, compiled: Compiled, every: list[Shaped]) -> dict[str, int] | None:
        items = [item for shaped in every if not isinstance(shaped, Ruling) for item in shaped]
        replies = asyncio.run(_answers(self._services, served, items, self._now_ms))
        if replies is None:
            return None
        rulings = iter([judged(compiled, reply, item) for reply, item in zip(replies, items, strict=True)])
        found: Counter[str] = Counter()
        for shaped in every:
            own = [shaped] if isinstance(shaped, Ruling) else list(islice(rulings, len(shaped)))
            found[_told(next((one for one in own if one.verdict is not Verdict.DELIVERED), DELIVERED))] += 1
        return dict(found)


async def _answers(services: Composed, served: Installation, items: list[Item], now_ms: int) -> list[Reply] | None:
    return await services.trying.ask(served, items, now_ms)


def _kind(pair: _Pair) -> str:
    before, after = pair.before, pair.after
    if isinstance(after, Ruling):
        if isinstance(before, Ruling):
            return "same" if (before.verdict, before.reason) == (after.verdict, after.reason) else "other_reason"
        return "newly_rejected" if after.verdict is Verdict.REJECTED else "newly_skipped"
    if isinstance(before, Ruling):
        return "newly_sent"
    return "same" if _told_apart(before) == _told_apart(after) else "changed"


def _told_apart(items: tuple[Item, ...]) -> list[tuple[Any, ...]]:
    return [(item.route, item.part, item.group, item.body) for item in items]


def _changes(pair: _Pair) -> Iterator[ChangeView]:
    before, after = _leaves_of(pair.before), _leaves_of(pair.after)
    for path in dict.fromkeys([*before, *after]):
        if before.get(path) != after.get(path):
            yield ChangeView(path, before.get(path), after.get(path))


def _leaves_of(shaped: Shaped) -> dict[str, Any]:
    if isinstance(shaped, Ruling):
        return {}
    found: dict[str, Any] = {}
    for index, item in enumerate(shaped):
        start = "" if len(shaped) == 1 else f"{item.route or 'item'}[{index}]"
        found |= dict(_leaves(parsed(item.body.decode()), start))
    return found


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        for index, inner in enumerate(value):
            yield from _leaves(inner, f"{path}[{index}]")
    else:
        yield path, value


def _anywhere(path: str) -> str:
    return _PLACE.sub("[]", path)


def _reason(shaped: Shaped) -> str | None:
    return _told(shaped) if isinstance(shaped, Ruling) else None


def _told(ruling: Ruling) -> str:
    return f"{ruling.verdict.value} {ruling.reason}".strip()
