"""Nodes that only an operator's overrides need; a definition says the same by nodes of its own."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from datafly.model.verdict import Ruling, Verdict
from datafly.spec.convert import as_text
from datafly.spec.nodes import Around, Node, Scalar
from datafly.spec.rest import clean
from datafly.spec.scope import Scope
from datafly.spec.source import SCOPE, Source

if TYPE_CHECKING:
    from datafly.spec.condition import Condition

OTHER = "*"


class Overriding(Around, frozen=True, tag="overriding"):
    """Marks what an override put there: `entry` is its place in the overrides."""

    entry: str

    def __str__(self) -> str:
        return str(self.of)

    def write(self, source: Source) -> str:
        return source.value(self.of)


class Plain(Around, frozen=True, tag="plain"):
    """A value as it was sent, less what no JSON or no platform takes."""

    def __str__(self) -> str:
        return str(self.of)

    def write(self, source: Source) -> str:
        value, found = source.value(self.of), source.name("plain")
        source.line(f"{found} = {source.bind(clean, 'clean')}({value}) if {value} is not None else None")
        return found


class ValueMapped(Around, frozen=True, tag="value_map"):
    values: Mapping[str, Scalar]

    def __str__(self) -> str:
        return f"{self.of} as {', '.join(f'{sent} → {value}' for sent, value in self.values.items())}"

    def write(self, source: Source) -> str:
        value, found = source.value(self.of), source.name("mapped")
        read = source.bind(_Values(dict(self.values)).read, "values")
        source.line(f"{found} = {read}({value}) if {value} is not None else None")
        return found


class _Values(msgspec.Struct, frozen=True):
    values: dict[str, Scalar]

    def read(self, sent: Any) -> Scalar | None:
        text = str(sent).lower() if isinstance(sent, bool) else as_text(sent)
        found = self.values.get(text) if text else None
        return self.values.get(OTHER) if found is None else found


class When(Around, frozen=True, tag="when"):
    condition: str

    def __str__(self) -> str:
        return f"{self.of}, if {self.condition}"

    def write(self, source: Source) -> str:
        value, found = source.value(self.of), source.name("when")
        holds = source.bind(_compiled(self.condition).holds, "holds")
        source.line(f"{found} = {value} if {source.is_there(value)} and {holds}({SCOPE}) else None")
        return found


class Holds(Node, frozen=True, tag="holds"):
    condition: str

    def __str__(self) -> str:
        return f"only if {self.condition}"

    def write(self, source: Source) -> str:
        found = source.name("unmet")
        source.line(f"{found} = {source.bind(_Gate(self.condition).unmet, 'unmet')}({SCOPE})")
        source.line(f"if {found} is not None: return {found}")
        return found


class _Gate:
    def __init__(self, text: str) -> None:
        self._condition = _compiled(text)
        self._text = text

    def unmet(self, scope: Scope) -> Ruling | None:
        """The ruling, None where it holds. What cannot be answered does not hold."""
        answer = self._condition.answer(scope)
        if answer is True:
            return None
        cure = "Nothing, if it is meant so; else change the condition in the mapping of the integration."
        if answer is False:
            cause = f"The mapping sends it only if {self._text}."
            return Ruling(Verdict.SKIPPED, "condition_not_met", cause=cause, cure=cure)
        cause = f"The mapping sends it only if {self._text}, and that cannot be told: {answer}."
        return Ruling(Verdict.SKIPPED, "condition_unanswered", cause=cause, cure=cure)


def _compiled(text: str) -> "Condition":
    from datafly.spec.condition import compiled_condition  # noqa: PLC0415 - 7 MB that only who has conditions pays for

    return compiled_condition(text)
