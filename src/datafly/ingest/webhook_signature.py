"""Who sent a webhook: each vendor signs in its own way (contracts/signal.md §4.8; the rest is of their own pages)."""

import base64
import hmac
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Final
from urllib.parse import unquote

from datafly.ingest.codes import Code, Refused
from datafly.ingest.signature import require_recent
from datafly.ingest.wire import Request
from datafly.model.secret import Secret
from datafly.model.source import Source

Check = Callable[[Source, Request, bytes, int], None]


def check(source: Source, request: Request, body: bytes, now_ms: int) -> None:
    """Raises `Refused` where the body is not signed by the source's secret. `body` as it was sent."""
    CHECKS[source.kind](source, request, body, now_ms)


def _stripe(source: Source, request: Request, body: bytes, now_ms: int) -> None:
    """`t=…,v1=…`; while a secret is renewed there are two signatures, of which one must be right."""
    told = [pair.strip().partition(b"=") for pair in _header(request, "Stripe-Signature").split(b",")]
    stamp = next((value for name, _, value in told if name == b"t"), b"")
    require_recent(stamp, now_ms, unit_ms=1000)
    right = _hmac(source, stamp + b"." + body).hex().encode()
    if not any(hmac.compare_digest(value, right) for name, _, value in told if name == b"v1"):
        raise Refused(Code.INVALID_SIGNATURE)


def _shopify(source: Source, request: Request, body: bytes, _now_ms: int) -> None:
    _require(_header(request, "X-Shopify-Hmac-Sha256"), base64.b64encode(_hmac(source, body)))


def _hubspot(source: Source, request: Request, body: bytes, now_ms: int) -> None:
    """Over method, address, body and time. The address is the one that HubSpot called; what a proxy made of its scheme
    is unknown here, so both count.
    """
    told, stamp = _header(request, "X-HubSpot-Signature-v3"), _header(request, "X-HubSpot-Request-Timestamp")
    require_recent(stamp, now_ms)
    address = unquote(f"{request.path}?{request.query.decode('latin-1')}").encode()
    behind = request.headers.get(b"host", b"") + address + body + stamp
    rights = [base64.b64encode(_hmac(source, b"POST" + scheme + behind)) for scheme in (b"https://", b"http://")]
    if not any(hmac.compare_digest(told, right) for right in rights):
        raise Refused(Code.INVALID_SIGNATURE)


def _custom(source: Source, request: Request, body: bytes, _now_ms: int) -> None:
    """By the source's own header: HMAC-SHA256 of the body, hexadecimal or base64, or the secret itself, or nothing."""
    if source.verify == "none":
        return None
    told = _header(request, source.header)
    if source.verify == "secret":
        return _require(told, _secret(source).reveal().encode())
    right = _hmac(source, body)
    told = told.removeprefix(b"sha256=")
    if not hmac.compare_digest(told.lower(), right.hex().encode()):
        _require(told, base64.b64encode(right))
    return None


CHECKS: Final[Mapping[str, Check]] = {
    "stripe": _stripe,
    "shopify": _shopify,
    "hubspot": _hubspot,
    "custom": _custom,
}


def _header(request: Request, name: str) -> bytes:
    value = request.headers.get(name.lower().encode(), b"").strip()
    if not value:
        raise Refused(Code.MISSING_SIGNATURE, f"{name} is missing.", header=name)
    return value


def _require(told: bytes, right: bytes) -> None:
    if not hmac.compare_digest(told, right):
        raise Refused(Code.INVALID_SIGNATURE)


def _hmac(source: Source, message: bytes) -> bytes:
    return hmac.digest(_secret(source).reveal().encode(), message, sha256)


def _secret(source: Source) -> Secret:
    if not source.secret:
        raise Refused(
            Code.INVALID_SIGNATURE, "The source has no secret to compare with.", cure="Add the source anew, with one."
        )
    return source.secret
