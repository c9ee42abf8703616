"""What is decided on consent, as the API takes and shows it."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from datafly.model.consent import ALIASES, CATEGORIES, ConsentSettings, Without
from datafly.model.errors import Invalid

Consents = Annotated[
    dict[str, bool],
    msgspec.Meta(description="Counts where neither the event nor the visitor said anything about a category."),
]
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Words = Annotated[
    dict[Word, Word],
    msgspec.Meta(max_length=1_000, description="What a consent banner calls a category → the canonical one."),
]


class ConsentView(msgspec.Struct, frozen=True):
    """`defaults`: for all pipelines; a pipeline's own `consent_defaults` count before them. `words`: beside the
    `known_words`, and before them. `without_consent`: what becomes of an event about whose consent nothing at all is
    known.
    """

    categories: tuple[str, ...]
    defaults: dict[str, bool]
    words: dict[str, str]
    known_words: dict[str, str]
    without_consent: Without


class ConsentChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Fields that are not named stay as they are; those that are named are replaced whole."""

    defaults: Consents | UnsetType = UNSET
    words: Words | UnsetType = UNSET
    without_consent: Without | UnsetType = UNSET


def consent_view(settings: ConsentSettings) -> ConsentView:
    return ConsentView(
        categories=CATEGORIES,
        defaults=settings.defaults,
        words=settings.words,
        known_words=ALIASES,
        without_consent=settings.without_consent,
    )


def consent_changes(change: ConsentChange) -> dict[str, Any]:
    """Raises `Invalid`."""
    told = {name: value for name, value in msgspec.structs.asdict(change).items() if value is not UNSET}
    return told | checked_consent(told)


def checked_consent(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Those of them that are kept otherwise than they were told. Raises `Invalid`."""
    kept: dict[str, Any] = {}
    if "defaults" in fields:
        kept["defaults"] = canonical(fields["defaults"], "defaults")
    if "words" in fields:
        kept["words"] = {word.lower(): _meant(word, name) for word, name in fields["words"].items()}
    return kept


def _meant(word: str, name: str) -> str:
    category = category_of(name, "words")
    if word.lower() in CATEGORIES and word.lower() != category:
        raise Invalid(f"words: {word} is a category itself and cannot stand for {category}.", field="words")
    return category


def canonical(told: Mapping[str, bool], field: str) -> dict[str, bool]:
    """Raises `Invalid`."""
    return {category_of(name, field): granted for name, granted in told.items()}


def category_of(name: str, field: str) -> str:
    category = ALIASES.get(name.lower(), name.lower())
    if category not in CATEGORIES:
        raise Invalid(
            f"{field}: {name[:100]!r} is no consent category; there are {', '.join(CATEGORIES)}.",
            field=field,
            known=list(CATEGORIES),
        )
    return category
