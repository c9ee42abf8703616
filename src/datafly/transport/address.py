"""Which addresses a vendor may have: public ones, unless the operator opened the others."""

import ipaddress
from collections.abc import Iterable
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
        "168.63.129.16/32",  # of Azure's own to each of its machines, though it looks public
    )
)
_NOBODYS: Final = tuple(
    ipaddress.ip_network(network)
    for network in (
        "169.254.0.0/16",  # link-local, and there the metadata of most clouds
        "fe80::/10",
        "100.100.100.200/32",  # metadata of Alibaba Cloud
        "168.63.129.16/32",  # of Azure
        "fd00:ec2::/32",  # of AWS
        "fd20:ce::254/128",  # of Google Cloud
    )
)


def is_public(text: str) -> bool:
    """Whether a connection to this IP leaves for the open internet, also through the IPv4 address inside an IPv6 one.

    Loopback, private, shared, link-local (the metadata services of clouds), reserved, multicast and unspecified
    addresses do not. What is no IP address is not public.
    """
    address = _address(text)
    return address is not None and all(_is_open(one) for one in (address, *_inner(address)))


class Reach:
    """Whom requests may be sent to: the open internet by https and, beside it, what the operator opened.

    `everywhere` opens all. A name of `private_hosts` may then resolve to any private or loopback address, but never to
    one where clouds keep the credentials of their machines; an address or a network is open whatever name leads there,
    and by plain http where it stands in the URL itself.
    """

    def __init__(self, private_hosts: Iterable[str] = (), *, everywhere: bool = False) -> None:
        self._everywhere = everywhere
        hosts = [host.lower().rstrip(".") for host in private_hosts]
        self._networks = [network for host in hosts if (network := _network(host))]
        self._names = frozenset(host for host in hosts if not _network(host))

    def is_named(self, host: str) -> bool:
        return host.lower().rstrip(".") in self._names

    def takes_plain_http(self, host: str) -> bool:
        return self._everywhere or self.is_named(host) or self._is_listed(host)

    def allows(self, address: str, *, named: bool) -> bool:
        """`address`: the one that is about to be connected to. `named`: the host of the URL is one of the names."""
        if self._everywhere or is_public(address) or self._is_listed(address):
            return True
        return named and _is_somebodys(address)

    def leads_nowhere(self, host: str) -> bool:
        """Whether it is plain without a look-up that no connection to it is allowed: an address of its own, or a name
        that stands for this very machine (RFC 6761).
        """
        name = host.lower().rstrip(".")
        here = name == "localhost" or name.endswith(".localhost")
        address = "127.0.0.1" if here else str(_address(name) or "")
        return bool(address) and not self.allows(address, named=self.is_named(host))

    def _is_listed(self, text: str) -> bool:
        address = _address(text)
        return address is not None and any(address in network for network in self._networks)


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


def _is_somebodys(text: str) -> bool:
    """Whether a machine may have it, other than those that answer to all machines of a cloud."""
    address = _address(text)
    if address is None:
        return False
    every = (address, *_inner(address))
    closed = any(one.is_multicast or one.is_unspecified for one in every)
    return not closed and not any(one.version == net.version and one in net for one in every for net in _NOBODYS)


def _address(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
