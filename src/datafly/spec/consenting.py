"""Nodes that tell a vendor what the visitor chose; a pipeline's default is nobody's choice and is never told."""

from functools import lru_cache

import msgspec

from datafly.spec.names import USUAL_LENGTH, snake_key
from datafly.spec.nodes import Around, Node
from datafly.spec.source import SCOPE, Source, literal


class Chosen(Node, frozen=True, tag="consent"):
    category: str

    def __str__(self) -> str:
        return f"consent for {self.category}"

    def write(self, source: Source) -> str:
        found = source.name("granted")
        source.line(f"{found} = {SCOPE}.event.consent.choices().get({literal(self.category)})")
        return found


class Choices(Node, frozen=True, tag="consents"):
    prefix: str

    def __str__(self) -> str:
        return f"{self.prefix}<category>"

    def write(self, source: Source) -> str:
        found = source.name("consents")
        source.line(
            f"{found} = {source.bind(_Told(self.prefix).consents, 'consents')}({SCOPE}.event.consent.choices())"
        )
        return found


class _Told(msgspec.Struct, frozen=True):
    prefix: str

    def consents(self, choices: dict[str, bool]) -> dict[str, bool] | None:
        found: dict[str, bool] = {}
        for category, granted in choices.items():
            usual = len(category) <= USUAL_LENGTH
            key = _usual_key(self.prefix, category) if usual else _key(self.prefix, category)
            if key:
                found[key] = found.get(key, False) or granted
        return found or None


def _key(prefix: str, category: str) -> str | None:
    return snake_key(prefix + category) if snake_key(category) else None


_usual_key = lru_cache(maxsize=1024)(_key)


class IfChanged(Around, frozen=True, tag="if_changed"):
    category: str = ""

    def __str__(self) -> str:
        return f"{self.of}, if the event changed consent{f' for {self.category}' if self.category else ''}"

    def write(self, source: Source) -> str:
        found, changed = source.name("if_changed"), f"{SCOPE}.event.consent.changed"
        source.line(f"{found} = None")
        with source.when(f"{literal(self.category)} in {changed}" if self.category else changed):
            source.line(f"{found} = {source.value(self.of)}")
        return found


def consent(category: str) -> Chosen:
    """Whether the visitor granted it; nothing if she did not say."""
    return Chosen(category)


def consents(prefix: str) -> Choices:
    """An object of `<prefix><category>`: granted or not, of every category that the visitor spoke of."""
    return Choices(prefix)


def if_changed(of: Node, category: str = "") -> IfChanged:
    """Only if the event is the first to say so: what is repeated is no news. No category: any of them."""
    return IfChanged(of, category)
