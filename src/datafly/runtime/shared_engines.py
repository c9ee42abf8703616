"""What roles that run as processes of their own share: brokers, a database, and the key that opens its secrets."""

import threading
import time
from collections.abc import Callable
from typing import Final

from datafly.log.base import RAW, Reader
from datafly.model.clocks import apart
from datafly.model.errors import OperatorError, SignalError
from datafly.observe import emit
from datafly.observe.store import StoreClockApart
from datafly.runtime.compose import open_log
from datafly.runtime.health import Health
from datafly.runtime.prepare import log_id, open_the_store
from datafly.settings import Settings
from datafly.store.keys import FILE
from datafly.store.open import SqlStore

_LOOK_SECONDS: Final = 2.0
_OF_THE_LOG: Final = frozenset({"processor", "delivery"})
"""Roles that can do nothing while no broker answers. A gateway can, and the management API shows what is known."""
_OF_THE_STORE: Final = frozenset({"delivery", "management"})
"""The others go on with what they know."""


def require_shared_engines(settings: Settings, role: str) -> None:
    """Raises `OperatorError` where this process would be alone with its own."""
    missing = [
        name
        for name, given in (
            ("DATAFLY_LOG_URL=kafka://…", settings.log_url),
            ("DATAFLY_STORE_URL=postgresql://…", settings.store_url),
        )
        if not given
    ]
    if missing:
        raise OperatorError(
            f"`datafly {role}` runs beside other processes, on brokers and a database that all of them reach: set "
            f"{' and '.join(missing)}. The embedded log and store belong to one process tree: `datafly up`."
        )
    workers = {"gateway": settings.gateway_workers, "delivery": settings.delivery_workers}.get(role, 1)
    if workers > 1:
        raise OperatorError(
            f"`datafly {role}` is one process, and {role}_workers is {workers}: that is for `datafly up`. Set it to 1, "
            f"and start `datafly {role}` as often as wanted, each with a data folder and ports of its own."
        )
    if settings.encryption_key is None and not (settings.data_dir / FILE).exists():
        raise OperatorError(
            f"`datafly {role}` needs the key that all processes share: set DATAFLY_ENCRYPTION_KEY to the same on each "
            f"(`openssl rand -base64 32` makes one), or put the file {FILE} into {settings.data_dir}."
        )


def prepare_shared(settings: Settings, role: str) -> None:
    """What must be there before the role works, made where it is not. Blocking.

    Raises `Unavailable` while it cannot be reached, `OperatorError` where the set-up is wrong.
    """
    with open_the_store(settings) as store:
        tell_clocks(store)
        store.control.ensure_default_pipeline()
        if role != "gateway":  # which begins without brokers too
            store.belong_to(log_id(settings))


def tell_clocks(store: SqlStore) -> None:
    """Work goes on whatever they show, but what is told of times is off."""
    ahead = store.server_ahead_seconds()
    if ahead is not None and (said := apart(-ahead, "the database")):
        emit(StoreClockApart(seconds=-ahead, reason=said))


class Watched:
    """Asks what a role depends on every two seconds, in a thread of its own, for its health."""

    def __init__(self, settings: Settings, role: str, health: Health) -> None:
        self._wrong: dict[str, str] = {}
        self._settings, self._health = settings, health
        self._asked: list[tuple[str, Callable[[], object]]] = []
        if role in _OF_THE_LOG:
            self._watch("log", self._ask_the_log)
        if role in _OF_THE_STORE:
            self._watch("store", self._ask_the_store)
        self._reader: Reader | None = None
        self._store: SqlStore | None = None

    def begin(self) -> None:
        """Ends with the process."""
        if self._asked:
            threading.Thread(target=self._run, name="health", daemon=True).start()

    def _watch(self, what: str, ask: Callable[[], object]) -> None:
        self._asked.append((what, ask))
        self._health.follow(what, lambda: self._wrong.get(what))

    def _run(self) -> None:
        while True:
            for what, ask in self._asked:
                try:
                    ask()
                    self._wrong.pop(what, None)
                except SignalError as error:
                    self._wrong[what] = error.message
                except Exception as error:  # noqa: BLE001 - whoever asks hears of it, and the thread goes on
                    self._wrong[what] = repr(error)
            time.sleep(_LOOK_SECONDS)

    def _ask_the_log(self) -> None:
        """By a reader that is kept for as long as it gets answers."""
        reader, self._reader = self._reader or open_log(self._settings).reader(RAW, 0), None
        try:
            reader.bounds()
        except BaseException:
            reader.close()
            raise
        self._reader = reader

    def _ask_the_store(self) -> None:
        self._store = self._store or open_the_store(self._settings)
        self._store.control.version()
