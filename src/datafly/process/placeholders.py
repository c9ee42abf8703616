"""Ids that a broken page sends for everybody, such as `undefined`. They are nobody's (ours: decision 0121)."""

from typing import Final

PLACEHOLDERS: Final = frozenset({"undefined", "null", "none", "nan", "nil", "(null)", "[object object]", "anonymous"})
_LONGEST: Final = max(map(len, PLACEHOLDERS))


def is_placeholder(identifier: str | None) -> bool:
    return identifier is not None and len(identifier) <= _LONGEST and identifier.strip().lower() in PLACEHOLDERS
