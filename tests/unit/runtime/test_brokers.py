"""The settings of the brokers become those of the client, or one sentence."""

from pathlib import Path

import msgspec
import pytest

from datafly.log.kafka import topics
from datafly.model.errors import SignalError
from datafly.model.secret import Secret
from datafly.runtime.brokers import place_of
from datafly.runtime.compose import open_log
from datafly.settings import Settings

URL = "kafka://a:9092,b:9093/"


def test_brokers_copies_and_log_in_are_as_set():
    settings = Settings(
        log_url=URL,
        kafka_partitions=7,
        kafka_replication=1,
        kafka_security="sasl_ssl",
        kafka_mechanism="SCRAM-SHA-512",
        kafka_user="signal",
        kafka_password=Secret("hunter2"),
        kafka_properties=Secret("client.rack=a; ssl.key.password=x=y"),
    )
    place = place_of(settings)
    assert (place.servers, place.topic("raw")) == ("a:9092,b:9093", "signal.raw")
    assert (place.partitions, place.replication, place.min_insync) == (7, 1, 2)
    assert "hunter2" not in repr(place)
    config = place.config()
    assert {name: config[name] for name in place.client} == {
        "security.protocol": "sasl_ssl",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "signal",
        "sasl.password": "hunter2",
        "client.rack": "a",
        "ssl.key.password": "x=y",
    }


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"kafka_security": "sasl_ssl", "kafka_user": "signal"}, "kafka_user and kafka_password must be set too"),
        ({"kafka_ca_file": Path("absent.pem")}, "absent.pem cannot be read: it shall be the ssl.ca.location"),
        ({"kafka_properties": Secret("client.rack")}, "must be NAME=VALUE"),
        ({"kafka_properties": Secret("no.such=1")}, "No such configuration property"),
        ({"log_url": "kafka://127.0.0.1:1"}, "127.0.0.1:1 cannot be reached"),
    ],
)
def test_what_does_not_fit_stops_with_one_sentence(monkeypatch, wrong, sentence):
    monkeypatch.setattr(topics, "_SECONDS", 0.2)
    with pytest.raises(SignalError, match=sentence):
        open_log(msgspec.structs.replace(Settings(log_url=URL), **wrong))
