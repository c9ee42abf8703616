"""What only one process of a deployment does at a time. Nobody leads: whoever asks while nobody has it, has it."""

from typing import Final

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from datafly.store import dialect

_KEPT_SECONDS: Final = 30
"""Without a word of its holder; then the server takes it away, also where that machine is gone without a word."""


class Turn:
    """For one thread at a time. In a database it is held by a transaction that does nothing else; a store that is a
    file belongs to one process tree, which has one process for each such work: there it is always held.
    """

    def __init__(self, engine: sa.Engine, name: str) -> None:
        self._engine, self._name = engine, f"turn: {name}"
        self._held: sa.Connection | None = None

    def is_mine(self) -> bool:
        """Takes it where nobody has it. Whoever holds it asks again within thirty seconds; False too while the
        database cannot be asked.
        """
        if not dialect.is_shared(self._engine):
            return True
        try:
            if self._held is not None:
                self._held.execute(sa.select(1))
                return True
            return self._take()
        except (DBAPIError, NoConnectionFree):
            self.end()
            return False

    def end(self) -> None:
        """Another one may have it."""
        held, self._held = self._held, None
        if held is not None:
            held.close()

    def _take(self) -> bool:
        connection = self._engine.connect()
        self._held = connection
        if dialect.try_hold(connection, self._name, kept_seconds=_KEPT_SECONDS):
            return True
        self.end()
        return False
