"""The file that says which rows were refused, and why. It holds nothing of a row unless that is asked for."""

import csv
import io
import os
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec

from datafly.model.errors import OperatorError

_COLUMNS: Final = ("file", "row", "line", "code", "message", "content")


class Refusal(msgspec.Struct, frozen=True, omit_defaults=True):
    """One row that was refused. `line` 0: the format has no lines. `content`: the row, where it is asked for."""

    file: str
    row: int
    code: str
    message: str
    line: int = 0
    content: Any = None


class Report:
    """Lines of JSON, or CSV where the file is called so. Made with the first refusal; others than its owner cannot read
    it. `keep_bytes`: what is behind was written for rows that are told again.
    """

    def __init__(self, path: Path, *, keep_bytes: int = 0, with_rows: bool = False) -> None:
        self._path, self._with_rows = path, with_rows
        self._is_csv = path.suffix == ".csv"
        self._file: BinaryIO | None = None
        self.bytes = keep_bytes
        if not keep_bytes:
            path.unlink(missing_ok=True)

    def add(self, refusals: list[Refusal]) -> None:
        """Durable when it returns. Raises `OperatorError`."""
        if not refusals:
            return
        try:
            file = self._file = self._file or self._open()
            head = self._line(_COLUMNS) if self._is_csv and not self.bytes else b""
            self.bytes += file.write(head + b"".join(map(self._written, refusals)))
            file.flush()
            os.fsync(file.fileno())
        except OSError as error:
            raise OperatorError(f"The report {self._path} cannot be written: {error.strerror}.") from error

    def close(self) -> None:
        if self._file:
            self._file.close()

    def _open(self) -> BinaryIO:
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        file = os.fdopen(descriptor, "r+b")
        file.truncate(self.bytes)
        file.seek(self.bytes)
        return file

    def _written(self, refusal: Refusal) -> bytes:
        told = refusal if self._with_rows else msgspec.structs.replace(refusal, content=None)
        if not self._is_csv:
            return msgspec.json.encode(told) + b"\n"
        content = "" if told.content is None else msgspec.json.encode(told.content).decode()
        return self._line((told.file, told.row, told.line or "", told.code, told.message, content))

    @staticmethod
    def _line(fields: tuple[Any, ...]) -> bytes:
        into = io.StringIO()
        csv.writer(into).writerow(fields)
        return into.getvalue().encode()
