"""Ids that a broken page sends for everybody, such as `undefined`. They are nobody's (ours: decision 0121)."""

from typing import Final

PLACEHOLDERS: Final = frozenset({"undefined", "null", "none", "nan", "nil", "(null)", "[object object]", "anonymous"})
_LONGEST: Final = max(map(len, PLACEHOLDERS))
_FIRST: Final = frozenset(
    {" ", "\t", "\n", *(name[0] for name in PLACEHOLDERS), *(name[0].upper() for name in PLACEHOLDERS)}
)
"""Looked at first: hardly an id begins like that."""


def is_placeholder(identifier: str) -> bool:
    """`identifier` is not empty."""
    return identifier[0] in _FIRST and len(identifier) <= _LONGEST and identifier.strip().lower() in PLACEHOLDERS
