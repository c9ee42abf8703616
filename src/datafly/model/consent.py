"""Consent: what a person allowed, by category, and from where it is known."""

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

CATEGORIES: Final = ("essential", "functional", "analytics", "marketing", "personalization")
"""The canonical ones (contracts/signal.md §8.3)."""

ALIASES: Final = {
    "advertising": "marketing",
    "necessary": "essential",
    "preferences": "functional",
    "statistics": "analytics",
    "c0001": "essential",
    "c0002": "analytics",
    "c0003": "functional",
    "c0004": "marketing",
}
"""Other spellings of a canonical category, also Cookiebot's and OneTrust's (contracts/signal.md §8.3, §17 row 6)."""

Without = Literal["keep", "strip", "drop"]


class ConsentSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is decided on consent for all pipelines.

    `defaults`: category → granted, where neither the event, the visitor nor the pipeline says anything. `words`: what a
    consent banner calls a category → the canonical one, beside those of `ALIASES` and before them, in lower case.
    `without_consent`: what becomes of an event about whose consent nothing at all is known: it is kept (and sent only
    to what needs none), stripped of what is known of the person, or dropped.
    """

    defaults: dict[str, bool] = {}
    words: dict[str, str] = {}
    without_consent: Without = "keep"


SAID_BY: Final = {
    "event": "with the event",
    "visitor": "by the visitor",
    "pipeline": "by the pipeline's default",
    "organisation": "by the default of all pipelines",
    "defaults": "by a default, of the pipeline or of all pipelines",
}
"""`Consent.source` in words."""


class Consent(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """`categories`: canonical category → granted. `source`: `event`, `visitor`, or whose default it is: `pipeline`,
    `organisation` (of all pipelines), `defaults` (some of each); "": nothing is known.

    `chosen`: the visitor's newest word on each category, None where that is `categories`; a default is nobody's word.
    `changed`: of which categories the event is the newest word, and another than before. `withdrawn`: those of them
    under which something may have been sent until now.
    """

    categories: dict[str, bool] = {}
    source: str = ""
    chosen: dict[str, bool] | None = None
    changed: tuple[str, ...] = ()
    withdrawn: tuple[str, ...] = ()

    def allows(self, category: str) -> bool:
        """Fails closed: what is not known to be granted is denied; `essential` needs no grant."""
        return category == "essential" or self.categories.get(category) is True

    def knows(self, category: str) -> bool:
        return category in self.categories

    def choices(self) -> dict[str, bool]:
        """What the visitor said, as a vendor may be told it; a category that she said nothing of is not in it."""
        if self.chosen is not None:
            return self.chosen
        return self.categories if self.source in ("event", "visitor") else {}


_MAPPINGS: Final = (dict, Mapping)
"""dict first: asking an abstract class is slow."""


def read(context_consent: object, words: Mapping[str, str] = ALIASES) -> dict[str, bool]:
    """Canonical categories from either shape of `context.consent` (contracts/signal.md §8.2).

    Newest: `{"categories": {…}, "canonical": {…}}`, of which `canonical` counts, and where it is not told
    the codes of `categories`. Older: flat `{category: bool}`.
    Only booleans are read; several codes for one purpose grant it if any does. `words`: code → category, in lower case.
    """
    if not isinstance(context_consent, _MAPPINGS):
        return {}
    for name in ("canonical", "categories"):
        told = context_consent.get(name)
        if told is not None and isinstance(told, _MAPPINGS):
            return _granted(told, words)
    return _granted(context_consent, words)


def _granted(flat: Mapping[str, Any], words: Mapping[str, str]) -> dict[str, bool]:
    found: dict[str, bool] = {}
    for name, granted in flat.items():
        if granted is True or granted is False:
            category = name.lower()
            category = words.get(category, category)
            found[category] = granted or found.get(category, False)
    return found
