"""Requests against a vendor's published OpenAPI, unknown names refused: a schema that is open takes any misspelling."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs


class Operation:
    """A call of the API, from a file of `contract/`: what its requests must be."""

    def __init__(self, file: Path) -> None:
        said = json.loads(file.read_text(encoding="utf-8"))
        self.version: str = said["version"]
        self.path: str = said["path"]
        self.success: list[int] = [int(code) for code in said["success"]]
        self.per_second = int(said["x-klaviyo-ratelimit"]["burst"].removesuffix("/s"))
        self.per_minute = int(said["x-klaviyo-ratelimit"]["steady"].removesuffix("/m"))
        (content,) = said["requestBody"]["content"].items()
        self.content_type, schema = content[0], content[1]["schema"]
        whole = {**schema, "components": closed(said["components"])}
        self._validator = jsonschema_rs.Draft7Validator(whole, validate_formats=True)

    def problems(self, body: Any) -> list[str]:
        return [f"{'/'.join(map(str, one.instance_path))}: {one.message}" for one in self._validator.iter_errors(body)]


def closed(schema: Any) -> Any:
    """No object has names that its schema does not list, where it lists any."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: value if name in ("example", "enum") else closed(value) for name, value in schema.items()}
    named = isinstance(schema.get("properties"), dict) and schema.get("type") == "object"
    return {**inner, "additionalProperties": False} if named else inner
