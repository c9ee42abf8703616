"""`/settings/users`: who may come in, and as what."""

from typing import Any, Final, get_args

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from datafly.management import inviting
from datafly.management.access import require_at_least
from datafly.management.place import place_of
from datafly.management.routes.caller import noted, tell
from datafly.management.services import Composed, Services
from datafly.management.views.times import moment, moment_or_none
from datafly.management.web.forms import Form
from datafly.management.web.frame import draw, see
from datafly.management.web.slips import Slip, Spot, slip_of
from datafly.management.web.visit import Visit
from datafly.model.errors import CallerError, Conflict, Invalid
from datafly.model.people import RoleName, User

PLACE: Final = "/settings/users"
_ROLES: Final[tuple[RoleName, ...]] = get_args(RoleName)
_SPOTS: Final = {"email": Spot("email", "E-mail address"), "name": Spot("name", "Name"), "role": Spot("role", "Role")}


@get(PLACE, sync_to_thread=True)
def users(*, services: Services, request: Visit) -> Response[str]:
    return _page(services, request)


@post(PLACE, status_code=200, sync_to_thread=True)
def invite(*, services: Services, request: Visit, form: Form) -> Response[str]:
    """The link is shown on the answer itself, this once: there is no mail that Signal could send it by."""
    asked = {name: str(form.get(name, "")) for name in _SPOTS}
    try:
        role = _role(asked["role"])
        require_at_least(request.auth, role)
        user, text = inviting.invite(
            services.control, asked["email"], role, actor=request.auth, place=place_of(request), name=asked["name"]
        )
    except (Invalid, Conflict) as error:
        return _page(services, request, problem=slip_of(error, _SPOTS), asked=asked, status=error.status)
    noted(request)
    return _page(services, request, link=_link(services, request, text), whose=user.email)


@post(f"{PLACE}/{{user_id:str}}/link", status_code=200, sync_to_thread=True)
def new_link(*, services: Services, request: Visit, user_id: FromPath[str]) -> Response[str]:
    user = services.control.user(user_id)
    require_at_least(request.auth, user.role)
    text = inviting.reset(services.control, user, actor=request.auth, place=place_of(request))
    noted(request)
    return _page(services, request, link=_link(services, request, text), whose=user.email)


@post(f"{PLACE}/{{user_id:str}}/role", sync_to_thread=True)
def change_role(*, services: Services, request: Visit, user_id: FromPath[str], form: Form) -> Redirect:
    try:
        role = _role(str(form.get("role", "")))
    except Invalid as error:
        return see(PLACE, f"Nothing was changed. {slip_of(error, _SPOTS).says}", "bad")
    return _change(services, request, user_id, {"role": role}, f"is now {role}.")


@post(f"{PLACE}/{{user_id:str}}/disable", sync_to_thread=True)
def disable(*, services: Services, request: Visit, user_id: FromPath[str]) -> Redirect:
    return _change(services, request, user_id, {"status": "disabled"}, "may not come in any more.")


@post(f"{PLACE}/{{user_id:str}}/enable", sync_to_thread=True)
def enable(*, services: Services, request: Visit, user_id: FromPath[str]) -> Redirect:
    return _change(services, request, user_id, {"status": "active"}, "may come in again.")


def _change(services: Composed, request: Visit, user_id: str, changes: dict[str, Any], told: str) -> Redirect:
    """Nobody changes whom they are not at least, makes anybody more than they are, or shuts themselves out."""
    before = services.control.user(user_id)
    for role in (before.role, changes.get("role", before.role)):
        require_at_least(request.auth, role)
    if user_id == request.auth.id:
        raise CallerError("You cannot change your own role, or disable yourself. Ask another owner.", code="OWN_ROLE")
    with services.control.together():
        after = services.control.change_user(user_id, changes)
        old, new = ({name: getattr(user, name) for name in changes} for user in (before, after))
        tell(request, "changed", "user", user_id, old=old, new=new)
    return see(PLACE, f"{after.email} {told}")


def _role(text: str) -> RoleName:
    found = next((one for one in _ROLES if one == text), None)
    if found is None:
        raise Invalid("role: choose owner, admin, editor or viewer.", field="role")
    return found


def _link(services: Composed, request: Visit, text: str) -> str:
    place = services.settings.public_url or str(request.base_url).rstrip("/")
    return place + inviting.path_of(text)


def _page(
    services: Composed,
    request: Visit,
    *,
    link: str = "",
    whose: str = "",
    problem: Slip | None = None,
    asked: dict[str, str] | None = None,
    status: int = 200,
) -> Response[str]:
    return draw(
        request,
        "users.html",
        place=PLACE,
        status=status,
        rows=[_row(one) for one in services.control.users()],
        invitation=link,
        whose=whose,
        problem=problem,
        asked=asked or dict.fromkeys(_SPOTS, ""),
        roles=tuple(reversed(_ROLES)),
    )


def _row(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "email": user.email,
        "name": user.name,
        "role": user.role,
        "status": user.status,
        "made": moment(user.created_ms),
        "came": moment_or_none(user.last_login_ms),
    }


ROUTES = (users, invite, new_link, change_role, disable, enable)
