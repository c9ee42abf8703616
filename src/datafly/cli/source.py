"""`datafly source add`: its files read, its path told."""

import sys
from pathlib import Path
from typing import Any

import msgspec

from datafly.model.errors import OperatorError
from datafly.model.secret import Secret
from datafly.model.source import webhook_path
from datafly.runtime.source import add_webhook
from datafly.settings import Settings


def add(settings: Settings, kind: str, *, secret_file: str, config: str, pipeline: str, name: str) -> str:
    secret = Secret(_read(secret_file).strip()) if secret_file else None
    source = add_webhook(settings, kind, pipeline=pipeline, config=_config(config), secret=secret, name=name)
    return webhook_path(source)


def _config(file: str) -> Any:
    try:
        return msgspec.json.decode(_read(file)) if file else {}
    except msgspec.DecodeError as error:
        raise OperatorError(f"{file} is not JSON: {error}.") from error


def _read(file: str) -> str:
    if file == "-":
        return sys.stdin.read()
    try:
        return Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(f"{file} cannot be read: {getattr(error, 'strerror', 'it is not UTF-8')}.") from error
