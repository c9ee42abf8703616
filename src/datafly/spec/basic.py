"""HTTP Basic authentication as a header of a definition (RFC 7617)."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any

from datafly.model.secret import Secret


def basic(user: str, password: str) -> Callable[[Mapping[str, Any]], Mapping[str, str | Secret]]:
    """For `Functions.headers`: `Authorization` of the two settings of these names."""

    def headers(config: Mapping[str, Any]) -> Mapping[str, str | Secret]:
        pair = f"{_plain(config[user])}:{_plain(config[password])}"
        return {"Authorization": Secret(f"Basic {b64encode(pair.encode()).decode()}")}

    return headers


def _plain(value: Any) -> str:
    return value.reveal() if isinstance(value, Secret) else str(value)
