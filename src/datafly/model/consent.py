"""Consent: what a person allowed, by category, and from where it is known."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

ALIASES: Final = {"advertising": "marketing", "necessary": "essential"}
"""Other spellings of a canonical category (contracts/signal.md §8.3, §17 row 6)."""


class Consent(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """`categories`: canonical category → granted. `source`: `event`, `visitor`, `pipeline` or "" (nothing is known)."""

    categories: dict[str, bool] = {}
    source: str = ""

    def allows(self, category: str) -> bool:
        """Fails closed: what is not known to be granted is denied; `essential` needs no grant."""
        return category == "essential" or self.categories.get(category) is True

    def knows(self, category: str) -> bool:
        return category in self.categories


_MAPPINGS: Final = (dict, Mapping)
"""dict first: asking an abstract class is slow."""


def read(context_consent: object) -> dict[str, bool]:
    """Canonical categories from either shape of `context.consent` (contracts/signal.md §8.2).

    Newest: `{"categories": {…}, "canonical": {…}}`, of which `canonical` counts. Older: flat `{category: bool}`.
    Only booleans are read; several codes for one purpose grant it if any does.
    """
    if not isinstance(context_consent, _MAPPINGS):
        return {}
    canonical = context_consent.get("canonical")
    flat = canonical if isinstance(canonical, _MAPPINGS) else context_consent
    return _granted(flat)


def _granted(flat: Mapping[str, Any]) -> dict[str, bool]:
    found: dict[str, bool] = {}
    for name, granted in flat.items():
        if isinstance(granted, bool):
            category = name.lower()
            category = ALIASES.get(category, category)
            found[category] = found.get(category, False) or granted
    return found
