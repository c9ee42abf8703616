"""mapping.yaml: what of a row becomes what of an event. Everything in it is checked before the first row is read."""

import difflib
import re
from collections.abc import Mapping as AnyMapping
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, Literal, TypeVar, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo

import msgspec

from datafly.backfill.csv_rows import CsvDialect
from datafly.model.errors import OperatorError
from datafly.model.event import TYPES

Scalar = str | int | float | bool | None
Kind = Literal["text", "number", "integer", "boolean", "timestamp", "json"]
Unit = Literal["seconds", "milliseconds", "microseconds"]
Shape = Literal["segment", "rudderstack"]
TableName = Literal["tracks", "identifies", "users", "pages", "screens", "groups", "aliases"]

IDS: Final = ("userId", "anonymousId", "groupId", "previousId", "messageId")
_WORDS: Final = ("type", "event", "name", "timestamp")
_OBJECTS: Final = ("properties", "traits", "context")


class Value(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where one value of the event comes from: a `column`, or `value`, the same in every row.

    `format` is that of strptime; a time without zone is in `zone`; `unit` is that of a Unix time, else its size tells.
    `map` translates; `"*"` in it is every other word. `default` stands in where the column is empty.
    """

    column: str = ""
    value: Any = msgspec.UNSET
    type: Kind | None = None
    format: str = ""
    unit: Unit | None = None
    zone: str = "UTC"
    decimal: Literal[".", ","] = "."
    map: dict[str, Scalar] = {}
    default: Any = msgspec.UNSET
    required: bool = False


class Only(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename={"equal": "is"}):
    """Which rows are meant: those whose `column` is one of `is`, is none of `is_not`, is `filled` or not."""

    column: str
    equal: list[Scalar] | None = None
    is_not: list[Scalar] | None = None
    filled: bool | None = None


class Mapping(msgspec.Struct, frozen=True, kw_only=True):
    """The whole file, checked. `rest`: where columns that are named nowhere go; empty, they are left out."""

    kind: Literal["events", "users"] = "events"
    shape: Shape | None = None
    table: TableName | None = None
    mappings: dict[str, Value] = {}
    rest: Literal["", "properties", "traits"] = ""
    only: Only | None = None
    csv: CsvDialect = CsvDialect()

    def digest(self) -> str:
        return blake2b(msgspec.json.encode(self), digest_size=16).hexdigest()


def read_mapping(path: Path) -> Mapping:
    """Raises `OperatorError` that names the key and says what it may be."""
    try:
        told = msgspec.yaml.decode(path.read_bytes())
    except OSError as error:
        raise OperatorError(f"{path} cannot be read: {error.strerror}.") from error
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        raise OperatorError(f"{path} is not YAML: {' '.join(str(error).split())}.") from error
    try:
        return parse_mapping(told)
    except OperatorError as error:
        raise OperatorError(f"{path}: {error.message}") from error


def parse_mapping(told: Any) -> Mapping:
    """`told`: what the YAML says. Raises `OperatorError`."""
    whole = _require_keys(told, "", Mapping)
    parts = {
        "mappings": _values(whole.get("mappings", {})),
        "only": _only(whole["only"]) if "only" in whole else None,
        "csv": _dialect(whole.get("csv", {})),
    }
    rest = {name: one for name, one in whole.items() if name not in parts}
    mapping = msgspec.structs.replace(_struct(rest, "", Mapping), **parts)
    _require_sense(mapping)
    return mapping


_S = TypeVar("_S", bound=msgspec.Struct)


def _struct(told: Any, where: str, kind: type[_S]) -> _S:
    """Key by key, so that the message can name the key and what it may be."""
    fields = {one.encode_name: one for one in msgspec.structs.fields(kind)}
    hints = get_type_hints(kind)
    values: dict[str, Any] = {}
    for name, one in _require_keys(told, where, kind).items():
        hint = hints[fields[name].name]
        try:
            values[fields[name].name] = msgspec.convert(one, hint)
        except msgspec.ValidationError:
            raise _wrong(_joined(where, name), one, f"it must be {_may_be(hint)}") from None
    missing = [one.encode_name for one in fields.values() if one.required and one.name not in values]
    if missing:
        raise OperatorError(f"{where} needs `{missing[0]}`.")
    return kind(**values)


def _require_keys(told: Any, where: str, kind: type[msgspec.Struct]) -> AnyMapping[str, Any]:
    known = [one.encode_name for one in msgspec.structs.fields(kind)]
    if not isinstance(told, dict):
        raise OperatorError(f"{where or 'The mapping'} must have keys, of {', '.join(known)}.")
    for name in told:
        if name not in known:
            close = difflib.get_close_matches(str(name), known, 1)
            hint = f"did you mean {close[0]}?" if close else f"it may have {', '.join(known)}."
            raise OperatorError(f"{_joined(where, str(name))}: there is no such key; {hint}")
    return told


def _values(told: Any) -> dict[str, Value]:
    if not isinstance(told, dict):
        raise OperatorError("mappings must have keys, such as userId or properties.price, each with its column.")
    return {str(target): _value(str(target), one) for target, one in told.items()}


def _value(target: str, told: Any) -> Value:
    """A text is the name of a column; a number or true is itself."""
    _require_target(target)
    where = f"mappings.{target}"
    if isinstance(told, str):
        told = {"column": told}
    elif isinstance(told, int | float):
        told = {"value": told}
    if isinstance(told, dict) and isinstance(told.get("map"), dict):
        told = {**told, "map": _words(told["map"], where)}
    value = _struct(told, where, Value)
    if value.format:
        _require_format(value.format, where)
    if bool(value.column) == (value.value is not msgspec.UNSET):
        raise OperatorError(f"{where} needs a column or a value, and not both: {{column: …}} or {{value: …}}.")
    if value.zone not in ("", "UTC"):
        _require_zone(value.zone, where)
    return msgspec.structs.replace(value, type=value.type or _usual_type(target))


def _usual_type(target: str) -> Kind | None:
    if target == "timestamp":
        return "timestamp"
    return "text" if target in (*IDS, *_WORDS) else None


def _require_target(target: str) -> None:
    head, *rest = target.split(".")
    if any(one.isdecimal() and (len(one) > 2 or index == 0) for index, one in enumerate(rest)):
        raise OperatorError(f"mappings.{target}: a figure is a place in a list, from 0 to 99, below a name.")
    if target in (*IDS, *_WORDS) or (head in _OBJECTS and rest and all(rest)):
        return
    close = difflib.get_close_matches(target, (*IDS, *_WORDS), 1)
    hint = f"did you mean {close[0]}?" if close else f"it has {', '.join((*IDS, *_WORDS))}, properties.…, traits.…, …"
    raise OperatorError(f"mappings.{target}: an event has no such field; {hint.replace('…, …', '… and context.….')}")


def _require_zone(zone: str, where: str) -> None:
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        raise OperatorError(f"{where}.zone: {zone!r} is no time zone; one is Europe/London.") from None


def _words(told: AnyMapping[Any, Any], where: str) -> dict[str, Any]:
    """YAML reads yes, no, on and off as true and false, unless they are quoted."""
    if any(isinstance(word, bool) for word in told):
        raise OperatorError(f'{where}.map: words that YAML takes for true and false must be quoted: "yes": …')
    return {str(word): becomes for word, becomes in told.items()}


def _require_format(told: str, where: str) -> None:
    try:
        datetime.strptime(datetime.now(UTC).strftime(told), told)  # noqa: DTZ007  only whether it can be read
    except ValueError as error:
        raise OperatorError(f"{where}.format: {told!r} is no format of a time ({error}).") from error


def _dialect(told: Any) -> CsvDialect:
    dialect = _struct(told, "csv", CsvDialect)
    for name, sign in (("delimiter", dialect.delimiter), ("quote", dialect.quote)):
        if len(sign) > 1:
            raise _wrong(f"csv.{name}", sign, "it must be one sign")
    try:
        written = "a,\n".encode(dialect.encoding)
    except LookupError:
        raise _wrong("csv.encoding", dialect.encoding, "Python knows no such encoding; one is latin-1") from None
    if written != b"a,\n":
        raise _wrong("csv.encoding", dialect.encoding, "its lines cannot be told apart; make the file UTF-8")
    return dialect


def _only(told: Any) -> Only:
    if isinstance(told, dict):
        told = {
            name: [one] if name in ("is", "is_not") and not isinstance(one, list) else one for name, one in told.items()
        }
    only = _struct(told, "only", Only)
    if only.equal is None and only.is_not is None and only.filled is None:
        raise OperatorError("only needs `is`, `is_not` or `filled` beside its column.")
    return only


def _require_sense(mapping: Mapping) -> None:
    targets = mapping.mappings
    _require_one_form_each(targets)
    if mapping.shape:
        if mapping.rest:
            raise OperatorError(f"rest: `shape: {mapping.shape}` says already where every column goes.")
        return
    if mapping.table:
        raise OperatorError("table is for a `shape`; which columns mean what is said under mappings.")
    _require_kind(mapping)


def _require_one_form_each(targets: AnyMapping[str, Value]) -> None:
    """No place is a value and an object, nor an object and a list."""
    forms: dict[str, str] = {}
    for target in targets:
        names = target.split(".")
        places = [".".join(names[: depth + 1]) for depth in range(len(names))]
        told = ["a list" if below.isdecimal() else "an object" for below in names[1:]] + ["a value"]
        for place, form in zip(places, told, strict=True):
            if forms.setdefault(place, form) != form:
                raise OperatorError(f"mappings.{target}: {place} is {forms[place]} already, and cannot be {form}.")


def _require_kind(mapping: Mapping) -> None:
    targets = mapping.mappings
    constant = targets["type"].value if "type" in targets else msgspec.UNSET
    if constant is not msgspec.UNSET and constant not in TYPES:
        raise _wrong("mappings.type", constant, f"it must be one of {', '.join(sorted(TYPES))}")
    if mapping.kind == "users":
        wrong = next((name for name in ("type", "event", "name") if name in targets), None)
        if wrong:
            raise OperatorError(f"mappings.{wrong}: a row of users is always an identify; take it away.")
        if not {"userId", "anonymousId"} & targets.keys():
            raise OperatorError("mappings needs userId or anonymousId: users are known by their id.")
    elif not {"type", "event"} & targets.keys():
        raise OperatorError("mappings needs event, the name of a track event, or type; or say `kind: users`.")


def _wrong(where: str, told: Any, words: str) -> OperatorError:
    return OperatorError(f"{where}: {str(told)[:40]!r} cannot be; {words}.")


def _joined(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


_NAMES: Final = {"str": "text", "int": "a number", "float": "a number", "bool": "true or false", "dict": "keys"}


def _may_be(hint: Any) -> str:
    if get_origin(hint) is Literal:
        return "one of " + ", ".join(str(one) for one in get_args(hint) if one != "")
    words = [_may_be(one) for one in get_args(hint) if get_origin(one) is Literal]
    if words:
        return words[0]
    names = re.findall(r"str|list|dict|bool|int|float", str(hint))
    return {"list": "a list"}.get(names[0], _NAMES.get(names[0], "a value")) if names else "a value"
