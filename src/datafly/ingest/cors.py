"""Which pages may send to a pipeline, and the headers that let them read the answer."""

from functools import lru_cache
from typing import Final

from datafly.ingest.codes import Code, Refused
from datafly.model.installation import Pipeline

Headers = list[tuple[bytes, bytes]]

_METHODS: Final = b"GET, POST, OPTIONS"
_REQUEST_HEADERS: Final = b"Authorization, Content-Type, Content-Encoding"
_MAX_ASKED_BYTES: Final = 1024
_PREFLIGHT_SECONDS: Final = b"7200"
"""The longest that Chromium keeps one."""
_DEFAULT_PORTS: Final = {"http": "80", "https": "443"}
"""Browsers leave these out of an origin."""


def check_origin(origin: str | None, pipeline: Pipeline) -> None:
    """Raises `Refused` for a page that the pipeline does not list. Servers send no origin and are not held."""
    if origin is None or not pipeline.domain_allowlist or allows(pipeline.domain_allowlist, origin):
        return
    raise Refused(
        Code.ORIGIN_NOT_ALLOWED,
        f"Pages of {origin[:200]} may not send to this pipeline: its domain_allowlist does not have them.",
        origin=origin[:200],
    )


@lru_cache(maxsize=2048)
def allows(allowlist: tuple[str, ...], origin: str) -> bool:
    """An entry is a host name, any scheme and port. `*.example.com` and `.example.com` are alike: the domain itself
    and every name below it. With a port (`example.com:8443`) or a scheme (`https://example.com`) it holds for that
    one alone. `Origin: null` is in no list.
    """
    scheme, _, authority = origin.lower().partition("://")
    return bool(authority) and any(
        _matches(entry.strip().lower().rstrip("/"), scheme, authority) for entry in allowlist
    )


def _matches(entry: str, scheme: str, authority: str) -> bool:
    wanted_scheme, _, entry = entry.rpartition("://")
    if wanted_scheme and wanted_scheme != scheme:
        return False
    wanted, port = _split(entry.removeprefix("*"))
    host, host_port = _split(authority)
    if port and port != (host_port or _DEFAULT_PORTS.get(scheme)):
        return False
    return host == wanted or (wanted.startswith(".") and (host == wanted[1:] or host.endswith(wanted)))


def _split(authority: str) -> tuple[str, str]:
    """Host and port; an IPv6 address keeps its brackets."""
    host, colon, port = authority.rpartition(":")
    return (host, port) if colon and port.isdigit() else (authority, "")


def headers(origin: bytes | None) -> Headers:
    """On every answer to a page, refusals too, so that the page can read why."""
    if origin is None:
        return [(b"vary", b"Origin")]
    return [
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-credentials", b"true"),
        (b"access-control-expose-headers", b"Retry-After"),
        (b"vary", b"Origin"),
    ]


def preflight(asked: bytes) -> Headers:
    """A preflight has no key yet, so every origin passes it; the request behind it is checked.

    `asked`: the headers that the page wants to send. SDKs add some of their own, to which it is no use to say no.
    """
    names = _REQUEST_HEADERS + b", " + asked if 0 < len(asked) <= _MAX_ASKED_BYTES else _REQUEST_HEADERS
    return [
        (b"access-control-allow-methods", _METHODS),
        (b"access-control-allow-headers", names),
        (b"access-control-max-age", _PREFLIGHT_SECONDS),
    ]
