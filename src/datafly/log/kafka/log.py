"""The log over Kafka's protocol."""

from datafly.log.base import EVENTS, RAW, Appender, Reader
from datafly.log.kafka import topics
from datafly.log.kafka.appender import OwnedAppender, SharedAppender
from datafly.log.kafka.place import Place
from datafly.log.kafka.reader import KafkaReader
from datafly.log.kafka.spread import KafkaSpread
from datafly.model.errors import OperatorError


class KafkaLog:
    """`raw` has any number of writers, `events` one for each partition.

    Raises `OperatorError` where the topics cannot be as they must, `Unavailable` where no broker answers.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._partitions = topics.ensure(place, (RAW, EVENTS))
        if self._partitions[RAW] != self._partitions[EVENTS]:
            raise OperatorError(
                f"The topics {place.topic(RAW)} and {place.topic(EVENTS)} have {self._partitions[RAW]} and "
                f"{self._partitions[EVENTS]} partitions: they must have as many, since a person has one place in both."
            )

    def partitions(self, stream: str) -> int:
        return self._partitions[stream]

    def appender(self, stream: str, partition: int) -> Appender:
        kind = SharedAppender if stream == RAW else OwnedAppender
        return kind(self._place, stream, partition)

    def reader(self, stream: str, partition: int) -> Reader:
        return KafkaReader(self._place, stream, partition)

    def spread(self, stream: str) -> KafkaSpread:
        """Writes all partitions of a stream that has any number of writers."""
        return KafkaSpread(self._place, stream, self._partitions[stream])
