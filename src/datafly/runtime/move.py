"""`datafly move`: the store of a data folder into PostgreSQL, while nothing runs (decision 0211)."""

from typing import Final

import msgspec

from datafly.model.errors import OperatorError
from datafly.runtime.closed import FILE, close_folder, why_closed
from datafly.runtime.folder import held_folder, usable_folder
from datafly.runtime.prepare import encryption_key, log_id
from datafly.settings import Settings
from datafly.store import dialect
from datafly.store.moving import Moved
from datafly.store.open import moving, open_store

_BEGUN: Final = (
    "The store of this data folder is being moved to PostgreSQL. Go on with it (datafly move), or stay with what is "
    f"here by removing the file {FILE} from the folder, and give another database the next time."
)
_DONE: Final = (
    "The store of this data folder was moved to PostgreSQL: set DATAFLY_STORE_URL. What is here is as it was before."
)


def is_moved(settings: Settings) -> bool:
    """Whether the store of the folder is in a database by now."""
    return why_closed(settings) == _DONE


def move_store(settings: Settings, to: str, *, moved: Moved) -> None:
    """What is interrupted goes on by the same call. The log and the state stay in the folder.

    Raises `OperatorError`: a Signal runs; nothing is there; the database is not empty or cannot be had.
    """
    own = msgspec.structs.replace(settings, log_url="", store_url=None)
    with usable_folder(settings), held_folder(settings, "move its store"):
        if not (settings.data_dir / dialect.FILE).exists():
            raise OperatorError(f"There is no store in {settings.data_dir}: nothing is to be moved.")
        closed = why_closed(settings)
        if closed not in {"", _BEGUN}:
            raise OperatorError(closed)
        open_store(settings.data_dir, encryption_key=encryption_key(settings)).close()
        with moving(settings.data_dir, to, log_id(own)) as move:
            if move.begin(anew=not closed):
                close_folder(settings, _BEGUN)
                move.copy(moved)
                move.finish()
        close_folder(settings, _DONE)
