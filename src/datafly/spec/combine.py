"""Nodes that make one value of several, or of all lines: joined texts, products of numbers, lists without repeats."""

from itertools import chain
from typing import Any, Final

from datafly.spec.nodes import Around, Node, Scalar
from datafly.spec.source import NOTHING, Making, Source, literal

_DECIMALS: Final = 6
"""Behind which nothing of an amount is meant: what is left there is the error of a product of floats."""


class Joined(Node, frozen=True, tag="joined"):
    by: str
    of: tuple[Node, ...]

    def __str__(self) -> str:
        return self.by.join(str(node) for node in self.of)

    def children(self) -> tuple[Node, ...]:
        return self.of

    def write(self, source: Source) -> str:
        values, found = [source.value(node) for node in self.of], source.name("joined")
        unsure = [f"{value} is not None" for value in values if not source.is_sure(value)]
        text = f" + {literal(self.by)} + ".join(f"str({value})" for value in values)
        source.line(f"{found} = {text} if {' and '.join(unsure)} else None" if unsure else f"{found} = {text}")
        return found if unsure else source.sure(found)


class Times(Node, frozen=True, tag="times"):
    of: tuple[Node, ...]

    def __str__(self) -> str:
        return " × ".join(str(node) for node in self.of)

    def children(self) -> tuple[Node, ...]:
        return self.of

    def write(self, source: Source) -> str:
        values, found = [source.value(node) for node in self.of], source.name("times")
        unsure = [f"{value} is not None" for value in values if not source.is_sure(value)]
        product = f"round({' * '.join(values)}, {_DECIMALS})"
        source.line(f"{found} = {product} if {' and '.join(unsure)} else None" if unsure else f"{found} = {product}")
        return found if unsure else source.sure(found)


class Several(Node, frozen=True, tag="several"):
    of: tuple[Node, ...]

    def __str__(self) -> str:
        return f"a list of {', '.join(str(node) for node in self.of)}"

    def children(self) -> tuple[Node, ...]:
        return self.of

    def write(self, source: Source) -> str:
        values, found = [source.value(node) for node in self.of], source.name("several")
        there = [value for value in values if value != NOTHING]
        if not there:
            return NOTHING
        source.line(f"{found} = [one for one in ({', '.join(there)},) if one is not None] or None")
        return found


class Distinct(Around, frozen=True, tag="distinct"):
    def __str__(self) -> str:
        return f"{self.of}, each once"

    def write(self, source: Source) -> str:
        value, found = source.value(self.of), source.name("distinct")
        once = source.bind(_each_once, "each_once")
        source.line(f"{found} = {once}({value}) if {value} is not None else None")
        return found


class Always(Around, frozen=True, tag="always"):
    def __str__(self) -> str:
        return str(self.of)

    def write(self, source: Source) -> str:
        value = source.value(self.of)
        if source.is_sure(value):
            return value
        found = source.name("always")
        source.line(f"{found} = {value} if {value} is not None else {{}}" if value != NOTHING else f"{found} = {{}}")
        return source.sure(found)


class LineNumber(Node, frozen=True, tag="line_number"):
    def __str__(self) -> str:
        return "the number of the line"

    def follows_line(self, _making: Making) -> bool:
        return True

    def write(self, source: Source) -> str:
        found = source.name("number")
        source.line(f"{found} = line_index + 1" if source.making.lines else f"{found} = 1")
        return source.sure(found)


class Where(Node, frozen=True, tag="where"):
    condition: Node
    value: Scalar
    of: Node

    def __str__(self) -> str:
        return f"{self.of}, if {self.condition} is {literal(self.value)}"

    def children(self) -> tuple[Node, ...]:
        return (self.condition, self.of)

    def write(self, source: Source) -> str:
        condition, found = source.value(self.condition), source.name("where")
        source.line(f"{found} = None")
        with source.when(f"{condition} == {literal(self.value)}"):
            source.line(f"{found} = {source.value(self.of)}")
        return found


def joined(by: str, *of: Node) -> Joined:
    """One text of several values; nothing where one of them has none."""
    return Joined(by, of)


def times(*of: Node) -> Times:
    """The product of numbers, rounded to six decimals; nothing where one of them is not there."""
    return Times(of)


def several(*of: Node) -> Several:
    """A list of those of them that have a value; nothing where none has."""
    return Several(of)


def distinct(of: Node) -> Distinct:
    """The texts of a list of texts, or of a list of lists, each once, in order."""
    return Distinct(of)


def always(of: Node) -> Always:
    """An object that is there even if it is empty."""
    return Always(of)


def line_number() -> LineNumber:
    """Which line it is, from 1."""
    return LineNumber()


def where(condition: Node, value: Scalar, of: Node) -> Where:
    """`of`, where `condition` has just that value."""
    return Where(condition, value, of)


def _each_once(values: list[Any]) -> list[str]:
    if type(values[0]) is str:
        return list(dict.fromkeys(values))
    return list(dict.fromkeys(chain.from_iterable(values)))
