"""`/v1/admin/auth`: logging in by e-mail address and password, and one's own account."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Router, delete, get, post
from litestar.params import FromPath, JSONBody

from datafly.management import signing_in
from datafly.management.bodies import Strict
from datafly.management.paging import Cursor, Limit, Page, newest_first, page
from datafly.management.place import place_of
from datafly.management.routes.caller import Caller, noted, tell
from datafly.management.services import Composed, Services
from datafly.management.views.times import moment, moment_or_none
from datafly.management.views.user import UserView, user_view
from datafly.model.errors import NotFound
from datafly.model.people import Session, User
from datafly.model.secret import Secret

Password = Annotated[str, msgspec.Meta(max_length=1_000)]
Email = Annotated[str, msgspec.Meta(max_length=320)]


class LoginBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    email: Email
    password: Password


class RefreshBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    refresh_token: Annotated[str, msgspec.Meta(max_length=1_000)]


class PasswordBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`current_password` may be left out by who has none yet."""

    current_password: Password = ""
    new_password: Password


class TokenPair(msgspec.Struct, frozen=True):
    """`access_token` goes into `Authorization: Bearer …`; `refresh_token` works once and brings the next pair."""

    access_token: str
    refresh_token: str
    expires_in: int
    refresh_expires_in: int
    user: UserView
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - a word of OAuth, no token


class Me(msgspec.Struct, frozen=True):
    """Who calls. `user` is null for an API token, `session_id` too."""

    kind: Literal["user", "token"]
    id: str
    name: str
    role: str
    session_id: str | None
    user: UserView | None


class SessionView(msgspec.Struct, frozen=True):
    """`kind`: browser or api. `current`: the one that asks. `ended_at` null: it is in force until `expires_at`."""

    id: str
    user_id: str
    kind: str
    method: str
    ip_address: str
    user_agent: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    current: bool


@post(
    "/login",
    dto=Strict[LoginBody],
    return_dto=None,
    status_code=200,
    opt={"answers": (401,)},
    summary="Log in by e-mail address and password",
    sync_to_thread=True,
)
def log_in(*, services: Services, data: JSONBody[LoginBody], request: Request[Any, Any, Any]) -> TokenPair:
    """401 `INVALID_CREDENTIALS`; after too many tries `ACCOUNT_LOCKED`, with `Retry-After`."""
    opened = signing_in.log_in(services, data.email, Secret(data.password), "api", place_of(request))
    return _pair(services, opened.session, opened.user, opened.text)


@post(
    "/refresh",
    dto=Strict[RefreshBody],
    return_dto=None,
    status_code=200,
    opt={"answers": (401,)},
    summary="Get the next pair of tokens",
    sync_to_thread=True,
)
def refresh_tokens(*, services: Services, data: JSONBody[RefreshBody], request: Request[Any, Any, Any]) -> TokenPair:
    """A refresh token that is used a second time ends all sessions of its user."""
    held, text = signing_in.refresh(services, data.refresh_token, place_of(request))
    return _pair(services, held.session, held.user, text)


@post("/logout", status_code=204, summary="End this session", sync_to_thread=True)
def log_out(*, services: Services, request: Caller) -> None:
    signing_in.log_out(services, request.auth, place_of(request))
    noted(request)


@get("/me", summary="Who calls", sync_to_thread=True)
def me(*, services: Services, request: Caller) -> Me:
    actor = request.auth
    user = services.control.user(actor.id) if actor.kind == "user" else None
    return Me(
        kind=actor.kind,
        id=actor.id,
        name=actor.name,
        role=actor.role,
        session_id=actor.session_id or None,
        user=None if user is None else user_view(user),
    )


@post(
    "/password",
    dto=Strict[PasswordBody],
    return_dto=None,
    status_code=204,
    summary="Change one's own password",
    sync_to_thread=True,
)
def change_password(*, services: Services, data: JSONBody[PasswordBody], request: Caller) -> None:
    """All other sessions of this user end."""
    old, new = Secret(data.current_password), Secret(data.new_password)
    signing_in.change_password(services, request.auth, old, new, place_of(request))
    noted(request)


@get("/sessions", summary="One's own sessions", sync_to_thread=True)
def list_sessions(
    *, services: Services, request: Caller, limit: Limit = 50, cursor: Cursor = None
) -> Page[SessionView]:
    """Newest first; those that are over stay for a month."""
    signing_in.require_user(request.auth)
    mine = services.control.sessions(request.auth.id)
    found, place = newest_first(mine, lambda one: (one.created_ms, one.id), cursor, limit)
    return page([session_view(one, current=request.auth.session_id) for one in found], place)


@delete("/sessions/{session_id:str}", summary="End one of one's own sessions", sync_to_thread=True)
def end_session(*, services: Services, session_id: FromPath[str], request: Caller) -> None:
    """At once. Ending it twice changes nothing."""
    signing_in.require_user(request.auth)
    session = services.control.session(session_id)
    if session.user_id != request.auth.id:
        raise NotFound(f"There is no session {session_id[:100]} of yours.")
    with services.control.together():
        services.control.end_session(session_id)
        tell(request, "ended", "session", session_id)


def session_view(session: Session, *, current: str = "") -> SessionView:
    return SessionView(
        id=session.id,
        user_id=session.user_id,
        kind=session.kind,
        method=session.method,
        ip_address=session.address,
        user_agent=session.user_agent,
        created_at=moment(session.created_ms),
        last_seen_at=moment(session.last_seen_ms),
        expires_at=moment(session.expires_ms),
        ended_at=moment_or_none(session.ended_ms),
        current=session.id == current,
    )


def _pair(services: Composed, session: Session, user: User, text: str) -> TokenPair:
    tokens = services.access_tokens
    return TokenPair(
        access_token=tokens.make(session, user),
        refresh_token=text,
        expires_in=tokens.lasts_seconds,
        refresh_expires_in=services.settings.session_seconds,
        user=user_view(user),
    )


router = Router(
    "/v1/admin/auth",
    route_handlers=[log_in, refresh_tokens, log_out, me, change_password, list_sessions, end_session],
    tags=["Log-in"],
)
