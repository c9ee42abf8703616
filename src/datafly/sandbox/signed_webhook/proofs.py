"""Whether a request proves whose it is, and why not: what a receiver checks, written by itself from the contract (§4).

Nothing here is shared with what signs, so that a mistake there is found here.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from datafly.sandbox.kit import Credential
from datafly.sandbox.wire import Incoming

TOLERANCE_SECONDS: Final = 300
_HASHES: Final = {"sha256": hashlib.sha256, "sha1": hashlib.sha1, "sha512": hashlib.sha512}
_TIMED: Final = re.compile(r"t=(\d{1,12})((?:,v1=[^,\s]+)+)")
_OTHER: Final = "it is over other bytes, or by a key that this inbox does not have"


class Proof(msgspec.Struct, frozen=True):
    """`where`: the header. `said`: what holds, or why it does not."""

    where: str
    holds: bool
    said: str


def proofs_of(incoming: Incoming, inbox: Credential, now: datetime) -> list[Proof]:
    """Empty where the request claims nothing."""
    return [
        *_standard(incoming, inbox.values, now),
        *_hashes(incoming, inbox.values["hmac_secret"], now),
        *_authorization(incoming, inbox.values),
    ]


def _standard(incoming: Incoming, values: Mapping[str, str], now: datetime) -> Iterator[Proof]:
    signatures = incoming.headers.get("webhook-signature")
    if signatures is None:
        return
    message_id, moment = incoming.headers.get("webhook-id", ""), incoming.headers.get("webhook-timestamp", "")
    wrong = "webhook-id is missing" if not message_id else _untimely(moment, now)
    signed = f"{message_id}.{moment}.".encode() + incoming.body
    for number, one in enumerate(signatures.split(" "), 1):
        version, _, signature = one.partition(",")
        said = _against(version, signature, signed, values)
        holds = said.startswith("holds")
        yield Proof(f"webhook-signature {number} ({version})", holds and not wrong, wrong if holds and wrong else said)


def _untimely(moment: str, now: datetime) -> str:
    if not moment.isdecimal():
        return "webhook-timestamp is missing or no number of seconds"
    behind = now.timestamp() - int(moment)
    if abs(behind) <= TOLERANCE_SECONDS:
        return ""
    return f"webhook-timestamp is {abs(behind):.0f} seconds {'old' if behind > 0 else 'ahead'}; 300 are allowed"


def _against(version: str, signature: str, signed: bytes, values: Mapping[str, str]) -> str:
    try:
        given = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return "it is no base64"
    if version == "v1":
        expected = hmac.digest(_decoded(values["signing_secret"], "whsec_"), signed, hashlib.sha256)
        return "holds by the signing secret" if hmac.compare_digest(expected, given) else _OTHER
    if version == "v1a":
        try:
            _public(values["ed25519_key"]).verify(given, signed)
        except InvalidSignature:
            return _OTHER
        return "holds by the public key"
    return f"version {version[:20]} is unknown, and passed over"


def _hashes(incoming: Incoming, secret: str, now: datetime) -> Iterator[Proof]:
    """In whatever header, by whatever hash: how it is written is agreed upon between two, and told here."""
    for name, value in incoming.headers.items():
        timed = _TIMED.fullmatch(value)
        if timed:
            signed = timed[1].encode() + b"." + incoming.body
            found = next(filter(None, (_hash_of(one, secret, signed) for one in timed[2].split(",v1=")[1:])), "")
            wrong = _untimely(timed[1], now).replace("webhook-timestamp", "t")
            yield Proof(
                name, bool(found) and not wrong, (wrong or f"holds: {found} of t and the body") if found else _OTHER
            )
        elif found := _hash_of(value, secret, incoming.body):
            yield Proof(name, holds=True, said=f"holds: {found} of the body")
        elif "signature" in name and name != "webhook-signature":
            yield Proof(name, holds=False, said=_OTHER)


def _hash_of(value: str, secret: str, body: bytes) -> str:
    """How it is written, "" if it is no hash of the body by the secret. Something may stand before it."""
    for algorithm, make in _HASHES.items():
        digest = hmac.digest(secret.encode(), body, make)
        for encoding, written in (("hex", digest.hex()), ("base64", base64.b64encode(digest).decode())):
            if value.endswith(written):
                before = value.removesuffix(written)
                return f"HMAC-{algorithm.upper()} in {encoding}" + (f", behind {before}" if before else "")
    return ""


def _authorization(incoming: Incoming, values: Mapping[str, str]) -> Iterator[Proof]:
    sent = incoming.headers.get("authorization")
    if sent is None:
        return
    pair = base64.b64encode(f"{values['basic_user']}:{values['basic_password']}".encode()).decode()
    known = {"Bearer": f"Bearer {values['bearer_token']}", "Basic": f"Basic {pair}"}
    holds = next((kind for kind, text in known.items() if hmac.compare_digest(text.encode(), sent.encode())), "")
    yield Proof("authorization", bool(holds), f"holds: {holds}" if holds else "these are no credentials of this inbox")


def _decoded(key: str, prefix: str) -> bytes:
    """What a sandbox was started with may be any text; then it is its own bytes."""
    if not key.startswith(prefix):
        return key.encode()
    text = key.removeprefix(prefix).rstrip("=")
    return base64.b64decode(text + "=" * (-len(text) % 4))


def _public(key: str):  # type: ignore[no-untyped-def] # noqa: ANN202 - only for the line above
    seed = _decoded(key, "whsk_")
    return Ed25519PrivateKey.from_private_bytes((seed + bytes(32))[:32]).public_key()
