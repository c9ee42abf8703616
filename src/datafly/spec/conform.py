"""Events of a name that the vendor checks against a schema: what does not fit it is refused before it is sent."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from datafly.model.verdict import Ruling
from datafly.spec.nodes import Around, Node
from datafly.spec.source import NOTHING, Source
from datafly.spec.words import Refusal

_SHOWN: Final = 80
_NONE: Final[dict[str, Any]] = {}
TEXT, NUMBER, WHOLE, OBJECT, LIST = "text", "number", "whole number", "object", "list"


class Form(msgspec.Struct, frozen=True, omit_defaults=True):
    """An object that a vendor takes: names and their kinds, and no others.

    `each`: a list of objects, not empty, by its name, and what each of them is. `one_of`: the values that a text may
    have. `needless`: what is not required where another name has one of these values.
    """

    required: dict[str, str] = {}
    optional: dict[str, str] = {}
    each: dict[str, "Form"] = {}
    one_of: dict[str, tuple[str, ...]] = {}
    needless: dict[str, tuple[str, tuple[str, ...]]] = {}


class Conforming(Around, frozen=True, tag="conforming"):
    name: Node
    forms: dict[str, Form]
    refusal: Refusal

    def __str__(self) -> str:
        return str(self.of)

    def children(self) -> tuple[Node, ...]:
        return (self.of, self.name)

    def write(self, source: Source) -> str:
        name, value = source.value(self.name), source.value(self.of)
        forms = source.bind(self.forms, "forms")
        check = source.bind(_Check(self.forms, self.refusal.ruling(source.making.hints)).refused, "unfit")
        with source.when(f"{name} in {forms}"):
            unfit = source.name("unfit")
            source.line(f"{unfit} = {check}({name}, {'None' if value == NOTHING else value})")
            source.line(f"if {unfit} is not None: return {unfit}")
        return value


def conforming(of: Node, name: Node, forms: Mapping[str, Form], refusal: Refusal) -> Conforming:
    """The object `of` as it is; of an event whose `name` has a form, it must fit. The cause says what does not."""
    return Conforming(of, name, dict(forms), refusal)


class _Check:
    def __init__(self, forms: Mapping[str, Form], ruling: Ruling) -> None:
        self._forms = forms
        self._ruling = ruling

    def refused(self, name: str, sent: dict[str, Any] | None) -> Ruling | None:
        said = next(_misfits(self._forms[name], sent or _NONE, "properties"), None)
        return msgspec.structs.replace(self._ruling, cause=f"{said} {self._ruling.cause}") if said else None


def _misfits(form: Form, sent: Mapping[str, Any], place: str) -> Iterator[str]:
    for name in (*form.required, *form.each):
        if sent.get(name) is None and not _is_needless(form, name, sent):
            yield f"{place}.{name} is missing, empty or too long."
    kinds = {**form.required, **form.optional}
    for name, value in sent.items():
        if name in form.each:
            yield from _each(form.each[name], value, f"{place}.{name}")
        elif name not in kinds:
            yield f"{place}.{name[:_SHOWN]} is none of its properties."
        elif not _is(kinds[name], value):
            yield f"{place}.{name} must be {'an' if kinds[name] == OBJECT else 'a'} {kinds[name]}."
        elif value not in form.one_of.get(name, (value,)):
            yield f"{place}.{name} must be one of {', '.join(form.one_of[name])}."


def _is_needless(form: Form, name: str, sent: Mapping[str, Any]) -> bool:
    other, values = form.needless.get(name, ("", ()))
    return sent.get(other) in values


def _each(form: Form, value: Any, place: str) -> Iterator[str]:
    if not isinstance(value, list) or not value:
        yield f"{place} must be a list that is not empty."
        return
    for index, one in enumerate(value):
        if isinstance(one, dict):
            yield from _misfits(form, one, f"{place}[{index}]")
        else:
            yield f"{place}[{index}] must be an object."


def _is(kind: str, value: Any) -> bool:
    if kind == TEXT:
        return isinstance(value, str) and value != ""
    if kind == OBJECT:
        return isinstance(value, dict)
    if kind == LIST:
        return isinstance(value, list)
    return isinstance(value, int if kind == WHOLE else (int, float)) and not isinstance(value, bool)
