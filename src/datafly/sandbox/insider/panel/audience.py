"""Audience > Users: search, and all that is known of one."""

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromQuery
from litestar.response import Redirect

from datafly.sandbox.insider.panel.frame import Panel, Visit, see_other
from datafly.sandbox.insider.reference import EVENTS
from datafly.sandbox.parameters import RowId

PLACE = "/audience/users"
_MOST = 50


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
    )


@get(f"{PLACE}/{{profile_id:int}}")
async def user(profile_id: RowId, visit: NamedDependency[Visit], panel: NamedDependency[Panel]) -> Response[str]:
    profiles = panel.state.profiles
    profile = profiles.of_id(visit.account, profile_id)
    if profile is None:
        raise NotFoundException
    return panel.draw(
        visit,
        "user.html",
        place=PLACE,
        crumbs="Audience > Users",
        user=profile,
        events=profiles.events(profile_id),
        event_count=profiles.event_count(profile_id),
        ignored=profiles.ignored(profile_id),
        standard=EVENTS,
    )


ROUTES = (audience, users, user)
