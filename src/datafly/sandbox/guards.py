"""What keeps other sites, open in the same browser, away from a sandbox on loopback."""

from typing import Any

from litestar.connection import ASGIConnection
from litestar.exceptions import PermissionDeniedException
from litestar.handlers import BaseRouteHandler

_OURSELVES = frozenset({"same-origin", "none"})
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


def writes_come_from_here(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Refuse what a page of another origin makes a browser send; programs send no such header and pass."""
    site = connection.headers.get("sec-fetch-site")
    if connection.scope.get("method") not in _READING and site is not None and site not in _OURSELVES:
        raise PermissionDeniedException("Pages of other sites may not change a sandbox.")
