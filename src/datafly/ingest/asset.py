"""A file held in memory with its strong ETag and its gzip variant, answered as HTTP caches expect."""

import gzip
import hashlib
from typing import Final

import msgspec

from datafly.ingest.wire import Reply, Request

_COMPRESSED: Final = ("text/", "image/svg", "application/json")


class Variant(msgspec.Struct, frozen=True):
    body: bytes
    etag: bytes
    encoding: bytes | None = None


class Asset(msgspec.Struct, frozen=True):
    """Two variants have two ETags: a strong one speaks of the bytes that were sent."""

    plain: Variant
    zipped: Variant | None
    headers: tuple[tuple[bytes, bytes], ...]

    def reply(self, request: Request) -> Reply:
        accepted = request.headers.get(b"accept-encoding", b"")
        variant = self.zipped if self.zipped and _takes_gzip(accepted) else self.plain
        headers = [*self.headers, (b"etag", variant.etag)]
        if _holds(request.headers.get(b"if-none-match", b""), variant.etag):
            return Reply(304, b"", headers)
        encoding = [(b"content-encoding", variant.encoding)] if variant.encoding else []
        return Reply(200, variant.body, headers + encoding)


def make_asset(body: bytes, content_type: str, *headers: tuple[bytes, bytes]) -> Asset:
    """Compressed once, here, and only if it gets smaller."""
    digest = hashlib.sha256(body).hexdigest()[:32].encode()
    zipped = gzip.compress(body, 9, mtime=0) if content_type.startswith(_COMPRESSED) else body
    common = (
        (b"content-type", content_type.encode()),
        (b"vary", b"Accept-Encoding"),
        (b"x-content-type-options", b"nosniff"),
        *headers,
    )
    variant = Variant(zipped, b'"%b-gzip"' % digest, b"gzip") if len(zipped) < len(body) else None
    return Asset(Variant(body, b'"%b"' % digest), variant, common)


def _takes_gzip(accepted: bytes) -> bool:
    for entry in accepted.lower().split(b","):
        name, _, quality = entry.partition(b";")
        if name.strip() == b"gzip":
            return quality.replace(b" ", b"") not in (b"q=0", b"q=0.0", b"q=0.00", b"q=0.000")
    return False


def _holds(condition: bytes, etag: bytes) -> bool:
    """If-None-Match compares weakly."""
    return bool(condition) and (
        condition.strip() == b"*" or etag in (tag.strip().removeprefix(b"W/") for tag in condition.split(b","))
    )
