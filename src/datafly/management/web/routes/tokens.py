"""`/settings/api-tokens`: where YOUR_TOKEN of the documentation comes from."""

from datetime import timedelta
from typing import Any, Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from datafly.management.access import require_at_least
from datafly.management.bodies import decode
from datafly.management.routes.caller import tell
from datafly.management.routes.tokens import TokenBody, told_of
from datafly.management.services import Composed, Services
from datafly.management.views.times import milliseconds_of, moment, moment_or_none
from datafly.management.web.forms import Form
from datafly.management.web.frame import draw, see
from datafly.management.web.visit import Visit
from datafly.model.errors import Invalid, NotFound

PLACE: Final = "/settings/api-tokens"
_DAYS: Final = {"30": 30, "90": 90, "365": 365}


@get(PLACE, sync_to_thread=True)
def tokens(*, services: Services, request: Visit) -> Response[str]:
    return _page(services, request)


@post(PLACE, status_code=200, sync_to_thread=True)
def create(*, services: Services, request: Visit, form: Form) -> Response[str]:
    """The text is shown on the answer itself, this once: it is kept nowhere."""
    try:
        said = {"name": str(form.get("name", "")).strip(), "role": str(form.get("role", "viewer"))}
        body = decode(msgspec.json.encode(said), TokenBody)
    except Invalid:
        return _page(services, request, problem="Give it a name of 1 to 255 characters, in one line.", status=422)
    require_at_least(request.auth, body.role)
    days = _DAYS.get(str(form.get("days", "")))
    expires_ms = milliseconds_of(moment(services.clock.now_ms()) + timedelta(days=days)) if days else None
    with services.control.together():
        token, text = services.control.create_token(
            body.name, body.role, expires_ms=expires_ms, created_by=request.auth.name
        )
        tell(request, "created", "token", token.id, new=told_of(token))
    return _page(services, request, text=text, name=token.name)


@post(f"{PLACE}/{{token_id:str}}/revoke", sync_to_thread=True)
def revoke(*, services: Services, request: Visit, token_id: FromPath[str]) -> Redirect:
    token = next((one for one in services.control.tokens() if one.id == token_id), None)
    if token is None:
        raise NotFound("There is no such token.")
    require_at_least(request.auth, token.role)
    with services.control.together():
        services.control.revoke_token(token_id)
        tell(request, "removed", "token", token_id, old=told_of(token))
    return see(PLACE, f"{token.name} is revoked and works no more.")


def _page(
    services: Composed, request: Visit, *, text: str = "", name: str = "", problem: str = "", status: int = 200
) -> Response[str]:
    known = sorted(services.control.tokens(), key=lambda one: one.created_ms, reverse=True)
    rows: list[dict[str, Any]] = [
        {
            "id": one.id,
            "name": one.name,
            "role": one.role,
            "created": moment(one.created_ms),
            "used": moment_or_none(one.last_used_ms),
            "expires": moment_or_none(one.expires_ms),
            "revoked": moment_or_none(one.revoked_ms),
        }
        for one in known
    ]
    roles = ("viewer", "editor", "admin", "owner")
    values: dict[str, Any] = {"rows": rows, "text": text, "name": name, "problem": problem, "roles": roles}
    return draw(request, "tokens.html", place=PLACE, status=status, **values)


ROUTES = (tokens, create, revoke)
