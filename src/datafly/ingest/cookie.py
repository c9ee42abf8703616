"""The first-party cookie `_dfid`: who this browser is, set by the server, unreadable to scripts."""

import re
from typing import Final

from datafly.model.installation import LONGEST_COOKIE_DAYS

NAME: Final = "_dfid"
_DAY_SECONDS: Final = 86_400

_FOUND: Final = re.compile(rb"(?:^|;)[ \t]*_dfid=([^;]*)")
_UUID4: Final = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def read(header: bytes | None) -> str | None:
    """The visitor's id: the first UUID v4, for a browser may hold one per domain. Anything else is ignored."""
    if not header or b"_dfid=" not in header:
        return None
    for found in _FOUND.finditer(header):
        value = found[1].strip(b' \t"')
        if _UUID4.fullmatch(value):
            return value.decode()
    return None


def write(visitor: str, *, domain: str, secure: bool, days: int = LONGEST_COOKIE_DAYS) -> tuple[bytes, bytes]:
    """The Set-Cookie header."""
    parts = [f"{NAME}={visitor}", f"Max-Age={days * _DAY_SECONDS}", "Path=/", "HttpOnly", "SameSite=Lax"]
    parts += [f"Domain={domain}"] * bool(domain) + ["Secure"] * secure
    return b"set-cookie", "; ".join(parts).encode()
