"""Nodes that follow the config of an installation or decide by a value; a choice of the config is made when written."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from datafly.spec.convert import CONVERTERS
from datafly.spec.nodes import Around, Const, Node, Scalar
from datafly.spec.scope import Scope
from datafly.spec.source import NOTHING, SCOPE, Making, Source, literal
from datafly.spec.words import Refusal


class Configured(Node, frozen=True, tag="setting"):
    name: str

    def __str__(self) -> str:
        return f"the setting {self.name}"

    def never(self, making: Making) -> bool:
        return making.config.get(self.name) in (None, "")

    def write(self, source: Source) -> str:
        value = source.making.config.get(self.name)
        if value is None or value == "":
            return NOTHING
        found = source.name("chosen")
        source.line(f"{found} = {literal(value)}")
        return source.sure(found)


class Keyed(Node, frozen=True, tag="keyed"):
    name: str
    of: Node

    def __str__(self) -> str:
        return f"{{the setting {self.name}: {self.of}}}"

    def children(self) -> tuple[Node, ...]:
        return (self.of,)

    def write(self, source: Source) -> str:
        key = source.making.config.get(self.name)
        if not key:
            return NOTHING
        value, found = source.value(self.of), source.name("keyed")
        source.line(f"{found} = {{{literal(key)}: {value}}} if {value} is not None else None")
        return found


class Lookup(Around, frozen=True, tag="lookup"):
    values: Mapping[str, Scalar]

    def __str__(self) -> str:
        return f"{self.of} as {', '.join(f'{sent} → {value}' for sent, value in self.values.items())}"

    def write(self, source: Source) -> str:
        sent, found = source.value(self.of), source.name("looked_up")
        known = source.bind(dict(self.values), "known")
        source.line(f"{found} = {known}.get({sent}.strip().lower()) if type({sent}) is str else None")
        return found


class Given(Node, frozen=True, tag="given"):
    condition: Node
    of: Node

    def __str__(self) -> str:
        return f"{self.of}, if there is {self.condition}"

    def children(self) -> tuple[Node, ...]:
        return (self.condition, self.of)

    def write(self, source: Source) -> str:
        condition, found = source.value(self.condition), source.name("given")
        source.line(f"{found} = None")
        with source.when(source.is_there(condition)):
            source.line(f"{found} = {source.value(self.of)}")
        return found


class Absent(Node, frozen=True, tag="absent"):
    condition: Node
    of: Node

    def __str__(self) -> str:
        return f"{self.of}, if there is no {self.condition}"

    def children(self) -> tuple[Node, ...]:
        return (self.condition, self.of)

    def write(self, source: Source) -> str:
        condition, found = source.value(self.condition), source.name("absent")
        source.line(f"{found} = None")
        with source.when(f"{condition} is None"):
            source.line(f"{found} = {source.value(self.of)}")
        return found


class Refused(Node, frozen=True, tag="refused"):
    refusal: Refusal

    def __str__(self) -> str:
        return f"not sent ({self.refusal.reason})"

    def write(self, source: Source) -> str:
        source.line(f"return {source.bind(self.refusal.ruling(source.making.hints), 'ruling')}")
        return NOTHING


class Barred(Around, frozen=True, tag="barred"):
    values: tuple[str, ...]
    refusal: Refusal

    def __str__(self) -> str:
        return str(self.of)

    def write(self, source: Source) -> str:
        value, barred = source.value(self.of), source.bind(frozenset(self.values), "barred")
        ruling = source.bind(self.refusal.ruling(source.making.hints), "ruling")
        source.line(f"if {value} in {barred}: return {ruling}")
        return value


class Warned(Around, frozen=True, tag="warned"):
    warning: str

    def __str__(self) -> str:
        return str(self.of)

    def write(self, source: Source) -> str:
        value = source.value(self.of)
        source.line(f"if {source.is_there(value)}: {SCOPE}.warn({source.bind(self.warning, 'warning')})")
        return value


class Registered(Around, frozen=True, omit_defaults=True, tag="registered"):
    name: str
    warning: str
    otherwise: str = ""
    standard: tuple[str, ...] = ()
    prefix: str = ""

    def __str__(self) -> str:
        return str(self.of)

    def write(self, source: Source) -> str:
        value, names = source.value(self.of), source.making.config.get(self.name)
        warning = self.warning if names else self.otherwise
        if isinstance(self.of, Const) and self.of.value in self.standard:
            return value
        if warning:
            listed = [name.removeprefix(self.prefix) for name in names or ()]
            check = source.bind(_Known(frozenset((*listed, *self.standard)), warning).check, "registered")
            source.line(f"if {source.is_there(value)}: {check}({SCOPE}, {value})")
        return value


class Changed(Around, frozen=True, tag="changed"):
    trait: str
    to: str
    warning: str

    def __str__(self) -> str:
        return str(self.of)

    def write(self, source: Source) -> str:
        value = source.value(self.of)
        check = source.bind(_Before(self.trait, CONVERTERS[self.to].convert, self.warning).check, "changed")
        source.line(f"if {value} is not None and {SCOPE}.event.known_traits: {check}({SCOPE}, {value})")
        return value


class Told(Around, frozen=True, omit_defaults=True, tag="told"):
    trait: str
    to: str = ""

    def __str__(self) -> str:
        return f"{self.of}, if the event tells it{' anew' if self.to else ''}"

    def write(self, source: Source) -> str:
        value, found = source.value(self.of), source.name("told")
        convert = CONVERTERS[self.to].convert if self.to else None
        is_told = source.bind(_Telling(self.trait, convert).is_told, "is_told")
        source.line(f"{found} = {value} if {value} is not None and {is_told}({SCOPE}, {value}) else None")
        return found


class TellsTraits(Node, frozen=True, tag="tells_traits"):
    def __str__(self) -> str:
        return "the traits that the event itself tells"

    def write(self, source: Source) -> str:
        found = source.name("tells")
        source.line(f"{found} = {SCOPE}.event.traits or None")
        return found


class _Telling(msgspec.Struct, frozen=True):
    trait: str
    convert: Callable[[Any], Any] | None

    def is_told(self, scope: Scope, found: Any) -> bool:
        if self.trait not in scope.event.traits:
            return False
        return self.convert is None or self.convert(scope.event.known_traits.get(self.trait)) != found


class _Before(msgspec.Struct, frozen=True):
    trait: str
    convert: Callable[[Any], Any]
    warning: str

    def check(self, scope: Scope, found: Any) -> None:
        before = self.convert(scope.event.known_traits.get(self.trait))
        if before is not None and before != found:
            scope.warn(self.warning)


class Capped(Around, frozen=True, tag="capped"):
    most: int
    warning: str

    def __str__(self) -> str:
        return str(self.of)

    def write(self, source: Source) -> str:
        value, warning = source.value(self.of), source.bind(self.warning, "warning")
        count = f"len({value})"
        source.line(f"if {value} is not None and {count} > {self.most}: {SCOPE}.warn({warning}.format(count={count}))")
        return value


class _Known(msgspec.Struct, frozen=True):
    names: frozenset[str]
    warning: str

    def check(self, scope: Scope, found: str | dict[str, Any]) -> None:
        """Of an object, its keys."""
        for name in (found,) if isinstance(found, str) else found:
            if name not in self.names:
                scope.warn(self.warning.format(name=name))


def tells_traits() -> TellsTraits:
    """A condition: the event itself tells something of the user; what was known before does not count."""
    return TellsTraits()


def setting(name: str) -> Configured:
    """What the config says; nothing where it says nothing."""
    return Configured(name)


def keyed(name: str, of: Node) -> Keyed:
    """An object of one field, which the setting `name` names; nothing where it does not."""
    return Keyed(name, of)


def lookup(of: Node, values: Mapping[str, Scalar]) -> Lookup:
    """What stands for a text, whatever its case; nothing for another one. The keys are in lower case."""
    return Lookup(of, values)


def given(condition: Node, of: Node) -> Given:
    """`of`, where `condition` has a value."""
    return Given(condition, of)


def absent(condition: Node, of: Node) -> Absent:
    """`of`, where `condition` has no value."""
    return Absent(condition, of)


def refused(refusal: Refusal) -> Refused:
    """The event is not sent."""
    return Refused(refusal)


def registered(
    of: Node, name: str, warning: str, *, otherwise: str = "", standard: tuple[str, ...] = (), prefix: str = ""
) -> Registered:
    """A name, or an object of names, of which those that the setting `name` does not list are warned of by `{name}`.

    `standard` are known to the vendor anyway. An empty list means that nothing is known of what is registered, and
    nothing is said but `otherwise`. Who lists names may write them with `prefix`.
    """
    return Registered(of, name, warning, otherwise, standard, prefix)


def changed(of: Node, trait: str, to: str, warning: str) -> Changed:
    """A value, with a warning if `trait`, by the converter `to`, was known of the user before and was another."""
    return Changed(of, trait, to, warning)


def told(of: Node, trait: str, to: str = "") -> Told:
    """A value that the event itself tells by that trait, not one that is only known of the user.

    With a converter `to`: only if what was known before, so converted, is another. What is repeated is no news.
    """
    return Told(of, trait, to)


def capped(of: Node, most: int, warning: str) -> Capped:
    """An object, with a warning by `{count}` if it has more than so many fields."""
    return Capped(of, most, warning)


def barred(of: Node, values: tuple[str, ...], refusal: Refusal) -> Barred:
    """A text; with one of these values the event is not sent."""
    return Barred(of, values, refusal)


def warned(of: Node, warning: str) -> Warned:
    """A value that is sent with a warning."""
    return Warned(of, warning)
