"""Who calls: the key, the page, the browser's cookie, the address behind trusted proxies."""

from base64 import b64decode
from ipaddress import ip_address, ip_network
from typing import Final
from urllib.parse import parse_qsl

import msgspec

from datafly.ingest import cookie
from datafly.ingest.wire import Request
from datafly.model.proxies import Proxies, is_address

_USER_AGENT_BYTES: Final = 1024


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
    if policy != b"stripLastOctet" or ip is None or not is_address(ip):
        return ip
    prefix = 24 if ip_address(ip).version == 4 else 48
    return str(ip_network(f"{ip.partition('%')[0]}/{prefix}", strict=False).network_address)
