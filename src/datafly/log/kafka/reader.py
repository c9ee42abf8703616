"""Reads one partition of a topic, at any offset."""

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition

from datafly.log.base import RAW, Bounds, Record
from datafly.log.kafka.consuming import Consuming
from datafly.log.kafka.failures import told
from datafly.log.kafka.place import Place
from datafly.log.kafka.questions import Questions, bounds_by
from datafly.model.errors import Unavailable

_SECONDS: Final = 10.0
_WAIT_SECONDS: Final = 0.05
_AT_ONCE: Final = 1_000
_NEAR: Final = 2_000
_MOST_BYTES: Final = 4_000_000
_SET_BACK: Final = frozenset({KafkaError._AUTO_OFFSET_RESET, KafkaError._LOG_TRUNCATION})  # noqa: SLF001 - as below


class KafkaReader:
    """A consumer without a group, assigned by hand. For one thread at a time."""

    skips: Final = True
    """Marks of transactions take offsets too."""

    def __init__(
        self, place: Place, stream: str, partition: int, questions: Questions, *, shared: Consuming | None = None
    ) -> None:
        """`shared`: with others that leap. It fetches while it is asked to read then, and not beside."""
        self._topic, self._partition = place.topic(stream), partition
        self._markers = 0 if stream == RAW else 1
        """At the end: what transactions alone write ends with one."""
        self._questions = questions
        self._consuming = shared or Consuming(place)
        self._leaps = shared is not None
        self._is_assigned = False
        self._fetched: deque[Message] = deque()
        self._expected: int | None = None
        """What the caller asks for next if it goes on; None before the first read."""
        self._end: int | None = None
        """Where nothing was left to read, as the broker told."""
        self._is_set_back = False
        """What comes next is not there any more; what was fetched before is."""
        self._earliest = 0
        """What there was when it went where it reads."""

    def read(self, offset: int, *, max_records: int, max_bytes: int = _MOST_BYTES) -> list[Record]:
        with self._at_work():
            if self._stands_at(offset) or self._goes_to(offset):
                self._fetch(max_records)
            records = self._take(max_records, max_bytes)
            if records:
                self._expected = records[-1].offset + 1
            return records

    def look(self, offset: int, *, max_records: int) -> tuple[list[Record], int] | None:
        """What the library has fetched beside: it follows the head by itself."""
        with self._at_work():
            if not self._stands_at(offset) or self._is_set_back or self._earliest > offset:
                return None
            if not self._fetched:
                self._note_all(self._consumer.consume(max_records, timeout=0.0))
            records = self._take(max_records, _MOST_BYTES)
            end = offset if self._end is None or self._fetched else max(self._end, offset)
            self._expected = records[-1].offset + 1 if records else end
            return records, self._expected

    def wait(self, seconds: float) -> None:
        """The broker answers as soon as there is something: to ask for its bounds again and again costs more."""
        with self._at_work():
            if self._fetched or not self._is_assigned:
                return
            message = self._consumer.poll(seconds)
            if message is not None:
                self._note(message)

    def gone_below(self, first: int) -> int:
        """To go on, a broker that has dropped what comes next must be asked where: what else is skipped are markers."""
        return min(self._earliest, first)

    def bounds(self) -> Bounds:
        return self._questions.bounds(self._topic, self._partition)

    def offset_at(self, at_ms: int) -> int:
        found = self._questions.offset_at(self._topic, self._partition, at_ms)
        return found if found >= 0 else self.bounds().head

    def close(self) -> None:
        if not self._leaps:
            self._consuming.close()

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        with self._consuming.turn() as self._consumer:
            try:
                yield
            except KafkaException as failure:
                self._expected = None  # what was fetched behind the failure went with it
                raise told(failure, f"{self._topic} cannot be read") from failure
            except Unavailable:
                self._expected = None
                raise
            finally:
                if self._leaps and self._is_assigned:
                    self._consumer.unassign()
                    self._is_assigned = False

    def _stands_at(self, offset: int) -> bool:
        """A short way ahead is read over: to leap costs a tenth of a second where more is waited for."""
        if self._expected is None or not self._expected <= offset <= self._expected + _NEAR:
            return False
        self._expected = offset
        while self._fetched and _offset(self._fetched[0]) < offset:
            self._fetched.popleft()
        return bool(self._fetched or self._is_assigned)

    def _goes_to(self, offset: int) -> bool:
        """False where that is beyond the head: a consumer that is sent there would begin at the earliest."""
        self._fetched.clear()
        self._expected = self._end = None
        self._is_set_back = self._is_assigned = False
        bounds = self.bounds()
        if offset > bounds.head or (self._leaps and bounds.head <= offset + self._markers):
            return False
        self._consumer.assign([TopicPartition(self._topic, self._partition, max(offset, bounds.earliest))])
        self._expected, self._earliest, self._is_assigned = offset, bounds.earliest, True
        return True

    def _fetch(self, most: int) -> None:
        """At least one record, if there is one."""
        ends = time.monotonic() + _SECONDS
        while not self._fetched:
            if self._is_set_back and not self._goes_to(self._expected or 0):
                return
            here = self._consumer.consume(max(most, _AT_ONCE), timeout=0.0)
            if not here and self._is_at_head():
                return
            self._note_all(here or self._next(max(most, _AT_ONCE)))
            if time.monotonic() > ends:
                raise Unavailable(f"{self._topic} cannot be read now: no broker answers.")

    def _is_at_head(self) -> bool:
        """The library says so a tenth of a second after the last record, and to ask for the head where it waits for
        more is to wait too. Who leaps waits for neither, where there is room for a marker alone.
        """
        if self._leaps:
            nothing_but = max(self._end or 0, (self._expected or 0) + self._markers)
            return self.bounds().head <= nothing_but
        if self._end is None:
            return False
        return bounds_by(self._consumer, self._topic, self._partition).head <= self._end

    def _next(self, most: int) -> list[Message]:
        """What comes first, and what is there then: who asks for many and waits gets them when the wait is over."""
        first = self._consumer.poll(_WAIT_SECONDS)
        return [] if first is None else [first, *self._consumer.consume(most, timeout=0.0)]

    def _note_all(self, messages: list[Message]) -> None:
        for message in messages:
            if not self._leaps or self._is_of_mine(message):
                self._note(message)

    def _is_of_mine(self, message: Message) -> bool:
        """Or of no place at all, as where no broker is there."""
        return message.topic() is None or (message.topic(), message.partition()) == (self._topic, self._partition)

    def _note(self, message: Message) -> None:
        error = message.error()
        if error is None:
            self._end = None
            if _offset(message) >= (self._expected or 0):
                self._fetched.append(message)
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


def _offset(message: Message) -> int:
    return message.offset() or 0


def _record(message: Any) -> Record:
    return Record(message.offset(), (message.key() or b"").decode(), message.value() or b"", message.timestamp()[1])
