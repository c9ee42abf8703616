"""What stands in the way of this process's work, for whoever asks it: `/readyz` of a role that runs alone."""

from collections.abc import Callable
from typing import Final

Check = Callable[[], str | None]
"""None, or what is wrong just now, in a sentence. Cheap, from any thread."""


class Health:
    """Ready while it has begun, is not ending, and none of what it follows is wrong."""

    def __init__(self) -> None:
        self._checks: dict[str, Check] = {"start": lambda: "It is starting."}

    def follow(self, what: str, check: Check) -> None:
        """In place of what was followed under that name."""
        self._checks[what] = check

    def forget(self, what: str) -> None:
        self._checks.pop(what, None)

    def wrong(self) -> dict[str, str]:
        """Name → sentence. Empty: ready."""
        said = {what: check() for what, check in self._checks.items()}
        return {what: sentence for what, sentence in said.items() if sentence is not None}

    def begun(self) -> None:
        self.forget("start")

    def ending(self) -> None:
        self.follow("end", lambda: "It is ending.")


HEALTH: Final = Health()
"""Of this process. Roles follow here what their work depends on; under `datafly up` nobody asks."""
