"""What a browser sends with its cookie must come from our own pages."""

from typing import Any, Final
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection

from datafly.model.errors import CallerError

_PORTS: Final = {"http": 80, "https": 443}


def require_same_origin(connection: ASGIConnection[Any, Any, Any, Any], public_url: str) -> None:
    """Raises `FORBIDDEN` where a page of another origin made the browser send this.

    `Sec-Fetch-Site` is the browser's own word. Where it does not say it (plain HTTP to a name of the network), `Origin`
    must be our host, or that of `public_url`. A program that sends neither should send a token.
    """
    site = connection.headers.get("sec-fetch-site")
    if site is not None:
        fits = site == "same-origin"
    else:
        fits = _is_ours(connection.headers.get("origin", ""), connection.headers.get("host", ""), public_url)
    if not fits:
        raise CallerError(
            "This did not come from a page of this Signal. Open Signal itself and do it there; a program sends "
            "an API token instead of a cookie.",
            code="CROSS_SITE",
            status=403,
        )


def _is_ours(origin: str, host: str, public_url: str) -> bool:
    """Schemes are not compared with the host's: a proxy may have taken HTTPS off."""
    told = _place(origin)
    if told is None:
        return False
    scheme, name, port = told
    return told == _place(public_url) or (name, port) == (_place(f"{scheme}://{host}") or ("", "", 0))[1:]


def _place(url: str) -> tuple[str, str, int] | None:
    """Scheme, name and port; None for what is no address of a web server."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname:
        return None
    return parts.scheme, parts.hostname, port
