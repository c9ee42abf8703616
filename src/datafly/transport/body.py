"""A vendor's answer, never larger than we can hold: the body is cut at a limit, before and after decompression."""

import zlib
from typing import Final

import aiohttp

_EITHER_WRAPPER: Final = zlib.MAX_WBITS | 32


async def read_body(response: aiohttp.ClientResponse, limit_bytes: int) -> bytes:
    """The first `limit_bytes` of the body. What is longer is not read: the connection is given up."""
    held = bytearray()
    async for chunk in response.content.iter_any():
        held += chunk
        if len(held) > limit_bytes:
            response.close()
            break
    return unpack(bytes(held[:limit_bytes]), response.headers.get("Content-Encoding", ""), limit_bytes)


def unpack(body: bytes, encoding: str, limit_bytes: int) -> bytes:
    """We ask for plain bodies; a vendor that compresses all the same is read up to the limit, a bomb no further."""
    name = encoding.strip().lower()
    if name in {"gzip", "x-gzip"}:
        return _inflate(body, _EITHER_WRAPPER, limit_bytes)
    if name == "deflate":
        return _inflate(body, _EITHER_WRAPPER if body[:1] == b"\x78" else -zlib.MAX_WBITS, limit_bytes)
    return body


def _inflate(body: bytes, wbits: int, limit_bytes: int) -> bytes:
    try:
        return zlib.decompressobj(wbits).decompress(body, limit_bytes)
    except zlib.error:
        return body
