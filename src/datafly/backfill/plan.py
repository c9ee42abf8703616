"""What is to be imported, decided before the first row: the files, what each is, and what its rows become."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, get_args

import msgspec

from datafly.backfill.compile import ToEvent, compile_mapping
from datafly.backfill.exports import TABLES, compile_shape, recognise
from datafly.backfill.files import FORMATS, FileIdentity, format_of, identify, open_table
from datafly.backfill.lines import STANDARD_INPUT
from datafly.backfill.mapping import Mapping, Shape, read_mapping
from datafly.backfill.rows import Table
from datafly.backfill.run import Opened
from datafly.model.errors import OperatorError

_PEEKED_ROWS: Final = 100


class Plan(msgspec.Struct, frozen=True):
    """`mapping` None: each file is recognised by itself. `format` empty: found in the file."""

    files: tuple[FileIdentity, ...]
    mapping: Mapping | None
    format: str = ""

    @property
    def resumable(self) -> bool:
        return all(file.name != str(STANDARD_INPUT) for file in self.files)

    def open(self, file: FileIdentity) -> Opened:
        """Raises `OperatorError`."""
        path = Path(file.name)
        mapping = self.mapping or self._recognised(path)
        table = self._table(path, mapping)
        try:
            return Opened(file, table, _to_event(mapping, path, table.columns))
        except OperatorError:
            table.close()
            raise

    def recognised(self) -> list[str]:
        """What was recognised without having been told, in words."""
        if self.mapping:
            return []
        found = [(file.name, self._recognised(Path(file.name))) for file in self.files]
        return [
            f"{name} is read as {f'the table {one.table}' if one.table else 'raw events'} of {one.shape}."
            for name, one in found
        ]

    def _recognised(self, path: Path) -> Mapping:
        found = None if path == STANDARD_INPUT else recognise(path, self._peek(path))
        if found is None:
            raise OperatorError(
                f"What are the rows of {path}? Say it with --map mapping.yaml, or with --shape "
                f"{'|'.join(get_args(Shape))} if they are such an export."
            )
        return Mapping(shape=found[0], table=found[1])

    def _peek(self, path: Path) -> tuple[str, ...]:
        table = self._table(path, Mapping())
        try:
            if table.columns is not None:
                return table.columns
            rows = (row.content for row, _ in zip(table.rows(), range(_PEEKED_ROWS), strict=False))
            return next((tuple(content) for content in rows if isinstance(content, dict)), ())
        finally:
            table.close()

    def _table(self, path: Path, mapping: Mapping) -> Table:
        return open_table(path, self.format or format_of(path), mapping.csv)


def make_plan(
    paths: Sequence[Path], *, mapping: Path | None = None, shape: str = "", table: str = "", kind: str = ""
) -> Plan:
    """`kind`: the format. Raises `OperatorError` for what cannot be imported."""
    _require_one_of("--format", kind, FORMATS)
    _require_one_of("--shape", shape, get_args(Shape))
    _require_one_of("--table", table, tuple(TABLES))
    if mapping and (shape or table):
        raise OperatorError("--map, or --shape with --table: one of them says what the rows are, not both.")
    twice = {str(path) for path in paths if list(paths).count(path) > 1}
    if twice:
        raise OperatorError(f"{', '.join(sorted(twice))} is named twice.")
    told = read_mapping(mapping) if mapping else _shaped(shape, table)
    return Plan(tuple(map(identify, paths)), told, kind)


def _shaped(shape: str, table: str) -> Mapping | None:
    if table and not shape:
        raise OperatorError("--table says which table of a --shape it is; say that too.")
    return msgspec.convert({"shape": shape, "table": table or None}, Mapping) if shape else None


def _require_one_of(flag: str, told: str, known: Sequence[Any]) -> None:
    if told and told not in known:
        raise OperatorError(f"{flag} {told}: it may be {', '.join(known)}.")


def _to_event(mapping: Mapping, path: Path, columns: tuple[str, ...] | None) -> ToEvent:
    if mapping.shape:
        return compile_mapping(mapping, columns, compile_shape(mapping.shape, mapping.table, path, columns))
    return compile_mapping(mapping, columns)
