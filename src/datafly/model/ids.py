"""Ids: a prefix that says what it names, then 26 characters that sort by time, the rest of them random."""

from typing import Final

ENTROPY_BYTES: Final = 10
TOKEN_PREFIX: Final = "dft_"  # noqa: S105 - the prefix of every API token, no token
SIGNING_PREFIX: Final = "dsk_"
"""Of the secret by which a server signs what it posts."""
_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_LENGTH: Final = 26


def make_id(prefix: str, at_ms: int, entropy: bytes) -> str:
    """`pip_01k9…`: 48 bits of time and 80 bits of entropy in Crockford's base 32, lower case.

    Pure: who calls hands in the time and `ENTROPY_BYTES` random bytes.
    """
    if len(entropy) != ENTROPY_BYTES:
        raise ValueError(f"an id takes {ENTROPY_BYTES} bytes of entropy, not {len(entropy)}")
    number = (at_ms << 80) | int.from_bytes(entropy, "big")
    return f"{prefix}_" + "".join(_ALPHABET[(number >> shift) & 31] for shift in range((_LENGTH - 1) * 5, -1, -5))
