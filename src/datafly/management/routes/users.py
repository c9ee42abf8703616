"""`/v1/admin/users`"""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from litestar import Response, Router, delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import UNSET, UnsetType

from datafly.management import inviting
from datafly.management.access import require_at_least
from datafly.management.bodies import Strict
from datafly.management.paging import Cursor, Limit, Page, newest_first, page
from datafly.management.parameters import IfMatch, etag, expected
from datafly.management.place import place_of
from datafly.management.routes.auth import SessionView, session_view
from datafly.management.routes.caller import Caller, noted, tell
from datafly.management.services import Composed, Services
from datafly.management.views.times import moment
from datafly.management.views.user import UserView, user_view
from datafly.model.people import RoleName, Status, User

Email = Annotated[str, msgspec.Meta(min_length=3, max_length=320)]
PersonName = Annotated[str, msgspec.Meta(max_length=255)]


class InviteBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    email: Email
    role: RoleName = "viewer"
    name: PersonName = ""


class UserChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`status` disabled ends all sessions; active lets in again."""

    role: RoleName | UnsetType = UNSET
    name: PersonName | UnsetType = UNSET
    status: Literal["active", "disabled"] | UnsetType = UNSET


class LinkView(msgspec.Struct, frozen=True):
    """`link` is shown this once; it works once, until `expires_at`. Pass it on to the user: Signal sends no mail."""

    user: UserView
    link: str
    expires_at: datetime


@get("/", summary="List users", sync_to_thread=True)
def list_users(
    *,
    services: Services,
    role: FromQuery[RoleName | None] = None,
    status: FromQuery[Status | None] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[UserView]:
    """Newest first."""
    fitting = [one for one in services.control.users() if role in {None, one.role} and status in {None, one.status}]
    found, place = newest_first(fitting, lambda one: (one.created_ms, one.id), cursor, limit)
    return page([user_view(user) for user in found], place)


@get("/{user_id:str}", summary="One user", sync_to_thread=True)
def get_user(*, services: Services, user_id: FromPath[str]) -> Response[UserView]:
    return _answer(services, services.control.user(user_id))


@post("/", dto=Strict[InviteBody], return_dto=None, summary="Invite a user", sync_to_thread=True)
def invite_user(*, services: Services, data: JSONBody[InviteBody], request: Caller) -> LinkView:
    """Whoever did not come yet is invited anew, and the link before does not work any more."""
    require_at_least(request.auth, data.role)
    known = services.control.user_by_email(data.email)
    if known is not None:
        require_at_least(request.auth, known.role)
    user, text = inviting.invite(
        services.control, data.email, data.role, name=data.name, actor=request.auth, place=place_of(request)
    )
    noted(request)
    return _link_view(services, request, user, text)


@patch("/{user_id:str}", dto=Strict[UserChange], return_dto=None, summary="Change a user", sync_to_thread=True)
def change_user(
    *,
    services: Services,
    user_id: FromPath[str],
    data: JSONBody[UserChange],
    request: Caller,
    if_match: IfMatch = None,
) -> Response[UserView]:
    """A role counts from the next call on. The last active owner stays one: 409 `LAST_OWNER`."""
    with services.control.together():
        before = services.control.user(user_id)
        require_at_least(request.auth, before.role)
        changes = _changes(before, data)
        require_at_least(request.auth, str(changes.get("role", before.role)))
        after = services.control.change_user(user_id, changes, if_match=expected(if_match))
        tell(request, "changed", "user", user_id, old=_told(before), new=_told(after))
    return _answer(services, after)


@delete("/{user_id:str}", summary="Remove a user", opt={"answers": (409,)}, sync_to_thread=True)
def remove_user(*, services: Services, user_id: FromPath[str], request: Caller, if_match: IfMatch = None) -> None:
    """With all sessions; the audit log keeps what they did. API tokens that they made stay."""
    with services.control.together():
        require_at_least(request.auth, services.control.user(user_id).role)
        removed = services.control.remove_user(user_id, if_match=expected(if_match))
        tell(request, "removed", "user", user_id, old=_told(removed))


@post(
    "/{user_id:str}/link", status_code=201, opt={"answers": (409,)}, summary="Make a one-time link", sync_to_thread=True
)
def create_link(*, services: Services, user_id: FromPath[str], request: Caller) -> LinkView:
    """By it the user sets a new password; whoever was invited comes in by it. Older ones do not work any more."""
    user = services.control.user(user_id)
    require_at_least(request.auth, user.role)
    text = inviting.reset(services.control, user, actor=request.auth, place=place_of(request))
    noted(request)
    return _link_view(services, request, user, text)


@get("/{user_id:str}/sessions", summary="A user's sessions", sync_to_thread=True)
def user_sessions(
    *, services: Services, user_id: FromPath[str], request: Caller, limit: Limit = 50, cursor: Cursor = None
) -> Page[SessionView]:
    """Newest first; those that are over stay for a month."""
    user = services.control.user(user_id)
    found, place = newest_first(services.control.sessions(user.id), lambda one: (one.created_ms, one.id), cursor, limit)
    return page([session_view(one, current=request.auth.session_id) for one in found], place)


@delete("/{user_id:str}/sessions", summary="End all sessions of a user", sync_to_thread=True)
def end_user_sessions(*, services: Services, user_id: FromPath[str], request: Caller) -> None:
    with services.control.together():
        user = services.control.user(user_id)
        require_at_least(request.auth, user.role)
        services.control.end_sessions(user.id)
        tell(request, "sessions_ended", "user", user.id)


def _changes(before: User, body: UserChange) -> dict[str, str]:
    """Who was disabled before they ever came is invited again, not active."""
    changes = {name: value for name in ("role", "name", "status") if isinstance(value := getattr(body, name), str)}
    if "name" in changes:
        inviting.require_name(changes["name"])
    if changes.get("status") == "active" and before.last_login_ms is None and before.status != "active":
        changes["status"] = "invited"
    return changes


def _told(user: User) -> dict[str, object]:
    return {"email": user.email, "name": user.name, "role": user.role, "status": user.status}


def _link_view(services: Composed, request: Caller, user: User, text: str) -> LinkView:
    base = services.settings.public_url or str(request.base_url).rstrip("/")
    link = services.control.link(text)
    expires_ms = link.expires_ms if link else services.clock.now_ms()
    return LinkView(user=user_view(user), link=base + inviting.path_of(text), expires_at=moment(expires_ms))


def _answer(services: Composed, user: User) -> Response[UserView]:
    return Response(user_view(user), headers=etag(services.control.etag(user)))


router = Router(
    "/v1/admin/users",
    route_handlers=[
        list_users,
        get_user,
        invite_user,
        change_user,
        remove_user,
        create_link,
        user_sessions,
        end_user_sessions,
    ],
    tags=["Users"],
)
