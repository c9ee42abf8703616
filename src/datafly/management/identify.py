"""Finds out who calls: by an API token, an access token, or the cookie of a browser's session."""

from typing import Any, Final

from litestar.connection import ASGIConnection

from datafly.management.access_tokens import AccessTokens
from datafly.management.cookie import session_text
from datafly.model.errors import Unauthorized
from datafly.model.people import Actor, Held
from datafly.store.base import Control, Token

Connection = ASGIConnection[Any, Any, Any, Any]
_CURE: Final = "Log in, or make a token with `datafly token create --name NAME`."


class Identify:
    """Blocking. Raises `Unauthorized`. An `Authorization` header counts, also a bad one beside a good cookie."""

    def __init__(self, control: Control, access_tokens: AccessTokens, *, session_seconds: float) -> None:
        self._control = control
        self._access_tokens = access_tokens
        self._lasts_ms = int(session_seconds * 1000)

    def __call__(self, connection: Connection) -> Actor:
        if connection.headers.get("authorization"):
            return self._by_bearer(bearer_of(connection))
        if text := session_text(connection):
            return self._by_cookie(text)
        raise Unauthorized(f"Send an API token: `Authorization: Bearer dft_…`. {_CURE}")

    def _by_bearer(self, text: str) -> Actor:
        if text.count(".") == 2:
            session_id = self._access_tokens.session_of(text)
            held = self._control.session_in_force(session_id)
            if held is None or held.session.kind != "api":
                raise Unauthorized("The session of this access token is over. Log in again.")
            return _user_actor(held, "access_token")
        token = self._control.find_token(text) if text else None
        if token is None:
            raise Unauthorized(f"This API token is unknown, revoked or expired. {_CURE}")
        return _token_actor(token)

    def _by_cookie(self, text: str) -> Actor:
        held = self._control.session_by_cookie(text, lasts_ms=self._lasts_ms)
        if held is None:
            raise Unauthorized("This session is over. Log in again.")
        return _user_actor(held, "cookie")


def bearer_of(connection: Connection) -> str:
    """The text of the token that was sent; empty where none was."""
    scheme, _, text = connection.headers.get("authorization", "").partition(" ")
    return text.strip() if scheme.lower() == "bearer" else ""


def still_holds(control: Control, connection: Connection, actor: Actor) -> bool:
    """For who is answered for long: a session or a token that ends, ends that too. Blocking."""
    if actor.kind == "token":
        return control.find_token(bearer_of(connection)) is not None
    return control.session_in_force(actor.session_id) is not None


def _token_actor(token: Token) -> Actor:
    return Actor("token", token.id, token.name, token.role, "token")


def _user_actor(held: Held, via: Any) -> Actor:
    user = held.user
    return Actor("user", user.id, user.email, user.role, via, held.session.id)
