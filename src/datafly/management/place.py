"""From where a call comes: the address, the browser, and whether the way is encrypted, behind trusted proxies too."""

from typing import TYPE_CHECKING, Any, Final

import msgspec

from datafly.management.settings import ManagementSettings
from datafly.model.proxies import Proxies

if TYPE_CHECKING:  # the command line is a place too, and has no server to load
    from litestar.connection import ASGIConnection

_AGENT_LENGTH: Final = 400
STATE: Final = "settings"


class Place(msgspec.Struct, frozen=True):
    address: str = ""
    user_agent: str = ""


COMMAND_LINE: Final = Place(user_agent="datafly command line")
"""Whoever can run it has the store in their hands."""


def place_of(connection: "ASGIConnection[Any, Any, Any, Any]") -> Place:
    headers = connection.headers
    peer = connection.client.host if connection.client else None
    proxies = _proxies(connection)
    if proxies.trusts(peer):
        forwarded = ", ".join(headers.getall("x-forwarded-for", []))
        peer = proxies.caller_of(peer, forwarded.encode("latin-1", "replace"))
    return Place(peer or "", headers.get("user-agent", "")[:_AGENT_LENGTH])


def is_secure(connection: "ASGIConnection[Any, Any, Any, Any]") -> bool:
    """Also where the public address says so: then the proxy in front is known to speak HTTPS."""
    if connection.scope["scheme"] == "https" or _settings(connection).public_url.startswith("https://"):
        return True
    peer = connection.client.host if connection.client else None
    told = connection.headers.get("x-forwarded-proto", "").split(",")[0].strip().lower()
    return told == "https" and _proxies(connection).trusts(peer)


def _settings(connection: "ASGIConnection[Any, Any, Any, Any]") -> ManagementSettings:
    found: ManagementSettings = connection.app.state[STATE]
    return found


def _proxies(connection: "ASGIConnection[Any, Any, Any, Any]") -> Proxies:
    return Proxies(_settings(connection).trusted_proxies)
