"""What is wrong with brokers, or with what they are asked for, stops a start with one sentence that says the cure."""

import contextlib
import re
import time
from concurrent.futures import Future
from uuid import uuid4

import msgspec
import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourcePatternType,
    ResourceType,
)
from confluent_kafka.cimpl import NewTopic

from datafly.log.base import EVENTS, RAW, Entry, Retention
from datafly.log.kafka import KafkaLog, Place, topics
from datafly.log.kafka.copies import told_why
from datafly.log.kafka.spread import KafkaSpread
from datafly.log.kafka.topics import silent
from datafly.model.errors import OperatorError, Unavailable
from datafly.model.secret import Secret
from datafly.runtime.checkup import log as checkup
from datafly.runtime.checkup.finding import Ground, Level
from datafly.settings import Settings

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


def require_copies(where, count):
    """Of each record in `raw`, from soon on: a broker takes the change over a moment after it is told."""
    change = ConfigEntry("min.insync.replicas", str(count), incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ConfigResource.Type.TOPIC, where.topic(RAW), incremental_configs=[change])
    admin = AdminClient(where.config())
    (changed,) = admin.incremental_alter_configs([resource]).values()
    changed.result(timeout=20)


def examined(where, folder):
    url = f"kafka://{where.servers}"
    copies = {"kafka_replication": where.replication, "kafka_min_insync": where.min_insync}
    settings = Settings(data_dir=folder, log_url=url, kafka_prefix=where.prefix, **copies)
    return [one.sentence for one in checkup.check(Ground(settings)) if one.level is Level.FAIL]


def test_too_few_live_copies_are_told_to_whoever_writes_and_by_the_doctor_until_there_are_enough(kafka, tmp_path):
    """As when brokers were lost: what must be there of each record is set to more than is."""
    where = place(kafka)
    KafkaLog(where)
    assert examined(where, tmp_path) == []
    require_copies(where, 2)
    why = f"2 of 2 partitions of {where.topic(RAW)} have fewer live copies than min.insync.replicas asks for (2)"
    spread = KafkaSpread(where, RAW, 2, patience=0.5)
    refused = once_heard(lambda: spread.send([(0, Entry("k", b"v"))])[0])
    assert isinstance(refused, Unavailable)
    assert f"cannot be written now: {why}" in refused.message
    late = KafkaError(KafkaError._MSG_TIMED_OUT)
    assert why in told_why(where, where.topic(RAW), late, "It cannot be written").message
    assert [why in one for one in examined(where, tmp_path)] == [True]
    require_copies(where, 1)
    patient = KafkaSpread(where, RAW, 2, patience=60)
    assert patient.send([(0, Entry("k", b"v"))]) == [None]
    assert examined(where, tmp_path) == []
    patient.close()


def test_topics_are_asked_for_again_where_the_client_has_let_go_of_the_broker_that_it_asked(kafka, monkeypatch):
    """As in the moment in which it learns how many brokers there are."""
    gone = [KafkaException(KafkaError(KafkaError._DESTROY_BROKER))]

    class Forgetful(AdminClient):
        def create_topics(self, wanted, **more):
            if not gone:
                return super().create_topics(wanted, **more)
            answer = Future()
            answer.set_exception(gone.pop())
            return {one.topic: answer for one in wanted}

    monkeypatch.setattr(topics, "AdminClient", Forgetful)
    assert KafkaLog(place(kafka)).partitions(RAW) == 2
    assert gone == []


def test_partitions_of_which_no_broker_tells_where_they_end_are_found(kafka):
    """As those are whose leader is away while most brokers are: the others tell of it from before."""
    where = place(kafka)
    KafkaLog(where)
    assert silent(where, RAW, range(2), seconds=60) == []
    assert silent(where, RAW, range(2, 4), seconds=0.5) == [2, 3]


RIGHTS = [
    (ResourceType.TOPIC, ("READ", "WRITE", "DESCRIBE", "CREATE", "DELETE", "DESCRIBE_CONFIGS")),
    (ResourceType.GROUP, ("READ", "DESCRIBE")),
    (ResourceType.TRANSACTIONAL_ID, ("WRITE", "DESCRIBE")),
]
"""What decision 0195 says a user needs, for names that begin with the prefix."""


def allowing(where, kind, operation, permission=AclPermissionType.ALLOW):
    pattern = ResourcePatternType.PREFIXED
    return AclBinding(kind, where.prefix, pattern, "User:poor", "*", AclOperation[operation], permission)


@pytest.fixture(scope="module")
def granted(own_kafka):
    """A log as one sees it who may do all, and as a user does who has the rights that are told, and no more."""
    where = place(own_kafka.guarded, client=as_poor("poor-secret"))
    admin = AdminClient({"bootstrap.servers": own_kafka.addresses})
    wanted = [allowing(where, kind, operation) for kind, operations in RIGHTS for operation in operations]
    for made in admin.create_acls(wanted).values():
        made.result(timeout=20)
    plain = KafkaLog(msgspec.structs.replace(where, servers=own_kafka.addresses, client={}))
    return where, plain, KafkaLog(where), admin


@contextlib.contextmanager
def without(granted, kind, operation):
    where, _, _, admin = granted
    denied = allowing(where, kind, operation, AclPermissionType.DENY)
    for made in admin.create_acls([denied]).values():
        made.result(timeout=20)
    try:
        yield
    finally:
        like = AclBindingFilter(
            kind, where.prefix, denied.resource_pattern_type, "User:poor", "*", denied.operation, denied.permission_type
        )
        for gone in admin.delete_acls([like]).values():
            gone.result(timeout=20)


def written(log):
    spread = KafkaSpread(log._place, RAW, log.partitions(RAW), patience=60)
    (outcome,) = spread.send([(0, Entry("k", b"v"))])
    if outcome is not None:
        raise outcome


def read(log):
    return log.reader(RAW, 0).read(0, max_records=1)


def owned(log):
    log.appender(EVENTS, 0).append([Entry("k", b"v")], consumed=1)


def forgotten(log):
    log.appender(RAW, 0).retain(Retention(max_bytes=1), keep_from=10_000)


class Nobody:
    def assigned(self, _partitions):
        pass

    revoked = lost = assigned


def joined(log):
    """What a role says of itself where it has no part in sharing out partitions."""
    membership = log.join("work", Nobody())
    try:
        ends = time.monotonic() + 60
        while time.monotonic() < ends and (membership.trouble() or "").startswith("It has not joined"):
            time.sleep(0.02)
        if said := membership.trouble():
            raise OperatorError(said)
    finally:
        membership.close()


WAYS = [written, read, owned, forgotten, joined]


def once_heard(look):
    """Brokers hear of what is changed one after another."""
    ends = time.monotonic() + 60
    while (found := look()) is None:
        assert time.monotonic() < ends, "the brokers do not hear of it"
    return found


def refusal(way, log):
    """None where it does its work."""
    try:
        way(log)
    except OperatorError as told:
        return told.message
    return None


def test_with_the_rights_that_are_told_all_work_can_be_done(granted):
    _, plain, log, _ = granted
    written(plain)
    for way in WAYS:
        once_heard(lambda way=way: True if refusal(way, log) is None else None)


@pytest.mark.parametrize(
    ("kind", "operation", "way", "sentence"),
    [
        (
            ResourceType.TOPIC,
            "WRITE",
            written,
            r"raw cannot be written: the user lacks (rights on|the right to write to) the",
        ),
        (ResourceType.TOPIC, "READ", read, r"raw cannot be read: the user lacks rights on the topics"),
        (ResourceType.TOPIC, "DELETE", forgotten, r"raw cannot be shortened: the user lacks rights on the topics"),
        (ResourceType.TRANSACTIONAL_ID, "WRITE", owned, r"events cannot be written: the user lacks rights on transact"),
        (ResourceType.GROUP, "READ", joined, r"Partitions cannot be shared out: the user lacks rights on the groups"),
    ],
    ids=lambda one: getattr(one, "__name__", None) or getattr(one, "name", None),
)
def test_each_right_that_is_missing_is_told_by_whoever_needs_it(granted, kind, operation, way, sentence):
    _, plain, log, _ = granted
    written(plain)
    with without(granted, kind, operation):
        said = once_heard(lambda: refusal(way, log))
    assert re.search(sentence, said)
    assert "\n" not in said
