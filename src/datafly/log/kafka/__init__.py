"""The log on Apache Kafka, or whatever speaks its protocol."""

from datafly.log.kafka.log import KafkaLog
from datafly.log.kafka.place import Place

__all__ = ["KafkaLog", "Place"]
