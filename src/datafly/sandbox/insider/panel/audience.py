"""Audience: users and all that is known of one, events of all of them, segments and what they still need."""

from typing import Annotated, Literal

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromQuery, QueryParameter
from litestar.response import Redirect

from datafly.sandbox.insider.panel.frame import Panel, Visit, see_other
from datafly.sandbox.insider.panel.timeline import timeline
from datafly.sandbox.insider.reference import EVENTS
from datafly.sandbox.insider.segments import segments
from datafly.sandbox.parameters import Before, RowId

PLACE = "/audience/users"
EVENTS_PLACE = "/audience/events"
SEGMENTS_PLACE = "/audience/segments"
_MOST = 50
Shown = Annotated[Literal["all", "events", "changes"], QueryParameter()]


@get("/audience")
async def audience(visit: NamedDependency[Visit]) -> Redirect:  # noqa: ARG001 - a session is asked for
    return see_other(PLACE)


@get(PLACE)
async def users(visit: NamedDependency[Visit], panel: NamedDependency[Panel], q: FromQuery[str] = "") -> Response[str]:
    words = q.strip()
    return panel.draw(
        visit,
        "users.html",
        place=PLACE,
        crumbs="Audience > Users",
        words=words,
        found=panel.state.profiles.search(visit.account, words, limit=_MOST),
        most=_MOST,
        total=panel.state.profiles.count(visit.account),
        waiting=panel.state.pending.count(),
    )


@get(f"{PLACE}/{{profile_id:int}}")
async def user(
    profile_id: RowId, visit: NamedDependency[Visit], panel: NamedDependency[Panel], show: Shown = "all"
) -> Response[str]:
    profiles = panel.state.profiles
    profile = profiles.of_id(visit.account, profile_id)
    if profile is None:
        raise NotFoundException
    events = profiles.events(profile_id) if show != "changes" else []
    ignored = profiles.ignored(profile_id)
    changes = panel.state.history.of_profile(profile_id) if show != "events" else []
    return panel.draw(
        visit,
        "user.html",
        place=PLACE,
        crumbs="Audience > Users",
        user=profile,
        days=timeline(events, changes, ignored if show != "events" else []),
        shown_count=len(events),
        event_count=profiles.event_count(profile_id),
        ignored=ignored,
        standard=EVENTS,
        show=show,
    )


@get(EVENTS_PLACE)
async def events(
    visit: NamedDependency[Visit],
    panel: NamedDependency[Panel],
    name: FromQuery[str] = "",
    before: Before = None,
) -> Response[str]:
    explorer = panel.state.explorer
    found = explorer.found(visit.account, name=name, before=before, limit=_MOST + 1)
    page = found[:_MOST]
    names = explorer.names(visit.account)
    return panel.draw(
        visit,
        "events.html",
        place=EVENTS_PLACE,
        crumbs="Audience > Events",
        name=name,
        chosen=next((each for each in names if each.name == name), None),
        names=names,
        found=page,
        older=page[-1].event.id if len(found) > _MOST else None,
        fillings=explorer.fillings(visit.account, name) if name else [],
        standard=EVENTS,
    )


@get(SEGMENTS_PLACE)
async def segment_list(visit: NamedDependency[Visit], panel: NamedDependency[Panel]) -> Response[str]:
    return panel.draw(
        visit,
        "segments.html",
        place=SEGMENTS_PLACE,
        crumbs="Audience > Segments",
        segments=segments(panel.state, visit.account, panel.clock()),
    )


ROUTES = (audience, users, user, events, segment_list)
