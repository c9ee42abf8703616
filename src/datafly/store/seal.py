"""Secrets at rest: every `Secret` in a config is kept as AES-256-GCM and comes back as a `Secret`."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from datafly.model.errors import Invalid, OperatorError
from datafly.model.secret import MASK, Secret
from datafly.store.keys import key_bytes

_SEALED: Final = "$secret"
_KEY_ID: Final = "key"
_NONCE_BYTES: Final = 12


class Sealer:
    """`{"$secret": base64(nonce + ciphertext), "key": key id}`, bound to its template and its place in the config.

    The binding (additional authenticated data) keeps a sealed value from being moved to where it would be shown.
    """

    def __init__(self, key: Secret) -> None:
        raw = key_bytes(key)
        self._cipher = AESGCM(raw)
        self._raw = raw
        self.key_id = hmac.digest(raw, b"datafly store key id", hashlib.sha256)[:8].hex()

    def seal(self, config: dict[str, Any], *, template_id: str) -> dict[str, Any]:
        """Raises `Invalid` where the config itself uses our word, or where a mask stands for a secret."""
        return {name: _walk(value, f"{template_id}\0{name}", self._seal) for name, value in config.items()}

    def unseal(self, config: dict[str, Any], *, template_id: str) -> dict[str, Any]:
        return {name: _walk(value, f"{template_id}\0{name}", self._unseal) for name, value in config.items()}

    def forget(self, config: dict[str, Any]) -> dict[str, Any]:
        """A sealed config with `***` where a secret was: nobody can have it back."""
        return {name: _walk(value, name, _forgotten) for name, value in config.items()}

    def derived(self, purpose: str) -> Secret:
        """A key of 32 bytes, as hexadecimal, that tells nothing of ours nor of those for other purposes."""
        return Secret(hmac.digest(self._raw, b"datafly derived key\0" + purpose.encode(), hashlib.sha256).hex())

    def _seal(self, value: Any, place: str) -> Any:
        field = place.partition("\0")[2]
        if isinstance(value, dict) and _SEALED in value:
            raise Invalid(f"{field}: the name {_SEALED} is reserved.", field=field)
        if not isinstance(value, Secret):
            return value
        if value.reveal() == MASK:
            raise Invalid(f"{field}: {MASK} stands for a secret, it is none. Give the secret itself.", field=field)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, value.reveal().encode(), place.encode())
        return {_SEALED: base64.b64encode(sealed).decode(), _KEY_ID: self.key_id}

    def _unseal(self, value: Any, place: str) -> Any:
        if not (isinstance(value, dict) and _SEALED in value):
            return value
        sealed = base64.b64decode(value[_SEALED])
        try:
            text = self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], place.encode())
        except InvalidTag as error:
            raise OperatorError(f"A secret in the store cannot be decrypted ({place.partition(chr(0))[2]}).") from error
        return Secret(text.decode())


def _forgotten(value: Any, _place: str) -> Any:
    return MASK if isinstance(value, dict) and _SEALED in value else value


def _walk(value: Any, place: str, change: Callable[[Any, str], Any]) -> Any:
    changed = change(value, place)
    if changed is not value:
        return changed
    if isinstance(value, dict):
        return {name: _walk(item, f"{place}.{name}", change) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_walk(item, f"{place}[{index}]", change) for index, item in enumerate(value)]
    return value
