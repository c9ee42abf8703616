"""Short access tokens: JWT, HS256, with the claims of contracts/signal.md §10.3 and the session that they live by."""

from typing import Any, Final

from datafly.management.views.naming import ORGANISATION
from datafly.model.clock import Clock
from datafly.model.errors import Unauthorized
from datafly.model.people import Session, User
from datafly.model.secret import Secret

_ALGORITHM: Final = "HS256"
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
        return signed(claims, self._key)

    def session_of(self, text: str) -> str:
        """Raises `Unauthorized`: `INVALID_TOKEN`, or `EXPIRED_TOKEN` for one that was good."""
        claims = read_signed(text, self._key)
        session_id, until = claims.get("sid"), claims.get("exp")
        if not isinstance(session_id, str) or not isinstance(until, int):
            raise Unauthorized("This is no access token of this Signal. Log in again.")
        if until * 1000 <= self._clock.now_ms():
            raise Unauthorized("This access token has expired. Get another by its refresh token.", code="EXPIRED_TOKEN")
        return session_id


def signed(claims: dict[str, Any], key: Secret) -> str:
    """Anybody can read it, only who has the key can make it."""
    from joserfc import jwt  # noqa: PLC0415 - 4 MB, which a browser's session does without
    from joserfc.jwk import OctKey  # noqa: PLC0415

    return jwt.encode({"alg": _ALGORITHM}, claims, OctKey.import_key(key.reveal()), algorithms=[_ALGORITHM])


def read_signed(text: str, key: Secret) -> dict[str, Any]:
    """Empty for what `signed` did not make with this key. Times are judged by who asks, by our clock."""
    from joserfc import jwt  # noqa: PLC0415 - as above
    from joserfc.errors import JoseError  # noqa: PLC0415
    from joserfc.jwk import OctKey  # noqa: PLC0415

    try:
        return jwt.decode(text, OctKey.import_key(key.reveal()), algorithms=[_ALGORITHM]).claims
    except (JoseError, ValueError, TypeError):
        return {}
