"""Fresh ids and key texts for what the store creates."""

import hashlib
import re
import secrets
from typing import Final

from datafly.model.ids import ENTROPY_BYTES, SIGNING_PREFIX, TOKEN_PREFIX, make_id

_ALPHABET: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_KEY_LENGTH: Final = 24


def fresh_id(prefix: str, now_ms: int) -> str:
    return make_id(prefix, now_ms, secrets.token_bytes(ENTROPY_BYTES))


def fresh_pipeline_key() -> str:
    """Public, so it names and does not protect; random, so that nobody posts to a neighbour by a typing error."""
    return "dk_live_" + "".join(secrets.choice(_ALPHABET) for _ in range(_KEY_LENGTH))


def fresh_token(prefix: str = TOKEN_PREFIX) -> str:
    """`dft_` and 43 url-safe characters: 256 bits."""
    return prefix + secrets.token_urlsafe(32)


def hash_of(text: str) -> str:
    """Texts of 256 random bits have nothing to guess, so a fast hash hides them."""
    return hashlib.sha256(text.encode()).hexdigest()


def fresh_signing_secret() -> str:
    """`dsk_` and 43 url-safe characters: 256 bits."""
    return SIGNING_PREFIX + secrets.token_urlsafe(32)


def slug_of(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "pipeline"
