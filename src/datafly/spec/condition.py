"""Conditions in CEL, the Common Expression Language: compiled when they are saved, bounded when they are asked."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

import msgspec
from cel_expr_python import cel

from datafly.spec.condition_words import worded
from datafly.spec.scope import Scope

_OBJECT: Final = cel.Type.Map(cel.Type.STRING, cel.Type.DYN)
_READ: Final[dict[str, tuple[Any, Callable[[Scope], Any]]]] = {
    "properties": (_OBJECT, lambda scope: scope.event.properties),
    "traits": (_OBJECT, lambda scope: scope.traits),
    "group_traits": (_OBJECT, lambda scope: scope.group_traits),
    "context": (_OBJECT, lambda scope: scope.event.context),
    "event": (cel.Type.DYN, lambda scope: scope.event.event),
    # `type` is a function of the language.
    "event_type": (cel.Type.STRING, lambda scope: scope.event.type),
    "name": (cel.Type.DYN, lambda scope: scope.event.name),
    "user_id": (cel.Type.DYN, lambda scope: scope.event.user_id),
    "anonymous_id": (cel.Type.DYN, lambda scope: scope.event.anonymous_id),
    "group_id": (cel.Type.DYN, lambda scope: scope.event.group_id),
}
VARIABLES: Final = tuple(_READ)
"""What a condition may read of an event, as mappings name it; `event` to `group_id` are null where there is none."""
MOST_CHARS: Final = 2_000
_ENVIRONMENT: Final = cel.NewEnv(variables={name: kind for name, (kind, _) in _READ.items()})
_PLACED: Final = re.compile(r"<input>:(?P<line>\d+):(?P<column>\d+): (?P<what>[^\n]*)")
_PATTERN: Final = re.compile(r"""\bmatches\(\s*([rR]?(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'))\s*\)""")
_MISSING: Final = re.compile(r'Key not found in map : "(?P<name>[^"]{1,100})"')


class Fault(msgspec.Struct, frozen=True):
    """Why a text is no condition: `what` completes "The condition …". `line` and `column` from 1; 0: as a whole."""

    what: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.what} (line {self.line}, column {self.column})" if self.line else self.what


class Condition:
    """Evaluation ends by itself: the language has no loops but over lists, and 10,000 steps of those at most."""

    def __init__(self, text: str, expression: Any) -> None:
        self._expression = expression
        self._reads = [(name, read) for name, (_, read) in _READ.items() if re.search(rf"\b{name}\b", text)]

    def answer(self, scope: Scope) -> bool | str:
        """True, False, or why it cannot be answered for this event."""
        try:
            given = {name: read(scope) for name, read in self._reads}
            found = self._expression.eval(data=given).value()
        except (RuntimeError, TypeError, ValueError) as error:
            return _unanswered(str(error))
        return found if isinstance(found, bool) else _unanswered(str(found))

    def holds(self, scope: Scope) -> bool:
        return self.answer(scope) is True


@lru_cache(maxsize=1024)
def read_condition(text: str) -> Condition | Fault:
    if not text.strip() or len(text) > MOST_CHARS:
        return Fault(f"is empty or longer than {MOST_CHARS:,} characters")
    try:
        expression = _ENVIRONMENT.compile(text)
    except (RuntimeError, TypeError, ValueError) as error:
        return _fault(str(error))
    if expression.return_type() != cel.Type.BOOL:
        return Fault("is neither true nor false; compare it with something, e.g. properties.vip == true")
    return _bad_pattern(text) or Condition(text, expression)


def _bad_pattern(text: str) -> Fault | None:
    """A pattern is looked at by the language only when it is used."""
    for found in _PATTERN.finditer(text):
        answer = _ENVIRONMENT.compile(f'"".matches({found[1]})').eval().value()
        if not isinstance(answer, bool):
            line = text.count("\n", 0, found.start(1)) + 1
            column = found.start(1) - (text.rfind("\n", 0, found.start(1)) + 1) + 1
            return Fault(f"has a pattern that is no RE2 expression: {found[1]}", line, column)
    return None


def _fault(message: str) -> Fault:
    found = _PLACED.search(message)
    if found is None:
        return Fault("is nested too deeply" if "recursion" in message else "cannot be read")
    what = found["what"].replace(" (in container '')", "").removeprefix("Syntax error: ")
    return Fault(worded(what, ", ".join(VARIABLES)), int(found["line"]), int(found["column"]))


def _unanswered(message: str) -> str:
    """Without the values of the event: the words are counted and grouped."""
    missing = _MISSING.search(message)
    if missing:
        return f"the event has no {missing['name']}"
    if "budget" in message:
        return "its lists are too long"
    return "a value is not of the kind that is compared with"


def compiled_condition(text: str) -> Condition:
    """Raises `ValueError` for a text that never was a condition, or is none any more."""
    found = read_condition(text)
    if isinstance(found, Condition):
        return found
    raise ValueError(f"The condition {text!r} {found}.")
