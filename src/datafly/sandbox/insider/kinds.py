"""Kinds of values that Insider takes, each a test and the words for it."""

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

PHONE_PATTERN = re.compile(r"\+[1-9][0-9]{6,14}")
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)


class Kind(msgspec.Struct, frozen=True):
    """What a value must be; `words` completes "expected …"."""

    words: str
    accepts: Callable[[object], bool]
    column_type: str | None = None


def shown(value: object) -> str:
    """A value as a message repeats it: a string as it is, anything else as JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def moment(value: object) -> datetime | None:
    """The UTC moment that an RFC 3339 string names, or None where it names none."""
    if not isinstance(value, str) or not _RFC_3339.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def is_text(value: object) -> bool:
    return isinstance(value, str)


def is_number(value: object) -> bool:
    """Not what is beyond a double: no JSON reader but Python's keeps it."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def is_integer(value: object) -> bool:
    return is_number(value) and float(value) == int(value)  # type: ignore[arg-type, call-overload]


def is_email(value: object) -> bool:
    r"""What `^.+@.+\..+$` matches, in time that grows with the length alone."""
    if not isinstance(value, str) or "\n" in value:
        return False
    at = value.find("@", 1)
    return at > 0 and value.rfind(".", 0, -1) > at + 1


def is_phone(value: object) -> bool:
    return isinstance(value, str) and PHONE_PATTERN.fullmatch(value) is not None


def _matches(pattern: str) -> Callable[[object], bool]:
    compiled = re.compile(pattern)
    return lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None


def _array_of(item: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, list) and all(map(item, value))


def _is_utc_date(value: object) -> bool:
    return moment(value) is not None and str(value).endswith("Z")


def _is_custom(value: object) -> bool:
    if isinstance(value, list):
        return any(_array_of(item)(value) for item in (is_text, is_number, lambda each: isinstance(each, dict)))
    return isinstance(value, (str, bool)) or is_number(value)


TEXT = Kind("a string", is_text)
TEXTS = Kind("an array of strings", _array_of(is_text), "array")
NUMBER = Kind("a number", is_number)
NUMBERS = Kind("an array of numbers", _array_of(is_number), "array")
INTEGER = Kind("an integer", is_integer)
TEXT_OR_NUMBER = Kind("a string or a number", lambda value: is_text(value) or is_number(value))
BOOLEAN = Kind("a boolean", lambda value: isinstance(value, bool))
EMAIL = Kind("a valid e-mail address", is_email)
PHONE = Kind("a phone number in E.164 form", is_phone)
UTC_DATE = Kind("an RFC 3339 date ending in Z", _is_utc_date)
COUNTRY = Kind("an ISO 3166-1 alpha-2 code in capitals", _matches("[A-Z]{2}"))
CURRENCY = Kind("an ISO 4217 code in capitals", _matches("[A-Z]{3}"))
CUSTOM = Kind("a string, number, boolean, or an array of strings, numbers or objects", _is_custom)
