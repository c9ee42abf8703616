"""What process knows, for the roles that only look things up."""

from hashlib import blake2b
from pathlib import Path

from datafly.process.lookup import StateReader
from datafly.runtime.prepare import log_id
from datafly.settings import Settings


def state_folder(settings: Settings) -> Path:
    return settings.data_dir / "state"


def folder_of_the_log(settings: Settings) -> Path:
    """Of what is learnt from a log on brokers: what was learnt from another one would be taken for this one's."""
    return state_folder(settings) / blake2b(log_id(settings).encode(), digest_size=6).hexdigest()


def open_lookup(settings: Settings) -> StateReader:
    """May be asked from any thread; close it when nothing asks any more."""
    return StateReader(state_folder(settings), 1)
