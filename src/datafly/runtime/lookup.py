"""What process knows, for the roles that only look things up."""

import threading
from pathlib import Path

from datafly.process.lookup import StateReader
from datafly.settings import Settings


def state_folder(settings: Settings) -> Path:
    return settings.data_dir / "state"


class Lookup:
    """`StateReader` for several threads."""

    def __init__(self, settings: Settings) -> None:
        self._reader = StateReader(state_folder(settings), 1)
        self._lock = threading.Lock()

    def find_offset(self, message_id: str) -> list[tuple[int, int]]:
        """(partition, offset) of each event with this message id."""
        with self._lock:
            return self._reader.find_offset(message_id)

    def consent_of(self, key: str) -> tuple[dict[str, bool], int] | None:
        """The newest choices of the visitor with this key, and when they were received."""
        with self._lock:
            return self._reader.consent_of(key)

    def close(self) -> None:
        with self._lock:
            self._reader.close()
