"""What the room remembers, in one SQLite file with one connection, used from one thread."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from datafly.sandbox.database import Database
from datafly.sandbox.insider.state.accounts import Accounts
from datafly.sandbox.insider.state.explorer import Explorer
from datafly.sandbox.insider.state.history import History
from datafly.sandbox.insider.state.identities import Identities
from datafly.sandbox.insider.state.pending import Pending
from datafly.sandbox.insider.state.profiles import Profiles
from datafly.sandbox.insider.state.requests import Requests
from datafly.sandbox.insider.state.schema import ACCOUNTS, FORGETTABLE, SCHEMA
from datafly.sandbox.settings import SandboxSettings


class State:
    """Accounts, profiles and requests over one database."""

    def __init__(self, path: Path, settings: SandboxSettings) -> None:
        self._database = Database(path, SCHEMA)
        self._seed = settings.seed
        self.accounts = Accounts(self._database)
        self.history = History(self._database)
        self.profiles = Profiles(self._database, self.history)
        self.identities = Identities(self._database, self.profiles, self.history)
        self.pending = Pending(self._database)
        self.explorer = Explorer(self._database)
        self.requests = Requests(self._database, kept=settings.requests_kept)
        with self.transaction():
            self.accounts.plant(self._seed)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing of what is written inside."""
        with self._database.transaction():
            yield

    def reset(self, *, keep_accounts: bool = False) -> None:
        """Forget users and requests and, unless kept, accounts and keys down to the seed."""
        with self.transaction():
            self._database.empty(*FORGETTABLE, *(() if keep_accounts else ACCOUNTS))
            self.profiles.forget_names()
            if not keep_accounts:
                self.accounts.plant(self._seed)

    def close(self) -> None:
        self._database.close()


__all__ = ["State"]
