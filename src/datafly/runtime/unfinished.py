"""Whether the process before this one ended without a word: killed, or with the machine."""

from pathlib import Path


class Unfinished:
    """A file that is there while the work is; whoever finds it there knows that nobody put it away."""

    def __init__(self, file: Path) -> None:
        """Raises `OSError` if it cannot be made."""
        self._file = file
        self.was_left = file.exists()
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()

    def put_away(self) -> None:
        self._file.unlink(missing_ok=True)
