"""Asks brokers where a partition begins and ends."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Final

from confluent_kafka import Consumer, KafkaException, TopicPartition

from datafly.log.base import Bounds
from datafly.log.kafka.failures import once_settled, sound, told
from datafly.log.kafka.place import CONSUMER, Place

_SECONDS: Final = 10.0


class Asker:
    """Safe from any thread. `open_consumer`: once, when something is asked; who made it closes it."""

    def __init__(self, open_consumer: Callable[[], Consumer]) -> None:
        self._open = open_consumer
        self._consumer: Consumer | None = None
        self._lock = threading.Lock()

    @classmethod
    def aside(cls, place: Place) -> "Asker":
        """Over connections on which nobody reads: a reader at the head keeps its own busy for a tenth of a second."""
        return cls(lambda: Consumer({**place.config(), "group.id": f"{place.prefix}readers", **CONSUMER}))

    def bounds(self, topic: str, partition: int) -> Bounds:
        """Raises `Unavailable`, `OperatorError`."""
        here = TopicPartition(topic, partition)
        try:
            ask = partial(self._opened().get_watermark_offsets, here, timeout=_SECONDS)
            earliest, head = once_settled(ask)
        except KafkaException as failure:
            raise told(failure, f"{topic} cannot be read") from failure
        return Bounds(earliest, head)

    def offset_at(self, topic: str, partition: int, at_ms: int) -> int:
        """As `Reader.offset_at`."""
        then = TopicPartition(topic, partition, at_ms)
        try:
            found = once_settled(lambda: sound(*self._opened().offsets_for_times([then], timeout=_SECONDS)))
        except KafkaException as failure:
            raise told(failure, f"{topic} cannot be read") from failure
        return found.offset if found.offset >= 0 else self.bounds(topic, partition).head

    def _opened(self) -> Consumer:
        with self._lock:
            if self._consumer is None:
                self._consumer = self._open()
            return self._consumer
