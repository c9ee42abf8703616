"""Files as they are named: which format, and whether it is still the same file."""

import os
from hashlib import blake2b
from pathlib import Path
from typing import Final

import msgspec

from datafly.backfill.csv_rows import CsvDialect, CsvTable
from datafly.backfill.lines import STANDARD_INPUT, head_of
from datafly.backfill.ndjson import NdjsonTable
from datafly.backfill.parquet import MAGIC, ParquetTable
from datafly.backfill.rows import Table
from datafly.model.errors import OperatorError

FORMATS: Final = ("ndjson", "csv", "parquet")
_HEAD_BYTES: Final = 65_536


class FileIdentity(msgspec.Struct, frozen=True):
    """`head`: hash of its first 64 KB as they lie on disk."""

    name: str
    bytes: int
    mtime_ns: int
    head: str


def identify(path: Path) -> FileIdentity:
    """Raises `OperatorError`."""
    if path == STANDARD_INPUT:
        return FileIdentity("-", 0, 0, "")
    try:
        with path.open("rb") as file:
            stat = os.fstat(file.fileno())
            head = blake2b(file.read(_HEAD_BYTES), digest_size=16).hexdigest()
    except OSError as error:
        raise OperatorError(f"{path} cannot be read: {error.strerror}.") from error
    return FileIdentity(str(path), stat.st_size, stat.st_mtime_ns, head)


def format_of(path: Path) -> str:
    """By what is in it, whatever it is called. Raises `OperatorError`."""
    if path == STANDARD_INPUT:
        return "ndjson"
    head = head_of(path, _HEAD_BYTES).removeprefix(b"\xef\xbb\xbf")
    if head.startswith(MAGIC):
        return "parquet"
    text = head.lstrip()
    if text.startswith(b"[") and text[1:].lstrip()[:1] in (b"{", b""):
        raise OperatorError(f"{path} is one JSON array. Make it lines: jq -c '.[]' {path} > lines.ndjson")
    return "ndjson" if text.startswith(b"{") else "csv"


def open_table(path: Path, kind: str, dialect: CsvDialect) -> Table:
    """`kind`: one of `FORMATS`. Raises `OperatorError`."""
    if path == STANDARD_INPUT and kind != "ndjson":
        raise OperatorError(f"Standard input is read as NDJSON; write the {kind} into a file.")
    if kind == "parquet":
        return ParquetTable(path)
    return CsvTable(path, dialect) if kind == "csv" else NdjsonTable(path)
