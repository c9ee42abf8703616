"""Passwords: argon2id, and what one must be like."""

import threading
import unicodedata
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from datafly.model.errors import Invalid
from datafly.model.secret import Secret

SHORTEST: Final = 12
LONGEST: Final = 256
_AT_ONCE: Final = 2
"""So many log-ins may each take memory and a core for a moment; the others wait for their turn."""

_HASHER: Final = PasswordHasher(memory_cost=19_456, time_cost=2, parallelism=1)
"""Argon2id with what OWASP's Password Storage Cheat Sheet asks for at least: others share the machine."""
_NOBODYS: Final = "$argon2id$v=19$m=19456,t=2,p=1$/Na3dSL+2XFI9nd8BmtWww$dObrckWopmYO5ms+U82bIo57th6dFFbVfRHnslmNRxM"
"""Made with the same effort; nobody waits for it when a process starts."""
_TURNS: Final = threading.BoundedSemaphore(_AT_ONCE)


def require_good(password: Secret, *, email: str) -> None:
    """Long, and not one's own name: no rule about signs, which make passwords that are written down."""
    text = _normal(password)
    if not SHORTEST <= len(text) <= LONGEST:
        raise Invalid(f"password: it must have {SHORTEST} to {LONGEST} characters.", field="password")
    if text.casefold() in {email.casefold(), email.partition("@")[0].casefold()} or len(set(text)) < 4:
        raise Invalid("password: it is too easy to guess; take several words.", field="password")


def hashed(password: Secret) -> str:
    with _TURNS:
        return _HASHER.hash(_normal(password))


def fits(password: Secret, password_hash: str | None) -> bool:
    """Takes as long where there is no hash: by its time nobody learns who has an account."""
    try:
        with _TURNS:
            return _HASHER.verify(password_hash or _NOBODYS, _normal(password)) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(password_hash: str) -> bool:
    """Made with less effort than is right today."""
    return _HASHER.check_needs_rehash(password_hash)


def _normal(password: Secret) -> str:
    """The same letters are the same password, on whichever keyboard they were typed."""
    return unicodedata.normalize("NFKC", password.reveal())
