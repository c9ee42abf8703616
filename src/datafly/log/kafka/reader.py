"""Reads one partition of a topic, at any offset."""

import threading
import time
from collections import deque
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from datafly.log.base import Bounds, Record
from datafly.log.kafka.asker import Asker
from datafly.log.kafka.failures import told
from datafly.log.kafka.place import CONSUMER, Place
from datafly.model.errors import SignalError, Unavailable

_SECONDS: Final = 10.0
_WAIT_SECONDS: Final = 0.05
_AT_ONCE: Final = 1_000
_MOST_BYTES: Final = 4_000_000
_SET_BACK: Final = frozenset({KafkaError._AUTO_OFFSET_RESET, KafkaError._LOG_TRUNCATION})  # noqa: SLF001 - as below


class KafkaReader:
    """One consumer without a group, assigned by hand. For one thread at a time."""

    skips: Final = True
    """Marks of transactions take offsets too."""

    def __init__(self, place: Place, stream: str, partition: int, asker: Asker | None = None) -> None:
        """`asker`: else it asks by itself, which waits for what it fetches."""
        self._topic, self._partition = place.topic(stream), partition
        self._consumer = Consumer({**place.config(), "group.id": f"{place.prefix}readers", **CONSUMER})
        self._asker = asker or Asker(lambda: self._consumer)
        self._fetched: deque[Message] = deque()
        self._expected: int | None = None
        """What the caller asks for next if it goes on; None before the first read."""
        self._end: int | None = None
        """Where nothing was left to read, as the broker told."""
        self._is_set_back = False
        """What comes next is not there any more; what was fetched before is."""
        self._earliest = 0
        """What there was when it went where it reads."""
        self._lock = threading.Lock()

    def read(self, offset: int, *, max_records: int, max_bytes: int = _MOST_BYTES) -> list[Record]:
        with self._lock:
            try:
                if offset == self._expected or self._goes_to(offset):
                    self._fetch(max_records)
            except KafkaException as failure:
                raise self._failed(failure) from failure
            records = self._take(max_records, max_bytes)
            if records:
                self._expected = records[-1].offset + 1
            return records

    def look(self, offset: int, *, max_records: int) -> tuple[list[Record], int] | None:
        """What the library has fetched beside: it follows the head by itself."""
        with self._lock:
            if offset != self._expected or self._is_set_back or self._earliest > offset:
                return None
            try:
                if not self._fetched:
                    self._note_all(self._consumer.consume(max_records, timeout=0.0))
            except KafkaException as failure:
                raise self._failed(failure) from failure
            records = self._take(max_records, _MOST_BYTES)
            end = offset if self._end is None or self._fetched else max(self._end, offset)
            self._expected = records[-1].offset + 1 if records else end
            return records, self._expected

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
                raise self._failed(failure) from failure

    def gone_below(self, first: int) -> int:
        """To go on, a broker that has dropped what comes next must be asked where: what else is skipped are markers."""
        return min(self._earliest, first)

    def bounds(self) -> Bounds:
        return self._asker.bounds(self._topic, self._partition)

    def offset_at(self, at_ms: int) -> int:
        return self._asker.offset_at(self._topic, self._partition, at_ms)

    def close(self) -> None:
        self._consumer.close()

    def _failed(self, failure: KafkaException) -> SignalError:
        """The next read begins anew where the caller is: what was fetched behind a failure went with it."""
        self._expected = None
        return told(failure, f"{self._topic} cannot be read")

    def _goes_to(self, offset: int) -> bool:
        """False where that is beyond the head: a consumer that is sent there would begin at the earliest."""
        self._fetched.clear()
        self._expected = self._end = None
        self._is_set_back = False
        bounds = self.bounds()
        if offset > bounds.head:
            return False
        self._consumer.assign([TopicPartition(self._topic, self._partition, max(offset, bounds.earliest))])
        self._expected, self._earliest = offset, bounds.earliest
        return True

    def _fetch(self, most: int) -> None:
        """At least one record, if there is one."""
        ends = time.monotonic() + _SECONDS
        while not self._fetched:
            if self._is_set_back and not self._goes_to(self._expected or 0):
                return
            if self._end is not None:
                if self.bounds().head <= self._end:
                    return
                self._end = None
            self._note_all(self._heard(max(most, _AT_ONCE)))
            if time.monotonic() > ends:
                self._expected = None
                raise Unavailable(f"{self._topic} cannot be read now: no broker answers.")

    def _heard(self, most: int) -> list[Message]:
        """What is here, else what comes first: to ask for many and to wait is to wait until there are so many."""
        here = self._consumer.consume(most, timeout=0.0)
        if here or (first := self._consumer.poll(_WAIT_SECONDS)) is None:
            return here
        return [first, *self._consumer.consume(most, timeout=0.0)]

    def _note_all(self, messages: list[Message]) -> None:
        for message in messages:
            self._note(message)

    def _note(self, message: Message) -> None:
        error = message.error()
        if error is None:
            self._fetched.append(message)
            self._end = None
        elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - how the library spells it
            self._end = message.offset()
        elif error.code() in _SET_BACK:
            self._is_set_back = True
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
