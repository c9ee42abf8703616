"""One value of a row as the type that the mapping says. Pure. No message has the value in it."""

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from datafly.backfill.mapping import Value
from datafly.backfill.refusal import Reason, RowRefused

Convert = Callable[[Any], Any]

TRUE: Final = frozenset({"true", "t", "yes", "y", "1", "on"})
FALSE: Final = frozenset({"false", "f", "no", "n", "0", "off"})
_PER_SECOND: Final = {"seconds": 1, "milliseconds": 1_000, "microseconds": 1_000_000}
_SECONDS_UNTIL: Final = 1e11
_MILLISECONDS_UNTIL: Final = 1e14
"""Unix times of our days differ by a thousand with each unit, so their size tells it."""
_NUMBER: Final = re.compile(r"[+-]?\d+(?:\.\d*)?|[+-]?\.\d+")
_INTEGER: Final = re.compile(r"[+-]?\d+")
_GROUPED: Final = re.compile(r"[+-]?\d{1,3}(?:([ ,.'\u00a0\u202f])\d{3})(?:\1\d{3})*(?!\d)")
_MAX_DIGITS: Final = 400


def converter(value: Value) -> Convert:
    """Of a value that is not empty. Raises `RowRefused` where it cannot be converted."""
    kinds: dict[str | None, Convert] = {
        None: _as_it_is,
        "text": _text,
        "number": lambda told: _number(told, value.decimal),
        "integer": _integer,
        "boolean": _boolean,
        "json": _json,
        "timestamp": _moment_of(value),
    }
    return kinds[value.type]


def _as_it_is(told: Any) -> Any:
    return told


def _text(told: Any) -> str:
    if isinstance(told, bool):
        return "true" if told else "false"
    if isinstance(told, float) and told.is_integer():
        told = int(told)
    if isinstance(told, dict | list):
        raise _unfit("is no text")
    return str(told)


def _number(told: Any, decimal: str) -> int | float:
    if isinstance(told, int | float) and not isinstance(told, bool):
        return told
    text = told.strip() if isinstance(told, str) else ""
    grouped = _GROUPED.match(text)
    if grouped and grouped[1] != decimal:
        text = text.replace(grouped[1], "")
    text = text.replace(decimal, ".") if decimal == "," and "." not in text else text
    if len(text) > _MAX_DIGITS or not _NUMBER.fullmatch(text):
        return _scientific(text)
    return int(text) if _INTEGER.fullmatch(text) else float(text)


def _scientific(text: str) -> float:
    try:
        number = float(text) if len(text) <= _MAX_DIGITS else math.nan
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise _unfit("is no number")
    return number


def _integer(told: Any) -> int:
    number = _number(told, ".")
    if isinstance(number, float) and not number.is_integer():
        raise _unfit("is no whole number")
    return int(number)


def _boolean(told: Any) -> bool:
    if isinstance(told, bool):
        return told
    word = _text(told).strip().lower()
    if word in TRUE:
        return True
    if word in FALSE:
        return False
    raise _unfit("is neither true nor false")


def _json(told: Any) -> Any:
    if not isinstance(told, str):
        return told
    try:
        return msgspec.json.decode(told)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        raise _unfit("is no JSON") from None


def _moment_of(value: Value) -> Convert:
    zone = UTC if value.zone in ("", "UTC") else ZoneInfo(value.zone)

    def convert(told: Any) -> str:
        try:
            moment = _moment(told, value)
            return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC).isoformat()
        except (ValueError, OverflowError, OSError, TypeError):
            how = f"in the format {value.format}" if value.format else "as ISO 8601 or a Unix time"
            raise _unfit(f"is no time {how}") from None

    return convert


def _moment(told: Any, value: Value) -> datetime:
    """Raises `ValueError` and its like."""
    if isinstance(told, bool):
        raise TypeError
    if isinstance(told, date):
        told = told.isoformat()
    if isinstance(told, str):
        told = told.strip()
        if value.format:
            return datetime.strptime(told, value.format)  # noqa: DTZ007  the caller sets the zone
        if not _NUMBER.fullmatch(told) or (value.unit is None and len(told) <= len("20240131")):
            # Short figures are dates, such as 20240131; warehouses write the zone as a word.
            return datetime.fromisoformat(told.removesuffix(" UTC"))
        told = float(told)
    return datetime.fromtimestamp(told / _per_second(told, value.unit), UTC)


def _per_second(told: float, unit: str | None) -> int:
    if unit:
        return _PER_SECOND[unit]
    size = abs(told)
    return _PER_SECOND[
        "seconds" if size < _SECONDS_UNTIL else "milliseconds" if size < _MILLISECONDS_UNTIL else "microseconds"
    ]


def _unfit(words: str) -> RowRefused:
    return RowRefused(Reason.INVALID_VALUE, words)
