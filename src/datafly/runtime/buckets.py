"""Token buckets that several gateways share: a small file in memory, a lock for each look at it.

A look costs two system calls. The lock is let go by the kernel when its holder dies, whatever it was doing.
"""

import fcntl
import hashlib
import mmap
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from datafly.ingest.pace import poured

_SLOT: Final = struct.Struct("<Qqdd")
"""Which pipeline, its rate, when it was looked at last (monotonic seconds of this machine), its tokens."""
_SLOTS: Final = 4_096
_PROBES: Final = 16
_SIZE: Final = _SLOTS * _SLOT.size
_TURN_SECONDS: Final = 1.0
"""A gateway looks at its clock before it has its turn: its time may be before that of who had its turn ahead of it."""


class SharedBuckets:
    """As `ingest.pace.Buckets`. A pipeline that is crowded out by thousands of others begins with a full bucket."""

    def __init__(self, file: Path) -> None:
        self._descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.ftruncate(self._descriptor, _SIZE)
        self._slots = mmap.mmap(self._descriptor, _SIZE)

    def take(self, pipeline_id: str, rate: int, now: float) -> float:
        key = int.from_bytes(hashlib.blake2b(pipeline_id.encode(), digest_size=8).digest(), "little") | 1
        with self._locked():
            at, slot = self._find(key)
            if slot[0] == key and 0 < slot[2] - now < _TURN_SECONDS:
                now = slot[2]
            tokens = poured(slot[3], rate, now - slot[2]) if slot[:2] == (key, rate) else float(rate)
            missing = max(1 - tokens, 0.0)
            _SLOT.pack_into(self._slots, at, key, rate, now, tokens if missing else tokens - 1)
        return missing

    def close(self) -> None:
        self._slots.close()
        os.close(self._descriptor)

    def _find(self, key: int) -> tuple[int, tuple[int, int, float, float]]:
        """Its slot, else a free one, else that which was looked at longest ago; each with what it holds."""
        places = [(key + probe) % _SLOTS * _SLOT.size for probe in range(_PROBES)]
        held = [(at, _SLOT.unpack_from(self._slots, at)) for at in places]
        for at, slot in held:
            if slot[0] in (key, 0):
                return at, slot
        return min(held, key=lambda one: one[1][2])

    @contextmanager
    def _locked(self) -> Iterator[None]:
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
