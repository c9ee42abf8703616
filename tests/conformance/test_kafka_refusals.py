"""What is wrong with brokers, or with what they are asked for, stops a start with one sentence that says the cure."""

from uuid import uuid4

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from datafly.log.base import RAW
from datafly.log.kafka import KafkaLog, Place
from datafly.model.errors import OperatorError
from datafly.model.secret import Secret

pytestmark = pytest.mark.xdist_group("kafka")


def place(servers, **more):
    given = {"partitions": 2, "replication": 1, "min_insync": 1, **more}
    return Place(servers=servers, prefix=f"t{uuid4().hex}.", **given)


def as_poor(password):
    return {
        "security.protocol": "sasl_plaintext",
        "sasl.mechanism": "PLAIN",
        "sasl.username": "poor",
        "sasl.password": Secret(password),
    }


def with_topic(where, **config):
    """The topic of `raw` is there already."""
    topic = NewTopic(where.topic(RAW), num_partitions=2, replication_factor=1, config=config)
    admin = AdminClient(where.config())
    (made,) = admin.create_topics([topic], operation_timeout=10).values()
    made.result(timeout=20)
    return where


def test_a_wrong_password_is_told(own_kafka):
    with pytest.raises(OperatorError, match="the user, the password or the certificate is refused") as told:
        KafkaLog(place(own_kafka.guarded, client=as_poor("guessed-secret")))
    assert "guessed-secret" not in told.value.message


def test_missing_rights_are_told(own_kafka):
    with pytest.raises(OperatorError, match=r"signal\.raw cannot be made: the user lacks rights on the topics"):
        KafkaLog(Place(servers=own_kafka.guarded, prefix="signal.", replication=1, client=as_poor("poor-secret")))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda kafka: place(kafka, replication=9), "there are fewer brokers than DATAFLY_KAFKA_REPLICATION asks"),
        (
            lambda kafka: with_topic(place(kafka), **{"min.insync.replicas": "2"}),
            "has 1 copies of each partition and min.insync.replicas=2, so nothing can be written",
        ),
        (
            lambda kafka: with_topic(place(kafka), **{"cleanup.policy": "compact"}),
            "has cleanup.policy=compact: it must be delete",
        ),
        (lambda kafka: with_topic(place(kafka, partitions=3)), "have different numbers of partitions: .*raw 2,"),
    ],
)
def test_topics_that_cannot_serve_are_told(kafka, make, sentence):
    with pytest.raises(OperatorError, match=sentence):
        KafkaLog(make(kafka))
