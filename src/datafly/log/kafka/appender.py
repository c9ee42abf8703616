"""Writes one partition of a topic: as one of many, or alone by transactions that carry a position with them."""

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from datafly.log.base import Entry, Retention
from datafly.log.kafka.copies import told_why
from datafly.log.kafka.failures import FENCED, once_settled, sound, told
from datafly.log.kafka.place import CONSUMER, PRODUCER, Place
from datafly.log.kafka.retention import retain
from datafly.model.errors import OperatorError, Unavailable

_SECONDS: Final = 15.0
_SETTLED_SECONDS: Final = 20.0
"""The library gives a record up after ten; where it does not, it has lost it."""
_HUNG_SECONDS: Final = 20.0
"""More than the library is given for a call that does not keep to it."""
_MOST_HUNG: Final = 32
"""Calls that the library does not come back from. Each keeps a producer, with threads and memory of its own."""
_HUNG: Final[set[threading.Thread]] = set()
"""Of this process; each partition is written by a thread of its own."""
_TRANSACTION_MS: Final = 10_000
"""What a writer left unfinished holds readers up no longer than that, or until its successor comes."""


class Sending:
    """One call of `append`: where its records went."""

    def __init__(self, count: int) -> None:
        self.first: int | None = None
        self.error: KafkaError | None = None
        self.left = count

    def heard(self, error: KafkaError | None, message: Message) -> None:
        self.left -= 1
        offset = message.offset()
        if error is not None:
            self.error = self.error or error
        elif offset is not None and (self.first is None or offset < self.first):
            self.first = offset


class SharedAppender:
    """One of any number of writers of a partition. Durable at `min.insync.replicas` brokers when a call returns.

    Of a call that fails some may be there: whoever sent it sends it again, and processing knows messages by their ids.
    """

    def __init__(self, place: Place, stream: str, partition: int) -> None:
        self._place, self._topic, self._partition = place, place.topic(stream), partition
        self._producer: Producer | None = None

    def append(self, entries: Sequence[Entry], *, consumed: int | None = None) -> int:
        if consumed is not None:
            raise ValueError("a position is kept with what is appended by its only writer")
        self._producer = self._producer or Producer({**self._place.config(), **PRODUCER})
        sending = send(self._producer, self._topic, self._partition, entries)
        if sending.left:
            self._producer.purge()
            self._producer = None
        if sending.error is not None:
            raise told(sending.error, f"{self._topic} cannot be written")
        return sending.first or 0

    def consumed(self) -> int | None:
        return None

    def retain(self, retention: Retention, *, keep_from: int) -> list[tuple[int, int]]:
        return retain(self._place, self._topic, self._partition, retention, keep_from)

    def close(self) -> None:
        if self._producer is not None:
            self._producer.flush(_SECONDS)


class OwnedAppender:
    """The only writer of a partition: whoever opens it later takes it over, and the former's next call fails.

    Records and position of a call become visible together, by a transaction.
    """

    def __init__(self, place: Place, stream: str, partition: int) -> None:
        self._place, self._topic, self._partition = place, place.topic(stream), partition
        self._position = TopicPartition(self._topic, partition)
        self._consumed: int | None = None
        self._group: Any = None
        """What the library knows of the group that keeps positions, to be handed to the producer."""
        self._stuck = False
        """The library has neither sent nor given up what it was given: nothing can be hoped of it any more."""
        self._producer: Producer | None = self._begin()
        """None after a failure that it did not outlive, until the next call."""

    def append(self, entries: Sequence[Entry], *, consumed: int | None = None) -> int:
        producer = self._begun()
        try:
            first = self._transaction(producer, entries, consumed)
        except KafkaException as failure:
            raise self._recover(producer, failure) from failure
        if consumed is not None:
            self._consumed = consumed
        return first

    def consumed(self) -> int | None:
        self._begun()
        return self._consumed

    def retain(self, retention: Retention, *, keep_from: int) -> list[tuple[int, int]]:
        return retain(self._place, self._topic, self._partition, retention, keep_from)

    def close(self) -> None:
        """Nothing waits between calls; a producer that was fenced refuses to say so."""
        with contextlib.suppress(KafkaException):
            if self._producer is not None:
                self._producer.flush(_SECONDS)

    def _begun(self) -> Producer:
        self._producer = self._producer or self._begin()
        return self._producer

    def _begin(self) -> Producer:
        """Ends what a former writer left unfinished, and reads the position that it kept."""
        _bound_hung()
        own: dict[str, Any] = {
            "transactional.id": f"{self._topic}-{self._partition}",
            "transaction.timeout.ms": _TRANSACTION_MS,
        }
        producer = Producer({**self._place.config(), **PRODUCER, **own})
        group = Consumer({**self._place.config(), "group.id": f"{self._place.prefix}consumed", **CONSUMER})
        try:
            producer.init_transactions(_SECONDS)
            kept = once_settled(lambda: sound(*group.committed([self._position], timeout=_SECONDS)))
            self._group = group.consumer_group_metadata()
        except KafkaException as failure:
            raise told(failure, f"{self._topic} cannot be written") from failure
        finally:
            group.close()
        self._consumed = kept.offset if kept.offset >= 0 else None
        return producer

    def _transaction(self, producer: Producer, entries: Sequence[Entry], consumed: int | None) -> int:
        producer.begin_transaction()
        sending = send(producer, self._topic, self._partition, entries)
        self._stuck = sending.left > 0
        if sending.error is not None:
            raise KafkaException(sending.error)
        if consumed is not None:
            kept = TopicPartition(self._topic, self._partition, consumed)
            self._keep(producer, kept)
        producer.commit_transaction(_SECONDS)
        return sending.first or 0

    def _keep(self, producer: Producer, kept: TopicPartition) -> None:
        """Beside: librdkafka forgets the time it was given while the group's coordinator is away, and may wait for it
        for good (its issue 5456). Then the producer is left to that thread, and both to the end of the process, which
        comes when there are too many.
        """
        try:
            _beside(lambda: producer.send_offsets_to_transaction([kept], self._group, _SECONDS))
        except TimeoutError as late:
            self._stuck = True
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT)) from late  # noqa: SLF001 - as the library spells it

    def _recover(self, producer: Producer, failure: KafkaException) -> Exception:
        """The next call begins anew. A commit whose answer was lost may count: then a new writer reads its position.

        Who was taken over from does not open the partition again: it would shut its successor out. Who was cut off may
        not have heard of it yet: so it is not opened here, but by a next call, which who has lost it does not make.
        """
        error = told_why(self._place, self._topic, failure, f"{self._topic} cannot be written")
        if not isinstance(error, Unavailable):
            return error
        try:
            if not self._stuck:
                producer.abort_transaction(_SECONDS)
                return error
        except KafkaException as again:
            fenced = told(again, f"{self._topic} cannot be written")
            if fenced.code == FENCED:
                return fenced
        producer.purge()
        self._producer, self._stuck = None, False
        return error


def _bound_hung() -> None:
    _HUNG.difference_update([thread for thread in _HUNG.copy() if not thread.is_alive()])
    if len(_HUNG) >= _MOST_HUNG:
        raise OperatorError(
            f"The Kafka client has not come back from {len(_HUNG)} calls, and each holds threads and memory: this "
            "process ends. Start it again, if nothing does so by itself; nothing is lost by it."
        )


def _beside(call: Callable[[], None]) -> None:
    """Raises what it raises, and `TimeoutError` where it is not back in time."""
    done: Future[None] = Future()

    def run() -> None:
        try:
            call()
        except BaseException as error:  # noqa: BLE001 - whoever waits raises it
            done.set_exception(error)
        else:
            done.set_result(None)

    thread = threading.Thread(target=run, name="log-position", daemon=True)
    thread.start()
    try:
        done.result(_HUNG_SECONDS)
    except TimeoutError:
        _HUNG.add(thread)
        raise


def send(producer: Producer, topic: str, partition: int, entries: Sequence[Entry]) -> Sending:
    """Returns when each record is durable or has failed; with an error and `left`, where that is not known in time."""
    sending = Sending(len(entries))
    try:
        _send(producer, topic, partition, entries, sending)
    except KafkaException as failure:  # what no further try mends, such as a right that is missing
        sending.error = sending.error or failure.args[0]
    return sending


def _send(producer: Producer, topic: str, partition: int, entries: Sequence[Entry], sending: Sending) -> None:
    ends = time.monotonic() + _SETTLED_SECONDS
    for entry in entries:
        _produce(producer, topic, partition, entry, sending)
    while sending.left:
        producer.poll(0.1)
        if time.monotonic() > ends:
            sending.error = sending.error or KafkaError(KafkaError._TIMED_OUT)  # noqa: SLF001 - as the library spells it
            break


def _produce(producer: Producer, topic: str, partition: int, entry: Entry, sending: Sending) -> None:
    while True:
        try:
            producer.produce(
                topic, value=entry.value, key=entry.key.encode(), partition=partition, on_delivery=sending.heard
            )
        except BufferError:
            producer.poll(0.1)
            continue
        producer.poll(0)
        return
