"""Every backend of the log keeps the promises of `log.base`."""

import threading
import time
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, KafkaError, Message, Producer

from datafly.log.base import EVENTS, RAW, Entry
from datafly.log.kafka import appender, consuming, membership
from datafly.model.errors import OperatorError, Unavailable
from datafly.testing.log_program import Opening
from datafly.testing.log_suite import Holder, LogSuite


class TestSqliteLog(LogSuite):
    @pytest.fixture
    def opening(self, tmp_path):
        return Opening("datafly.testing.log_program:open_sqlite", {"root": str(tmp_path / "log")})


class TestKafkaLog(LogSuite):
    @pytest.fixture
    def opening(self, kafka):
        return Opening("datafly.testing.log_program:open_kafka", {"servers": kafka, "prefix": f"t{uuid4().hex}."})

    def test_partitions_are_shared_out_among_those_who_are_there(self, log):
        first, second = Holder(), Holder()
        one = log.join("role", first)
        first.wait_for({0, 1})
        other = log.join("role", second)
        second.wait_for_some(1)
        first.wait_for({0, 1} - second.held)
        one.close()
        second.wait_for({0, 1})
        other.close()
        assert "lost" not in [*first.told, *second.told]

    @pytest.mark.parametrize("find", ["read", "look"])
    def test_what_was_fetched_behind_a_failure_is_read_after_it(self, log, monkeypatch, find):
        refusals = [Message(error=KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED))]

        class Refused(Consumer):
            def consume(self, *given, **more):
                fetched = super().consume(*given, **more)
                return [refusals.pop(), *fetched] if refusals and fetched and not fetched[0].error() else fetched

        monkeypatch.setattr(consuming, "Consumer", Refused)
        writer, reader = log.appender(RAW, 0), log.reader(RAW, 0)
        assert reader.read(0, max_records=9) == []
        writer.append([Entry("a", b"1"), Entry("b", b"2")])

        def look_on(ends):
            while time.monotonic() < ends:
                getattr(reader, find)(0, max_records=9)

        with pytest.raises(OperatorError, match="the user lacks rights on the topics"):
            look_on(time.monotonic() + 60)
        assert [record.value for record in reader.read(0, max_records=9)] == [b"1", b"2"]

    @pytest.mark.parametrize("leaps", [False, True])
    def test_a_partition_that_ends_with_what_was_never_committed_is_read_to_its_end(self, log, kafka, leaps):
        topic = log.appender(EVENTS, 0)._topic
        log.appender(EVENTS, 0).append([Entry("a", b"1")], consumed=1)
        writer = Producer({"bootstrap.servers": kafka, "transactional.id": f"{topic}.aborting"})
        writer.init_transactions(60)
        writer.begin_transaction()
        for _ in range(2):
            writer.produce(topic, b"of nobody", b"k", partition=0)
        writer.flush()
        writer.abort_transaction(60)
        reader = log.reader(EVENTS, 0, leaps=leaps)
        assert [record.value for record in reader.read(0, max_records=9)] == [b"1"]
        assert reader.read(1, max_records=9) == []

    def test_who_does_not_get_done_with_its_partitions_is_not_ready(self, log, monkeypatch):
        """It is alive for the brokers for a minute, and nobody works on what it has."""
        begun, done = threading.Event(), threading.Event()

        class Hanging(Holder):
            def assigned(self, partitions):
                begun.set()
                done.wait()
                super().assigned(partitions)

        monkeypatch.setattr(membership, "_BUSY_SECONDS", 0.3)
        holder = Hanging()
        member = log.join("role", holder)
        assert begun.wait(60)
        ends = time.monotonic() + 60
        while "giving up or taking partitions" not in (member.trouble() or "") and time.monotonic() < ends:
            time.sleep(0.01)
        assert "giving up or taking partitions" in (member.trouble() or "")
        done.set()
        holder.wait_for({0, 1})
        member.close()

    def test_a_call_of_the_library_that_does_not_return_is_a_failure_and_the_next_append_begins_anew(
        self, log, monkeypatch
    ):
        """The network is cut between the records and their position."""
        there_again = threading.Event()

        class Hung(Producer):
            def send_offsets_to_transaction(self, *_given):
                there_again.wait()

        with monkeypatch.context() as network:
            network.setattr(appender, "Producer", Hung)
            network.setattr(appender, "_HUNG_SECONDS", 0.01)
            network.setattr(appender, "_HUNG", set())
            network.setattr(appender, "_MOST_HUNG", 1)
            writer = log.appender(EVENTS, 0)
            with pytest.raises(Unavailable):
                writer.append([Entry("k", b"of nobody")], consumed=1)
            with pytest.raises(OperatorError, match="not come back from 1 calls"):  # no more of them than are bearable
                writer.append([Entry("k", b"of nobody")], consumed=1)
        assert writer.consumed() is None
        writer.append([Entry("k", b"kept")], consumed=2)
        there_again.set()
        assert [record.value for record in log.reader(EVENTS, 0).read(0, max_records=9)] == [b"kept"]
        assert writer.consumed() == 2
        writer.close()
