"""What is over its age or size is deleted up to where nobody needs it, by us: brokers know no cursors."""

import time
from typing import Final

from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from datafly.log.base import Bounds, Retention
from datafly.log.kafka.failures import told
from datafly.log.kafka.place import Place
from datafly.log.kafka.questions import Questions
from datafly.log.kafka.reader import KafkaReader

_SECONDS: Final = 10.0
_SAMPLE: Final = 500


def retain(place: Place, topic: str, partition: int, retention: Retention, keep_from: int) -> list[tuple[int, int]]:
    """The range deleted, if any, first and last included."""
    questions = Questions(place)
    reader = KafkaReader(place, topic.removeprefix(place.prefix), partition, questions)
    try:
        bounds = reader.bounds()
        over = max(_over_age(reader, bounds, retention), _over_size(reader, bounds, retention))
    finally:
        reader.close()
        questions.close()
    begin = min(over, keep_from, bounds.head)
    if begin <= bounds.earliest:
        return []
    here = TopicPartition(topic, partition, begin)
    admin = AdminClient(place.config())  # kept by name: the answers die with it
    try:
        for deleted in admin.delete_records([here]).values():
            deleted.result(timeout=2 * _SECONDS)
    except KafkaException as failure:
        raise told(failure, f"{topic} cannot be shortened") from failure
    return [(bounds.earliest, begin - 1)]


def _over_age(reader: KafkaReader, bounds: Bounds, retention: Retention) -> int:
    """Where that which is young enough begins."""
    if retention.max_age_seconds is None:
        return bounds.earliest
    return reader.offset_at(int((time.time() - retention.max_age_seconds) * 1000))


def _over_size(reader: KafkaReader, bounds: Bounds, retention: Retention) -> int:
    """By the mean size of the oldest records and the newest: no broker tells a client what a stretch takes."""
    if retention.max_bytes is None:
        return bounds.earliest
    sample = reader.read(bounds.earliest, max_records=_SAMPLE)
    sample += reader.read(max(bounds.earliest, bounds.head - _SAMPLE), max_records=_SAMPLE)
    if not sample:
        return bounds.earliest
    mean = sum(len(record.value) + len(record.key) for record in sample) / len(sample)
    return max(bounds.earliest, bounds.head - int(retention.max_bytes / max(mean, 1)))
