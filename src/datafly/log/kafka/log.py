"""The log over Kafka's protocol."""

from typing import Final

from datafly.log.base import EVENTS, RAW, STATE, Appender, Claimant, Membership, Reader
from datafly.log.kafka import topics
from datafly.log.kafka.appender import OwnedAppender, SharedAppender
from datafly.log.kafka.asker import Asker
from datafly.log.kafka.membership import KafkaMembership
from datafly.log.kafka.place import Place
from datafly.log.kafka.reader import KafkaReader
from datafly.log.kafka.spread import KafkaSpread
from datafly.model.errors import OperatorError

_POLICIES: Final = {RAW: "delete", EVENTS: "delete", STATE: "compact"}


class KafkaLog:
    """`raw` has any number of writers, `events` and `state` one for each partition.

    Raises `OperatorError` where the topics cannot be as they must, `Unavailable` where no broker answers.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._asker = Asker.aside(place)
        self._partitions = topics.ensure(place, _POLICIES)
        if len({*self._partitions.values()}) > 1:
            found = ", ".join(f"{place.topic(stream)} {count}" for stream, count in self._partitions.items())
            raise OperatorError(
                f"These topics have different numbers of partitions: {found}. They must have as many, since a person "
                "has one place in all of them."
            )

    def id(self) -> str:
        """Of no other log: the cluster's id and the prefix. Raises `Unavailable`."""
        return f"{topics.cluster_id(self._place)}/{self._place.prefix}"

    def partitions(self, stream: str) -> int:
        return self._partitions.get(stream, 0)

    def join(self, group: str, claimant: Claimant) -> Membership:
        return KafkaMembership(self._place, group, claimant)

    def appender(self, stream: str, partition: int) -> Appender:
        kind = SharedAppender if stream == RAW else OwnedAppender
        return kind(self._place, stream, partition)

    def reader(self, stream: str, partition: int) -> Reader:
        return KafkaReader(self._place, stream, partition, self._asker)

    def spread(self, stream: str) -> KafkaSpread:
        """Writes all partitions of a stream that has any number of writers."""
        return KafkaSpread(self._place, stream, self._partitions[stream])
