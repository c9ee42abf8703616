"""Which addresses a vendor may have: public ones, unless the operator opened the others."""

import ipaddress
from typing import Final

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_CLOSED: Final = tuple(
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24",  # protocol assignments (RFC 6890); older Pythons call a part of it global
        "192.88.99.0/24",  # 6to4 relays, withdrawn (RFC 7526)
        "64:ff9b:1::/48",  # NAT64 for local use (RFC 8215)
        "fec0::/10",  # site-local, withdrawn (RFC 3879)
    )
)


def is_public(text: str) -> bool:
    """Whether a connection to this IP leaves for the open internet, also through the IPv4 address inside an IPv6 one.

    Loopback, private, shared, link-local (the metadata services of clouds), reserved, multicast and unspecified
    addresses do not. What is no IP address is not public.
    """
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return all(_is_open(one) for one in (address, *_inner(address)))


def _inner(address: Address) -> tuple[Address, ...]:
    """The IPv4 addresses that an IPv6 address leads to; a mapped one is judged by that alone, see `_is_open`."""
    if isinstance(address, ipaddress.IPv4Address):
        return ()
    if address.ipv4_mapped:
        return (address.ipv4_mapped,)
    if address.sixtofour:
        return (address.sixtofour,)
    if address.teredo:
        return address.teredo
    if address in _NAT64:
        return (ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF),)
    return ()


def _is_open(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and (address.ipv4_mapped or address in _NAT64):
        return True
    if any(address.version == network.version and address in network for network in _CLOSED):
        return False
    closed = address.is_multicast or address.is_reserved or address.is_unspecified or address.is_link_local
    return address.is_global and not closed
