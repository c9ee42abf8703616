"""`/replays`: events that are sent again, as jobs."""

from datetime import UTC, datetime
from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect, ServerSentEvent

from datafly.management import dead_letters, replaying
from datafly.management.replaying import Ranged
from datafly.management.routes.dead_letters import started
from datafly.management.search import Filters
from datafly.management.services import Composed, Services
from datafly.management.views.dead_letter import replay_view
from datafly.management.views.times import milliseconds_of
from datafly.management.web.forms import Form
from datafly.management.web.frame import draw, part, see
from datafly.management.web.streams import stream_of
from datafly.management.web.visit import ASKS, Visit, may_look
from datafly.management.web.words import many
from datafly.model.delivery import DISCARDED
from datafly.model.errors import Invalid, NotFound

PLACE: Final = "/replays"
_FORM: Final = ("integration", "since", "until", "event", "user")


@get("/replays", sync_to_thread=True)
def replays(*, services: Services, request: Visit) -> Response[str]:
    return _page(services, request, dict.fromkeys(_FORM, ""))


@post("/replays/dry-run", status_code=200, opt=ASKS, sync_to_thread=True)
def dry_run(*, services: Services, request: Visit, form: Form) -> Response[str]:
    asked = {name: str(form.get(name, "")).strip() for name in _FORM}
    try:
        return _page(services, request, asked, ranged=_ranged(services, asked))
    except Invalid as error:
        return _page(services, request, asked, problem=error.message, status=error.status)


@post("/replays", sync_to_thread=True)
def start(*, services: Services, request: Visit, form: Form) -> Redirect:
    ranged = _ranged(services, {name: str(form.get(name, "")).strip() for name in _FORM})
    run = started(services, request, ranged.chosen)
    return see(f"/replays/{run.id}", f"{many(len(run.members))} sent again.")


@get("/replays/{replay_id:str}", sync_to_thread=True)
def one_replay(*, services: Services, request: Visit, replay_id: FromPath[str]) -> Response[str]:
    text, goes_on = _progress(services, replay_id)
    return draw(request, "replay.html", place=PLACE, id=replay_id, drawn=text, goes_on=goes_on)


@get("/replays/{replay_id:str}/stream", sync_to_thread=True)
def follow_replay(*, services: Services, request: Visit, replay_id: FromPath[str]) -> ServerSentEvent:
    return stream_of(services, lambda: _progress(services, replay_id), lambda: may_look(services, request))


def _progress(services: Composed, replay_id: str) -> tuple[str, bool]:
    run = next((one for one in services.control.replays() if one.id == replay_id), None)
    if run is None:
        raise NotFound(f"There is no replay {replay_id}.")
    names = {one.id: one.name for one in services.control.installations(removed=True)}
    view = replay_view(run, dead_letters.verdicts_of(services, run))
    done = sum(view.verdicts.values())
    state = services.ledger.states().get(run.installation_id)
    text = part(
        "replay_state.html",
        run=view,
        done=done,
        name=names.get(run.installation_id, run.installation_id),
        stands=state.name if state else "running",
    )
    return text, view.state not in {"done", "cancelled"}


def _page(
    services: Composed,
    request: Visit,
    asked: dict[str, str],
    *,
    ranged: Ranged | None = None,
    problem: str = "",
    status: int = 200,
) -> Response[str]:
    names = {one.id: one.name for one in services.control.installations(removed=True)}
    known = (one for one in services.control.replays() if one.state != DISCARDED)
    runs = sorted(known, key=lambda one: one.created_ms, reverse=True)[:100]
    return draw(
        request,
        "replays.html",
        place=PLACE,
        status=status,
        runs=[replay_view(one, {}) for one in runs],
        names=names,
        installations=services.control.installations(),
        asked=asked,
        ranged=ranged,
        problem=problem,
        now=datetime.now(UTC),
    )


def _ranged(services: Composed, asked: dict[str, Any]) -> Ranged:
    since, until = (_moment(asked[name], name) for name in ("since", "until"))
    if since > until:
        raise Invalid("The first time is after the last one.", field="since")
    filters = Filters(event=asked["event"] or None, user_id=asked["user"] or None)
    return replaying.by_range(services, asked["integration"], filters, since, until)


def _moment(text: str, field: str) -> int:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid("Give both times, as in 2026-11-25T14:30.", field=field) from error
    return milliseconds_of(found if found.tzinfo else found.replace(tzinfo=UTC))


ROUTES = (replays, dry_run, start, one_replay, follow_replay)
