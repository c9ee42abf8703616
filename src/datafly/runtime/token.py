"""API tokens made from the machine itself, before any user exists."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from datafly.management.auditing import note
from datafly.management.place import COMMAND_LINE
from datafly.model.errors import OperatorError
from datafly.runtime.prepare import open_the_store
from datafly.settings import Settings
from datafly.store.open import SqlStore

ROLES: Final = ("owner", "admin", "editor", "viewer")
_LONGEST_NAME: Final = 255
_FILE: Final = "demo-token"


def create_token(settings: Settings, *, name: str, role: str) -> str:
    """The token's text; only its hash is kept. Raises `OperatorError` for a name or a role that cannot be."""
    name = _require_name(name)
    if role not in ROLES:
        raise OperatorError(f"{role!r} is no role: choose {', '.join(ROLES[:-1])} or {ROLES[-1]}.", code="NO_ROLE")
    store = open_the_store(settings)
    try:
        with store.control.together():
            token, text = store.control.create_token(name, role)
            changes = {"name": (None, token.name), "role": (None, token.role)}
            note(store.control, "token.created", "token", token.id, changes=changes, place=COMMAND_LINE)
        return text
    finally:
        store.close()


@contextmanager
def passing_token(settings: Settings, *, name: str, role: str, seconds: float) -> Iterator[str]:
    """A token's text that holds inside the block; where the block cannot end well, until its time is over."""
    store = open_the_store(settings)
    try:
        token, text = store.control.create_token(name, role, expires_ms=int((time.time() + seconds) * 1000))
        try:
            yield text
        finally:
            store.control.revoke_token(token.id)
    finally:
        store.close()


def demo_token(settings: Settings, store: SqlStore) -> str:
    """The token that the demo shows. Kept readable in the data folder, so that a curl copied yesterday works today."""
    path = settings.data_dir / _FILE
    if path.is_file():
        text = path.read_text(encoding="ascii", errors="replace").strip()
        if store.control.find_token(text):
            return text
    _, text = store.control.create_token("demo", "owner")
    _write_private(path, text)
    return text


def _require_name(name: str) -> str:
    name = name.strip()
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise OperatorError(
            f"A token needs a name of 1 to {_LONGEST_NAME} printable characters that says what it is for.",
            code="NO_NAME",
        )
    return name


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
