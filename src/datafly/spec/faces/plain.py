"""A definition → data, for whoever reads it without Python."""

import msgspec

from datafly.spec.integration import Integration


def as_json(integration: Integration) -> bytes:
    """The definition as data; of its functions only the names."""
    data = {name: getattr(integration, name) for name in integration.__struct_fields__ if name != "functions"}
    return msgspec.json.encode({**data, "functions": integration.functions.given()})
