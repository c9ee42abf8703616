"""What is asked about a partition, beside those who read: a consumer that has fetched all there is keeps a fetch open
for a tenth of a second, and a broker answers what else comes on that connection after it.
"""

from functools import partial
from typing import Final

from confluent_kafka import Consumer, KafkaException, TopicPartition

from datafly.log.base import Bounds
from datafly.log.kafka.consuming import Consuming
from datafly.log.kafka.failures import once_settled, sound, told
from datafly.log.kafka.place import Place

_SECONDS: Final = 10.0


class Questions:
    """Of any topic of the place, from any thread."""

    def __init__(self, place: Place) -> None:
        self._consuming = Consuming(place)

    def bounds(self, topic: str, partition: int) -> Bounds:
        return bounds_by(self._asked(), topic, partition)

    def offset_at(self, topic: str, partition: int, at_ms: int) -> int:
        """-1 where nothing was appended then or later."""
        then = TopicPartition(topic, partition, at_ms)
        asked = self._asked()
        try:
            return int(once_settled(lambda: sound(*asked.offsets_for_times([then], timeout=_SECONDS))).offset)
        except KafkaException as failure:
            raise told(failure, f"{topic} cannot be read") from failure

    def close(self) -> None:
        self._consuming.close()

    def _asked(self) -> Consumer:
        """Held while it is made; it answers several at once."""
        with self._consuming.turn() as consumer:
            return consumer


def bounds_by(consumer: Consumer, topic: str, partition: int) -> Bounds:
    """Where it reads the partition that it asks about, and waits for more, it is answered when that comes."""
    here = TopicPartition(topic, partition)
    try:
        earliest, head = once_settled(partial(consumer.get_watermark_offsets, here, timeout=_SECONDS))
    except KafkaException as failure:
        raise told(failure, f"{topic} cannot be read") from failure
    return Bounds(earliest, head)
