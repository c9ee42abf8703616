"""Every backend of the log keeps the promises of `log.base`."""

from uuid import uuid4

import pytest

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
