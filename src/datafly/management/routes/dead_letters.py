"""`/v1/admin/dead-letters` and `/v1/admin/replays`"""

from typing import Annotated

import msgspec
from litestar import Router, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import UNSET, UnsetType

from datafly.management import dead_letters, replaying
from datafly.management.bodies import Strict
from datafly.management.paging import Cursor, Limit, Page, newest_first, page
from datafly.management.routes.caller import Caller, tell
from datafly.management.services import Composed, Services
from datafly.management.views.dead_letter import DeadLetter, ReplayView, replay_view
from datafly.model.delivery import Replay
from datafly.model.errors import Conflict, Invalid, NotFound
from datafly.model.verdict import DEAD_LETTERS, Verdict
from datafly.store.ids import fresh_id

Text = Annotated[str | None, QueryParameter(max_length=1_000)]
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


class ReplayBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Either `ids` of dead letters, or `pipeline_integration_id` for all of its dead letters that fit."""

    ids: Annotated[list[Id], msgspec.Meta(min_length=1, max_length=1_000)] | UnsetType = UNSET
    pipeline_integration_id: Id | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    verdict: Verdict | UnsetType = UNSET


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
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[DeadLetter]:
    """What was REJECTED or EXHAUSTED. A page may be short, or empty, although `has_more`."""
    wanted = dead_letters.Wanted(pipeline_integration_id, _verdicts(verdict), reason)
    return dead_letters.find(services, wanted, cursor, limit)


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
    if not chosen.members:
        raise Conflict(
            "There is nothing to replay: no dead letter fits, or those that do were delivered since, wait in a replay "
            "that is not done (see /v1/admin/replays), or are not kept any more (`not_kept`). Replay by ids to send "
            "one again all the same.",
            code="NOTHING_TO_REPLAY",
            not_kept=chosen.not_kept,
        )
    now_ms = services.clock.now_ms()
    run = Replay(fresh_id("run", now_ms), chosen.installation_id, chosen.members, now_ms, request.auth.name)
    with services.control.together():
        services.control.create_replay(run)
        tell(request, "replayed", "pipeline_integration", run.installation_id, new={"replay": run.id})
    shown = msgspec.structs.asdict(replay_view(run, {}))
    return StartedReplay(**shown, more=chosen.more, not_kept=chosen.not_kept)


@get("/", summary="Replays, newest first", sync_to_thread=True)
def list_replays(*, services: Services, limit: Limit = 50, cursor: Cursor = None) -> Page[ReplayView]:
    found, place = newest_first(services.control.replays(), lambda run: (run.created_ms, run.id), cursor, limit)
    return page([replay_view(run, dead_letters.verdicts_of(services, run)) for run in found], place)


@get("/{replay_id:str}", summary="One replay", sync_to_thread=True)
def get_replay(*, services: Services, replay_id: FromPath[str]) -> ReplayView:
    run = next((known for known in services.control.replays() if known.id == replay_id), None)
    if run is None:
        raise NotFound(f"There is no replay {replay_id}.")
    return replay_view(run, dead_letters.verdicts_of(services, run))


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
    )
    return replaying.by_filter(services, wanted, body.pipeline_integration_id)


def _chosen_by_ids(services: Composed, body: ReplayBody, ids: list[str]) -> replaying.Chosen:
    for name in ("pipeline_integration_id", "reason", "verdict"):
        if getattr(body, name) is not UNSET:
            raise Invalid(f"{name}: not together with ids, which say all.", field=name)
    return replaying.by_ids(services, ids)


dead_letter_router = Router(
    "/v1/admin/dead-letters",
    route_handlers=[list_dead_letters, get_dead_letter, replay_dead_letters],
    tags=["Dead letters"],
)
replay_router = Router("/v1/admin/replays", route_handlers=[list_replays, get_replay], tags=["Dead letters"])
