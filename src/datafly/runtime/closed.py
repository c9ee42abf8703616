"""A data folder that nothing may be started on for now says so itself, in a sentence."""

from datafly.model.errors import OperatorError
from datafly.runtime.snapshot import sync
from datafly.settings import Settings

FILE = "closed"


def close_folder(settings: Settings, sentence: str) -> None:
    """Durable on return. Whoever opens the store of the folder is told this from now on."""
    draft = settings.data_dir / f".{FILE}"
    draft.write_text(sentence + "\n")
    sync(draft)
    draft.replace(settings.data_dir / FILE)
    sync(settings.data_dir)


def reopen_folder(settings: Settings) -> None:
    (settings.data_dir / FILE).unlink(missing_ok=True)
    sync(settings.data_dir)


def why_closed(settings: Settings) -> str:
    """Empty: it is not."""
    file = settings.data_dir / FILE
    return file.read_text().strip() if file.exists() else ""


def require_open(settings: Settings) -> None:
    """Raises `OperatorError` with the sentence."""
    if why := why_closed(settings):
        raise OperatorError(why)
