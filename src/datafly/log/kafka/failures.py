"""What a broker's refusal means, in words."""

import time
from collections.abc import Callable
from typing import Final, TypeVar

from confluent_kafka import KafkaError, KafkaException, TopicPartition

from datafly.model.errors import OperatorError, SignalError, Unavailable

_CURES: Final[dict[int, str]] = {
    KafkaError.SASL_AUTHENTICATION_FAILED: "the user or the password is wrong (DATAFLY_KAFKA_USER, …_PASSWORD)",
    KafkaError._AUTHENTICATION: "the user, the password or the certificate is refused (DATAFLY_KAFKA_…)",  # noqa: SLF001
    KafkaError._SSL: "the connection cannot be secured (DATAFLY_KAFKA_SECURITY, …_CA_FILE)",  # noqa: SLF001
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "the user lacks rights on the topics: read, write, create, describe, delete",
    KafkaError.GROUP_AUTHORIZATION_FAILED: "the user lacks rights on the groups: read, describe",
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: "the user lacks the right to write to the topics, or, before Kafka 3.0, "
    "to write idempotently on the cluster",
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED: "the user lacks rights on transactional ids: write, describe",
    KafkaError.INVALID_REPLICATION_FACTOR: "there are fewer brokers than DATAFLY_KAFKA_REPLICATION asks copies for",
    KafkaError.POLICY_VIOLATION: "a policy of the brokers refuses the topics",
    KafkaError._INVALID_ARG: "a property of the client is wrong",  # noqa: SLF001
}
_HINTS: Final[dict[int, str]] = {
    KafkaError.KAFKA_STORAGE_ERROR: "a broker cannot use its disk, which may be full; its own log says more. ",
}
FENCED: Final = "FENCED"
_FENCED: Final = frozenset(
    {KafkaError._FENCED, KafkaError.PRODUCER_FENCED, KafkaError.INVALID_PRODUCER_EPOCH}  # noqa: SLF001
)


_MOVING: Final = frozenset(
    {
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError.FENCED_LEADER_EPOCH,
        KafkaError.OFFSET_NOT_AVAILABLE,
        KafkaError.NOT_COORDINATOR,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.UNSTABLE_OFFSET_COMMIT,
        KafkaError._DESTROY_BROKER,  # noqa: SLF001 - how the library spells it
    }
)
"""While a partition or a group changes its leader, until every broker has heard of a topic, and when one leaves."""
_MOVING_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 0.05

T = TypeVar("T")


def sound(found: TopicPartition) -> TopicPartition:
    """The answer for one partition, which may be a refusal of its own. Raises `KafkaException`."""
    if found.error is not None:
        raise KafkaException(found.error)
    return found


def once_settled(call: Callable[[], T]) -> T:
    """What the call returns, made again while the partition is changing its leader. Raises `KafkaException`."""
    ends = time.monotonic() + _MOVING_SECONDS
    while True:
        try:
            return call()
        except KafkaException as failure:
            if failure.args[0].code() not in _MOVING or time.monotonic() > ends:
                raise
        time.sleep(_LOOK_SECONDS)


def told(failure: KafkaException | KafkaError, doing: str) -> SignalError:
    """An `OperatorError` where somebody must change the set-up, else `Unavailable`. `doing`: `"Kafka cannot …"`."""
    error: KafkaError = failure.args[0] if isinstance(failure, KafkaException) else failure
    if error.code() in _FENCED:
        return OperatorError(f"{doing}: another process has taken this partition over.", code=FENCED)
    if cure := _CURES.get(error.code()):
        return OperatorError(f"{doing}: {cure} ({error.str()}).")
    hint = _HINTS.get(error.code(), "")
    return Unavailable(f"{doing} now: {hint}{error.str()}.")
