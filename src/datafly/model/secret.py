"""A secret is a type: it can be used, never printed, compared by accident, or serialised."""

import hmac
from typing import Final, NoReturn

MASK: Final = "***"


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
    """Replace every occurrence of a secret's text by `***`, the longest first."""
    for secret in sorted(secrets, key=len, reverse=True):
        if secret:
            text = text.replace(secret, MASK)
    return text
