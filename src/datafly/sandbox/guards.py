"""What keeps other sites, open in the same browser, away from a sandbox on loopback."""

import ipaddress
from collections.abc import Callable, Collection
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


def only_for_hosts(allowed: Collection[str]) -> Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], None]:
    """A guard that refuses requests for a name that somebody else may own (DNS rebinding).

    Such a page is of our own origin to a browser. Addresses, names without a dot and `localhost` cannot be pointed
    here by a stranger; `allowed` are the other names of this sandbox.
    """
    known = {name.lower() for name in allowed}

    def guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        host = _name_of(connection.headers.get("host", ""))
        if not (_is_of_this_network(host) or host in known):
            raise PermissionDeniedException(
                f"This sandbox does not answer for {host}: call it by its address, or start it with this name allowed."
            )

    return guard


def _name_of(host: str) -> str:
    """The Host header without its port."""
    bracketed = host.startswith("[")
    return (host[1:].partition("]")[0] if bracketed else host.partition(":")[0]).rstrip(".").lower()


def _is_of_this_network(name: str) -> bool:
    if "." not in name and ":" not in name:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name.endswith(".localhost")
    return True
