"""Names as marketing platforms take them: lower case letters, digits and underscores."""

import re
from functools import lru_cache
from typing import Final

_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_OTHER: Final = re.compile(r"[^a-z0-9]+")


@lru_cache(maxsize=16_384)
def snake_key(name: str) -> str | None:
    """`loyaltyTier` and `Loyalty tier` → `loyalty_tier`; one that would start with a digit gets `n_` before it.

    None where nothing is left.
    """
    key = _plain(_HUMP.sub("_", name))
    return f"n_{key}" if key[:1].isdigit() else key or None


@lru_cache(maxsize=16_384)
def snake_name(name: str) -> str | None:
    """`Newsletter Signed-Up!` → `newsletter_signed_up`; None where nothing is left."""
    return _plain(name) or None


def _plain(name: str) -> str:
    return _OTHER.sub("_", name.lower()).strip("_")
