"""`/replays`: events that are sent again, as jobs."""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, ServerSentEvent

from datafly.management import replay_jobs
from datafly.management.bodies import decode
from datafly.management.installing import in_force
from datafly.management.paging import decode_cursor, encode_cursor
from datafly.management.replay_jobs import Counted
from datafly.management.routes.dead_letters import RangeBody, counted_of, shown, started_job, steered
from datafly.management.services import Composed, Services
from datafly.management.views.dead_letter import ReplayView, replay_view
from datafly.management.views.times import moment
from datafly.management.web.forms import Form
from datafly.management.web.frame import draw, fragment, part, see
from datafly.management.web.slips import Slip
from datafly.management.web.streams import stream_of
from datafly.management.web.visit import ASKS, PIECE, Visit, may_look
from datafly.model.delivery import DISCARDED, Replay
from datafly.model.errors import CallerError, Invalid, NotFound
from datafly.model.verdict import FINAL, Verdict

PLACE: Final = "/replays"
_FORM: Final = {
    "integration": "",
    "since": "",
    "until": "",
    "since_at": "",
    "until_at": "",
    "event": "",
    "user": "",
    "verdict": "",
    "reason": "",
    "share": "50",
    "quiet": "",
}
"""Field → what it says at first."""
_RESULTS: Final = 25
_DONE: Final = {
    "pause": "It halts: what is under way is finished, nothing else is sent.",
    "resume": "It goes on where it was.",
    "cancel": "It is cancelled. What was sent stays sent.",
}
_ENDED: Final = frozenset({"done", "cancelled"})


@get(PLACE, sync_to_thread=True)
def replays(*, services: Services, request: Visit) -> Response[str]:
    asked = _FORM | {name: str(request.query_params[name]) for name in _FORM if name in request.query_params}
    return _page(services, request, asked)


@post(f"{PLACE}/dry-run", status_code=200, opt=ASKS, sync_to_thread=True)
def dry_run(*, services: Services, request: Visit, form: Form) -> Response[str]:
    asked = _asked(form)
    try:
        body = _body(asked)
        if body.quiet:
            replay_jobs.require_quiet(services, in_force(services, body.pipeline_integration_id))
        return _page(services, request, asked, counted=counted_of(services, body))
    except CallerError as error:
        return _page(services, request, asked, problem=_slip(error), status=error.status)


@post(PLACE, sync_to_thread=True)
def start(*, services: Services, request: Visit, form: Form) -> Response[str] | Redirect:
    asked = _asked(form)
    try:
        body = _body(asked)
        run = started_job(services, request, counted_of(services, body), body)
    except CallerError as error:
        return _page(services, request, asked, problem=_slip(error), status=error.status)
    return see(f"{PLACE}/{run.id}", "It has begun.")


@get(f"{PLACE}/{{replay_id:str}}", sync_to_thread=True)
def one_replay(
    *,
    services: Services,
    request: Visit,
    replay_id: FromPath[str],
    verdict: FromQuery[str] = "",
    cursor: FromQuery[str] = "",
) -> Response[str]:
    run = _run(services, replay_id)
    text, goes_on = _progress(services, request, run)
    found = _results(services, run, verdict, cursor)
    return draw(request, "replay.html", place=PLACE, id=replay_id, drawn=text, goes_on=goes_on, **found)


@get(f"{PLACE}/{{replay_id:str}}/results", opt=PIECE, sync_to_thread=True)
def results(*, services: Services, replay_id: FromPath[str], verdict: FromQuery[str] = "") -> Response[str]:
    """The first of them, once more: what came of its events since the page was drawn."""
    run = _run(services, replay_id)
    return fragment("replay_results.html", id=replay_id, **_results(services, run, verdict, ""))


@get(f"{PLACE}/{{replay_id:str}}/stream", sync_to_thread=True)
def follow_replay(*, services: Services, request: Visit, replay_id: FromPath[str]) -> ServerSentEvent:
    _run(services, replay_id)

    def look() -> tuple[str, bool]:
        return _progress(services, request, _run(services, replay_id))

    return stream_of(services, look, lambda: may_look(services, request))


@post(f"{PLACE}/{{replay_id:str}}/{{verb:str}}", sync_to_thread=True)
def steer(*, services: Services, request: Visit, replay_id: FromPath[str], verb: FromPath[str]) -> Redirect:
    """`verb`: pause, resume, cancel."""
    if verb not in replay_jobs.VERBS:
        raise NotFound(f"A replay cannot {verb[:20]}.")
    try:
        steered(services, request, replay_id, verb)
    except CallerError as error:
        if error.code != "REPLAY_STATE":
            raise
        return see(f"{PLACE}/{replay_id}", error.message, "warn")
    return see(f"{PLACE}/{replay_id}", _DONE[verb])


def _run(services: Composed, replay_id: str) -> Replay:
    return services.control.replay(replay_id)


def _progress(services: Composed, request: Visit, run: Replay) -> tuple[str, bool]:
    names = {one.id: one.name for one in services.control.installations(removed=True)}
    view = shown(services, run)
    state = services.ledger.states().get(run.installation_id)
    text = part(
        "replay_state.html",
        who=request.auth,
        run=view,
        done=sum(view.verdicts.values()),
        name=names.get(run.installation_id, run.installation_id),
        stands=state.name if state else "running",
        stretch=_stretch(services, run),
        ended=view.state in _ENDED,
    )
    return text, view.state not in _ENDED


def _stretch(services: Composed, run: Replay) -> tuple[datetime, datetime] | None:
    """When the first and the last of its events came, as far as they are kept."""
    places = [(partition, at) for partition, *ends in (run.plan.spans if run.plan else ()) for at in ends]
    times = [place.record.at_ms for place in (services.log.at(*one) for one in places) if place]
    return (moment(min(times)), moment(max(times))) if times else None


def _results(services: Composed, run: Replay, verdict: str, cursor: str) -> dict[str, Any]:
    if verdict and verdict not in FINAL:
        raise Invalid(f"There is no such verdict: {verdict[:50]}.", field="verdict")
    after = decode_cursor(cursor, tuple[int, int]) if cursor else None
    wanted = Verdict(verdict) if verdict else None
    found, place = replay_jobs.results(services, run, verdict=wanted, after=after, limit=_RESULTS)
    more = encode_cursor(place) if place else ""
    return {"results": found, "more": more, "verdict": verdict, "paged": bool(cursor)}


def _page(
    services: Composed,
    request: Visit,
    asked: dict[str, str],
    *,
    counted: Counted | None = None,
    problem: Slip | None = None,
    status: int = 200,
) -> Response[str]:
    names = {one.id: one.name for one in services.control.installations(removed=True)}
    known = (one for one in services.control.replays() if one.state != DISCARDED)
    runs = sorted(known, key=lambda one: one.created_ms, reverse=True)[:100]
    installations = services.control.installations()
    return draw(
        request,
        "replays.html",
        place=PLACE,
        status=status,
        runs=[_listed(services, one) for one in runs],
        names=names,
        installations=installations,
        quiet=[one.name for one in installations if replay_jobs.can_be_quiet(services, one)],
        asked=asked,
        counted=counted,
        problem=problem,
    )


def _slip(error: CallerError) -> Slip:
    """It is in words of the form already."""
    field = str(error.details.get("field", ""))
    return Slip(error.message, field if field in _FORM else "")


def _listed(services: Composed, run: Replay) -> ReplayView:
    """How far it is, is asked of those that run alone: the others are told by their state."""
    return replay_view(run, {}) if run.state in _ENDED else shown(services, run)


def _asked(form: Any) -> dict[str, str]:
    return {name: str(form.get(name, first)).strip() for name, first in _FORM.items()}


def _body(asked: dict[str, str]) -> RangeBody:
    """Raises `Invalid`, in words of the form."""
    since, until = (_moment(asked[f"{name}_at"] or asked[name], name) for name in ("since", "until"))
    if since > until:
        raise Invalid("The first time is after the last one.", field="since")
    said: dict[str, Any] = {
        "pipeline_integration_id": asked["integration"],
        "since": since,
        "until": until,
        "event": asked["event"] or None,
        "user_id": asked["user"] or None,
        "verdict": asked["verdict"] or None,
        "reason": asked["reason"] or None,
        "rate_share": _share(asked["share"]),
        "quiet": asked["quiet"] == "yes",
    }
    return decode(msgspec.json.encode(said), RangeBody)


def _share(text: str) -> float:
    try:
        percent = float(text)
    except ValueError:
        percent = 0.0
    if not 0.1 <= percent <= 100:
        raise Invalid("The share of the vendor's rate is a number from 0.1 to 100.", field="share")
    return percent / 100


def _moment(text: str, field: str) -> datetime:
    """What a script made exact, or what was typed, which is UTC then."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid("Give both times, as in 2026-11-25T14:30.", field=field) from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


ROUTES = (replays, dry_run, start, one_replay, results, follow_replay, steer)
