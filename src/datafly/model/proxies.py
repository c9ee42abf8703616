"""Who really calls, where a proxy stands between."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final

_EVERYONE: Final = "*"


class Proxies:
    """Whom to believe about the address and the scheme behind it.

    From the right, the first address of X-Forwarded-For that is no trusted proxy itself is the caller's. `*` trusts
    whoever connects, and nobody behind.
    """

    def __init__(self, trusted: Sequence[str]) -> None:
        self._everyone = _EVERYONE in trusted
        self._networks: list[IPv4Network | IPv6Network] = [
            ip_network(entry, strict=False) for entry in trusted if entry != _EVERYONE
        ]
        self._known = lru_cache(maxsize=1024)(self._is_listed)

    def trusts(self, peer: str | None) -> bool:
        return self._everyone or (bool(self._networks) and peer is not None and self._known(peer))

    def caller_of(self, peer: str | None, forwarded: bytes | None) -> str | None:
        hops = [hop.strip() for hop in (forwarded or b"").decode("latin-1").split(",")]
        for hop in reversed(hops):
            if not is_address(hop):
                return peer
            peer = hop
            if not self._known(hop):
                break
        return peer

    def _is_listed(self, address: str) -> bool:
        return is_address(address) and any(ip_address(address) in network for network in self._networks)


def is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
