"""`/v1/admin/tokens`"""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Response, Router, delete, get, patch, post
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, UnsetType

from datafly.management.access import require_at_least
from datafly.management.bodies import Strict
from datafly.management.paging import Cursor, Limit, Page, newest_first, page
from datafly.management.parameters import IfMatch, etag, expected, require_match
from datafly.management.routes.caller import Caller, tell
from datafly.management.services import Composed, Services
from datafly.management.views.naming import Name
from datafly.management.views.times import milliseconds_of, moment, moment_or_none
from datafly.model.errors import Invalid
from datafly.model.people import RoleName
from datafly.store.base import Token


class TokenBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`expires_at` null: it holds until it is revoked."""

    name: Name
    role: RoleName = "viewer"
    expires_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


class TokenChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`expires_at` null: it holds until it is revoked."""

    name: Name | UnsetType = UNSET
    expires_at: Annotated[datetime, msgspec.Meta(tz=True)] | UnsetType | None = UNSET


class TokenView(msgspec.Struct, frozen=True):
    """An API token. Of its text `masked` shows the end; `created_by` is null for one made on the command line."""

    id: str
    name: str
    role: str
    masked: str
    created_by: str | None
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
    with services.control.together():
        token, text = services.control.create_token(
            data.name, data.role, expires_ms=expires_ms, created_by=request.auth.name
        )
        tell(request, "created", "token", token.id, new=told_of(token))
    return NewToken(**_shown(token), token=text)


@get("/{token_id:str}", summary="One API token", sync_to_thread=True)
def get_token(*, services: Services, token_id: FromPath[str]) -> Response[TokenView]:
    return _answer(services, services.control.token(token_id))


@patch("/{token_id:str}", dto=Strict[TokenChange], return_dto=None, summary="Change an API token", sync_to_thread=True)
def change_token(
    *,
    services: Services,
    token_id: FromPath[str],
    data: JSONBody[TokenChange],
    request: Caller,
    if_match: IfMatch = None,
) -> Response[TokenView]:
    """Its role stays: for another one make another token. One that is revoked stays so: 409 `REVOKED`."""
    changes: dict[str, Any] = {} if data.name is UNSET else {"name": data.name}
    if data.expires_at is None or isinstance(data.expires_at, datetime):
        changes["expires_ms"] = _expiry(services, data.expires_at)
    with services.control.together():
        before = services.control.token(token_id)
        require_at_least(request.auth, before.role)
        after = services.control.change_token(token_id, changes, if_match=expected(if_match))
        tell(request, "changed", "token", token_id, old=told_of(before), new=told_of(after))
    return _answer(services, after)


@delete("/{token_id:str}", summary="Revoke an API token", sync_to_thread=True)
def revoke_token(*, services: Services, token_id: FromPath[str], request: Caller, if_match: IfMatch = None) -> None:
    """It stops working at once and stays in the list. Revoking it twice changes nothing."""
    with services.control.together():
        token = services.control.token(token_id)
        require_at_least(request.auth, token.role)
        require_match(services.control.etag(token), if_match)
        services.control.revoke_token(token_id)
        tell(request, "removed", "token", token_id, old=told_of(token))


def told_of(token: Token) -> dict[str, Any]:
    return {"name": token.name, "role": token.role, "expires_at": _shown(token)["expires_at"]}


def _answer(services: Composed, token: Token) -> Response[TokenView]:
    return Response(TokenView(**_shown(token)), headers=etag(services.control.etag(token)))


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
        "masked": f"dft_…{token.hint or ''}",
        "created_by": token.created_by,
        "created_at": moment(token.created_ms),
        "expires_at": moment_or_none(token.expires_ms),
        "last_used_at": moment_or_none(token.last_used_ms),
        "revoked_at": moment_or_none(token.revoked_ms),
    }


router = Router(
    "/v1/admin/tokens",
    route_handlers=[list_tokens, get_token, create_token, change_token, revoke_token],
    tags=["Tokens"],
)
