"""Short access tokens: JWT, HS256, with the claims of contracts/signal.md §10.3 and the session that they live by."""

from typing import Any, Final

import jwt
from jwt.types import Options

from datafly.management.views.naming import ORGANISATION
from datafly.model.clock import Clock
from datafly.model.errors import Unauthorized
from datafly.model.people import Session, User
from datafly.model.secret import Secret

_ALGORITHM: Final = "HS256"
_OPTIONS: Final[Options] = {
    "require": ["exp", "sub"],
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
    "verify_aud": False,
}
PURPOSE: Final = "access token"
"""What the signing key is derived for."""


class AccessTokens:
    """The role inside is for those who read it; what counts is the user's role at the moment of a call."""

    def __init__(self, key: Secret, clock: Clock, *, lasts_seconds: int) -> None:
        self._key = key
        self._clock = clock
        self.lasts_seconds = lasts_seconds

    def make(self, session: Session, user: User) -> str:
        now = self._clock.now_ms() // 1000
        claims = {
            "sub": user.id,
            "org_id": ORGANISATION,
            "role": user.role,
            "sid": session.id,
            "iat": now,
            "exp": now + self.lasts_seconds,
        }
        return jwt.encode(claims, self._key.reveal(), algorithm=_ALGORITHM)

    def session_of(self, text: str) -> str:
        """Raises `Unauthorized`: `INVALID_TOKEN`, or `EXPIRED_TOKEN` for one that was good."""
        claims = self._claims(text)
        session_id, until = claims.get("sid"), claims.get("exp")
        if not isinstance(session_id, str) or not isinstance(until, int):
            raise Unauthorized("This is no access token of this Signal. Log in again.")
        if until * 1000 <= self._clock.now_ms():
            raise Unauthorized("This access token has expired. Get another by its refresh token.", code="EXPIRED_TOKEN")
        return session_id

    def _claims(self, text: str) -> dict[str, Any]:
        """Times are judged by our clock, not by the library's."""
        try:
            claims: dict[str, Any] = jwt.decode(text, self._key.reveal(), algorithms=[_ALGORITHM], options=_OPTIONS)
        except (jwt.InvalidTokenError, UnicodeError) as error:
            raise Unauthorized("This is no access token of this Signal. Log in again.") from error
        return claims
