"""A consumer without a group, of one reader, or of all that leap: these need it one after another, and each of its own
would be threads and connections for every partition.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from confluent_kafka import Consumer

from datafly.log.kafka.place import CONSUMER, Place
from datafly.model.errors import Unavailable

_SECONDS: Final = 10.0


class Consuming:
    """It connects when it is first used. `more`: besides what all consumers are told."""

    def __init__(self, place: Place, more: dict[str, Any] | None = None) -> None:
        self._config = {**place.config(), "group.id": f"{place.prefix}readers", **CONSUMER, **(more or {})}
        self._consumer: Consumer | None = None
        self._lock = threading.Lock()

    @contextmanager
    def turn(self) -> Iterator[Consumer]:
        """For one thread at a time. Raises `Unavailable` where another waits for a broker all the while."""
        if not self._lock.acquire(timeout=_SECONDS):
            raise Unavailable("The log cannot be read now: no broker answers.")
        try:
            self._consumer = self._consumer or Consumer(self._config)
            yield self._consumer
        finally:
            self._lock.release()

    def close(self) -> None:
        with self._lock:
            consumer, self._consumer = self._consumer, None
        if consumer is not None:
            consumer.close()
