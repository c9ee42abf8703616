"""Rows of a Parquet file, by DuckDB: it streams, and is the smallest maintained reader (decision 0075)."""

import glob
import math
from base64 import b64encode
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from datafly.backfill.rows import Row
from datafly.model.errors import OperatorError

if TYPE_CHECKING:
    import duckdb

MAGIC: Final = b"PAR1"
_AT_ONCE: Final = 500
_SETTINGS: Final[dict[str, str | bool | int | float | list[str]]] = {
    "threads": 1,
    "memory_limit": "96MB",
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}


class ParquetTable:
    """Columns of one file; what JSON has no word for becomes text: times as ISO 8601, bytes as UTF-8 or base64."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._duckdb = _library()
        self._connection = self._duckdb.connect(":memory:", config=_SETTINGS)
        self._connection.execute("SET TimeZone = 'UTC'")
        self._name = glob.escape(str(path))
        self._read = 0
        found = self._ask("SELECT num_rows FROM parquet_file_metadata(?)").fetchone()
        self._count = int(found[0]) if found else 0
        self.columns = tuple(one[0] for one in self._ask("SELECT * FROM read_parquet(?)").description or ())

    def rows(self) -> Iterator[Row]:
        result = self._ask("SELECT * FROM read_parquet(?)")
        while chunk := self._fetch(result):
            for values in chunk:
                self._read += 1
                yield Row(self._read, 0, dict(zip(self.columns, map(plain, values), strict=True)))

    def fraction(self) -> float | None:
        return self._read / self._count if self._count else None

    def close(self) -> None:
        self._connection.close()

    def _ask(self, sql: str) -> "duckdb.DuckDBPyConnection":
        try:
            result: duckdb.DuckDBPyConnection = self._connection.execute(sql, [self._name])
        except self._duckdb.Error as error:
            raise self._unreadable(error) from error
        return result

    def _fetch(self, result: "duckdb.DuckDBPyConnection") -> list[Any]:
        try:
            return list(result.fetchmany(_AT_ONCE))
        except self._duckdb.Error as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: Exception) -> OperatorError:
        return OperatorError(f"{self._path} cannot be read as Parquet: {str(error).splitlines()[0]}")


def plain(value: Any) -> Any:
    """A value as JSON has it; what is no number is none."""
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return _plain_word(value)


def _plain_word(value: Any) -> Any:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        whole = value.is_finite() and value == value.to_integral_value()
        return int(value) if whole else plain(float(value))
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, bytes):
        return _text_of(value)
    return str(value) if isinstance(value, UUID) else plain(getattr(value, "value", None) or str(value))


def _text_of(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return b64encode(value).decode()


def _library() -> Any:
    try:
        import duckdb  # noqa: PLC0415  an extra: whoever imports no Parquet need not have it
    except ImportError as error:
        raise OperatorError("Parquet needs one more package: pip install 'datafly-signal[parquet]'.") from error
    return duckdb
