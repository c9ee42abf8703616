"""A process's part in sharing out the partitions: a consumer that subscribes, and reads nothing."""

import threading
import time
from collections.abc import Sequence
from typing import Final

from confluent_kafka import OFFSET_END, Consumer, KafkaError, KafkaException, TopicPartition

from datafly.log.base import EVENTS, Claimant
from datafly.log.kafka.failures import told
from datafly.log.kafka.place import MEMBER, Place
from datafly.observe.base import emit
from datafly.observe.log import LogGroupFailed

_POLL_SECONDS: Final = 0.1
_AFTER_FAILURE_SECONDS: Final = 1.0
_BUSY_SECONDS: Final = 30.0
"""For one change of its partitions. After as long again (`max.poll.interval.ms`) brokers give all of them to others."""
_JOINING: Final = "It has not joined those who share out the partitions yet."


class KafkaMembership:
    """Polled by a thread of its own, so that nothing a role waits for ends its membership.

    Partitions move one by one (cooperative): who keeps one works on while others move.
    """

    def __init__(self, place: Place, group: str, claimant: Claimant) -> None:
        self._group, self._claimant = f"{place.prefix}{group}", claimant
        self._consumer = Consumer({**MEMBER, **place.config(), "group.id": self._group})
        self._consumer.subscribe(
            [place.topic(EVENTS)], on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._lost
        )
        self._left = threading.Event()
        self._wrong: str | None = _JOINING
        self._looked = time.monotonic()
        self._thread = threading.Thread(target=self._poll, name=f"log-group-{group}", daemon=True)
        self._thread.start()

    def trouble(self) -> str | None:
        """Also where what is done when partitions come and go does not come back."""
        busy = time.monotonic() - self._looked
        if busy > _BUSY_SECONDS:
            return (
                f"It has been giving up or taking partitions for {busy:.0f} s, and is shut out of them after a minute."
            )
        return self._wrong

    def close(self) -> None:
        self._left.set()
        self._thread.join()

    def _poll(self) -> None:
        while not self._left.is_set():
            self._looked = time.monotonic()
            if error := self._trouble():
                self._wrong = told(error, "Partitions cannot be shared out").message
                emit(LogGroupFailed(self._group, self._wrong))
                self._left.wait(_AFTER_FAILURE_SECONDS)
            else:
                self._wrong = None if self._consumer.memberid() else _JOINING
        self._consumer.close()

    def _trouble(self) -> KafkaError | None:
        """Calls are made from within."""
        try:
            message = self._consumer.poll(_POLL_SECONDS)
        except KafkaException as failure:
            refused: KafkaError = failure.args[0]
            return refused
        error = message.error() if message is not None else None
        return None if error is None or error.retriable() else error

    def _assigned(self, consumer: Consumer, given: list[TopicPartition]) -> None:
        """At the end, and paused at once: readers of our own read."""
        places = [TopicPartition(one.topic, one.partition, OFFSET_END) for one in given]
        consumer.incremental_assign(places)
        consumer.pause(places)
        self._claimant.assigned(_numbers(given))

    def _revoked(self, consumer: Consumer, taken: list[TopicPartition]) -> None:
        self._claimant.revoked(_numbers(taken))
        consumer.incremental_unassign(taken)

    def _lost(self, consumer: Consumer, taken: list[TopicPartition]) -> None:
        self._claimant.lost(_numbers(taken))
        consumer.incremental_unassign(taken)


def _numbers(partitions: Sequence[TopicPartition]) -> list[int]:
    return sorted(one.partition for one in partitions)
