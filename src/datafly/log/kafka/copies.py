"""Whether so many copies of each partition are alive as a record needs before it counts as durable."""

import contextlib
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, PartitionMetadata  # type: ignore[attr-defined]
from confluent_kafka.admin import ConfigResource as Resource  # type: ignore[attr-defined]

from datafly.log.kafka.failures import told
from datafly.log.kafka.place import Place
from datafly.model.errors import SignalError, Unavailable

_SECONDS: Final = 1.0
"""For each of two questions, while somebody waits: what is not told by then is not told."""
_UNCONFIRMED: Final = frozenset(
    {
        KafkaError._TIMED_OUT,  # noqa: SLF001 - as the library spells it
        KafkaError._MSG_TIMED_OUT,  # noqa: SLF001
        KafkaError.NOT_ENOUGH_REPLICAS,
        KafkaError.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
    }
)


class Shortage(msgspec.Struct, frozen=True):
    """`sentence`: without its full stop. `blocks`: nothing can be written there until it is mended."""

    sentence: str
    blocks: bool


def shortages(place: Place, topics: Sequence[str], *, seconds: float = _SECONDS) -> list[Shortage]:
    """What brokers show of it, the worst first. Empty also where they do not answer in time."""
    with contextlib.suppress(KafkaException, TimeoutError):
        admin = AdminClient(place.config())
        known = admin.list_topics(timeout=seconds).topics
        asked = _insync(admin, topics, seconds)
        found = [
            one
            for topic in topics
            if topic in known
            for one in _of_a_topic(topic, [*known[topic].partitions.values()], asked.get(topic, 1))
        ]
        return sorted(found, key=lambda one: not one.blocks)
    return []


def told_why(place: Place, topic: str, failure: KafkaException | KafkaError, doing: str) -> SignalError:
    """As `failures.told`; of what nobody confirmed in time the reason too, where brokers show it."""
    error: KafkaError = failure.args[0] if isinstance(failure, KafkaException) else failure
    if error.code() in _UNCONFIRMED:
        for one in shortages(place, [topic]):
            if one.blocks:
                return Unavailable(f"{doing} now: {one.sentence}.")
    return told(failure, doing)


def _insync(admin: AdminClient, topics: Sequence[str], seconds: float) -> Mapping[str, int]:
    """Of topics that one may look at: how many copies must have a record."""
    resources = [Resource(Resource.Type.TOPIC, topic) for topic in topics]
    found = {}
    for resource, answer in admin.describe_configs(resources, request_timeout=seconds).items():
        with contextlib.suppress(KafkaException, TimeoutError, KeyError):
            found[resource.name] = int(answer.result(timeout=2 * seconds)["min.insync.replicas"].value)
    return found


def _of_a_topic(topic: str, partitions: Sequence[PartitionMetadata], insync: int) -> list[Shortage]:
    unled = sum(one.leader < 0 for one in partitions)
    short = sum(one.leader >= 0 and len(one.isrs) < insync for one in partitions)
    behind = sum(len(one.isrs) < len(one.replicas) for one in partitions)
    of = f"of {len(partitions)} partitions of {topic} have"
    found = []
    if unled:
        found.append(Shortage(f"{unled} {of} no leader, because the brokers with their copies are away", blocks=True))
    if short:
        said = f"{short} {of} fewer live copies than min.insync.replicas asks for ({insync}), because brokers are away"
        found.append(Shortage(said, blocks=True))
    if behind and not found:
        found.append(Shortage(f"{behind} {of} a copy that is away or behind", blocks=False))
    return found
