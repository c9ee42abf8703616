"""`/account`: one's own password, and where one is logged in."""

from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from datafly.management import linking, passwords, signing_in
from datafly.management.place import place_of
from datafly.management.routes.auth import session_view
from datafly.management.routes.caller import noted, tell
from datafly.management.services import Composed, Services
from datafly.management.web.forms import Form
from datafly.management.web.frame import draw, see
from datafly.management.web.visit import Visit
from datafly.model.errors import Invalid, NotFound, Unauthorized
from datafly.model.people import Session
from datafly.model.secret import Secret

PLACE: Final = "/account"


@get(PLACE, sync_to_thread=True)
def account(*, services: Services, request: Visit) -> Response[str]:
    return _page(services, request)


@post(f"{PLACE}/password", sync_to_thread=True)
def change_password(*, services: Services, request: Visit, form: Form) -> Response[str] | Redirect:
    old, new, again = (Secret(str(form.get(name, ""))) for name in ("current", "new", "again"))
    try:
        linking.require_same(new, again)
        signing_in.change_password(services, request.auth, old, new, place_of(request))
    except (Invalid, Unauthorized) as error:
        return _page(services, request, problem=_worded(error), status=error.status)
    noted(request)
    return see(PLACE, "Your password is changed. Everywhere else you are logged out.")


@post(f"{PLACE}/sessions/end-others", sync_to_thread=True)
def end_others(*, services: Services, request: Visit) -> Redirect:
    signing_in.require_user(request.auth)
    with services.control.together():
        services.control.end_sessions(request.auth.id, but=request.auth.session_id)
        tell(request, "ended", "session", "all others")
    return see(PLACE, "Everywhere else you are logged out.")


@post(f"{PLACE}/sessions/{{session_id:str}}/end", sync_to_thread=True)
def end_session(*, services: Services, request: Visit, session_id: FromPath[str]) -> Redirect:
    signing_in.require_user(request.auth)
    if services.control.session(session_id).user_id != request.auth.id:
        raise NotFound("There is no such session of yours.")
    with services.control.together():
        services.control.end_session(session_id)
        tell(request, "ended", "session", session_id)
    return see(PLACE, "That session has ended.")


def _page(services: Composed, request: Visit, *, problem: str = "", status: int = 200) -> Response[str]:
    actor = request.auth
    is_person = actor.kind == "user"
    values: dict[str, Any] = {
        "is_person": is_person,
        "user": services.control.user(actor.id) if is_person else None,
        "has_password": is_person and services.control.password_hash(actor.id) is not None,
        "sessions": [session_view(one, current=actor.session_id) for one in _in_force(services, request)],
        "shortest": passwords.SHORTEST,
        "problem": problem,
    }
    return draw(request, "account.html", place=PLACE, status=status, **values)


def _in_force(services: Composed, request: Visit) -> list[Session]:
    """Newest first, that which asks before all."""
    if request.auth.kind != "user":
        return []
    now_ms = services.clock.now_ms()
    mine = services.control.sessions(request.auth.id)
    found = [one for one in mine if one.ended_ms is None and one.expires_ms > now_ms]
    return sorted(found, key=lambda one: (one.id == request.auth.session_id, one.last_seen_ms), reverse=True)


def _worded(error: Invalid | Unauthorized) -> str:
    """Without the name of the field, which the form words otherwise."""
    words = {"current_password": "Your password of now is wrong."}
    field = str(error.details.get("field", ""))
    return words.get(field) or error.message.removeprefix("password: ").capitalize()


ROUTES = (account, change_password, end_others, end_session)
