"""Settings → JSON Schema, for the OpenAPI document and for whoever checks a config before sending it."""

from typing import Any

from datafly.spec.integration import Integration


def config_schema(integration: Integration) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {setting.name: setting.schema() for setting in integration.settings},
        "required": [setting.name for setting in integration.settings if setting.must_be_given],
        "additionalProperties": False,
    }


def install_schema(integration: Integration) -> dict[str, Any]:
    """The body of `POST /v1/admin/integration-catalog/{slug}/install`, as far as it depends on the vendor."""
    return {
        "type": "object",
        "properties": {
            "name": {"type": "string", "examples": [integration.name]},
            "variant": {"type": "string", "enum": [one.key for one in integration.variants], "default": "default"},
            "config": config_schema(integration),
            "delivery_mode": {"type": "string", "enum": list(integration.delivery_modes)},
        },
        "required": ["name", "config"],
    }
