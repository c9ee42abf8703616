"""The topics: made where they are not there, looked at where they are."""

import time
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin import ConfigResource as Resource  # type: ignore[attr-defined]
from confluent_kafka.admin import OffsetSpec as Spec  # type: ignore[attr-defined]
from confluent_kafka.cimpl import NewTopic

from datafly.log.kafka.failures import once_settled, told
from datafly.log.kafka.place import MAX_MESSAGE_BYTES, Place
from datafly.model.errors import OperatorError, Unavailable

_SECONDS: Final = 10.0
_SHORT_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 0.05
_COMPACTED: Final = {"segment.bytes": "67108864", "min.cleanable.dirty.ratio": "0.2"}
"""Whoever takes a partition over reads all of it, so little shall lie there that is not the newest any more: a
gigabyte would, as brokers come."""


def cluster_id(place: Place) -> str:
    """What the brokers call themselves together. Raises `Unavailable`."""
    try:
        found: str | None = AdminClient(place.config()).list_topics(timeout=_SECONDS).cluster_id
    except KafkaException as failure:
        raise told(failure, "The log's brokers cannot be reached") from failure
    return found or place.servers


def ensure(place: Place, policies: Mapping[str, str]) -> dict[str, int]:
    """Stream → its number of partitions. `policies`: stream → what its topic forgets by, `cleanup.policy`.

    Nothing is deleted by age or size of the brokers' own: a cursor may need it (`Appender.retain` deletes). Raises
    `OperatorError`, or `Unavailable` where no broker answers.
    """
    heard: list[KafkaError] = []
    admin = _client(place, heard)
    there = _first_look(admin, place, heard)
    missing = {stream: policy for stream, policy in policies.items() if place.topic(stream) not in there}
    if missing:
        _create(admin, place, missing)
        there = _once_led(admin, [place.topic(stream) for stream in policies])
    _require_durable(admin, place, policies, there)
    return {stream: len(there[place.topic(stream)]) for stream in policies}


def look(place: Place, streams: Sequence[str]) -> dict[str, dict[int, int]]:
    """Stream whose topic is there → partition → its number of copies. Makes nothing. Raises as `ensure`."""
    heard: list[KafkaError] = []
    there = _first_look(_client(place, heard), place, heard)
    return {stream: there[place.topic(stream)] for stream in streams if place.topic(stream) in there}


def silent(place: Place, stream: str, partitions: Iterable[int], *, seconds: float) -> list[int]:
    """Those of which nobody tells where they end. Brokers of which most are away tell of leaders from before."""
    admin = AdminClient(place.config())  # kept by name: the answers die with it
    end = Spec.latest()  # type: ignore[no-untyped-call]
    left, ends = {*partitions}, time.monotonic() + seconds
    while left and (remaining := ends - time.monotonic()) > 0:
        asked = [{TopicPartition(place.topic(stream), number): end} for number in left]  # one holds up no other
        answers = [admin.list_offsets(one, request_timeout=max(remaining, _SHORT_SECONDS)) for one in asked]
        for where, answer in (pair for one in answers for pair in one.items()):
            if answer.exception() is None and answer.result().offset >= 0:  # the library has no error for no answer
                left.discard(where.partition)
        time.sleep(_LOOK_SECONDS if left else 0.0)
    return sorted(left)


def _client(place: Place, heard: list[KafkaError]) -> AdminClient:
    config: dict[str, Any] = {**place.config(), "error_cb": heard.append}
    try:
        return AdminClient(config)
    except KafkaException as failure:
        raise told(failure, "The log's brokers cannot be spoken to") from failure


Led = dict[str, dict[int, int]]
"""Topic → partition → its number of copies."""


def _first_look(admin: AdminClient, place: Place, heard: list[KafkaError]) -> Led:
    """A client that is refused tries on, and tells why beside."""
    ends = time.monotonic() + _SECONDS
    while True:
        try:
            return _led(admin, _SHORT_SECONDS)
        except KafkaException as failure:
            admin.poll(0)
            doing = f"The brokers at {place.servers} cannot be reached"
            why = [error for error in reversed(heard) if error.code() != KafkaError._ALL_BROKERS_DOWN]  # noqa: SLF001
            reasons = [told(error, doing) for error in (*why, failure.args[0])]
            refused = [reason for reason in reasons if isinstance(reason, OperatorError)]
            if refused or time.monotonic() > ends:
                raise [*refused, *reasons][0] from failure


def _led(admin: AdminClient, seconds: float) -> Led:
    """The topics whose partitions all have a leader. Raises `KafkaException`."""
    return {
        name: {number: len(partition.replicas) for number, partition in topic.partitions.items()}
        for name, topic in admin.list_topics(timeout=seconds).topics.items()
        if not topic.error and all(partition.leader >= 0 for partition in topic.partitions.values())
    }


def _once_led(admin: AdminClient, names: Sequence[str]) -> Led:
    """Brokers hear of a new topic one after another."""
    ends = time.monotonic() + _SECONDS
    while not {*names} <= (there := _led(admin, _SECONDS)).keys():
        if time.monotonic() > ends:
            raise Unavailable("Not all partitions of the log's topics have a leader among the brokers yet.")
        time.sleep(_LOOK_SECONDS)
    return there


def _create(admin: AdminClient, place: Place, policies: Mapping[str, str]) -> None:
    for stream, policy in policies.items():
        topic, config = place.topic(stream), _config(place, policy)
        wanted = NewTopic(topic, num_partitions=place.partitions, replication_factor=place.replication, config=config)
        try:
            once_settled(partial(_make, admin, wanted))
        except KafkaException as failure:
            raise told(failure, f"The topic {topic} cannot be made") from failure
        except TimeoutError as error:
            raise Unavailable(f"The topic {topic} cannot be made now: no broker answered.") from error


def _make(admin: AdminClient, wanted: NewTopic) -> None:
    (made,) = admin.create_topics([wanted], operation_timeout=_SECONDS).values()
    try:
        made.result(timeout=2 * _SECONDS)
    except KafkaException as failure:
        if failure.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:  # another process was faster
            raise


def _config(place: Place, policy: str) -> dict[str, str]:
    return {
        "min.insync.replicas": str(min(place.min_insync, place.replication)),
        "retention.ms": "-1",
        "retention.bytes": "-1",
        "cleanup.policy": policy,
        "message.timestamp.type": "LogAppendTime",
        "max.message.bytes": str(MAX_MESSAGE_BYTES),
        "unclean.leader.election.enable": "false",
        **(_COMPACTED if policy == "compact" else {}),
    }


def _require_durable(admin: AdminClient, place: Place, policies: Mapping[str, str], there: Led) -> None:
    """A topic that forgets by itself would take events from cursors that need them."""
    wanted = {place.topic(stream): policy for stream, policy in policies.items()}
    resources = [Resource(Resource.Type.TOPIC, topic) for topic in wanted]
    for resource, found in admin.describe_configs(resources, request_timeout=_SECONDS).items():
        try:
            config = {name: entry.value for name, entry in found.result(timeout=2 * _SECONDS).items()}
        except (KafkaException, TimeoutError):
            continue  # not everybody may look at configurations, and not every broker tells
        topic = resource.name
        policy, insync = config.get("cleanup.policy") or wanted[topic], int(config.get("min.insync.replicas") or 1)
        if policy != wanted[topic]:
            raise OperatorError(f"The topic {topic} has cleanup.policy={policy}: it must be {wanted[topic]}.")
        if insync > (copies := min(there[topic].values())):
            raise OperatorError(
                f"The topic {topic} has {copies} copies of each partition and min.insync.replicas={insync}, so nothing "
                "can be written to it: give it more copies, or set that lower."
            )
