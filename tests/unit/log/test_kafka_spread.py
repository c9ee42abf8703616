"""One producer for all partitions, at a real broker."""

import os
import socket
import time
from uuid import uuid4

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from datafly.log.base import RAW, Entry, partition_of
from datafly.log.kafka import KafkaLog, Place
from datafly.log.kafka.spread import KafkaSpread
from datafly.model.errors import Invalid, Unavailable
from datafly.observe import add_sink
from datafly.observe.log import LogClockApart

PARTITIONS = 3


@pytest.fixture
def place(kafka):
    return Place(servers=kafka, prefix=f"t{uuid4().hex}.", partitions=PARTITIONS, replication=1, min_insync=1)


def placed(*values):
    """Each value is its own key."""
    return [(partition_of(value, PARTITIONS), Entry(value, value.encode())) for value in values]


def test_each_record_is_durable_in_its_partition_in_the_order_in_which_it_was_sent(place):
    log = KafkaLog(place)
    spread = log.spread(RAW)
    words = [str(number) for number in range(200)]
    assert spread.send(placed(*words[:100])) + spread.send(placed(*words[100:])) == [None] * 200
    for partition in range(PARTITIONS):
        reader = log.reader(RAW, partition)
        read = [record.key for record in reader.read(0, max_records=1_000)]
        assert read == [word for word in words if partition_of(word, PARTITIONS) == partition]
        reader.close()
    spread.close()


def test_what_is_too_large_for_the_topic_is_refused_and_the_next_is_taken(place):
    topic = NewTopic(place.topic(RAW), num_partitions=PARTITIONS, config={"max.message.bytes": "2000"})
    admin = AdminClient(place.config())  # kept by name: the answers die with it
    for made in admin.create_topics([topic]).values():
        made.result()
    spread = KafkaLog(place).spread(RAW)
    (outcome,) = spread.send([(0, Entry("k", os.urandom(20_000)))])
    assert isinstance(outcome, Invalid)
    assert spread.send([(0, Entry("k", b"small"))]) == [None]
    spread.close()


def test_where_no_broker_answers_each_record_is_told_to_come_again():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    spread = KafkaSpread(Place(servers=f"127.0.0.1:{port}"), RAW, PARTITIONS, patience=0.2)
    assert [type(one) for one in spread.send(placed("a", "b"))] == [Unavailable, Unavailable]


@pytest.mark.parametrize(("hours", "words"), [(-3, "behind that of the brokers"), (3, "ahead of that"), (0, "")])
def test_a_clock_that_is_not_that_of_the_brokers_is_told_once_with_what_to_do(place, hours, words):
    KafkaLog(place)
    told = []
    forget = add_sink(lambda event: told.append(event) if isinstance(event, LogClockApart) else None)
    spread = KafkaSpread(
        place, RAW, PARTITIONS, now_ms=lambda: time.time_ns() // 1_000_000 + hours * 3_600_000, patience=60
    )
    assert spread.send(placed("a", "b")) + spread.send(placed("c")) == [None] * 3
    spread.close()
    forget()
    assert [round(one.seconds / 3_600) for one in told] == ([hours] if hours else [])
    assert all(words in one.reason and "NTP" in one.reason for one in told)
