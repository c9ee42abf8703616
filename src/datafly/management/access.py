"""Asked before every call: who is it, did they send it themselves, and may they?"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from litestar import Request
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from datafly.management.auditing import NOTED, note
from datafly.management.place import place_of
from datafly.management.roles import TABLE, Role, Rule, lowest_role, require_at_least, role_of
from datafly.management.same_origin import require_same_origin
from datafly.management.services import services_of
from datafly.model.errors import CallerError, Unauthorized
from datafly.model.people import Actor
from datafly.observe import emit
from datafly.observe.management import ManagementAccessRefused

__all__ = ["Access", "Role", "lowest_role", "require_at_least", "role_of"]

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Access(ASGIMiddleware):
    """Around every route that exists. `request.auth` is the `Actor` afterwards, None where anyone may."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, table: Sequence[Rule] = TABLE) -> None:
        self._table = table

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        request: Request[Any, Any, Any] = Request(scope, receive=receive)
        scope["auth"] = await self._admitted(request)
        if request.method in SAFE or scope["auth"] is None or not scope["route_handler"].opt.get("changes", True):
            await next_app(scope, receive, send)
        else:
            await self._recorded(request, send, next_app)

    async def _recorded(self, request: Request[Any, Any, Any], send: Send, next_app: ASGIApp) -> None:
        """What a route has changed and did not tell the audit log is told there by its path."""
        status = 500

        async def listening(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if status < 400 and NOTED not in request.state:
                    await asyncio.to_thread(self._note, request)
            await send(message)

        await next_app(request.scope, request.receive, listening)

    def _note(self, request: Request[Any, Any, Any]) -> None:
        place, template = place_of(request), _template(request)
        resource = template.removeprefix("/v1/admin/").split("/")[0]
        resource_id = next((str(value) for value in request.path_params.values()), "")
        action = f"{request.method} {template}"[:64]
        note(services_of(request).control, action, resource, resource_id, actor=request.auth, place=place)

    async def _admitted(self, request: Request[Any, Any, Any]) -> Actor | None:
        """The route's template is asked for, not the path as written: `//` and the like have no way round."""
        lowest = lowest_role(request.method, _template(request), self._table)
        if lowest is Role.ANYONE:
            return None
        actor = await self._actor(request)
        self._require_turn(request, actor)
        if actor.via == "cookie" and request.method not in SAFE:
            self._require_same_origin(request, actor)
        if lowest is None or role_of(actor) < lowest:
            raise _forbidden(request, actor, lowest)
        return actor

    def _require_same_origin(self, request: Request[Any, Any, Any], actor: Actor) -> None:
        try:
            require_same_origin(request, services_of(request).settings.public_url)
        except CallerError as error:
            _tell(request, error.code, actor.id)
            raise

    def _require_turn(self, request: Request[Any, Any, Any], actor: Actor) -> None:
        """Pages are what a person can look at: their own calls are bounded, they are not."""
        if not _template(request).startswith("/v1/"):
            return
        services = services_of(request)
        if actor.kind == "token":
            services.rate.require(actor.id, services.settings.token_requests_per_minute)
        else:
            services.rate.require(actor.session_id, services.settings.session_requests_per_minute)

    async def _actor(self, request: Request[Any, Any, Any]) -> Actor:
        try:
            return await asyncio.to_thread(services_of(request).identify, request)
        except Unauthorized as error:
            _tell(request, error.code)
            raise


def _template(request: Request[Any, Any, Any]) -> str:
    return str(request.scope["path_template"])


def _forbidden(request: Request[Any, Any, Any], actor: Actor, lowest: Role | None) -> CallerError:
    _tell(request, "FORBIDDEN", actor.id)
    needed = lowest.name.lower() if lowest else "none"
    return CallerError(
        f"The role {actor.role} may not do this; it takes {needed}.",
        code="FORBIDDEN",
        status=403,
        role=actor.role,
        needed=needed,
    )


def _tell(request: Request[Any, Any, Any], code: str, actor_id: str = "") -> None:
    emit(ManagementAccessRefused(code=code, method=request.method, path=_template(request), actor_id=actor_id))
