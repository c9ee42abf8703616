"""Track events that bear the vendor's own name of a rule: the vendor would judge them as that one."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import msgspec

from datafly.model.event import Event
from datafly.model.taxonomy import canonical_properties
from datafly.spec.integration import WITHDRAWN, Rule
from datafly.spec.names import snake_name

W = TypeVar("W")


def reader_of_native(rules: Iterable[tuple[Rule, W]]) -> Callable[[Event], tuple[Event, W] | None]:
    """The event in canonical names and what was written of its rule; None for any other event."""
    by_native = {
        name: (rule, written) for rule, written in rules if rule.event != WITHDRAWN for name in native_names(rule)
    }

    def as_native(event: Event) -> tuple[Event, W] | None:
        found = by_native.get(snake_name(event.event or "") or "")
        if found is None:
            return None
        rule, written = found
        named, _ = canonical_properties(rule.event, _renamed(event.properties, rule.native))
        return msgspec.structs.replace(event, properties=named), written

    return as_native


def native_names(rule: Rule) -> tuple[str, ...]:
    """What the vendor calls the events of the rule."""
    own = (rule.name,) if rule.name and isinstance(rule.name, str) else ()
    return (*own, *rule.names)


def _renamed(sent: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """A canonical name that was sent counts before the vendor's, also in the lines of a list."""
    found = {names[name] if names.get(name, name) not in sent else name: value for name, value in sent.items()}
    products = found.get("products")
    if isinstance(products, list):
        found["products"] = [_renamed(line, names) if isinstance(line, dict) else line for line in products]
    return found
