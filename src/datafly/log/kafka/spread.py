"""Writes all partitions of a topic with one producer, as one of any number of writers."""

import contextlib
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME, KafkaError, KafkaException, Message, Producer

from datafly.log.base import Entry
from datafly.log.kafka.copies import told_why
from datafly.log.kafka.place import PRODUCER, Place
from datafly.model.clocks import apart
from datafly.model.errors import Invalid, SignalError, Unavailable
from datafly.observe.base import emit
from datafly.observe.log import LogClockApart

_PATIENCE_SECONDS: Final = 3.0
"""For records to be durable. Leaders change in less, and who sent them has given up soon after."""
_WHILE_AWAY_SECONDS: Final = 0.5
"""Where all brokers seem to be gone. A connection that they closed because nobody used it is made anew in less."""
_CLOSE_SECONDS: Final = 5.0
_SILENT_SECONDS: Final = 600.0
"""Between two words about clocks: that of one broker may be right and that of another not."""
_OWN: Final = {**PRODUCER, "delivery.timeout.ms": 10_000}
"""librdkafka must not give up before us: where one record times out by itself, the next one may not."""
_FOR_WHAT_THEY_ARE: Final = frozenset(
    {KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_MSG, KafkaError.INVALID_RECORD}
)

Placed = tuple[int, Entry]


class KafkaSpread:
    """For one thread at a time. A `log.spool.Spread`. Tells where the brokers' clock is another than `now_ms`."""

    def __init__(
        self,
        place: Place,
        stream: str,
        partitions: int,
        *,
        patience: float = _PATIENCE_SECONDS,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self.partitions, self._now_ms = partitions, now_ms
        self._silent_until = 0.0
        self._place, self._topic, self._patience = place, place.topic(stream), patience
        self._producer: Producer | None = None
        self._away = False

    def send(self, placed: Sequence[Placed]) -> list[SignalError | None]:
        producer = self._producer or self._open()
        sending, began_ms = _Sending(len(placed)), self._now_ms()
        for index, (partition, entry) in enumerate(placed):
            self._produce(producer, sending, index, partition, entry)
        if not self._settled(producer, sending) or any(sending.errors):
            # Its records are never taken for a continuation of what came to nothing, and it may be beyond repair.
            self._producer = None
            with contextlib.suppress(KafkaException):  # one that is beyond repair says it again
                producer.purge()
                producer.flush(_CLOSE_SECONDS)
        elif sending.appended_ms is not None:
            self._compare(sending.appended_ms, began_ms)
        told = {error: self._told(error) for error in {*sending.errors} if error is not None}
        return [None if error is None else told[error] for error in sending.errors]

    def close(self) -> None:
        if self._producer is not None:
            self._producer.flush(_CLOSE_SECONDS)

    def _open(self) -> Producer:
        self._away = False
        self._producer = Producer({**self._place.config(), **_OWN, "error_cb": self._note})
        return self._producer

    def _note(self, error: KafkaError) -> None:
        if error.code() == KafkaError._ALL_BROKERS_DOWN:  # noqa: SLF001 - how the library spells it
            self._away = True

    def _produce(self, producer: Producer, sending: "_Sending", index: int, partition: int, entry: Entry) -> None:
        heard = partial(sending.heard, index)
        try:
            producer.produce(
                self._topic, value=entry.value, key=entry.key.encode(), partition=partition, on_delivery=heard
            )
        except KafkaException as failure:
            heard(failure.args[0])

    def _settled(self, producer: Producer, sending: "_Sending") -> bool:
        began = time.monotonic()
        while sending.left:
            before = sending.left
            try:
                producer.poll(0.1)
            except KafkaException as failure:  # what no further try mends, such as a right that is missing
                sending.refuse(failure.args[0])
                return False
            self._away = self._away and sending.left == before
            if time.monotonic() - began > (_WHILE_AWAY_SECONDS if self._away else self._patience):
                return False
        return True

    def _compare(self, appended_ms: int, began_ms: int) -> None:
        """It was appended after it was sent, and before that was heard of: what lies outside is another clock's."""
        ahead_ms = max(began_ms - appended_ms, 0) or min(self._now_ms() - appended_ms, 0)
        said = apart(ahead_ms / 1000, "the brokers")
        if said and time.monotonic() >= self._silent_until:
            emit(LogClockApart(seconds=ahead_ms / 1000, reason=said))
            self._silent_until = time.monotonic() + _SILENT_SECONDS

    def _told(self, error: KafkaError) -> SignalError:
        if error.code() in _FOR_WHAT_THEY_ARE:
            return Invalid(f"{self._topic} does not take this record: {error.str()}.")
        if self._away and error is _LATE:
            return Unavailable(f"{self._topic} cannot be written now: no broker answers.")
        return told_why(self._place, self._topic, error, f"{self._topic} cannot be written")


class _Sending:
    """One call of `send`: what became of its records."""

    def __init__(self, count: int) -> None:
        self.errors: list[KafkaError | None] = [_LATE] * count
        self.left = count
        self.appended_ms: int | None = None
        """When the last of them was, by the brokers' clock, where they tell."""

    def heard(self, index: int, error: KafkaError | None, message: Message | None = None) -> None:
        self.left -= 1
        if error is None and message is not None and not self.left:
            kind, at_ms = message.timestamp()
            self.appended_ms = at_ms if kind == TIMESTAMP_LOG_APPEND_TIME else None
        if error is None or error.code() not in _PURGED:  # what we gave up ourselves keeps its reason
            self.errors[index] = error

    def refuse(self, error: KafkaError) -> None:
        """All of which nothing was heard."""
        self.errors = [error if one is _LATE else one for one in self.errors]


_LATE: Final = KafkaError(KafkaError._TIMED_OUT, "no broker has confirmed it in time")  # noqa: SLF001
_PURGED: Final = frozenset({KafkaError._PURGE_QUEUE, KafkaError._PURGE_INFLIGHT})  # noqa: SLF001
