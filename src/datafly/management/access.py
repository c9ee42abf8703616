"""Who may do what: one table, asked before every call."""

import asyncio
from enum import IntEnum
from typing import Any, Final

import msgspec
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from datafly.model.errors import CallerError, Unauthorized
from datafly.observe import emit
from datafly.observe.management import ManagementAccessRefused
from datafly.store.base import Control, Token


class Role(IntEnum):
    """Each may do what those before it may. `ANYONE` needs no token."""

    ANYONE = 0
    VIEWER = 1
    EDITOR = 2
    ADMIN = 3
    OWNER = 4


class Rule(msgspec.Struct, frozen=True):
    """`path` is a route as it is declared, and stands for all below it; `method` may be `*`."""

    method: str
    path: str
    lowest: Role


TABLE: Final = (
    Rule("OPTIONS", "/", Role.ANYONE),
    Rule("GET", "/healthz", Role.ANYONE),
    Rule("GET", "/readyz", Role.ANYONE),
    Rule("GET", "/v1/admin/openapi.json", Role.ANYONE),
    Rule("*", "/v1/admin/tokens", Role.ADMIN),
    Rule("DELETE", "/v1/admin", Role.ADMIN),
    Rule("GET", "/v1/admin", Role.VIEWER),
    Rule("*", "/v1/admin", Role.EDITOR),
)
"""The first rule that fits counts. What no rule fits is nobody's."""


def lowest_role(method: str, path: str) -> Role | None:
    """None: nobody may."""
    method = "GET" if method == "HEAD" else method
    return next((rule.lowest for rule in TABLE if _fits(rule, method, path)), None)


def role_of(token: Token) -> Role:
    """A role that is not known may do nothing."""
    return Role.__members__.get(token.role.upper(), Role.ANYONE)


def require_at_least(token: Token, role: str) -> None:
    """Nobody hands out, or takes away, more than they have."""
    if Role[role.upper()] > role_of(token):
        raise CallerError(
            f"A token with the role {token.role} cannot do that to one with the role {role}.",
            code="FORBIDDEN",
            status=403,
            role=token.role,
        )


def bearer_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """The text of the token that was sent; empty where none was."""
    scheme, _, text = connection.headers.get("authorization", "").partition(" ")
    return text.strip() if scheme.lower() == "bearer" else ""


class Access:
    """The guard of every route."""

    def __init__(self, control: Control) -> None:
        self._control = control

    async def __call__(self, connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        """The route's template is asked for, not the path as written: `//` and the like have no way round."""
        lowest = lowest_role(connection.scope["method"], connection.scope["path_template"])  # type: ignore[typeddict-item]
        if lowest is Role.ANYONE:
            return
        token = await self._token(connection)
        connection.scope["auth"] = token
        if lowest is None or role_of(token) < lowest:
            raise self._forbidden(connection, token, lowest)

    async def _token(self, connection: ASGIConnection[Any, Any, Any, Any]) -> Token:
        text = bearer_of(connection)
        if not text:
            raise _refused(connection, "Send an API token: `Authorization: Bearer dft_…`.")
        token = await asyncio.to_thread(self._control.find_token, text)
        if token is None:
            raise _refused(connection, "This API token is unknown, revoked or expired.")
        return token

    def _forbidden(
        self, connection: ASGIConnection[Any, Any, Any, Any], token: Token, lowest: Role | None
    ) -> CallerError:
        _tell(connection, "FORBIDDEN", token.id)
        needed = lowest.name.lower() if lowest else "none"
        return CallerError(
            f"A token with the role {token.role} may not do this; it takes {needed}.",
            code="FORBIDDEN",
            status=403,
            role=token.role,
            needed=needed,
        )


def _fits(rule: Rule, method: str, path: str) -> bool:
    below = rule.path if rule.path.endswith("/") else rule.path + "/"
    return rule.method in {"*", method} and (path == rule.path or path.startswith(below))


def _refused(connection: ASGIConnection[Any, Any, Any, Any], message: str) -> Unauthorized:
    _tell(connection, Unauthorized.code)
    cure = "Make one with `datafly token create --name NAME`."
    return Unauthorized(f"{message} {cure}")


def _tell(connection: ASGIConnection[Any, Any, Any, Any], code: str, token_id: str = "") -> None:
    method, path = connection.scope["method"], connection.scope["path_template"]  # type: ignore[typeddict-item]
    emit(ManagementAccessRefused(code=code, method=method, path=path, token_id=token_id))
