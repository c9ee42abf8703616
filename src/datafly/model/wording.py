"""What a pattern of a value means, in words: a person is never shown the expression."""

from functools import cache
from typing import Any, Final

import msgspec
from msgspec import inspect

_SAYS: Final = "says"
_MARK: Final = "matching regex"


def patterned(pattern: str, says: str, **more: Any) -> Any:
    """`msgspec.Meta` of a text: `pattern` holds for all of it, `says` ends the sentence "It must be …"."""
    return msgspec.Meta(pattern=pattern, extra={_SAYS: says}, **more)


def in_words(problem: str, model: Any) -> str:
    """What msgspec says of a value of `model`, with the words of a pattern in its place."""
    if problem.endswith("of length >= 1"):
        return "It must not be empty"
    if _MARK not in problem:
        return problem
    told = problem.partition(_MARK)[2]
    found = [says for pattern, says in _patterns(model) if repr(pattern) in told]
    return f"It must be {found[0]}" if found else "It has not the right form"


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
