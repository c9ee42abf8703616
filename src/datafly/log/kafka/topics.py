"""The topics: made where they are not there, looked at where they are."""

import time
from collections.abc import Sequence
from typing import Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin import ConfigResource as Resource  # type: ignore[attr-defined]
from confluent_kafka.cimpl import NewTopic

from datafly.log.kafka.failures import told
from datafly.log.kafka.place import MAX_MESSAGE_BYTES, Place
from datafly.model.errors import OperatorError, Unavailable

_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 0.05


def ensure(place: Place, streams: Sequence[str]) -> dict[str, int]:
    """Stream → its number of partitions. Raises `OperatorError`, or `Unavailable` where no broker answers.

    Nothing is deleted by age or size of the brokers' own: a cursor may need it (`Appender.retain` deletes).
    """
    admin = AdminClient(place.config())
    there = _partitions(admin)
    missing = [stream for stream in streams if place.topic(stream) not in there]
    if missing:
        _create(admin, place, missing)
        there = _once_led(admin, [place.topic(stream) for stream in streams])
    _require_durable(admin, place, streams)
    return {stream: there[place.topic(stream)] for stream in streams}


def _partitions(admin: AdminClient) -> dict[str, int]:
    """Topic → its number of partitions, of those whose partitions all have a leader."""
    try:
        topics = admin.list_topics(timeout=_SECONDS).topics
    except KafkaException as failure:
        raise told(failure, "The log's brokers cannot be reached") from failure
    return {
        name: len(topic.partitions)
        for name, topic in topics.items()
        if not topic.error and all(partition.leader >= 0 for partition in topic.partitions.values())
    }


def _once_led(admin: AdminClient, names: Sequence[str]) -> dict[str, int]:
    """Brokers hear of a new topic one after another."""
    ends = time.monotonic() + _SECONDS
    while not {*names} <= (there := _partitions(admin)).keys():
        if time.monotonic() > ends:
            raise Unavailable("The log's topics were made, but no broker leads them yet.")
        time.sleep(_LOOK_SECONDS)
    return there


def _create(admin: AdminClient, place: Place, streams: Sequence[str]) -> None:
    config = {
        "min.insync.replicas": str(min(place.min_insync, place.replication)),
        "retention.ms": "-1",
        "retention.bytes": "-1",
        "cleanup.policy": "delete",
        "message.timestamp.type": "LogAppendTime",
        "max.message.bytes": str(MAX_MESSAGE_BYTES),
        "unclean.leader.election.enable": "false",
    }
    wanted = [
        NewTopic(
            place.topic(stream),
            num_partitions=place.partitions,
            replication_factor=place.replication,
            config=config,
        )
        for stream in streams
    ]
    for topic, made in admin.create_topics(wanted, operation_timeout=_SECONDS).items():
        try:
            made.result(timeout=2 * _SECONDS)
        except KafkaException as failure:
            if failure.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:  # another process was faster
                raise told(failure, f"The topic {topic} cannot be made") from failure
        except TimeoutError as error:
            raise Unavailable(f"The topic {topic} cannot be made now: no broker answered.") from error


def _require_durable(admin: AdminClient, place: Place, streams: Sequence[str]) -> None:
    """A topic that forgets by itself would take events from cursors that need them."""
    wanted = [Resource(Resource.Type.TOPIC, place.topic(stream)) for stream in streams]
    for resource, found in admin.describe_configs(wanted, request_timeout=_SECONDS).items():
        try:
            config = found.result(timeout=2 * _SECONDS)
        except (KafkaException, TimeoutError):
            continue  # not everybody may look at configurations, and not every broker tells
        policy = config["cleanup.policy"].value if "cleanup.policy" in config else "delete"
        if policy != "delete":
            raise OperatorError(
                f"The topic {resource.name} has cleanup.policy={policy}, which forgets events: set it to delete."
            )
