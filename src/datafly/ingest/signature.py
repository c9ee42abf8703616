"""Signed requests: X-Signature of X-Timestamp and the body as it was sent (contracts/signal.md §4.3, decision 0048)."""

import hashlib
import hmac
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final, Protocol

from datafly.ingest.codes import Code, Refused
from datafly.model.clock import Clock
from datafly.model.secret import Secret
from datafly.model.source import Source, signing_id

Sources = Callable[[], Mapping[str, Source]]

WINDOW_MS: Final = 5 * 60 * 1000
REMEMBERED: Final = 100_000
"""So many signatures are remembered at least, or all of ten minutes if these are fewer: 20 MB at most."""

_SCHEME: Final = b"sha256="
_MAX_DIGITS: Final = 16


class Claims(Protocol):
    """Which signatures count, for one gateway or for several together."""

    async def add(self, signature: str) -> bool:
        """False: it was there. Raises `Unavailable` where that cannot be told now."""

    def keep(self, signature: str) -> None:
        """Its request is answered, and it may not come again."""

    def forget(self, signature: str) -> None:
        """Its request failed, and it may come again."""


class Signatures:
    """Checks signatures, and that each counts once: `used` is empty again after a restart, the log's dedupe is not."""

    def __init__(self, sources: Sources, clock: Clock, used: Claims | None = None) -> None:
        self._sources = sources
        self._clock = clock
        self._used = used or UsedSignatures(clock)

    def check(self, pipeline_id: str, headers: Mapping[bytes, bytes], body: bytes) -> str:
        """The signature's hexadecimal digits. Raises `Refused`."""
        source = self._sources().get(signing_id(pipeline_id))
        if source is None or not source.secret:
            raise Refused(Code.NO_SIGNING_SECRET)
        told, stamp = headers.get(b"x-signature", b"").strip(), headers.get(b"x-timestamp", b"").strip()
        if not told or not stamp:
            missing = "X-Timestamp" if told else "X-Signature"
            raise Refused(Code.MISSING_SIGNATURE, f"{missing} is missing.", header=missing)
        require_recent(stamp, self._clock.now_ms())
        right = digest(source.secret, stamp + b"." + body)
        if not told.startswith(_SCHEME) or not hmac.compare_digest(told.removeprefix(_SCHEME).lower(), right.encode()):
            raise Refused(Code.INVALID_SIGNATURE)
        return right

    @asynccontextmanager
    async def once(self, signature: str) -> AsyncIterator[None]:
        """The request of that signature is under way; if it fails it may come again. Raises `Refused`."""
        if not await self._used.add(signature):
            raise Refused(Code.SIGNATURE_REPLAYED)
        try:
            yield
        except BaseException:
            self._used.forget(signature)
            raise
        self._used.keep(signature)


def digest(secret: Secret, message: bytes) -> str:
    """HMAC-SHA256, hexadecimal."""
    return hmac.new(secret.reveal().encode(), message, hashlib.sha256).hexdigest()


def require_recent(stamp: bytes, now_ms: int, *, unit_ms: int = 1) -> None:
    """`stamp`: Unix time in units of `unit_ms`. Raises `Refused`."""
    if not stamp.isdigit() or len(stamp) > _MAX_DIGITS:
        raise Refused(Code.SIGNATURE_EXPIRED, "The timestamp that was signed is no Unix time.")
    if abs(now_ms - int(stamp) * unit_ms) > WINDOW_MS:
        raise Refused(Code.SIGNATURE_EXPIRED, now_ms=now_ms)


class UsedSignatures:
    """Two generations: the older is dropped when the younger is ten minutes old or full."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began = clock.monotonic()
        self._young: set[str] = set()
        self._old: set[str] = set()

    async def add(self, signature: str) -> bool:
        return self.mark(signature)

    def mark(self, signature: str) -> bool:
        """False: it was there."""
        if self._clock.monotonic() - self._began > 2 * WINDOW_MS / 1000 or len(self._young) >= REMEMBERED:
            self._young, self._old, self._began = set(), self._young, self._clock.monotonic()
        if signature in self._young or signature in self._old:
            return False
        self._young.add(signature)
        return True

    def keep(self, signature: str) -> None:
        """It is there already."""

    def forget(self, signature: str) -> None:
        self._young.discard(signature)
        self._old.discard(signature)
