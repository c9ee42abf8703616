"""The cookie that a browser's session lives by."""

from typing import Any, Final

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie

from datafly.management.place import is_secure
from datafly.store.sessions import LONGEST_MS

NAME: Final = "datafly_session"
_SECURE_NAME: Final = f"__Host-{NAME}"
"""Browsers take this name over HTTPS alone, and for no other host: a neighbour cannot put one in its place."""


def session_text(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """Empty where there is none."""
    name = _SECURE_NAME if is_secure(connection) else NAME
    return connection.cookies.get(name, "")


def session_cookie(request: Request[Any, Any, Any], text: str) -> Cookie:
    """`Lax`, so that a link in a mail finds people logged in; what changes something is held to its origin."""
    secure = is_secure(request)
    return Cookie(
        key=_SECURE_NAME if secure else NAME,
        value=text,
        path="/",
        max_age=LONGEST_MS // 1000 if text else 0,
        secure=secure,
        httponly=True,
        samesite="lax",
    )
