"""What is wrong with a value, in words and with its place: nobody is shown an expression, or a type of Python's."""

import re
from functools import cache
from typing import Any, Final

import msgspec
from msgspec import inspect

_SAYS: Final = "says"
_AT: Final = re.compile(r" - at (?P<key>`key` in )?`\$(?P<path>[^`]*)`$")
_STEP: Final = re.compile(r"\.(?P<name>[^.\[]+)|\[(?P<index>[^\]]*)\]")
_NAMED: Final = re.compile(r"(?P<what>unknown|required) field `(?P<name>[^`]*)`")
_KIND: Final = re.compile(r"^Expected `(?P<wanted>[^`]+)`, got `(?P<given>[^`]+)`$")
_LENGTH: Final = re.compile(r"^Expected `(?P<kind>str|array|object|bytes)` of length (?P<sign>>=|<=|) ?(?P<count>\d+)$")
_BOUND: Final = re.compile(r"^Expected `\w+` (?P<sign>>=|<=|>|<) (?P<bound>\S+)$")
_MOMENT: Final = "such as 2026-11-25T10:00:00Z"
_WANTED: Final = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "datetime": f"a time {_MOMENT}",
}
_GIVEN: Final = _WANTED | {"int": "a number", "float": "a number with decimals"}
_PARTS: Final = {"str": "character", "array": "entry", "object": "name", "bytes": "byte"}
_SIGNS: Final = {">=": "at least ", "<=": "at most ", ">": "more than ", "<": "less than ", "": ""}
_WHOLE: Final = {
    "Invalid RFC3339 encoded datetime": f"must be a time {_MOMENT}",
    "Expected `datetime` with a timezone component": f"must be a time with its offset from UTC, {_MOMENT}",
    "Number out of range": "must be a smaller number",
    "Integer value out of range": "must be a smaller number",
}


class Wrong(msgspec.Struct, frozen=True):
    """`path`: as `config.items[0]`, to what is wrong, missing or unknown there; empty for the whole. `says`: a sentence
    without its full stop.
    """

    path: str
    says: str

    def __str__(self) -> str:
        return f"{self.path}: {self.says}" if self.path else self.says


def patterned(pattern: str, says: str, **more: Any) -> Any:
    """`msgspec.Meta` of a text: `pattern` holds for all of it, `says` ends the sentence "It must be …"."""
    return msgspec.Meta(pattern=pattern, extra={_SAYS: says}, **more)


def wrong(error: Exception | str, model: Any) -> Wrong:
    """What msgspec says of a value that should be a `model`."""
    text = str(error)
    at = _AT.search(text)
    path, what = (at["path"], text[: at.start()]) if at else ("", text)
    kinds = _reached(inspect.type_info(model), path)
    if named := _NAMED.search(what):
        within = f"{path}.{named['name']}".removeprefix(".")
        return Wrong(within, "It is required" if named["what"] == "required" else _unknown(kinds))
    who = "A name in it" if at and at["key"] else "It"
    return Wrong(path.removeprefix("."), f"{who} {_said(what, kinds, model)}")


def _said(what: str, kinds: list[Any], model: Any) -> str:
    if found := _KIND.match(what):
        return f"must be {_either(found['wanted'])}, not {_GIVEN.get(found['given'], found['given'])}"
    if found := _LENGTH.match(what):
        return _length(found["kind"], found["sign"], int(found["count"]))
    if found := _BOUND.match(what):
        return f"must be {_SIGNS[found['sign']]}{float(found['bound']):,.12g}"
    if "matching regex" in what:
        says = [says for pattern, says in _patterns(model) if repr(pattern) in what]
        return f"must be {says[0]}" if says else "has not the right form"
    if what.startswith("Invalid enum value") and (choices := _choices(kinds)):
        return f"must be one of {', '.join(choices)}"
    return _WHOLE.get(what, "is not of the form that is wanted here")


def _either(kinds: str) -> str:
    words = [_WANTED.get(kind, kind) for kind in kinds.split(" | ")]
    return " or ".join([*([", ".join(words[:-1])] if len(words) > 1 else []), words[-1]])


def _length(kind: str, sign: str, count: int) -> str:
    if (sign, count) == (">=", 1):
        return "must not be empty"
    part = _PARTS[kind]
    many = part if count == 1 else "entries" if part == "entry" else f"{part}s"
    return f"must have {_SIGNS[sign]}{count:,} {many}"


def _unknown(kinds: list[Any]) -> str:
    names = [field.encode_name for kind in kinds if isinstance(kind, inspect.StructType) for field in kind.fields]
    return f"There is no such field; there may be {', '.join(names)}" if names else "There is no such field"


def _choices(kinds: list[Any]) -> list[str]:
    enums = [str(one.value) for kind in kinds if isinstance(kind, inspect.EnumType) for one in kind.cls]
    return enums + [str(one) for kind in kinds if isinstance(kind, inspect.LiteralType) for one in kind.values]


def _reached(kind: Any, path: str) -> list[Any]:
    """The kinds of value that may stand at that place, as far as its steps are known."""
    kinds = _plain(kind)
    for step in _STEP.finditer(path):
        kinds = [found for one in kinds for inner in _step(one, step["name"]) for found in _plain(inner)]
    return kinds


def _plain(kind: Any) -> list[Any]:
    if isinstance(kind, inspect.Metadata):
        return _plain(kind.type)
    return [one for each in kind.types for one in _plain(each)] if isinstance(kind, inspect.UnionType) else [kind]


def _step(kind: Any, name: str | None) -> list[Any]:
    if isinstance(kind, inspect.StructType):
        return [field.type for field in kind.fields if field.encode_name == name]
    found = [getattr(kind, one) for one in ("item_type", "value_type") if hasattr(kind, one)]
    return [*found, *getattr(kind, "item_types", ())]


@cache
def _patterns(model: Any) -> tuple[tuple[str, str], ...]:
    return tuple(_told_of(inspect.type_info(model), set()))


def _told_of(kind: Any, seen: set[Any]) -> list[tuple[str, str]]:
    if isinstance(kind, inspect.StructType):
        if kind.cls in seen:
            return []
        seen.add(kind.cls)
    own = [(kind.type.pattern, kind.extra[_SAYS])] if _has_words(kind) else []
    return own + [one for inner in _inner(kind) for one in _told_of(inner, seen)]


def _has_words(kind: Any) -> bool:
    told = isinstance(kind, inspect.Metadata) and _SAYS in (kind.extra or {})
    return told and isinstance(kind.type, inspect.StrType)


def _inner(kind: Any) -> list[Any]:
    if isinstance(kind, inspect.StructType):
        return [field.type for field in kind.fields]
    names = ("type", "types", "item_type", "item_types", "key_type", "value_type")
    found = [getattr(kind, name) for name in names if hasattr(kind, name)]
    return [one for each in found for one in (each if isinstance(each, tuple) else (each,))]
