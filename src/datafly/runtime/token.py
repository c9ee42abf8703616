"""API tokens made from the machine itself, before any user exists."""

import os
from pathlib import Path

from datafly.runtime.prepare import open_the_store
from datafly.settings import Settings
from datafly.store.open import SqlStore

_FILE = "demo-token"


def create_token(settings: Settings, *, name: str, role: str, expires_ms: int | None = None) -> str:
    """The token's text; only its hash is kept."""
    store = open_the_store(settings)
    try:
        return store.control.create_token(name, role, expires_ms=expires_ms)[1]
    finally:
        store.close()


def demo_token(settings: Settings, store: SqlStore) -> str:
    """The token that the demo shows. Kept readable in the data folder, so that a curl copied yesterday works today."""
    path = settings.data_dir / _FILE
    if path.is_file():
        text = path.read_text(encoding="ascii").strip()
        if store.control.find_token(text):
            return text
    _, text = store.control.create_token("demo", "owner")
    _write_private(path, text)
    return text


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
