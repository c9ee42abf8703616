"""A mapping as a closure from a row to an event. Pure; nothing of the mapping is interpreted row by row."""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any, Final

import msgspec

from datafly.backfill.convert import FALSE, TRUE, Convert, converter
from datafly.backfill.mapping import Mapping, Only, Value
from datafly.backfill.refusal import Reason, RowRefused
from datafly.backfill.rows import Fields
from datafly.model.errors import OperatorError

ToEvent = Callable[[Fields], dict[str, Any] | None]
"""The event; None for a row that is not meant. Raises `RowRefused`."""

Read = Callable[[Fields], Any]
_NOTHING: Final = object()
_ANY: Final = "*"
_MISSING: Final = msgspec.UNSET


def compile_mapping(
    mapping: Mapping, columns: tuple[str, ...] | None, base: Callable[[Fields], dict[str, Any]] | None = None
) -> ToEvent:
    """`columns`: those that the file has, None if each row has its own. `base`: the event that a known shape makes of
    the row, over which the mappings go. Raises `OperatorError` for a column that the file has not.
    """
    if columns is not None:
        _require_columns(mapping, columns)
    meant = _condition(mapping.only) if mapping.only else _always
    parts = [(target.split("."), _reader(target, value)) for target, value in mapping.mappings.items()]
    begin = base or _beginning(mapping)
    used = frozenset(_used(mapping))

    def to_event(row: Fields) -> dict[str, Any] | None:
        if not meant(row):
            return None
        event = begin(row)
        if mapping.rest:
            event[mapping.rest] = {name: told for name, told in row.items() if name not in used and not _is_empty(told)}
        for names, read in parts:
            value = read(row)
            if value is not _NOTHING:
                put(event, names, value)
        return event

    return to_event


def _implied_type(mapping: Mapping) -> str:
    if mapping.kind == "users":
        return "identify"
    return "" if "type" in mapping.mappings else "track"


def _beginning(mapping: Mapping) -> Callable[[Fields], dict[str, Any]]:
    kind = _implied_type(mapping)
    return (lambda _row: {"type": kind}) if kind else (lambda _row: {})


def _used(mapping: Mapping) -> Iterable[str]:
    yield from (value.column for value in mapping.mappings.values() if value.column)
    if mapping.only:
        yield mapping.only.column


def _require_columns(mapping: Mapping, columns: tuple[str, ...]) -> None:
    """Columns may be paths into one, so their first name counts too."""
    places = [(f"mappings.{target}", value.column) for target, value in mapping.mappings.items() if value.column]
    places += [("only.column", mapping.only.column)] if mapping.only else []
    for where, column in places:
        if column not in columns and column.split(".")[0] not in columns:
            raise OperatorError(
                f"{where}: the file has no column {column!r}; it has {', '.join(columns[:30]) or 'none'}. "
                f"What is the same in every row is written {{value: {column}}}."
            )


def _always(_row: Fields) -> bool:
    return True


def _condition(only: Only) -> Callable[[Fields], bool]:
    column = _column(only.column)
    among = None if only.equal is None else _words(only.equal)
    apart = None if only.is_not is None else _words(only.is_not)

    def meant(row: Fields) -> bool:
        told = column(row)
        if only.filled is not None and _is_empty(told) is only.filled:
            return False
        word = _word(told)
        return (among is None or word in among) and (apart is None or word not in apart)

    return meant


def _words(told: Sequence[Any]) -> frozenset[str]:
    """YAML takes yes and no for true and false; a file has them in every spelling."""
    found = {_word(one) for one in told}
    for one in told:
        if isinstance(one, bool):
            spelt = TRUE if one else FALSE
            found |= {*spelt, *(word.title() for word in spelt), *(word.upper() for word in spelt)}
    return frozenset(found)


def _word(told: Any) -> str:
    """How a value is written, so that a CSV's 5 and a YAML's 5 are the same."""
    if told is None:
        return ""
    if isinstance(told, bool):
        return "true" if told else "false"
    return str(int(told)) if isinstance(told, float) and told.is_integer() else str(told)


def _reader(target: str, value: Value) -> Read:
    if value.value is not _MISSING:
        constant = _constant(target, value)
        return lambda _row: constant
    column, convert = _column(value.column), _mapped(value, converter(value))

    def read(row: Fields) -> Any:
        told = column(row)
        if _is_empty(told):
            return _stand_in(value)
        try:
            return convert(told)
        except RowRefused as refused:
            raise RowRefused(Reason[refused.code], f"{value.column} {refused.message}, for {target}.") from None

    return read


def _constant(target: str, value: Value) -> Any:
    try:
        return value.value if _is_empty(value.value) else converter(value)(value.value)
    except RowRefused as refused:
        raise OperatorError(f"mappings.{target}.value {refused.message}.") from None


def _stand_in(value: Value) -> Any:
    if value.default is not _MISSING:
        return value.default
    if value.required:
        raise RowRefused(Reason.MISSING_VALUE, f"{value.column} is empty, and must not be.")
    return _NOTHING


def _mapped(value: Value, convert: Convert) -> Convert:
    if not value.map:
        return convert
    words = value.map

    def translate(told: Any) -> Any:
        word = _word(told)
        if word in words:
            return words[word]
        if _ANY in words:
            return words[_ANY]
        raise RowRefused(Reason.UNMAPPED_VALUE, "has a word that `map` does not have; `*` there stands for every other")

    return translate


def _column(name: str) -> Read:
    """Its own name counts before a path: `lines.0.sku` is a column, or a place in the column `lines`."""
    steps = name.split(".")

    def read(row: Fields) -> Any:
        if name in row or len(steps) == 1:
            return row.get(name)
        return find(row, steps)

    return read


def find(value: Any, steps: Iterable[str]) -> Any:
    for step in steps:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdecimal():
            value = value[int(step)] if len(step) < len("1000000") and int(step) < len(value) else None
        else:
            return None
    return value


def put(into: dict[str, Any], names: list[str], value: Any) -> None:
    """`products`, `0`, `name`: a figure is a place in a list."""
    place: Any = into
    for name, below in pairwise(names):
        found = _at(place, name)
        if not (isinstance(found, dict) or (isinstance(found, list) and below.isdecimal())):
            found = _set(place, name, [] if below.isdecimal() else {})
        place = found
    _set(place, names[-1], value)


def _at(place: Any, name: str) -> Any:
    if isinstance(place, dict):
        return place.get(name)
    return place[int(name)] if int(name) < len(place) else None


def _set(place: Any, name: str, value: Any) -> Any:
    if isinstance(place, dict):
        place[name] = value
    else:
        place.extend({} for _ in range(int(name) + 1 - len(place)))
        place[int(name)] = value
    return value


def _is_empty(told: Any) -> bool:
    return told is None or (isinstance(told, str) and not told.strip())
