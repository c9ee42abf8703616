"""What process knows, for the roles that only look things up."""

from pathlib import Path

from datafly.process.lookup import StateReader
from datafly.settings import Settings


def state_folder(settings: Settings) -> Path:
    return settings.data_dir / "state"


def open_lookup(settings: Settings) -> StateReader:
    """May be asked from any thread; close it when nothing asks any more."""
    return StateReader(state_folder(settings), 1)
