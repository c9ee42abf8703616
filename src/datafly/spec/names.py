"""Names as marketing platforms take them: lower case letters, digits and underscores."""

import re
from functools import lru_cache
from typing import Final

_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_OTHER: Final = re.compile(r"[^a-z0-9]+")
USUAL_LENGTH: Final = 256
"""What is longer is not remembered: who sends events must not be able to fill the memory."""


def snake_key(name: str) -> str | None:
    """`loyaltyTier` and `Loyalty tier` → `loyalty_tier`; one that would start with a digit gets `n_` before it.

    None where nothing is left.
    """
    return _usual_key(name) if len(name) <= USUAL_LENGTH else _key(name)


def snake_name(name: str) -> str | None:
    """`Newsletter Signed-Up!` → `newsletter_signed_up`; None where nothing is left."""
    return _usual_name(name) if len(name) <= USUAL_LENGTH else _name(name)


def _key(name: str) -> str | None:
    key = _plain(_HUMP.sub("_", name))
    return f"n_{key}" if key[:1].isdigit() else key or None


def _name(name: str) -> str | None:
    return _plain(name) or None


def _plain(name: str) -> str:
    return _OTHER.sub("_", name.lower()).strip("_")


_usual_key = lru_cache(maxsize=16_384)(_key)
_usual_name = lru_cache(maxsize=16_384)(_name)
