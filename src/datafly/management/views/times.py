"""Milliseconds since the epoch ↔ ISO 8601 in UTC."""

from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST: Final = datetime(1, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


def moment(milliseconds: float) -> datetime:
    """What no calendar holds becomes the first or the last moment that one does."""
    try:
        return _EPOCH + timedelta(milliseconds=round(milliseconds))
    except OverflowError:
        return _LAST if milliseconds > 0 else _FIRST


def moment_or_none(milliseconds: float | None) -> datetime | None:
    return None if milliseconds is None else moment(milliseconds)


def milliseconds_of(when: datetime) -> int:
    return (when - _EPOCH) // _MILLISECOND
