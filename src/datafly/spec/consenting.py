"""Nodes that tell a vendor what the visitor chose; a pipeline's default is nobody's choice and is never told."""

from typing import Any

from datafly.spec.names import snake_key
from datafly.spec.nodes import Making, Node
from datafly.spec.scope import Read, Scope


class Chosen(Node, frozen=True, tag="consent"):
    category: str

    def __str__(self) -> str:
        return f"consent for {self.category}"

    def build(self, _making: Making) -> Read:
        category = self.category
        return lambda scope: scope.event.consent.choices().get(category)


class Choices(Node, frozen=True, tag="consents"):
    prefix: str

    def __str__(self) -> str:
        return f"{self.prefix}<category>"

    def build(self, _making: Making) -> Read:
        prefix = self.prefix

        def read(scope: Scope) -> Any:
            found: dict[str, bool] = {}
            for category, granted in scope.event.consent.choices().items():
                key = snake_key(prefix + category) if snake_key(category) else None
                if key:
                    found[key] = found.get(key, False) or granted
            return found or None

        return read


class IfChanged(Node, frozen=True, tag="if_changed"):
    of: Node
    category: str = ""

    def __str__(self) -> str:
        return f"{self.of}, if the event changed consent{f' for {self.category}' if self.category else ''}"

    def children(self) -> tuple[Node, ...]:
        return (self.of,)

    def build(self, making: Making) -> Read:
        read_one, category = self.of.build(making), self.category

        def read(scope: Scope) -> Any:
            changed = scope.event.consent.changed
            return read_one(scope) if (category in changed if category else changed) else None

        return read


def consent(category: str) -> Chosen:
    """Whether the visitor granted it; nothing if she did not say."""
    return Chosen(category)


def consents(prefix: str) -> Choices:
    """An object of `<prefix><category>`: granted or not, of every category that the visitor spoke of."""
    return Choices(prefix)


def if_changed(of: Node, category: str = "") -> IfChanged:
    """Only if the event is the first to say so: what is repeated is no news. No category: any of them."""
    return IfChanged(of, category)
