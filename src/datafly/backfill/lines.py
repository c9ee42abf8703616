"""Lines of a file, plain or gzip, of which none is held that is too long."""

import gzip
import io
import os
import sys
import zlib
from pathlib import Path
from typing import BinaryIO, Final

from datafly.backfill.refusal import Reason, RowRefused
from datafly.model.errors import OperatorError

STANDARD_INPUT: Final = Path("-")
MAX_LINE_BYTES: Final = 1_048_576
_GZIP: Final = b"\x1f\x8b"
_SKIP_BYTES: Final = 65_536


class Lines:
    """An iterator that goes on after a line that is refused: `RowRefused` is raised in its place.

    `number`: of the line that was given last, from 1. Raises `OperatorError` where a gzip file breaks off.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.number = 0
        self._raw, self._stream = _open(path)
        self._bytes = 0 if path == STANDARD_INPUT else os.fstat(self._raw.fileno()).st_size

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> bytes:
        line = self._read(MAX_LINE_BYTES + 1)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) > MAX_LINE_BYTES:
            self._skip_rest(line)
            raise RowRefused(Reason.ROW_TOO_LONG)
        return line

    def fraction(self) -> float | None:
        return min(self._raw.tell() / self._bytes, 1.0) if self._bytes else None

    def close(self) -> None:
        if self._path != STANDARD_INPUT:
            self._stream.close()
            self._raw.close()

    def _skip_rest(self, line: bytes) -> None:
        while line and not line.endswith(b"\n"):
            line = self._read(_SKIP_BYTES)

    def _read(self, limit: int) -> bytes:
        try:
            return self._stream.readline(limit)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise OperatorError(f"{self._path} breaks off after line {self.number:,}: its gzip is damaged.") from error
        except OSError as error:
            raise OperatorError(f"{self._path} cannot be read: {error.strerror}.") from error


def head_of(path: Path, size: int) -> bytes:
    """The first bytes of a file, unpacked. Raises `OperatorError`."""
    try:
        raw, stream = _open(path)
        with raw, stream:
            return stream.read(size)
    except (OSError, EOFError, zlib.error) as error:
        raise OperatorError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.") from error


def _open(path: Path) -> tuple[BinaryIO, BinaryIO]:
    """The file itself, and what it holds."""
    if path == STANDARD_INPUT:
        return sys.stdin.buffer, sys.stdin.buffer
    try:
        raw = path.open("rb")
    except OSError as error:
        raise OperatorError(f"{path} cannot be read: {error.strerror}.") from error
    packed = raw.read(len(_GZIP)) == _GZIP
    raw.seek(0)
    return raw, io.BufferedReader(gzip.GzipFile(fileobj=raw)) if packed else raw
