"""A definition → the call that installs it, as its page shows it."""

import json
import shlex
from collections.abc import Mapping
from typing import Any

from datafly.spec.config import complete_config
from datafly.spec.integration import Integration

DOCUMENTED_HOST = "http://localhost:8084"
DOCUMENTED_TOKEN = "YOUR_TOKEN"  # noqa: S105 - the words of the page, no secret


def example_config(integration: Integration) -> dict[str, Any]:
    """What must be given, as its examples show it; it passes `validate_config`."""
    defaults = complete_config(integration, integration.variants[0].key, {}, {})
    return {setting.name: setting.example for setting in integration.settings if setting.is_needed(defaults)}


def install_body(integration: Integration, config: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return {
        "name": integration.name,
        "variant": integration.variants[0].key,
        "config": {**example_config(integration), **(config or {})},
        "delivery_mode": integration.delivery_modes[0],
    }


def curl_install(
    integration: Integration,
    host: str = DOCUMENTED_HOST,
    token: str = DOCUMENTED_TOKEN,
    *,
    config: Mapping[str, Any] | None = None,
) -> str:
    """Ready to paste into a shell. `host` is scheme://host:port; `config` replaces examples by values."""
    body = json.dumps(install_body(integration, config), indent=2, ensure_ascii=False).replace("\n", "\n  ")
    url = f"{host.rstrip('/')}/v1/admin/integration-catalog/{integration.slug}/install"
    lines = (
        f"curl -X POST {url}",
        f'-H "Authorization: Bearer {token}"',
        '-H "Content-Type: application/json"',
        f"-d {shlex.quote(body)}",
    )
    return " \\\n  ".join(lines)
