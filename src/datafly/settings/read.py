"""Settings are read from flags, then the environment, then `signal.toml`, then the table's defaults."""

import difflib
import inspect
import math
import re
import tomllib
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from datafly.model.errors import OperatorError
from datafly.model.secret import MASK, Secret
from datafly.settings.table import Sentence, Settings

PREFIX = "DATAFLY_"
OF_TESTS = "DATAFLY_TEST_"
"""Variables of that beginning tell the tests which servers there are; they are no settings."""
FILE = "signal.toml"
_LARGEST = 2**63 - 1
"""What SQLite and JSON readers hold."""
_LOGS_IN = re.compile(r"://[^/]*@")
"""A URL with what may be a password."""


class Row(msgspec.Struct, frozen=True):
    """One line of the table: `kind` is the bare type, `optional` says that None is allowed."""

    name: str
    kind: Any
    optional: bool
    default: Any
    sentence: Sentence

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        return PREFIX + self.name.upper()

    @property
    def secret(self) -> bool:
        return self.kind is Secret


class Found(msgspec.Struct, frozen=True):
    """A setting's value and where it came from: flag, environment, file, default."""

    row: Row
    value: Any
    source: str

    def shown(self) -> str:
        if self.value is None:
            return ""
        if isinstance(self.value, Secret):
            return MASK
        if isinstance(self.value, Path) and not self.value.is_absolute():
            return f"./{self.value}"
        return str(self.value).lower() if isinstance(self.value, bool) else str(self.value)


def table() -> list[Row]:
    """The rows of `Settings`, in its order."""
    hints = get_type_hints(Settings, include_extras=True)
    fields = msgspec.structs.fields(Settings)
    return [_row(field.name, hints[field.name], field.default) for field in fields]


def find(
    flags: Mapping[str, Any], environment: Mapping[str, str], folder: Path = Path()
) -> tuple[Settings, list[Found]]:
    """Read all settings. Raises `OperatorError` on an unknown or malformed one, with a sentence that says the cure."""
    rows = {row.name: row for row in table()}
    _refuse_unknown_variables(rows, environment)
    file = _read_file(rows, folder / FILE)
    found = [_find_one(row, flags, environment, file) for row in rows.values()]
    settings = Settings(**{one.row.name: one.value for one in found})
    if settings.demo and not settings.allow_private_endpoints:
        settings = msgspec.structs.replace(settings, allow_private_endpoints=True)
        found = [_opened_by_demo(one) for one in found]
    return settings, found


def _opened_by_demo(one: Found) -> Found:
    if one.row.name != "allow_private_endpoints":
        return one
    return msgspec.structs.replace(one, value=True, source="demo")


def _row(name: str, hint: Any, default: Any) -> Row:
    kind, sentence = get_args(hint)
    optional = get_origin(kind) in (types.UnionType, typing.Union)
    if optional:
        kind = next(arm for arm in get_args(kind) if arm is not type(None))
    return Row(name, kind, optional, default, sentence)


def _find_one(row: Row, flags: Mapping[str, Any], environment: Mapping[str, str], file: Mapping[str, Any]) -> Found:
    if flags.get(row.name) is not None:
        return Found(row, _parse(row, flags[row.name], f"the flag {row.flag}"), "flag")
    if environment.get(row.variable):
        return Found(row, _parse(row, environment[row.variable], f"the variable {row.variable}"), "environment")
    if row.name in file:
        return Found(row, _parse(row, file[row.name], f"{row.name} in {FILE}"), FILE)
    return Found(row, row.default, "default")


def _refuse_unknown_variables(rows: Mapping[str, Row], environment: Mapping[str, str]) -> None:
    known = [row.variable for row in rows.values()]
    for name in environment:
        if name.startswith(PREFIX) and not name.startswith(OF_TESTS) and name not in known:
            raise OperatorError(f"{name} is not a setting of Signal{_meant(name, known)}", code="UNKNOWN_SETTING")


def _read_file(rows: Mapping[str, Row], path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        read = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise OperatorError(f"{path} is not valid TOML: {error}. Mend it or take it away.") from error
    for name in read:
        if name not in rows:
            meant = _meant(name.lower().removeprefix(PREFIX.lower()), list(rows))
            raise OperatorError(f"{name} in {path} is not a setting of Signal{meant}", code="UNKNOWN_SETTING")
    return read


def _meant(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, 1)
    hint = f"; did you mean {close[0]}?" if close else "."
    return f"{hint} `datafly settings` lists them all."


def _parse(row: Row, given: Any, where: str) -> Any:
    try:
        _require_something(row, given)
        value = _convert(row.kind, given)
        _within(row.sentence, value)
    except ValueError as error:
        shown = "its value" if row.secret or _LOGS_IN.search(str(given)) else repr(given)
        raise OperatorError(f"{where}: {shown} {error}.", code="MALFORMED_SETTING") from None
    return value


def _require_something(row: Row, given: Any) -> None:
    """Empty is a value only where the table says so: an empty host would listen everywhere."""
    if given == "" and row.default != "":
        raise ValueError("is empty")


def _within(sentence: Sentence, value: Any) -> None:
    if sentence.least is not None and value < sentence.least:
        raise ValueError(f"is less than {sentence.least:g}")
    if sentence.most is not None and value > sentence.most:
        raise ValueError(f"is more than {sentence.most:.15g}")
    if sentence.form is not None:
        sentence.form(value)


def _convert(kind: Any, given: Any) -> Any:
    if get_origin(kind) is Literal:
        return _choice(get_args(kind), given)
    if isinstance(given, kind) and not (kind in (int, float) and isinstance(given, bool)):
        return given
    if kind is bool:
        return _boolean(given)
    if kind in (int, float):
        return _number(kind, given)
    if not isinstance(given, str):
        raise ValueError("is not text")  # noqa: TRY004  one kind of error for all that is malformed
    return kind(given)


def _choice(choices: tuple[Any, ...], given: Any) -> Any:
    if given not in choices:
        raise ValueError(f"is none of {', '.join(choices)}")
    return given


def _boolean(given: Any) -> bool:
    words = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
    try:
        return words[str(given).strip().lower()]
    except KeyError:
        raise ValueError("is neither true nor false") from None


def _number(kind: Any, given: Any) -> Any:
    try:
        number = kind(given)
    except (TypeError, ValueError):
        raise ValueError("is not a whole number" if kind is int else "is not a number") from None
    if isinstance(given, bool) or (kind is int and isinstance(given, float)):
        raise ValueError("is not a number")
    if isinstance(number, float) and not math.isfinite(number):
        raise ValueError("is not a finite number")
    if abs(number) > _LARGEST:
        raise ValueError(f"is more than {_LARGEST}")
    return number


def parameters() -> list[inspect.Parameter]:
    """The table as keyword parameters, annotated with their rows, for a command line to draw its flags from."""
    return [
        inspect.Parameter(row.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[row.kind, row])
        for row in table()
    ]
