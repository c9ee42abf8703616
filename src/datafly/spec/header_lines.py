"""Headers of one's own, as lines of `Name: value`."""

import re
from typing import Final

_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_VALUE: Final = re.compile(r"[\x20-\x7e]{1,2000}")
_OF_CREDENTIALS: Final = re.compile(r"auth|cookie|token|secret|password|credential|(?:^|-)key$|apikey", re.IGNORECASE)
RESERVED: Final = frozenset(
    {
        *("host", "connection", "content-length", "content-encoding", "transfer-encoding", "te", "trailer", "upgrade"),
        *("expect", "accept-encoding", "webhook-id", "webhook-timestamp", "webhook-signature"),
    }
)
"""What the connection needs, and what says which request it is and who signed it."""
_MOST: Final = 50


def read_headers(text: str) -> dict[str, str]:
    """Raises ValueError with the end of a sentence, which repeats no value."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        name, colon, value = (part.strip() for part in line.partition(":"))
        if not colon or not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise ValueError(f"has in line {number} no header as Name: value, in ASCII")
        if name.lower() in RESERVED:
            raise ValueError(f"has {name} in line {number}, which Signal sets itself")
        if name.lower() in {other.lower() for other in found}:
            raise ValueError(f"has {name} twice")
        found[name] = value
    if len(found) > _MOST:
        raise ValueError(f"has more than {_MOST} headers")
    return found


def credentials_of(text: str) -> list[str]:
    """The names that look like those of credentials."""
    return [name for name in read_headers(text) if _OF_CREDENTIALS.search(name)]
