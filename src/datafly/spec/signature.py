"""Signatures over the body of a request: Standard Webhooks 1.0.0, and a HMAC in a header of one's own (contract §4).

A key of Standard Webhooks is `whsec_` and base64 of 24 to 64 bytes (HMAC-SHA256, `v1`), or `whsk_` and base64 of an
ed25519 private key (`v1a`): its 32 bytes, or these and the 32 of the public key.
"""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Final

SYMMETRIC: Final = "whsec_"
PRIVATE: Final = "whsk_"
PUBLIC: Final = "whpk_"
ALGORITHMS: Final = ("sha1", "sha256", "sha512")
ENCODINGS: Final[Mapping[str, Callable[[bytes], str]]] = {
    "hex": bytes.hex,
    "base64": lambda digest: b64encode(digest).decode(),
}
_SEED_BYTES: Final = 32


def objection(key: str) -> str:
    """Why a text is no key to sign with, as the end of a sentence; "" if it is one."""
    prefix = next((one for one in (SYMMETRIC, PRIVATE) if key.startswith(one)), None)
    if prefix is None:
        return "begins with neither whsec_ nor whsk_"
    try:
        size = len(_decoded(key.removeprefix(prefix)))
    except ValueError:
        return f"is no base64 after {prefix}"
    if prefix == SYMMETRIC:
        return "" if 24 <= size <= 64 else f"holds {size} bytes after whsec_; there must be 24 to 64"
    return "" if size in (_SEED_BYTES, 2 * _SEED_BYTES) else f"holds {size} bytes after whsk_; there must be 32 or 64"


def as_key(text: str) -> str:
    """A key of Standard Webhooks as it is; of any other text the key that its bytes are."""
    try:
        is_key = text.startswith(SYMMETRIC) and bool(_decoded(text.removeprefix(SYMMETRIC)))
    except ValueError:
        is_key = False
    return text if is_key or not objection(text) else f"{SYMMETRIC}{b64encode(text.encode()).decode()}"


def key_of(text: str) -> str:
    """A key that anybody can make of a text: for trying, not for keeping."""
    return f"{SYMMETRIC}{b64encode(sha256(text.encode()).digest()).decode()}"


def standard_headers(keys: Sequence[str], message_id: str, seconds: int, body: bytes) -> dict[str, str]:
    """Signed by each of the keys, so that one of them may be replaced. `seconds`: the time of this attempt.

    `message_id` holds no full stop and nothing that somebody else chose; it stays when the body is sent again.
    """
    signatures = [standard_signature(key, message_id, seconds, body) for key in keys]
    return {**identified(message_id, seconds), "webhook-signature": " ".join(signatures)}


def identified(message_id: str, seconds: int) -> dict[str, str]:
    return {"webhook-id": message_id, "webhook-timestamp": str(seconds)}


def standard_signature(key: str, message_id: str, seconds: int, body: bytes) -> str:
    before = f"{message_id}.{seconds}.".encode()
    if key.startswith(PRIVATE):
        return f"v1a,{b64encode(_ed25519(key, before + body)).decode()}"
    made = hmac.new(_decoded(key.removeprefix(SYMMETRIC)), before, "sha256")
    made.update(body)
    return f"v1,{b64encode(made.digest()).decode()}"


def keyed_hash(secret: str, body: bytes, algorithm: str, encoding: str) -> str:
    """By the bytes of the secret as they are, in one of `ENCODINGS`."""
    return ENCODINGS[encoding](hmac.digest(secret.encode(), body, algorithm))


def timestamped(secrets: Sequence[str], seconds: int, body: bytes, algorithm: str, encoding: str) -> str:
    """`t=<seconds>,v1=<signature>`, over both, so that nobody can send an old request again later; a `v1` by each of
    the secrets, so that one of them may be replaced.
    """
    signed = b"%d." % seconds + body
    return ",".join([f"t={seconds}", *(f"v1={keyed_hash(one, signed, algorithm, encoding)}" for one in secrets)])


def public_key(key: str) -> str:
    """What whoever is sent requests that `whsk_…` signs verifies them with: `whpk_…`."""
    return f"{PUBLIC}{b64encode(_private(key).public_key().public_bytes_raw()).decode()}"


def _decoded(text: str) -> bytes:
    """With or without its padding. Raises ValueError where it is no base64."""
    plain = text.rstrip("=")
    return b64decode(plain + "=" * (-len(plain) % 4), validate=True)


def _ed25519(key: str, message: bytes) -> bytes:
    signed: bytes = _private(key).sign(message)
    return signed


def _private(key: str):  # type: ignore[no-untyped-def] # noqa: ANN202 - its type would be imported by everyone
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 - megabytes, for few

    return Ed25519PrivateKey.from_private_bytes(_decoded(key.removeprefix(PRIVATE))[:_SEED_BYTES])
