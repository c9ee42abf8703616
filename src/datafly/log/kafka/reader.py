"""Reads one partition of a topic, at any offset."""

import threading
import time
from collections import deque
from functools import partial
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from datafly.log.base import Bounds, Record
from datafly.log.kafka.failures import once_settled, sound, told
from datafly.log.kafka.place import CONSUMER, Place
from datafly.model.errors import Unavailable

_SECONDS: Final = 10.0
_AT_ONCE: Final = 1_000


class KafkaReader:
    """One consumer without a group, assigned by hand. For one thread at a time."""

    skips: Final = True
    """Marks of transactions take offsets too."""

    def __init__(self, place: Place, stream: str, partition: int) -> None:
        self._topic, self._partition = place.topic(stream), partition
        self._consumer = Consumer({**place.config(), "group.id": f"{place.prefix}readers", **CONSUMER})
        self._fetched: deque[Message] = deque()
        self._expected: int | None = None
        """What the caller asks for next if it goes on; None before the first read."""
        self._end: int | None = None
        """Where nothing was left to read, as the broker told."""
        self._lock = threading.Lock()

    def read(self, offset: int, *, max_records: int, max_bytes: int = 4_000_000) -> list[Record]:
        with self._lock:
            try:
                if offset == self._expected or self._goes_to(offset):
                    self._fetch(max_records)
            except KafkaException as failure:
                raise told(failure, f"{self._topic} cannot be read") from failure
            records = self._take(max_records, max_bytes)
            if records:
                self._expected = records[-1].offset + 1
            return records

    def wait(self, seconds: float) -> None:
        """The broker answers as soon as there is something: to ask for its bounds again and again costs more."""
        with self._lock:
            if self._fetched or self._expected is None:
                return
            try:
                message = self._consumer.poll(seconds)
                if message is not None:
                    self._note(message)
            except KafkaException as failure:
                raise told(failure, f"{self._topic} cannot be read") from failure

    def bounds(self) -> Bounds:
        here = TopicPartition(self._topic, self._partition)
        try:
            earliest, head = once_settled(partial(self._consumer.get_watermark_offsets, here, timeout=_SECONDS))
        except KafkaException as failure:
            raise told(failure, f"{self._topic} cannot be read") from failure
        return Bounds(earliest, head)

    def offset_at(self, at_ms: int) -> int:
        then = TopicPartition(self._topic, self._partition, at_ms)
        try:
            found = once_settled(lambda: sound(*self._consumer.offsets_for_times([then], timeout=_SECONDS)))
        except KafkaException as failure:
            raise told(failure, f"{self._topic} cannot be read") from failure
        return found.offset if found.offset >= 0 else self.bounds().head

    def close(self) -> None:
        self._consumer.close()

    def _goes_to(self, offset: int) -> bool:
        """False where that is beyond the head: a consumer that is sent there would begin at the earliest."""
        self._fetched.clear()
        self._expected = self._end = None
        bounds = self.bounds()
        if offset > bounds.head:
            return False
        self._consumer.assign([TopicPartition(self._topic, self._partition, max(offset, bounds.earliest))])
        self._expected = offset
        return True

    def _fetch(self, most: int) -> None:
        """At least one record, if there is one."""
        ends = time.monotonic() + _SECONDS
        wait = 0.0
        while not self._fetched:
            if self._end is not None:
                if self.bounds().head <= self._end:
                    return
                self._end = None
            for message in self._consumer.consume(max(most, _AT_ONCE), timeout=wait):
                self._note(message)
            wait = 0.05
            if time.monotonic() > ends:
                raise Unavailable(f"{self._topic} cannot be read now: no broker answers.")

    def _note(self, message: Message) -> None:
        error = message.error()
        if error is None:
            self._fetched.append(message)
        elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - how the library spells it
            self._end = message.offset()
        elif not error.retriable():
            raise KafkaException(error)

    def _take(self, max_records: int, max_bytes: int) -> list[Record]:
        taken: list[Record] = []
        size = 0
        while self._fetched and len(taken) < max_records:
            size += len(self._fetched[0])
            if taken and size > max_bytes:
                break
            taken.append(_record(self._fetched.popleft()))
        return taken


def _record(message: Any) -> Record:
    return Record(message.offset(), (message.key() or b"").decode(), message.value() or b"", message.timestamp()[1])
