"""`/v1/admin/dead-letters` and `/v1/admin/replays`"""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Response, Router, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.response import Stream
from msgspec import UNSET, UnsetType

from datafly.management import dead_letters, replay_jobs, replaying
from datafly.management.bodies import Strict
from datafly.management.causes import Causes, causes
from datafly.management.paging import Cursor, Limit, Page, decode_cursor, newest_first, page
from datafly.management.parameters import IfMatch, etag, require_match
from datafly.management.routes.caller import Caller, tell
from datafly.management.services import Composed, Services
from datafly.management.views.dead_letter import DeadLetter, ReplayView, replay_view
from datafly.management.views.event import EventSummary
from datafly.management.views.times import milliseconds_of
from datafly.model.delivery import DISCARDED, Replay
from datafly.model.errors import Invalid
from datafly.model.replay import Selection
from datafly.model.verdict import DEAD_LETTERS, Verdict

Text = Annotated[str | None, QueryParameter(max_length=1_000)]
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


class ReplayBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Either `ids` of dead letters, or `pipeline_integration_id` for all of its dead letters that fit."""

    ids: Annotated[list[Id], msgspec.Meta(min_length=1, max_length=1_000)] | UnsetType = UNSET
    pipeline_integration_id: Id | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    verdict: Verdict | UnsetType = UNSET
    group: Id | UnsetType = UNSET


class DiscardBody(ReplayBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`why` is kept in the audit log."""

    why: Annotated[str, msgspec.Meta(min_length=1, max_length=1_000)]


class Discarded(msgspec.Struct, frozen=True):
    """`more`: other dead letters fit, beyond what one call takes; call again for them."""

    id: str
    count: int
    more: bool


class RangeBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Events that came from `since` to `until`; `event` and `user_id` as for live events. `verdict` and `reason`: what
    became of them live.

    `rate_share`: the most that it takes of the vendor's documented rate, beside live events. `quiet`: as history, by
    which the vendor starts nothing; 422 where it has no such way.
    """

    pipeline_integration_id: Id
    since: Annotated[datetime, msgspec.Meta(tz=True)]
    until: Annotated[datetime, msgspec.Meta(tz=True)]
    event: Annotated[str, msgspec.Meta(max_length=1_000)] | None = None
    user_id: Annotated[str, msgspec.Meta(max_length=1_000)] | None = None
    verdict: Verdict | None = None
    reason: Annotated[str, msgspec.Meta(max_length=1_000)] | None = None
    rate_share: Annotated[float, msgspec.Meta(ge=0.001, le=1)] = 1.0
    quiet: bool = False
    dry_run: bool = False


class RangeReplay(msgspec.Struct, frozen=True):
    """`events`: name → how often. `verdicts`: what became of them live → how often. `consent_denied`: of them, those
    whose own consent forbids sending.

    `more`: there are more than were counted; a replay takes them all the same. `replay` null: a dry run.
    """

    count: int
    more: bool
    events: dict[str, int]
    verdicts: dict[str, int]
    consent_denied: int
    replay: ReplayView | None


class ReplayedEvent(msgspec.Struct, frozen=True):
    """What became of one event in the replay. `event` is null where it is not kept any more."""

    verdict: Verdict
    reason: str | None
    event: EventSummary | None


class StartedReplay(ReplayView, frozen=True, kw_only=True):
    """`more`: other dead letters fit, beyond what one run takes; call again for them.

    `not_kept` counts dead letters whose events are not kept any more.
    """

    more: bool
    not_kept: int


@get("/", summary="Dead letters, newest first", sync_to_thread=True)
def list_dead_letters(
    *,
    services: Services,
    pipeline_integration_id: Text = None,
    verdict: FromQuery[Verdict | None] = None,
    reason: Text = None,
    group: Text = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[DeadLetter]:
    """What was REJECTED or EXHAUSTED. A page may be short, or empty, although `has_more`."""
    wanted = dead_letters.Wanted(pipeline_integration_id, _verdicts(verdict), reason, group)
    return dead_letters.find(services, wanted, cursor, limit)


@get("/groups", summary="Dead letters grouped by cause", sync_to_thread=True)
def list_groups(*, services: Services, pipeline_integration_id: Text = None) -> Causes:
    """The newest of them, the most frequent cause first; `group` of the other calls takes an `id`."""
    return causes(services, installation_id=pipeline_integration_id)


@get(
    "/export",
    summary="Dead letters with their events, a line each",
    media_type="application/x-ndjson",
    sync_to_thread=True,
    opt={"media": ("application/x-ndjson",)},
)
def export_dead_letters(
    *,
    services: Services,
    pipeline_integration_id: Text = None,
    verdict: FromQuery[Verdict | None] = None,
    reason: Text = None,
    group: Text = None,
) -> Stream:
    """NDJSON, newest first."""
    wanted = dead_letters.Wanted(pipeline_integration_id, _verdicts(verdict), reason, group)
    return Stream(dead_letters.lines(services, wanted), media_type="application/x-ndjson")


@get("/{dead_letter_id:str}", summary="One dead letter", sync_to_thread=True)
def get_dead_letter(*, services: Services, dead_letter_id: FromPath[str]) -> DeadLetter:
    return dead_letters.Shown(services).dead_letter(dead_letters.by_id(services, dead_letter_id))


@post(
    "/replay",
    dto=Strict[ReplayBody],
    return_dto=None,
    status_code=202,
    opt={"answers": (404,)},
    summary="Send dead letters again",
    sync_to_thread=True,
)
def replay_dead_letters(*, services: Services, data: JSONBody[ReplayBody], request: Caller) -> StartedReplay:
    """By `ids`: just these. Else all that fit and that no run has delivered, or is about to try, oldest first."""
    chosen = _chosen(services, data)
    run = started(services, request, chosen)
    view = msgspec.structs.asdict(replay_view(run, {}))
    return StartedReplay(**view, more=chosen.more, not_kept=chosen.not_kept)


@post(
    "/discard",
    dto=Strict[DiscardBody],
    return_dto=None,
    status_code=200,
    opt={"answers": (404,)},
    summary="Give dead letters up",
    sync_to_thread=True,
)
def discard_dead_letters(*, services: Services, data: JSONBody[DiscardBody], request: Caller) -> Discarded:
    """They stay on record, and are not sent again but by their `ids`."""
    chosen = _chosen(services, data)
    run = discarded(services, request, chosen, data.why)
    return Discarded(run.id, len(run.members), chosen.more)


@post(
    "/",
    dto=Strict[RangeBody],
    return_dto=None,
    status_code=202,
    opt={"answers": (404,)},
    summary="Send a stretch of time again",
    sync_to_thread=True,
)
def replay_range(*, services: Services, data: JSONBody[RangeBody], request: Caller) -> RangeReplay:
    """With `dry_run` nothing is sent. Events that consent forbids now are not sent."""
    counted = counted_of(services, data)
    run = None if data.dry_run else started_job(services, request, counted, data)
    return RangeReplay(
        count=counted.count,
        more=not counted.complete,
        events=counted.names,
        verdicts=counted.verdicts,
        consent_denied=counted.forbidden,
        replay=replay_view(run, {}) if run else None,
    )


@get("/", summary="Replays, newest first", sync_to_thread=True)
def list_replays(*, services: Services, limit: Limit = 50, cursor: Cursor = None) -> Page[ReplayView]:
    runs = [one for one in services.control.replays() if one.state != DISCARDED]
    found, place = newest_first(runs, lambda run: (run.created_ms, run.id), cursor, limit)
    return page([shown(services, run) for run in found], place)


@get("/{replay_id:str}", summary="One replay", sync_to_thread=True)
def get_replay(*, services: Services, replay_id: FromPath[str]) -> Response[ReplayView]:
    """Its `ETag` changes with its state, not with how far it is."""
    return _tagged(services, services.control.replay(replay_id))


@get("/{replay_id:str}/events", summary="What became of its events, in the order of the log", sync_to_thread=True)
def list_replayed(
    *,
    services: Services,
    replay_id: FromPath[str],
    verdict: FromQuery[Verdict | None] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[ReplayedEvent]:
    """Those that are decided so far."""
    run = services.control.replay(replay_id)
    after = None if cursor is None else decode_cursor(cursor, tuple[int, int])
    found, place = replay_jobs.results(services, run, verdict=verdict, after=after, limit=limit)
    return page([ReplayedEvent(one.verdict, one.reason, one.event) for one in found], place)


@post("/{replay_id:str}/pause", status_code=200, summary="Halt a replay", sync_to_thread=True)
def pause_replay(
    *, services: Services, replay_id: FromPath[str], request: Caller, if_match: IfMatch = None
) -> Response[ReplayView]:
    """What is under way is finished. It goes on by `resume`, where it was."""
    return _tagged(services, steered(services, request, replay_id, "pause", if_match))


@post("/{replay_id:str}/resume", status_code=200, summary="Go on with a replay", sync_to_thread=True)
def resume_replay(
    *, services: Services, replay_id: FromPath[str], request: Caller, if_match: IfMatch = None
) -> Response[ReplayView]:
    return _tagged(services, steered(services, request, replay_id, "resume", if_match))


@post("/{replay_id:str}/cancel", status_code=200, summary="End a replay", sync_to_thread=True)
def cancel_replay(
    *, services: Services, replay_id: FromPath[str], request: Caller, if_match: IfMatch = None
) -> Response[ReplayView]:
    """What is under way is finished, the rest is not sent. It cannot be resumed."""
    return _tagged(services, steered(services, request, replay_id, "cancel", if_match))


def shown(services: Composed, run: Replay) -> ReplayView:
    verdicts = dead_letters.verdicts_of(services, run)
    return replay_view(run, verdicts, replay_jobs.progress(services, run, sum(verdicts.values())))


def _tagged(services: Composed, run: Replay) -> Response[ReplayView]:
    return Response(shown(services, run), headers=etag(services.control.etag(run)))


def steered(services: Composed, request: Caller, replay_id: str, verb: str, if_match: str | None = None) -> Replay:
    with services.control.together():
        before = services.control.replay(replay_id)
        require_match(services.control.etag(before), if_match)
        run = replay_jobs.steer(services, replay_id, verb)
        tell(request, "changed", "replay", run.id, old={"state": before.state}, new={"state": run.state})
    return run


def counted_of(services: Composed, body: RangeBody) -> replay_jobs.Counted:
    since_ms, until_ms = milliseconds_of(body.since), milliseconds_of(body.until)
    return replay_jobs.count(services, body.pipeline_integration_id, _selection(body), since_ms, until_ms)


def started_job(services: Composed, request: Caller, counted: replay_jobs.Counted, body: RangeBody) -> Replay:
    with services.control.together():
        run = replay_jobs.start(
            services, counted, _selection(body), by=request.auth.name, rate_share=body.rate_share, quiet=body.quiet
        )
        tell(request, "replayed", "pipeline_integration", run.installation_id, new={"replay": run.id})
    return run


def _selection(body: RangeBody) -> Selection:
    return Selection(body.event, body.user_id, body.verdict, body.reason)


def started(services: Composed, request: Caller, chosen: replaying.Chosen) -> Replay:
    with services.control.together():
        run = replaying.start(services, chosen, by=request.auth.name)
        tell(request, "replayed", "pipeline_integration", run.installation_id, new={"replay": run.id})
    return run


def discarded(services: Composed, request: Caller, chosen: replaying.Chosen, why: str) -> Replay:
    with services.control.together():
        run = replaying.discard(services, chosen, by=request.auth.name)
        new = {"discard": run.id, "events": len(run.members), "why": why}
        tell(request, "discarded", "pipeline_integration", run.installation_id, new=new)
    return run


def _verdicts(verdict: Verdict | None) -> frozenset[Verdict]:
    if verdict is None:
        return DEAD_LETTERS
    if verdict not in DEAD_LETTERS:
        known = sorted(DEAD_LETTERS)
        raise Invalid(f"verdict: dead letters are {' or '.join(known)}.", field="verdict", known=known)
    return frozenset({verdict})


def _chosen(services: Composed, body: ReplayBody) -> replaying.Chosen:
    if isinstance(body.ids, list):
        return _chosen_by_ids(services, body, body.ids)
    if not isinstance(body.pipeline_integration_id, str):
        raise Invalid("ids: give ids, or a pipeline_integration_id.", field="ids")
    wanted = dead_letters.Wanted(
        body.pipeline_integration_id,
        _verdicts(body.verdict if isinstance(body.verdict, Verdict) else None),
        body.reason if isinstance(body.reason, str) else None,
        body.group if isinstance(body.group, str) else None,
    )
    return replaying.by_filter(services, wanted, body.pipeline_integration_id)


def _chosen_by_ids(services: Composed, body: ReplayBody, ids: list[str]) -> replaying.Chosen:
    for name in ("pipeline_integration_id", "reason", "verdict", "group"):
        if getattr(body, name) is not UNSET:
            raise Invalid(f"{name}: not together with ids, which say all.", field=name)
    return replaying.by_ids(services, ids)


dead_letter_router = Router(
    "/v1/admin/dead-letters",
    route_handlers=[
        list_dead_letters,
        list_groups,
        export_dead_letters,
        get_dead_letter,
        replay_dead_letters,
        discard_dead_letters,
    ],
    tags=["Dead letters"],
)
replay_router = Router(
    "/v1/admin/replays",
    route_handlers=[
        list_replays,
        replay_range,
        get_replay,
        list_replayed,
        pause_replay,
        resume_replay,
        cancel_replay,
    ],
    tags=["Dead letters"],
)
