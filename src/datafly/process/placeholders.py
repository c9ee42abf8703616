"""Ids that a broken page sends for everybody, such as `undefined`. They are nobody's (ours: decision 0121)."""

from typing import Final

PLACEHOLDERS: Final = frozenset({"undefined", "null", "none", "nan", "nil", "(null)", "[object object]", "anonymous"})
_LONGEST: Final = max(map(len, PLACEHOLDERS))
_BLANK: Final = frozenset({" ", "\t", "\n"})
_FIRST: Final = _BLANK | {letter for name in PLACEHOLDERS for letter in (name[0], name[0].upper())}
_LAST: Final = frozenset(letter for name in PLACEHOLDERS for letter in (name[-1], name[-1].upper()))
"""Looked at before the whole: hardly an id begins and ends like that."""


def is_placeholder(identifier: str) -> bool:
    """`identifier` is not empty."""
    if identifier[0] not in _FIRST or len(identifier) > _LONGEST:
        return False
    last = identifier[-1]
    return (last in _LAST or last.isspace()) and identifier.strip().lower() in PLACEHOLDERS
