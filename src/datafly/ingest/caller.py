"""Who calls: the key, the page, the browser's cookie, the address behind trusted proxies."""

from base64 import b64decode
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import parse_qsl

import msgspec

from datafly.ingest import cookie
from datafly.ingest.wire import Request

_USER_AGENT_BYTES: Final = 1024
_EVERYONE: Final = "*"


class Caller(msgspec.Struct, gc=False):
    """`key`: from a header or the query; a body may bring one as well. `sdk`: the key came as the SDKs of others send
    it. `browser`: such callers are one visitor.
    """

    key: str | None
    sdk: bool
    origin: str | None
    visitor: str | None
    browser: bool
    secure: bool
    ip: str | None
    user_agent: str | None


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
            if not _is_address(hop):
                return peer
            peer = hop
            if not self._known(hop):
                break
        return peer

    def _is_listed(self, address: str) -> bool:
        return _is_address(address) and any(ip_address(address) in network for network in self._networks)


def read_caller(request: Request, proxies: Proxies) -> Caller:
    headers = request.headers
    cookies, origin = headers.get(b"cookie"), headers.get(b"origin")
    agent = headers.get(b"user-agent")
    ip, secure = request.peer, request.scheme == "https"
    if proxies.trusts(ip):
        ip = proxies.caller_of(ip, headers.get(b"x-forwarded-for"))
        secure = secure or headers.get(b"x-forwarded-proto", b"").split(b",")[0].strip().lower() == b"https"
    if b"x-ip-policy" in headers:
        ip = _kept(ip, headers[b"x-ip-policy"])
    key, sdk = told_key(headers, request.query)
    return Caller(
        key=key,
        sdk=sdk,
        origin=None if origin is None else origin.decode("latin-1"),
        visitor=cookie.read(cookies),
        browser=origin is not None or cookies is not None or b"sec-fetch-site" in headers,
        secure=secure,
        ip=ip,
        user_agent=None if agent is None else agent[:_USER_AGENT_BYTES].decode("latin-1"),
    )


def told_key(headers: dict[bytes, bytes], query: bytes) -> tuple[str | None, bool]:
    """The pipeline key, and whether it came as the SDKs of others send it: Segment's and RudderStack's as the user name
    of Basic, Jitsu's in a header of its own, with a secret behind a colon, RudderStack's beacon in the query.
    """
    authorization = headers.get(b"authorization", b"")
    scheme, told = authorization[:7].lower(), authorization[7:].strip()
    if scheme == b"bearer " and told:
        return told.decode("latin-1"), False
    if scheme[:6] == b"basic " and (user := _user_name(authorization[6:].strip())):
        return user, True
    if written := headers.get(b"x-write-key", b"").partition(b":")[0]:
        return written.decode("latin-1"), True
    if b"wk=" not in query and b"writeKey=" not in query:
        return None, False
    asked = dict(parse_qsl(query[:4096].decode("latin-1")))
    return asked.get("wk") or asked.get("writeKey"), "wk" not in asked


def _user_name(credentials: bytes) -> str:
    """Empty if they cannot be read. A password is not asked for."""
    try:
        return b64decode(credentials, validate=True).partition(b":")[0].decode()
    except ValueError:
        return ""


def _kept(ip: str | None, policy: bytes) -> str | None:
    """Jitsu's SDK says what may be kept of the address: all of it, none, or without the last octet."""
    if policy == b"remove":
        return None
    if policy != b"stripLastOctet" or ip is None or not _is_address(ip):
        return ip
    prefix = 24 if ip_address(ip).version == 4 else 48
    return str(ip_network(f"{ip.partition('%')[0]}/{prefix}", strict=False).network_address)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
