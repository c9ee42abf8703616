"""Every backend of the log keeps the promises of `log.base`."""

import threading
from uuid import uuid4

import pytest
from confluent_kafka import Producer

from datafly.log.base import EVENTS, Entry
from datafly.log.kafka import appender
from datafly.model.errors import Unavailable
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
            writer = log.appender(EVENTS, 0)
            with pytest.raises(Unavailable):
                writer.append([Entry("k", b"of nobody")], consumed=1)
        assert writer.consumed() is None
        writer.append([Entry("k", b"kept")], consumed=2)
        there_again.set()
        assert [record.value for record in log.reader(EVENTS, 0).read(0, max_records=9)] == [b"kept"]
        assert writer.consumed() == 2
        writer.close()
