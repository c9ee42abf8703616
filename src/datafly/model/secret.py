"""A secret is a type: it can be used, never printed, compared by accident, or serialised."""

import hmac
from functools import lru_cache
from typing import Final, NoReturn
from urllib.parse import quote, quote_plus

import msgspec

MASK: Final = "***"
_TELLING: Final = 4
"""So many characters of a secret tell something of it; fewer may be there by chance."""


class Secret:
    """Text that must not appear in a log, an attempt, an export or an error.

    `reveal` is the only way to the text. `str`, `repr` and formatting give `***`; pickling and msgspec encoding fail.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return MASK

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret cannot be serialised; reveal it where it is used")


def redact(text: str, secrets: frozenset[str]) -> str:
    """Replace every secret by `***`, as it is and as it looks inside JSON and URLs.

    The text may have been cut before it came here: what of a secret is left at its end goes too.
    """
    for spelling in _spellings(secrets):
        text = text.replace(spelling, MASK)
        if spelling[:_TELLING] in text[1 - len(spelling) :]:
            text = _without_end(text, spelling)
    return text


@lru_cache(maxsize=256)
def _spellings(secrets: frozenset[str]) -> tuple[str, ...]:
    """The longest first."""
    found = {secret for secret in secrets if secret}
    for secret in tuple(found):
        found |= {msgspec.json.encode(secret)[1:-1].decode(), quote(secret, safe=""), quote_plus(secret)}
    return tuple(sorted(found, key=len, reverse=True))


def _without_end(text: str, spelling: str) -> str:
    """The text without a beginning of the secret at its end."""
    shown = range(len(spelling) - 1, _TELLING - 1, -1)
    left = next((size for size in shown if text.endswith(spelling[:size])), 0)
    return text[: len(text) - left] + MASK if left else text
