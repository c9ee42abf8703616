"""`/v1/admin/tokens`"""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import Router, delete, get, post
from litestar.params import FromPath, JSONBody

from datafly.management.access import require_at_least
from datafly.management.bodies import Strict
from datafly.management.paging import Cursor, Limit, Page, newest_first, page
from datafly.management.routes.caller import Caller, tell
from datafly.management.services import Composed, Services
from datafly.management.views.naming import Name
from datafly.management.views.times import milliseconds_of, moment, moment_or_none
from datafly.model.errors import Invalid, NotFound
from datafly.store.base import Token

RoleName = Literal["owner", "admin", "editor", "viewer"]


class TokenBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`expires_at` null: it holds until it is revoked."""

    name: Name
    role: RoleName = "viewer"
    expires_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


class TokenView(msgspec.Struct, frozen=True):
    """An API token, without its text."""

    id: str
    name: str
    role: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


class NewToken(TokenView, frozen=True, kw_only=True):
    """`token` is its text, shown this once: only its hash is kept."""

    token: str


@get("/", summary="List API tokens", sync_to_thread=True)
def list_tokens(*, services: Services, limit: Limit = 50, cursor: Cursor = None) -> Page[TokenView]:
    """Revoked ones too."""
    found, place = newest_first(services.control.tokens(), lambda one: (one.created_ms, one.id), cursor, limit)
    return page([TokenView(**_shown(token)) for token in found], place)


@post("/", dto=Strict[TokenBody], return_dto=None, summary="Create an API token", sync_to_thread=True)
def create_token(*, services: Services, data: JSONBody[TokenBody], request: Caller) -> NewToken:
    require_at_least(request.auth, data.role)
    expires_ms = _expiry(services, data.expires_at)
    token, text = services.control.create_token(data.name, data.role, expires_ms=expires_ms)
    tell(request, "created", "token", token.id)
    return NewToken(**_shown(token), token=text)


@delete("/{token_id:str}", summary="Revoke an API token", sync_to_thread=True)
def revoke_token(*, services: Services, token_id: FromPath[str], request: Caller) -> None:
    """It stops working at once and stays in the list. Revoking it twice changes nothing."""
    token = next((known for known in services.control.tokens() if known.id == token_id), None)
    if token is None:
        raise NotFound(f"There is no token {token_id}.")
    require_at_least(request.auth, token.role)
    services.control.revoke_token(token_id)
    tell(request, "removed", "token", token_id)


def _expiry(services: Composed, expires_at: datetime | None) -> int | None:
    if expires_at is None:
        return None
    expires_ms = milliseconds_of(expires_at)
    if expires_ms <= services.clock.now_ms():
        raise Invalid("expires_at: is in the past.", field="expires_at")
    return expires_ms


def _shown(token: Token) -> dict[str, Any]:
    return {
        "id": token.id,
        "name": token.name,
        "role": token.role,
        "created_at": moment(token.created_ms),
        "expires_at": moment_or_none(token.expires_ms),
        "last_used_at": moment_or_none(token.last_used_ms),
        "revoked_at": moment_or_none(token.revoked_ms),
    }


router = Router("/v1/admin/tokens", route_handlers=[list_tokens, create_token, revoke_token], tags=["Tokens"])
