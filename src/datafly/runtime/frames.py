"""How gateways and the keeper of `raw` speak: MessagePack in frames, over a Unix socket that its owner alone opens."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from datafly.log.base import Entry
from datafly.log.group import MAX_WAITING_BYTES

_HEAD: Final = 4
_LONGEST: Final = 2 * MAX_WAITING_BYTES

encode: Final = msgspec.msgpack.Encoder().encode


class Append(msgspec.Struct, frozen=True, array_like=True, tag="append", gc=False):
    """Make these durable, all or none. Answered by the offset of the first."""

    call: int
    entries: list[Entry]


class Use(msgspec.Struct, frozen=True, array_like=True, tag="use", gc=False):
    """A request of this signature is under way. Answered by 1, or by 0 where there was one before."""

    call: int
    signature: str


class Used(msgspec.Struct, frozen=True, array_like=True, tag="used", gc=False):
    """It is no longer under way. `kept`: it counts, and may not come again. Not answered."""

    signature: str
    kept: bool


class Answer(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """`trouble`: why it cannot be done now, else empty. `fault`: it can never be done."""

    call: int
    value: int = 0
    trouble: str = ""
    fault: bool = False


decode_call: Final = msgspec.msgpack.Decoder(Append | Use | Used).decode
decode_answer: Final = msgspec.msgpack.Decoder(Answer).decode


def framed(message: Any) -> bytes:
    payload = encode(message)
    return len(payload).to_bytes(_HEAD, "big") + payload


class Frames:
    """Puts together again what a stream brings in pieces."""

    def __init__(self) -> None:
        self._left = bytearray()

    def feed(self, data: bytes) -> Iterator[memoryview | bytes]:
        """The frames that are whole now. Raises `ValueError` for what can be none."""
        self._left += data
        while len(self._left) >= _HEAD:
            end = _HEAD + int.from_bytes(self._left[:_HEAD], "big")
            if end > _LONGEST:
                raise ValueError(f"a frame of {end:,} bytes")
            if len(self._left) < end:
                return
            frame = bytes(self._left[_HEAD:end])
            del self._left[:end]
            yield frame


@contextmanager
def address(path: Path) -> Iterator[str]:
    """The socket's address inside: a path of any length, where an address has 107 bytes. Linux alone."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def socket_path(data_dir: Path) -> Path:
    return data_dir / "raw.sock"


def remove(path: Path) -> None:
    path.unlink(missing_ok=True)


def listening(path: Path) -> socket.socket:
    """In place of one that an earlier keeper left behind. Who calls holds the appender, so there is no other."""
    remove(path)
    made = socket.socket(socket.AF_UNIX)
    with address(path) as name:
        made.bind(name)
    return made
