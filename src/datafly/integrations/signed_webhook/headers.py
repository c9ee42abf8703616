"""What goes with the body: credentials, headers of one's own, and the signature of each attempt (§4)."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from datafly.model.delivery import Outgoing
from datafly.model.secret import Secret
from datafly.spec.header_lines import read_headers
from datafly.spec.setting import moment_ms
from datafly.spec.signature import identified, keyed_hash, standard_headers, timestamped

_Headers = dict[str, str | Secret]


def headers(config: Mapping[str, Any]) -> Mapping[str, str | Secret]:
    secret = {name: Secret(value) for name, value in read_headers(_plain(config.get("secret_headers"))).items()}
    every: _Headers = {**read_headers(config.get("headers") or ""), **secret, **_authorization(config)}
    # HTTP knows no case in names: of two spellings, the later one counts.
    return {name: every[name] for name in {name.lower(): name for name in every}.values()}


def sign(config: Mapping[str, Any], outgoing: Outgoing, message_id: str, now_ms: int) -> Mapping[str, str | Secret]:
    """Which request it is stands in webhook-id whatever the signature: it is the same when it comes again."""
    seconds, body = now_ms // 1000, outgoing.body
    if config["signature"] == "standard":
        return standard_headers(_keys(config, now_ms), message_id, seconds, body)
    told = identified(message_id, seconds)
    if config["signature"] == "none":
        return told
    how = (config["hmac_algorithm"], config["hmac_encoding"])
    secret, name = _plain(config["hmac_secret"]), config["hmac_header"]
    if config["signature"] == "timestamped":
        return {**told, name: timestamped(secret, seconds, body, *how)}
    return {**told, name: f"{config.get('hmac_prefix') or ''}{keyed_hash(secret, body, *how)}"}


def _keys(config: Mapping[str, Any], now_ms: int) -> list[str]:
    keys = [_plain(config["signing_secret"])]
    until = moment_ms(config.get("previous_secret_until") or "")
    if config.get("previous_signing_secret") and (until is None or now_ms < until):
        keys.append(_plain(config["previous_signing_secret"]))
    return keys


def _authorization(config: Mapping[str, Any]) -> _Headers:
    if config["authentication"] == "bearer":
        return {"Authorization": Secret(f"Bearer {_plain(config['bearer_token'])}")}
    if config["authentication"] == "basic":
        pair = f"{config['basic_user']}:{_plain(config['basic_password'])}"
        return {"Authorization": Secret(f"Basic {b64encode(pair.encode()).decode()}")}
    return {}


def _plain(value: Any) -> str:
    return value.reveal() if isinstance(value, Secret) else str(value or "")
