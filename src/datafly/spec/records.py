"""A list of small objects in the vendor's own words, as a sender tells it: those that fit are kept."""

from typing import Any

from datafly.spec.nodes import Around, Node
from datafly.spec.scope import Scope
from datafly.spec.source import NOTHING, SCOPE, Source


class Records(Around, frozen=True, tag="records"):
    fields: dict[str, tuple[str, ...]]
    most: int

    def __str__(self) -> str:
        return f"{self.of}, objects of {', '.join(self.fields)}"

    def write(self, source: Source) -> str:
        value, found = source.value(self.of), source.name("records")
        if value == NOTHING:
            return NOTHING
        read = source.bind(_Reader(str(self.of), self.fields, self.most).read, "records_of")
        source.line(f"{found} = {read}({SCOPE}, {value}) if {value} is not None else None")
        return found


def records(of: Node, fields: dict[str, tuple[str, ...]], most: int) -> Records:
    """The objects of the list that have each of the `fields`, a text that is not empty: one of those that are named, if
    any are. Nothing else of them is kept; of what does not fit, and of what is beyond `most`, a warning tells.
    """
    return Records(of, fields, most)


class _Reader:
    def __init__(self, of: str, fields: dict[str, tuple[str, ...]], most: int) -> None:
        self._of = of
        self._fields = fields
        self._most = most

    def read(self, scope: Scope, sent: Any) -> list[dict[str, str]] | None:
        every = sent if isinstance(sent, list) else [sent]
        found = [{name: one[name] for name in self._fields} for one in every if self._fits(one)]
        if len(found) < len(every) or len(found) > self._most:
            words = ", ".join(f"{name} ({' or '.join(values) or 'a text'})" for name, values in self._fields.items())
            scope.warn(f"{self._of} is a list of at most {self._most} objects of {words}; what is not was left out.")
        return found[: self._most] or None

    def _fits(self, one: Any) -> bool:
        if not isinstance(one, dict):
            return False
        told = ((one.get(name), values) for name, values in self._fields.items())
        return all(isinstance(value, str) and value and (not values or value in values) for value, values in told)
