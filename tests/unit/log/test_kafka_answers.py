"""What the brokers' client leaves open, or refuses for one partition, is never taken for an answer."""

from types import SimpleNamespace

import pytest
from confluent_kafka import KafkaError, KafkaException

from datafly.log.base import Entry
from datafly.log.kafka import appender
from datafly.log.kafka.failures import once_settled, sound, told
from datafly.model.errors import Unavailable


class Silent:
    """A producer that never says what became of what it was given."""

    def produce(self, topic, **given):
        pass

    def poll(self, seconds):
        return 0


def test_records_that_nobody_says_anything_of_are_no_success(monkeypatch):
    monkeypatch.setattr(appender, "_SETTLED_SECONDS", 0.01)
    sending = appender.send(Silent(), "raw", 0, [Entry("a", b"1"), Entry("b", b"2")])
    assert sending.left == 2
    assert isinstance(told(sending.error, "raw cannot be written"), Unavailable)


def test_an_answer_that_is_refused_for_its_partition_is_no_answer():
    refused = KafkaError(KafkaError.COORDINATOR_LOAD_IN_PROGRESS)
    with pytest.raises(KafkaException) as raised:
        sound(SimpleNamespace(error=refused, offset=-1001))
    assert raised.value.args[0] is refused
    good = SimpleNamespace(error=None, offset=5)
    assert sound(good) is good


def test_an_answer_that_was_under_way_when_its_broker_left_is_asked_for_again():
    answers = [KafkaException(KafkaError(KafkaError._DESTROY_BROKER)), "bounds"]

    def ask():
        answer = answers.pop(0)
        if isinstance(answer, KafkaException):
            raise answer
        return answer

    assert once_settled(ask) == "bounds"
