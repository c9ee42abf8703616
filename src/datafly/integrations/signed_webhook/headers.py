"""What goes with the body: credentials, headers of one's own, and the signature of each attempt (§4)."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any, Final

from datafly.model.delivery import Outgoing
from datafly.model.secret import Secret
from datafly.spec.header_lines import read_headers
from datafly.spec.setting import moment_ms
from datafly.spec.signature import identified, keyed_hash, standard_headers, timestamped

_Headers = dict[str, str | Secret]
PREVIOUS: Final = "-Previous"
"""How the header ends that holds the HMAC of the previous secret; the name is ours."""


def headers(config: Mapping[str, Any]) -> Mapping[str, str | Secret]:
    secret = {name: Secret(value) for name, value in read_headers(_plain(config.get("secret_headers"))).items()}
    every: _Headers = {**read_headers(config.get("headers") or ""), **secret, **_authorization(config)}
    # HTTP knows no case in names: of two spellings, the later one counts.
    return {name: every[name] for name in {name.lower(): name for name in every}.values()}


def sign(config: Mapping[str, Any], outgoing: Outgoing, message_id: str, now_ms: int) -> Mapping[str, str | Secret]:
    """Which request it is stands in webhook-id whatever the signature: it is the same when it comes again."""
    seconds, body = now_ms // 1000, outgoing.body
    if config["signature"] == "standard":
        return standard_headers(_secrets(config, "signing_secret", now_ms), message_id, seconds, body)
    told = identified(message_id, seconds)
    if config["signature"] == "none":
        return told
    return {**told, **_hashes(config, seconds, body, _secrets(config, "hmac_secret", now_ms))}


def _hashes(config: Mapping[str, Any], seconds: int, body: bytes, secrets: Sequence[str]) -> dict[str, str]:
    """Where the header holds one hash, that of the previous secret has a header of its own."""
    how, name = (config["hmac_algorithm"], config["hmac_encoding"]), config["hmac_header"]
    if config["signature"] == "timestamped":
        return {name: timestamped(secrets, seconds, body, *how)}
    before = config.get("hmac_prefix") or ""
    return {
        header: f"{before}{keyed_hash(secret, body, *how)}"
        for header, secret in zip((name, name + PREVIOUS), secrets, strict=False)
    }


def _secrets(config: Mapping[str, Any], name: str, now_ms: int) -> list[str]:
    """The one in force, and the one before it as long as that signs, too."""
    found = [_plain(config[name])]
    until = moment_ms(config.get("previous_secret_until") or "")
    if config.get(f"previous_{name}") and (until is None or now_ms < until):
        found.append(_plain(config[f"previous_{name}"]))
    return found


def _authorization(config: Mapping[str, Any]) -> _Headers:
    if config["authentication"] == "bearer":
        return {"Authorization": Secret(f"Bearer {_plain(config['bearer_token'])}")}
    if config["authentication"] == "basic":
        pair = f"{config['basic_user']}:{_plain(config['basic_password'])}"
        return {"Authorization": Secret(f"Basic {b64encode(pair.encode()).decode()}")}
    return {}


def _plain(value: Any) -> str:
    return value.reveal() if isinstance(value, Secret) else str(value or "")
